//! Plans answered from a state.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use etag_fairing::resource::{
    Description, IdKind, Record, RelationshipId, ResourceId, Rows, Value, ValueRef,
};
use etag_fairing::store::{
    Counts, Fetched, Field, Included, Links, Listing, Page, Place, Plan, Records, Root, Seen, Selection,
    SortKey, StoreError, Window, Windows, matches, order, value_of,
};

use crate::state::State;

/// Answers a plan.
///
/// # Errors
/// If there is more to include than the plan allows.
pub fn answer(state: &State, plan: &Plan) -> Result<Fetched, StoreError> {
    let selection = &plan.selection;
    let resource = selection.resource;
    let mut fetched = Fetched::new(Rows::default(), Vec::new());
    let seen = Seen::new(state, &plan.scopes);
    let found: Vec<&Record> = match &plan.root {
        Root::One(id) => seen.record(resource, id).into_iter().collect(),
        Root::Collection(listing) => {
            let records = state.records(resource).filter(|record| seen.sees(resource, record));
            page_of(list(&seen, resource, records.collect(), listing, &By::Sort)?, &mut fetched)
        }
        Root::Related { parent, id, relationship, listing } => {
            let owner = seen.record(parent, id);
            fetched.parent = owner.is_some();
            let ids = owner.map(|owner| seen.related(parent, owner, *relationship)).unwrap_or_default();
            let related = ids.iter().filter_map(|id| seen.record(resource, id)).collect();
            let owner = (*parent, id, *relationship);
            let listed = list_related(state, &seen, owner, related, listing)?;
            fetched.positions = listed.positions.clone();
            page_of(listed, &mut fetched)
        }
        root => return Err(unknown(root)),
    };
    fetched.rows = rows(&seen, selection, &found);
    fetched.links = links(&seen, selection, &found);
    fetched.counts = counts(&seen, selection, &found);
    let windowed = windowed(selection);
    let mut including = Including {
        state,
        seen: &seen,
        root: (resource, found.iter().filter_map(|record| record.id.clone()).collect()),
        found: Vec::new(),
        room: plan.most_included,
        windows: BTreeMap::new(),
    };
    including.include(selection, found.clone())?;
    let Including { found: collected, windows, .. } = including;
    fetched.windows = windows_of(resource, &found, &windowed, &windows);
    fetched.included = collected.into_iter().map(Collected::finish(&seen, &windowed, &windows)).collect();
    Ok(fetched)
}

/// What a list is ordered by.
enum By<'a> {
    /// What the listing says.
    Sort,
    /// The positions of an ordered relationship.
    Position(&'a dyn Fn(&Record) -> Option<i64>),
}

/// The relationships that a plan includes by a window.
fn windowed(selection: &Selection) -> Vec<(&'static Description, RelationshipId)> {
    let mut found = Vec::new();
    for include in &selection.include {
        if include.window.is_some() {
            found.push((selection.resource, include.relationship));
        }
        found.extend(windowed(&include.selection));
    }
    found
}

/// The windows of these records, one entry for each relationship.
fn windows_of(
    resource: &'static Description,
    records: &[&Record],
    windowed: &[(&'static Description, RelationshipId)],
    windows: &BTreeMap<Owner, Window>,
) -> Vec<Windows> {
    let mut found: Vec<Windows> = Vec::new();
    for (owner, relationship) in windowed {
        let is_known = found.iter().any(|known| known.relationship() == *relationship);
        if !owner.is(resource) || is_known {
            continue;
        }
        let mut of_rows = Windows::new(*relationship);
        for record in records {
            let owner = record.id.clone().map(|id| (resource.rust_name, relationship.place(), id));
            of_rows.push(owner.and_then(|owner| windows.get(&owner)).cloned());
        }
        found.push(of_rows);
    }
    found
}

/// Which relationship of which record.
type Owner = (&'static str, usize, ResourceId);

/// A page of a list.
struct Listed<'s> {
    records: Vec<&'s Record>,
    total: Option<u64>,
    more: bool,
    /// Their positions, if they are in the order of their relationship.
    positions: Vec<Option<i64>>,
}

fn page_of<'s>(listed: Listed<'s>, fetched: &mut Fetched) -> Vec<&'s Record> {
    fetched.total = listed.total;
    fetched.more = listed.more;
    listed.records
}

/// The related records of an owner, in the order of the relationship if the listing has none.
fn list_related<'s>(
    state: &State,
    seen: &'s Seen<'s>,
    (parent, id, relationship): (&'static Description, &ResourceId, RelationshipId),
    related: Vec<&'s Record>,
    listing: &Listing,
) -> Result<Listed<'s>, StoreError> {
    let Some(found) = parent.relationship_at(relationship) else {
        return Err(StoreError::Internal("no such relationship".into()));
    };
    if found.order.is_none() || !listing.sort.is_empty() {
        return list(seen, found.target(), related, listing, &By::Sort);
    }
    let position = |record: &Record| {
        let related = record.id.as_ref()?;
        state.position_of(parent, id, relationship, related)
    };
    let mut listed = list(seen, found.target(), related, listing, &By::Position(&position))?;
    listed.positions = listed.records.iter().map(|record| position(record)).collect();
    Ok(listed)
}

/// Filters, sorts and pages.
fn list<'s>(
    seen: &'s Seen<'s>,
    resource: &'static Description,
    mut records: Vec<&'s Record>,
    listing: &Listing,
    by: &By<'_>,
) -> Result<Listed<'s>, StoreError> {
    if let Some(filter) = &listing.filter {
        records.retain(|record| matches(filter, resource, record, seen));
    }
    let mut placed: Vec<(Place, &Record)> = records
        .into_iter()
        .filter_map(|record| {
            let mut place = place(seen, resource, &listing.sort, record)?;
            if let By::Position(position) = by {
                place.keys = vec![position(record).map_or(Value::Null, Value::Integer)];
            }
            Some((place, record))
        })
        .collect();
    placed.sort_by(|left, right| compare(resource, &listing.sort, &left.0, &right.0));
    let total = listing.total.then_some(placed.len() as u64);
    let mut more = false;
    match &listing.page {
        Page::All => {}
        Page::Offset { offset, limit } => {
            placed.drain(..count(*offset).min(placed.len()));
            more = placed.len() > count(*limit);
            placed.truncate(count(*limit));
        }
        Page::Between { after, before, limit } => {
            let behind =
                |at: &Place, place: &Place| compare(resource, &listing.sort, place, at) == Ordering::Greater;
            placed.retain(|(place, _)| after.as_ref().is_none_or(|after| behind(after, place)));
            placed.retain(|(place, _)| before.as_ref().is_none_or(|before| behind(place, before)));
            more = placed.len() > count(*limit);
            if after.is_none() && before.is_some() {
                placed.drain(..placed.len().saturating_sub(count(*limit)));
            }
            placed.truncate(count(*limit));
        }
        page => return Err(unknown(page)),
    }
    Ok(Listed {
        records: placed.into_iter().map(|(_, record)| record).collect(),
        total,
        more,
        positions: Vec::new(),
    })
}

/// What a later version of the crate may ask for, and this store doesn't know. Less than what was asked must not go out.
pub(crate) fn unknown(asked: &impl fmt::Debug) -> StoreError {
    StoreError::Internal(format!("this store does not know {asked:?}"))
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The place of a record in an order; none without an id, which no stored record is.
fn place(
    seen: &Seen<'_>,
    resource: &'static Description,
    sort: &[SortKey],
    record: &Record,
) -> Option<Place> {
    let keys = sort.iter().map(|key| value_of(&key.member, resource, record, seen)).collect();
    Some(Place { keys, id: record.id.clone()? })
}

/// Nulls stand last in both directions, and ids decide between equals.
fn compare(resource: &'static Description, sort: &[SortKey], left: &Place, right: &Place) -> Ordering {
    // In a relationship's own order there is a key, the position, and no word of it in `sort`.
    let words = sort.iter().map(Some).chain(std::iter::repeat(None));
    for (key, (left_key, right_key)) in words.zip(left.keys.iter().zip(&right.keys)) {
        let descending = key.is_some_and(|key| key.descending);
        // As values, ids of several parts would be ordered as text.
        if key.is_some_and(|key| key.member.path.is_empty() && key.member.field == Field::Id) {
            let ordering = left.id.cmp(&right.id);
            return if descending { ordering.reverse() } else { ordering };
        }
        let (left, right) = (left_key, right_key);
        let kind = key.and_then(|key| key.member.id_kind(resource));
        let order = |left: &Value, right: &Value| match kind {
            Some(kind @ IdKind::Composite(_)) => {
                let id = |value: &Value| kind.id_of_value(value.as_ref()).ok().flatten();
                Some(id(left).cmp(&id(right)))
            }
            _ => order(left, right),
        };
        let ordering = match (left.is_null(), right.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let ordering = order(left, right).unwrap_or(Ordering::Equal);
                if descending { ordering.reverse() } else { ordering }
            }
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    left.id.cmp(&right.id)
}

fn rows(seen: &Seen<'_>, selection: &Selection, records: &[&Record]) -> Rows {
    let mut rows = Rows::new(selection.resource);
    for record in records {
        rows.push(record.id.as_ref().map_or(Value::Null, ResourceId::to_value).as_ref());
        for (value, wanted) in record.attributes.iter().zip(&selection.attributes) {
            rows.push(if *wanted { value.as_ref() } else { ValueRef::Null });
        }
        for (relationship_id, relationship) in selection.resource.relationships_by_id() {
            let ids = seen.related(selection.resource, record, relationship_id);
            match ids.first().filter(|_| !relationship.is_to_many()) {
                Some(id) => rows.push(id.to_value().as_ref()),
                None => rows.push(ValueRef::Null),
            }
        }
    }
    rows
}

fn links(seen: &Seen<'_>, selection: &Selection, records: &[&Record]) -> Vec<Option<Links>> {
    let links = selection.resource.relationships_by_id().map(|(relationship_id, relationship)| {
        (selection.reads_linkage(relationship_id) && relationship.is_to_many()).then(|| {
            let mut links = Links::default();
            for record in records {
                for id in seen.related(selection.resource, record, relationship_id).iter() {
                    links.push(id.clone());
                }
                links.end_row();
            }
            links
        })
    });
    links.collect()
}

/// How many resources the relationships lead to that are counted.
fn counts(seen: &Seen<'_>, selection: &Selection, records: &[&Record]) -> Counts {
    let mut counts = Counts::default();
    for relationship in &selection.counts {
        let number = |record: &&Record| seen.related(selection.resource, record, *relationship).len() as u64;
        counts.add(*relationship, records.iter().map(number).collect());
    }
    counts
}

/// Follows the relationships that a plan includes.
struct Including<'p, 's> {
    state: &'s State,
    seen: &'s Seen<'s>,
    root: (&'static Description, BTreeSet<ResourceId>),
    found: Vec<Collected<'p, 's>>,
    room: usize,
    windows: BTreeMap<Owner, Window>,
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
                let mut ids: BTreeSet<ResourceId> = BTreeSet::new();
                for owner in &owners {
                    let related = self.seen.related(selection.resource, owner, include.relationship);
                    match &include.window {
                        None => ids.extend(related.iter().cloned()),
                        Some(listing) => {
                            let Some(id) = &owner.id else { continue };
                            let of = (selection.resource, id, include.relationship);
                            let window = self.window(of, &related, listing)?;
                            ids.extend(window.ids.iter().cloned());
                            let place = include.relationship.place();
                            self.windows.insert((selection.resource.rust_name, place, id.clone()), window);
                        }
                    }
                }
                let related: Vec<&Record> =
                    ids.iter().filter_map(|id| self.seen.record(target.resource, id)).collect();
                self.collect(target, &related)?;
                // All of them go on, those that were there before too: their own includes are still to come.
                level.push_back((target, related));
            }
        }
        Ok(())
    }

    /// The part of the related records that a window lets through.
    fn window(
        &self,
        owner: (&'static Description, &ResourceId, RelationshipId),
        related: &[ResourceId],
        listing: &Listing,
    ) -> Result<Window, StoreError> {
        let Some(resource) = owner.0.relationship_at(owner.2).map(|found| found.target()) else {
            return Err(StoreError::Internal("no such relationship".into()));
        };
        let related = related.iter().filter_map(|id| self.seen.record(resource, id)).collect();
        let listed = list_related(self.state, self.seen, owner, related, listing)?;
        let ids = listed.records.iter().filter_map(|record| record.id.clone()).collect();
        Ok(Window::new(ids).followed_by_more(listed.more).counted(listed.total))
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
    fn finish<'s>(
        seen: &'s Seen<'s>,
        windowed: &'s [(&'static Description, RelationshipId)],
        windows: &'s BTreeMap<Owner, Window>,
    ) -> impl FnMut(Self) -> Included {
        move |found| {
            let rows = rows(seen, found.selection, &found.records);
            let resource = found.selection.resource;
            let mut included = Included::new(resource, rows, links(seen, found.selection, &found.records));
            included.counts = counts(seen, found.selection, &found.records);
            included.windows = windows_of(resource, &found.records, windowed, windows);
            included
        }
    }
}
