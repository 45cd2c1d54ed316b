//! Included resources: level by level, one statement an edge of the plan.
//!
//! A resource stands in a document once (JSON:API §7.4). What an edge leads to may be there already, among the
//! root's rows or by an earlier edge: it is not read again where its id is known beforehand, but the next level
//! goes on from it all the same, since its linkage must be complete.

use std::collections::{BTreeSet, HashMap, VecDeque};

use rusqlite::types::ValueRef as SqliteValue;

use super::{
    cell,
    connection::{Connection, bound},
    error::store_error,
    linkage::linkage,
    read::{edge, id_list, id_value, push_row},
};
use crate::{
    resource::{Description, ResourceId, Row, Rows, ValueRef},
    store::{
        Fetched, Include, Included, Links, Plan, Scopes, Selection, StoreError,
        sql::{
            cache::{Shape, Verb},
            include,
            select::{self, Cell},
        },
    },
};

/// Reads what the plan includes, and all linkage, into an answer that has the root's rows.
pub(super) fn include(
    connection: &mut Connection,
    plan: &Plan,
    fetched: &mut Fetched,
) -> Result<(), StoreError> {
    let mut document = Document::new(plan, std::mem::take(&mut fetched.rows))?;
    let owners = document.root.iter().map(Row::resource_id).collect::<Result<Vec<_>, _>>()?;
    let mut waiting: VecDeque<Step<'_>> = steps(&plan.selection, &owners).collect();
    while let Some(step) = waiting.pop_front() {
        let reached = document.follow(connection, &step)?;
        if !reached.is_empty() {
            let reached: Vec<ResourceId> = reached.into_iter().collect();
            waiting.extend(steps(&step.include.selection, &reached));
        }
    }
    document.read_linkage(connection)?;
    document.finish(fetched);
    Ok(())
}

/// An edge of the plan with its owners.
struct Step<'p> {
    owner: &'static Description,
    owners: Vec<ResourceId>,
    include: &'p Include,
}

fn steps<'p>(selection: &'p Selection, owners: &[ResourceId]) -> impl Iterator<Item = Step<'p>> {
    selection.include.iter().map(|include| Step {
        owner: selection.resource,
        owners: owners.to_vec(),
        include,
    })
}

/// What was read so far.
struct Document<'p> {
    /// The root's rows.
    root: Rows,
    /// One entry a resource, the root's first.
    resources: Vec<Resource<'p>>,
    /// The resources that are included, in the order in which the plan first comes to each.
    order: Vec<&'static Description>,
    /// How many more resources may be included.
    left: usize,
    /// Which of them are seen.
    scopes: &'p Scopes,
}

struct Resource<'p> {
    selection: &'p Selection,
    cells: Vec<Option<Cell>>,
    included: Rows,
    places: HashMap<ResourceId, Place>,
    /// The to-many linkage read so far, one entry a relationship.
    linkage: Vec<HashMap<ResourceId, Vec<ResourceId>>>,
}

#[derive(Clone, Copy)]
enum Place {
    Root(usize),
    Included(usize),
}

impl<'p> Resource<'p> {
    fn new(selection: &'p Selection) -> Self {
        Self {
            selection,
            cells: select::cells(selection).collect(),
            included: Rows::new(selection.resource),
            places: HashMap::new(),
            linkage: vec![HashMap::new(); selection.resource.relationships.len()],
        }
    }

    fn row<'a>(&'a self, root: &'a Rows, id: &ResourceId) -> Option<Row<'a>> {
        match *self.places.get(id)? {
            Place::Root(row) => root.get(row),
            Place::Included(row) => self.included.get(row),
        }
    }

    fn wants_linkage(&self, relationship: usize) -> bool {
        let to_many = |relationship: usize| {
            self.selection.resource.relationships.get(relationship).is_some_and(|found| found.is_to_many())
        };
        self.selection.linkage.get(relationship).copied().unwrap_or(false) && to_many(relationship)
    }

    /// Adds an included row.
    fn push(
        &mut self,
        id: ResourceId,
        row: &rusqlite::Row<'_>,
        first: usize,
        left: &mut usize,
    ) -> Result<(), StoreError> {
        *left = left.checked_sub(1).ok_or(StoreError::TooManyIncluded)?;
        self.places.insert(id, Place::Included(self.included.len()));
        push_row(row, first, &self.cells, self.selection.resource.table, &mut self.included)
    }
}

impl<'p> Document<'p> {
    fn new(plan: &'p Plan, root: Rows) -> Result<Self, StoreError> {
        let mut resources = vec![Resource::new(&plan.selection)];
        let mut order: Vec<&'static Description> = Vec::new();
        let mut level = vec![&plan.selection];
        while !level.is_empty() {
            let mut next = Vec::new();
            for include in level.iter().flat_map(|selection| &selection.include) {
                let selection = &include.selection;
                if !order.iter().any(|known| known.is(selection.resource)) {
                    order.push(selection.resource);
                    if !plan.selection.resource.is(selection.resource) {
                        resources.push(Resource::new(selection));
                    }
                }
                next.push(selection);
            }
            level = next;
        }
        if let Some(first) = resources.first_mut() {
            for (place, row) in root.iter().enumerate() {
                first.places.insert(row.resource_id()?, Place::Root(place));
            }
        }
        Ok(Self { root, resources, order, left: plan.most_included, scopes: &plan.scopes })
    }

    fn of(&self, description: &Description) -> Result<usize, StoreError> {
        self.resources
            .iter()
            .position(|known| known.selection.resource.is(description))
            .ok_or_else(|| unknown(description))
    }

    /// Reads what an edge leads to. Answers all that it leads to, whether it was there already or not.
    fn follow(
        &mut self,
        connection: &mut Connection,
        step: &Step<'_>,
    ) -> Result<BTreeSet<ResourceId>, StoreError> {
        let relationship = step.include.relationship;
        let found = step.owner.relationships.get(relationship).ok_or_else(|| unknown(step.owner))?;
        if !found.target().is(step.include.selection.resource) {
            return Err(unknown(step.owner));
        }
        if step.owners.is_empty() {
            return Ok(BTreeSet::new());
        }
        match found.is_to_many() {
            true => self.follow_to_many(connection, step),
            false => self.follow_to_one(connection, step),
        }
    }

    fn follow_to_one(
        &mut self,
        connection: &mut Connection,
        step: &Step<'_>,
    ) -> Result<BTreeSet<ResourceId>, StoreError> {
        let target = self.of(step.include.selection.resource)?;
        let owner = self.resources.get(self.of(step.owner)?).ok_or_else(|| unknown(step.owner))?;
        let mut links = BTreeSet::new();
        for id in &step.owners {
            if let Some(row) = owner.row(&self.root, id) {
                let link = row.to_one(step.owner, step.include.relationship);
                links.extend(ResourceId::from_value(link)?);
            }
        }
        let target = self.resources.get_mut(target).ok_or_else(|| unknown(step.owner))?;
        let new: Vec<&ResourceId> = links.iter().filter(|id| !target.places.contains_key(*id)).collect();
        if !new.is_empty() {
            let list = id_list(new.into_iter().map(id_value))?;
            let selection = target.selection;
            let shape =
                Shape::new(Verb::IncludeOne, selection.resource).columns(selection.attributes.clone());
            let question = connection.question(self.scopes, shape, [ValueRef::Text(&list)], |visible| {
                include::to_one(visible, selection, &list)
            })?;
            let mut statement = connection.prepare(&question.text)?;
            let mut rows = statement.query(bound(&question.values())).map_err(store_error)?;
            while let Some(row) = rows.next().map_err(store_error)? {
                let id = id_of(selection.resource, row, 0)?;
                if !target.places.contains_key(&id) {
                    target.push(id, row, 0, &mut self.left)?;
                }
            }
        }
        // A foreign key that dangles leads nowhere, and its owner stays.
        links.retain(|id| target.places.contains_key(id));
        Ok(links)
    }

    fn follow_to_many(
        &mut self,
        connection: &mut Connection,
        step: &Step<'_>,
    ) -> Result<BTreeSet<ResourceId>, StoreError> {
        let relationship = step.include.relationship;
        let edge = edge(step.owner, relationship)?;
        let (owner, target) = (self.of(step.owner)?, self.of(step.include.selection.resource)?);
        let wanted = self.resources.get(owner).is_some_and(|owner| owner.wants_linkage(relationship));
        let mut links = vec![Vec::new(); if wanted { step.owners.len() } else { 0 }];
        let mut reached = BTreeSet::new();

        let target = self.resources.get_mut(target).ok_or_else(|| unknown(step.owner))?;
        let selection = target.selection;
        let shape = Shape::new(Verb::IncludeMany, step.owner)
            .relationship(relationship)
            .columns(selection.attributes.clone());
        let list = id_list(step.owners.iter().map(id_value))?;
        let question = connection.question(self.scopes, shape, [ValueRef::Text(&list)], |visible| {
            include::to_many(visible, &edge, selection, &list)
        })?;
        let mut statement = connection.prepare(&question.text)?;
        let mut rows = statement.query(bound(&question.values())).map_err(store_error)?;
        while let Some(row) = rows.next().map_err(store_error)? {
            let value = row.get_ref(0).map_err(store_error)?;
            let id = cell::id(edge.table, edge.target_column, edge.target.id.kind, value)?;
            let place: i64 = row.get(1).map_err(store_error)?;
            if let Some(links) = usize::try_from(place).ok().and_then(|place| links.get_mut(place))
                // A join table of the user's may hold an edge twice; linkage names it once.
                && links.last() != Some(&id)
            {
                links.push(id);
            }
            if row.get_ref(2).map_err(store_error)? == SqliteValue::Null {
                continue;
            }
            let id = id_of(selection.resource, row, 2)?;
            if !target.places.contains_key(&id) {
                target.push(id.clone(), row, 2, &mut self.left)?;
            }
            reached.insert(id);
        }
        if wanted
            && let Some(owner) = self.resources.get_mut(owner)
            && let Some(linkage) = owner.linkage.get_mut(relationship)
        {
            linkage.extend(step.owners.iter().cloned().zip(links));
        }
        Ok(reached)
    }

    /// Reads the linkage that no edge has read.
    fn read_linkage(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        for resource in &mut self.resources {
            let description = resource.selection.resource;
            for relationship in 0..description.relationships.len() {
                if !resource.wants_linkage(relationship) {
                    continue;
                }
                let Some(known) = resource.linkage.get_mut(relationship) else { continue };
                let missing: BTreeSet<&ResourceId> =
                    resource.places.keys().filter(|id| !known.contains_key(*id)).collect();
                let owners = missing.iter().map(|id| id_value(id));
                let links = linkage(connection, self.scopes, description, relationship, owners)?;
                for (place, id) in missing.into_iter().enumerate() {
                    known.insert(id.clone(), links.of(place).to_vec());
                }
            }
        }
        Ok(())
    }

    fn finish(mut self, fetched: &mut Fetched) {
        fetched.links = self.resources.first().map(|first| first.links(&self.root)).unwrap_or_default();
        for description in self.order {
            let found = self.resources.iter_mut().find(|known| known.selection.resource.is(description));
            if let Some(found) = found {
                let rows = std::mem::take(&mut found.included);
                let links = found.links(&rows);
                fetched.included.push(Included { resource: description, rows, links });
            }
        }
        fetched.rows = self.root;
    }
}

impl Resource<'_> {
    fn links(&self, rows: &Rows) -> Vec<Option<Links>> {
        let wanted = |(relationship, known): (usize, &HashMap<ResourceId, Vec<ResourceId>>)| {
            self.wants_linkage(relationship).then(|| {
                let mut links = Links::default();
                for row in rows.iter() {
                    let ids = row.resource_id().ok().and_then(|id| known.get(&id));
                    ids.into_iter().flatten().for_each(|id| links.push(id.clone()));
                    links.end_row();
                }
                links
            })
        };
        self.linkage.iter().enumerate().map(wanted).collect()
    }
}

fn id_of(
    resource: &'static Description,
    row: &rusqlite::Row<'_>,
    column: usize,
) -> Result<ResourceId, StoreError> {
    let value = row.get_ref(column).map_err(store_error)?;
    Ok(cell::id(resource.table, resource.id.column, resource.id.kind, value)?)
}

fn unknown(owner: &Description) -> StoreError {
    StoreError::Internal(format!("a plan includes what `{}` is not related to", owner.rust_name))
}
