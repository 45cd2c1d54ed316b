//! What a store answers to a plan.

use crate::schema::{Description, ResourceId, Rows};

/// The answer to a [`Plan`](super::Plan).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Fetched {
    /// Whether the owner of a [`Root::Related`](super::Root::Related) exists; true for every other root.
    pub parent: bool,
    /// The rows of the root, in the listing's order.
    pub rows: Rows,
    /// The number of all rows, where it was asked for.
    pub total: Option<u64>,
    /// Whether there are rows beyond the page, in the direction in which it was read.
    pub more: bool,
    /// To-many linkage, one entry a relationship: `None` where it wasn't asked for, or is to-one and stands in
    /// the row.
    pub links: Vec<Option<Links>>,
    /// The included resources: one entry a resource type, in the order in which the plan comes to it, level by
    /// level: first what is included of the root, then what is included of that.
    pub included: Vec<Included>,
}

/// The included resources of one type: each once, and none that stands among the root's rows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Included {
    /// The resource.
    pub resource: &'static Description,
    /// The rows; those of an earlier include first, each include's in ascending order of ids.
    pub rows: Rows,
    /// To-many linkage, as in [`Fetched::links`].
    pub links: Vec<Option<Links>>,
}

impl Fetched {
    /// The rows of the root, one entry of linkage a relationship, and nothing else: no page goes on, and nothing was
    /// counted or included.
    pub fn new(rows: Rows, links: Vec<Option<Links>>) -> Self {
        Self { parent: true, rows, links, ..Self::default() }
    }
}

impl Included {
    /// The included resources of one type.
    pub fn new(resource: &'static Description, rows: Rows, links: Vec<Option<Links>>) -> Self {
        Self { resource, rows, links }
    }
}

/// The to-many linkage of one relationship, for each row in turn.
#[derive(Clone, Debug, Default)]
pub struct Links {
    ends: Vec<usize>,
    ids: Vec<ResourceId>,
}

impl Links {
    /// Adds an id to the linkage of the row that is being built.
    pub fn push(&mut self, id: ResourceId) {
        self.ids.push(id);
    }

    /// Ends the row that is being built.
    pub fn end_row(&mut self) {
        self.ends.push(self.ids.len());
    }

    /// All ids.
    #[cfg(feature = "sqlite")]
    pub(crate) fn ids_mut(&mut self) -> impl Iterator<Item = &mut ResourceId> {
        self.ids.iter_mut()
    }

    /// The ids of one row, ascending.
    pub fn of(&self, row: usize) -> &[ResourceId] {
        let start = match row.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before).copied().unwrap_or(self.ids.len()),
        };
        let end = self.ends.get(row).copied().unwrap_or(start);
        self.ids.get(start..end).unwrap_or(&[])
    }
}
