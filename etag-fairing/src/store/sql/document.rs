//! A compound document while it is read: its rows, and the resources that are still to be read.
//!
//! A document has each resource once (JSON:API §6.4). A resource at the end of an edge may already be in the
//! document, among the root's rows or through an earlier edge. It is not read again if its id is known
//! before. The next level of includes is followed from it all the same, since its linkage must be complete.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque, hash_map::Entry};

use super::{
    edge::Edge,
    plan::edge,
    room::Room,
    select::{self, Cell},
};
use crate::plan::{Fetched, Include, Included, Links, Plan, Scopes, Selection, Window, Windows};
use crate::schema::{Description, Relationship, RelationshipId, ResourceId, Row, Rows};
use crate::store::{Excess, StoreError};

/// An edge of the plan with its owners.
pub(crate) struct Step<'p> {
    pub(crate) owner: &'static Description,
    pub(crate) owners: Vec<ResourceId>,
    pub(crate) include: &'p Include,
}

/// The rows to read in order to follow an edge.
pub(crate) enum Demand<'p> {
    /// No rows, since there are no owners.
    Nothing,
    /// Resources with known ids.
    ToOne {
        /// All ids that the owners link to.
        links: BTreeSet<ResourceId>,
        /// The ids of them that are not in the document.
        new: Vec<ResourceId>,
        /// The parts of each resource to read.
        selection: &'p Selection,
    },
    /// The edges of the owners, and the resources at their other end.
    ToMany {
        /// The table that has the edges.
        edge: Edge,
        /// The parts of each resource to read.
        selection: &'p Selection,
        /// The linkage, still empty.
        links: EdgeLinks,
    },
}

/// The linkage of a step's owners, as far as the document shows it.
pub(crate) struct EdgeLinks {
    of_owners: Vec<Vec<ResourceId>>,
    /// The positions of the same links, if the relationship has an order.
    positions: Option<Vec<Vec<Option<i64>>>>,
}

impl EdgeLinks {
    pub(super) fn new(owners: usize, edge: &Edge) -> Self {
        let positions = edge.order.map(|_| vec![Vec::new(); owners]);
        Self { of_owners: vec![Vec::new(); owners], positions }
    }

    /// Adds an edge.
    pub(crate) fn push(&mut self, owner: i64, related: &ResourceId, position: Option<i64>) {
        let Ok(owner) = usize::try_from(owner) else { return };
        if let Some(links) = self.of_owners.get_mut(owner) {
            links.push(related.clone());
        }
        if let Some(positions) = self.positions.as_mut().and_then(|positions| positions.get_mut(owner)) {
            positions.push(position);
        }
    }

    /// The linkage of each owner, in the relationship's order.
    fn in_order(self) -> impl Iterator<Item = Vec<ResourceId>> {
        let mut positions = self.positions.map(Vec::into_iter);
        self.of_owners.into_iter().map(move |mut links| {
            // A join table that the user has created may have an edge twice. Linkage has it once (JSON:API
            // §6.2.2.4).
            match positions.as_mut().and_then(Iterator::next) {
                None => {
                    links.sort_unstable();
                    links.dedup();
                    links
                }
                Some(positions) => {
                    let mut placed: Vec<_> = positions.into_iter().zip(links).collect();
                    placed.sort_unstable_by(|(one, id), (other, other_id)| {
                        // Null comes last.
                        (one.is_none(), one, id).cmp(&(other.is_none(), other, other_id))
                    });
                    let mut seen = HashSet::new();
                    placed.retain(|(_, id)| seen.insert(id.clone()));
                    placed.into_iter().map(|(_, id)| id).collect()
                }
            }
        })
    }
}

/// Linkage that no edge has read yet.
pub(crate) struct Unread {
    place: usize,
    pub(crate) owner: &'static Description,
    pub(crate) relationship: RelationshipId,
    pub(crate) owners: Vec<ResourceId>,
}

impl Step<'_> {
    /// Whether the plan includes more resources from the related ones.
    pub(crate) fn goes_on(&self) -> bool {
        !self.include.selection.include.is_empty()
    }
}

/// The next steps, from the resources of this selection.
pub(crate) fn steps<'p>(selection: &'p Selection, owners: &[ResourceId]) -> impl Iterator<Item = Step<'p>> {
    selection.include.iter().map(|include| Step {
        owner: selection.resource,
        owners: owners.to_vec(),
        include,
    })
}

/// The parts of a document that were read so far.
pub(crate) struct Document<'p> {
    /// The root's rows.
    root: Rows,
    /// One entry for each resource type. The first one is the root's.
    resources: Vec<Resource<'p>>,
    /// The included resource types, in the order in which the plan reaches them.
    order: Vec<&'static Description>,
    /// The number of resources that may still be included.
    left: usize,
    /// The number of bytes that the document may still take.
    pub(crate) room: &'p Room,
    /// The scopes of the caller.
    pub(crate) scopes: &'p Scopes,
}

struct Resource<'p> {
    selection: &'p Selection,
    cells: Vec<Option<Cell>>,
    included: Rows,
    places: HashMap<ResourceId, Place>,
    /// The to-many linkage that was read so far, one entry for each relationship.
    linkage: Vec<HashMap<ResourceId, Vec<ResourceId>>>,
    /// The windows that were read so far, one entry for each relationship that is included by a window.
    windows: Vec<(RelationshipId, HashMap<ResourceId, Window>)>,
}

#[derive(Clone, Copy)]
enum Place {
    Root(usize),
    Included(usize),
}

impl<'p> Resource<'p> {
    fn new(selection: &'p Selection, scale: &impl Fn(&str, &str) -> Option<usize>) -> Self {
        Self {
            selection,
            cells: select::known_cells(selection, scale),
            included: Rows::new(selection.resource),
            places: HashMap::new(),
            linkage: vec![HashMap::new(); selection.resource.relationships.len()],
            windows: Vec::new(),
        }
    }

    fn row<'a>(&'a self, root: &'a Rows, id: &ResourceId) -> Option<Row<'a>> {
        match *self.places.get(id)? {
            Place::Root(row) => root.get(row),
            Place::Included(row) => self.included.get(row),
        }
    }

    fn window_of(&self, relationship: RelationshipId) -> Option<&HashMap<ResourceId, Window>> {
        self.windows.iter().find(|(windowed, _)| *windowed == relationship).map(|(_, known)| known)
    }

    fn wants_linkage(&self, relationship: RelationshipId) -> bool {
        let found = self.selection.resource.relationship_at(relationship);
        self.selection.reads_linkage(relationship) && found.is_some_and(Relationship::is_to_many)
    }
}

impl<'p> Document<'p> {
    /// A document that has only the root's rows. `scale` is how many digits of a decimal number a column declares
    /// behind the point.
    pub(crate) fn new(
        plan: &'p Plan,
        room: &'p Room,
        root: Rows,
        scale: impl Fn(&str, &str) -> Option<usize>,
    ) -> Result<Self, StoreError> {
        let mut resources = vec![Resource::new(&plan.selection, &scale)];
        let mut order: Vec<&'static Description> = Vec::new();
        let mut level = vec![&plan.selection];
        let mut windowed = Vec::new();
        while !level.is_empty() {
            let mut next = Vec::new();
            let includes = |owner: &&'p Selection| {
                let owner = *owner;
                owner.include.iter().map(|include| (owner.resource, include))
            };
            for (owner, include) in level.iter().flat_map(includes) {
                let selection = &include.selection;
                if include.window.is_some() {
                    windowed.push((owner, include.relationship));
                }
                if !order.iter().any(|known| known.is(selection.resource)) {
                    order.push(selection.resource);
                    if !plan.selection.resource.is(selection.resource) {
                        resources.push(Resource::new(selection, &scale));
                    }
                }
                next.push(selection);
            }
            level = next;
        }
        for (owner, relationship) in windowed {
            let owner = resources.iter_mut().find(|known| known.selection.resource.is(owner));
            if let Some(owner) = owner.filter(|owner| owner.window_of(relationship).is_none()) {
                owner.windows.push((relationship, HashMap::new()));
            }
        }
        if let Some(first) = resources.first_mut() {
            first.places.reserve(root.len());
            for (place, row) in root.iter().enumerate() {
                first.places.insert(row.resource_id()?, Place::Root(place));
            }
        }
        Ok(Self { root, resources, order, left: plan.most_included, room, scopes: &plan.scopes })
    }

    fn of(&self, description: &Description) -> Result<usize, StoreError> {
        self.resources
            .iter()
            .position(|known| known.selection.resource.is(description))
            .ok_or_else(|| unknown(description))
    }

    /// The first steps, from the root's rows.
    pub(crate) fn first_steps(&self, plan: &'p Plan) -> Result<VecDeque<Step<'p>>, StoreError> {
        let owners = self.root.iter().map(Row::resource_id).collect::<Result<Vec<_>, _>>()?;
        Ok(steps(&plan.selection, &owners).collect())
    }

    /// The rows to read in order to follow an edge.
    pub(crate) fn demand(&self, step: &Step<'p>) -> Result<Demand<'p>, StoreError> {
        let relationship = step.include.relationship;
        let found = step.owner.relationship_at(relationship).ok_or_else(|| unknown(step.owner))?;
        if !found.target().is(step.include.selection.resource) {
            return Err(unknown(step.owner));
        }
        let owner = self.of(step.owner)?;
        let target = self.of(step.include.selection.resource)?;
        let (Some(owner), Some(target)) = (self.resources.get(owner), self.resources.get(target)) else {
            return Err(unknown(step.owner));
        };
        if step.owners.is_empty() {
            return Ok(Demand::Nothing);
        }
        let selection = target.selection;
        if found.is_to_many() {
            // A window says nothing of the whole linkage.
            let wanted = owner.wants_linkage(relationship) && step.include.window.is_none();
            let edge = edge(step.owner, relationship)?;
            let links = EdgeLinks::new(if wanted { step.owners.len() } else { 0 }, &edge);
            return Ok(Demand::ToMany { edge, selection, links });
        }
        if step.include.window.is_some() {
            return Err(StoreError::Internal("a to-one relationship has no window".into()));
        }
        let mut links = BTreeSet::new();
        for id in &step.owners {
            if let Some(row) = owner.row(&self.root, id) {
                links.extend(row.related_id(step.owner, relationship)?);
            }
        }
        let new = links.iter().filter(|id| !target.places.contains_key(*id)).cloned().collect();
        Ok(Demand::ToOne { links, new, selection })
    }

    /// Adds an included row, unless the document already has it.
    pub(crate) fn add(
        &mut self,
        resource: &Description,
        id: ResourceId,
        push: impl FnOnce(&[Option<Cell>], &mut Rows) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let place = self.of(resource)?;
        let target = self.resources.get_mut(place).ok_or_else(|| unknown(resource))?;
        let Entry::Vacant(place) = target.places.entry(id) else { return Ok(()) };
        self.left = self.left.checked_sub(1).ok_or(StoreError::TooManyIncluded)?;
        place.insert(Place::Included(target.included.len()));
        let before = target.included.text_bytes();
        push(&target.cells, &mut target.included)?;
        self.room.take_row(&target.included, before, Excess::Included)
    }

    /// The number of included rows of a resource type.
    pub(crate) fn number(&self, resource: &Description) -> Result<usize, StoreError> {
        let place = self.of(resource)?;
        Ok(self.resources.get(place).map_or(0, |found| found.included.len()))
    }

    /// Sorts the rows that an edge has added, from index `first` on, by their ids, ascending.
    pub(crate) fn sort(&mut self, resource: &Description, first: usize) -> Result<(), StoreError> {
        let place = self.of(resource)?;
        let found = self.resources.get_mut(place).ok_or_else(|| unknown(resource))?;
        if found.included.sort(first) {
            for place in first..found.included.len() {
                if let Some(row) = found.included.get(place) {
                    found.places.insert(row.resource_id()?, Place::Included(place));
                }
            }
        }
        Ok(())
    }

    /// Whether the document has a resource. (If a foreign key refers to a missing row, its owner stays in the
    /// document.)
    pub(crate) fn has(&self, resource: &Description, id: &ResourceId) -> bool {
        let found = self.of(resource).ok().and_then(|place| self.resources.get(place));
        found.is_some_and(|found| found.places.contains_key(id))
    }

    /// Adds the linkage that an edge has read.
    pub(crate) fn keep(&mut self, step: &Step<'_>, links: EdgeLinks) -> Result<(), StoreError> {
        let owner = self.of(step.owner)?;
        let relationship = step.include.relationship;
        let known = self.resources.get_mut(owner).and_then(|owner| relationship.of_mut(&mut owner.linkage));
        if let Some(known) = known {
            known.extend(step.owners.iter().cloned().zip(links.in_order()));
        }
        Ok(())
    }

    /// Adds the windows that an edge has read, one for each owner.
    pub(crate) fn keep_windows(&mut self, step: &Step<'_>, windows: Vec<Window>) -> Result<(), StoreError> {
        let owner = self.of(step.owner)?;
        let relationship = step.include.relationship;
        let known = self
            .resources
            .get_mut(owner)
            .and_then(|owner| owner.windows.iter_mut().find(|(windowed, _)| *windowed == relationship));
        if let Some((_, known)) = known {
            known.extend(step.owners.iter().cloned().zip(windows));
        }
        Ok(())
    }

    /// The linkage that no edge has read yet.
    pub(crate) fn unread(&self) -> Vec<Unread> {
        let mut unread = Vec::new();
        for (place, resource) in self.resources.iter().enumerate() {
            for (relationship, known) in (0..).map(RelationshipId::at).zip(&resource.linkage) {
                if resource.wants_linkage(relationship) {
                    let owners: BTreeSet<_> =
                        resource.places.keys().filter(|id| !known.contains_key(*id)).cloned().collect();
                    let owner = resource.selection.resource;
                    unread.push(Unread { place, owner, relationship, owners: owners.into_iter().collect() });
                }
            }
        }
        unread
    }

    /// Adds linkage that no edge has read.
    pub(crate) fn put(&mut self, unread: Unread, links: &Links) {
        let resource = self.resources.get_mut(unread.place);
        if let Some(known) = resource.and_then(|resource| unread.relationship.of_mut(&mut resource.linkage)) {
            let owners = unread.owners.into_iter().enumerate();
            known.extend(owners.map(|(place, id)| (id, links.of(place).to_vec())));
        }
    }

    /// The same, in whatever order it was read.
    #[cfg(feature = "postgres")]
    pub(crate) fn put_edges(&mut self, unread: Unread, links: EdgeLinks) {
        let resource = self.resources.get_mut(unread.place);
        if let Some(known) = resource.and_then(|resource| unread.relationship.of_mut(&mut resource.linkage)) {
            known.extend(unread.owners.into_iter().zip(links.in_order()));
        }
    }

    /// Converts the document to the answer.
    pub(crate) fn finish(mut self, fetched: &mut Fetched) {
        if let Some(first) = self.resources.first() {
            fetched.links = first.links(&self.root);
            fetched.windows = first.windows(&self.root);
        }
        for description in self.order {
            let found = self.resources.iter_mut().find(|known| known.selection.resource.is(description));
            if let Some(found) = found {
                let rows = std::mem::take(&mut found.included);
                let links = found.links(&rows);
                let mut included = Included::new(description, rows, links);
                included.windows = found.windows(&included.rows);
                fetched.included.push(included);
            }
        }
        fetched.rows = self.root;
    }
}

impl Resource<'_> {
    fn windows(&self, rows: &Rows) -> Vec<Windows> {
        let of_rows = |(relationship, known): &(RelationshipId, HashMap<ResourceId, Window>)| {
            let mut windows = Windows::new(*relationship);
            for row in rows.iter() {
                windows.push(row.resource_id().ok().and_then(|id| known.get(&id)).cloned());
            }
            windows
        };
        self.windows.iter().map(of_rows).collect()
    }

    fn links(&self, rows: &Rows) -> Vec<Option<Links>> {
        let wanted = |(relationship, known): (RelationshipId, &HashMap<ResourceId, Vec<ResourceId>>)| {
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
        (0..).map(RelationshipId::at).zip(&self.linkage).map(wanted).collect()
    }
}

fn unknown(owner: &Description) -> StoreError {
    StoreError::Internal(format!("a plan includes what `{}` is not related to", owner.rust_name))
}
