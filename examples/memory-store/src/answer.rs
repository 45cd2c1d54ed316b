//! Plans answered from a state.

use std::cmp::Ordering;
use std::collections::{BTreeSet, VecDeque};

use etag_fairing::resource::{Description, Linkage, Record, ResourceId, Rows, Value, ValueRef};
use etag_fairing::store::{
    Fetched, Included, Links, Listing, Page, Place, Plan, Records, Root, Selection, SortKey, StoreError,
    matches, order, value_of,
};

use crate::state::State;

/// Answers a plan.
///
/// # Errors
/// If there is more to include than the plan allows.
pub fn answer(state: &State, plan: &Plan) -> Result<Fetched, StoreError> {
    let selection = &plan.selection;
    let resource = selection.resource;
    let mut fetched = Fetched { parent: true, ..Fetched::default() };
    let found: Vec<&Record> = match &plan.root {
        Root::One(id) => state.record(resource, id).into_iter().collect(),
        Root::Collection(listing) => {
            list(state, resource, state.records(resource).collect(), listing, &mut fetched)
        }
        Root::Related { parent, id, relationship, listing } => {
            fetched.parent = state.record(parent, id).is_some();
            let ids = state.related_ids(parent, id, *relationship);
            let related = ids.iter().filter_map(|id| state.record(resource, id)).collect();
            list(state, resource, related, listing, &mut fetched)
        }
    };
    fetched.rows = rows(selection, &found);
    fetched.links = links(state, selection, &found);
    let mut including = Including {
        state,
        root: (resource, found.iter().filter_map(|record| record.id.clone()).collect()),
        found: Vec::new(),
        room: plan.most_included,
    };
    including.include(selection, found)?;
    fetched.included = including.found.into_iter().map(Collected::finish(state)).collect();
    Ok(fetched)
}

/// Filters, sorts and pages.
fn list<'s>(
    state: &'s State,
    resource: &'static Description,
    mut records: Vec<&'s Record>,
    listing: &Listing,
    fetched: &mut Fetched,
) -> Vec<&'s Record> {
    if let Some(filter) = &listing.filter {
        records.retain(|record| matches(filter, resource, record, state));
    }
    let mut placed: Vec<(Place, &Record)> = records
        .into_iter()
        .filter_map(|record| Some((place(state, resource, &listing.sort, record)?, record)))
        .collect();
    placed.sort_by(|left, right| compare(&listing.sort, &left.0, &right.0));
    fetched.total = listing.total.then_some(placed.len() as u64);
    match &listing.page {
        Page::All => {}
        Page::Offset { offset, limit } => {
            placed.drain(..count(*offset).min(placed.len()));
            fetched.more = placed.len() > count(*limit);
            placed.truncate(count(*limit));
        }
        Page::Between { after, before, limit } => {
            let behind = |at: &Place, place: &Place| compare(&listing.sort, place, at) == Ordering::Greater;
            placed.retain(|(place, _)| after.as_ref().is_none_or(|after| behind(after, place)));
            placed.retain(|(place, _)| before.as_ref().is_none_or(|before| behind(place, before)));
            fetched.more = placed.len() > count(*limit);
            if after.is_none() && before.is_some() {
                placed.drain(..placed.len().saturating_sub(count(*limit)));
            }
            placed.truncate(count(*limit));
        }
    }
    placed.into_iter().map(|(_, record)| record).collect()
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The place of a record in an order; none without an id, which no stored record is.
fn place(state: &State, resource: &'static Description, sort: &[SortKey], record: &Record) -> Option<Place> {
    let keys = sort.iter().map(|key| value_of(&key.member, resource, record, state)).collect();
    Some(Place { keys, id: record.id.clone()? })
}

/// Nulls stand last in both directions, and ids decide between equals.
fn compare(sort: &[SortKey], left: &Place, right: &Place) -> Ordering {
    for (key, (left, right)) in sort.iter().zip(left.keys.iter().zip(&right.keys)) {
        let ordering = match (left.is_null(), right.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let ordering = order(left, right).unwrap_or(Ordering::Equal);
                if key.descending { ordering.reverse() } else { ordering }
            }
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    left.id.cmp(&right.id)
}

fn rows(selection: &Selection, records: &[&Record]) -> Rows {
    let mut rows = Rows::new(selection.resource);
    for record in records {
        rows.push(record.id.as_ref().map_or(Value::Null, ResourceId::to_value).as_ref());
        for (value, wanted) in record.attributes.iter().zip(&selection.attributes) {
            rows.push(if *wanted { value.as_ref() } else { ValueRef::Null });
        }
        for linkage in &record.linkage {
            match linkage {
                Linkage::One(Some(id)) => rows.push(id.to_value().as_ref()),
                _ => rows.push(ValueRef::Null),
            }
        }
    }
    rows
}

fn links(state: &State, selection: &Selection, records: &[&Record]) -> Vec<Option<Links>> {
    let relationships = selection.resource.relationships.iter().zip(&selection.linkage).enumerate();
    let links = relationships.map(|(place, (relationship, wanted))| {
        (*wanted && relationship.is_to_many()).then(|| {
            let mut links = Links::default();
            for record in records {
                for id in state.related(selection.resource, record, place).iter() {
                    links.push(id.clone());
                }
                links.end_row();
            }
            links
        })
    });
    links.collect()
}

/// Follows the relationships that a plan includes.
struct Including<'p, 's> {
    state: &'s State,
    root: (&'static Description, BTreeSet<ResourceId>),
    found: Vec<Collected<'p, 's>>,
    room: usize,
}

/// What was found of one resource, each once.
struct Collected<'p, 's> {
    selection: &'p Selection,
    seen: BTreeSet<ResourceId>,
    records: Vec<&'s Record>,
}

impl<'p, 's> Including<'p, 's> {
    /// Level by level: what is included of the root first, then what is included of that.
    fn include(&mut self, selection: &'p Selection, owners: Vec<&'s Record>) -> Result<(), StoreError> {
        let mut level = VecDeque::from([(selection, owners)]);
        while let Some((selection, owners)) = level.pop_front() {
            for include in &selection.include {
                let target = &include.selection;
                let ids: BTreeSet<ResourceId> = owners
                    .iter()
                    .flat_map(|owner| {
                        self.state.related(selection.resource, owner, include.relationship).into_owned()
                    })
                    .collect();
                let related: Vec<&Record> =
                    ids.iter().filter_map(|id| self.state.record(target.resource, id)).collect();
                self.collect(target, &related)?;
                // All of them go on, those that were there before too: their own includes are still to come.
                level.push_back((target, related));
            }
        }
        Ok(())
    }

    fn collect(&mut self, selection: &'p Selection, related: &[&'s Record]) -> Result<(), StoreError> {
        let resource = selection.resource;
        let place = match self.found.iter().position(|found| found.selection.resource.is(resource)) {
            Some(place) => place,
            None => {
                self.found.push(Collected { selection, seen: BTreeSet::new(), records: Vec::new() });
                self.found.len() - 1
            }
        };
        let Some(found) = self.found.get_mut(place) else { return Ok(()) };
        for record in related {
            let Some(id) = &record.id else { continue };
            let among_root = self.root.0.is(resource) && self.root.1.contains(id);
            if !among_root && found.seen.insert(id.clone()) {
                self.room = self.room.checked_sub(1).ok_or(StoreError::TooManyIncluded)?;
                found.records.push(record);
            }
        }
        Ok(())
    }
}

impl Collected<'_, '_> {
    fn finish(state: &State) -> impl FnMut(Self) -> Included {
        |found| Included {
            resource: found.selection.resource,
            rows: rows(found.selection, &found.records),
            links: links(state, found.selection, &found.records),
        }
    }
}
