//! A store's answer to a plan.

use super::Windows;
use crate::schema::{Description, RelationshipId, ResourceId, Rows};

/// The answer to a [`Plan`](super::Plan).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Fetched {
    /// Whether the owner of a [`Root::Related`](super::Root::Related) exists. It is true for every other
    /// root.
    pub parent: bool,
    /// The rows of the root, in the listing's order.
    pub rows: Rows,
    /// The position of each of the root's rows, if they are the related resources of a relationship with an
    /// [order](crate::resource::Relationship::order) and the listing asks for no other: these are the keys of their
    /// [places](super::Place). Otherwise there are none.
    pub positions: Vec<Option<i64>>,
    /// The number of all rows, if the plan asked for it.
    pub total: Option<u64>,
    /// Whether there are more rows after the page, in the direction in which the page was read.
    pub more: bool,
    /// To-many linkage, one entry for each relationship. An entry is `None` if the linkage wasn't asked for,
    /// or if the relationship is to-one: its linkage is in the row.
    pub links: Vec<Option<Links>>,
    /// The numbers of related resources that the selection asks for.
    pub counts: Counts,
    /// The included resources, one entry for each resource type. The types are in the order in which the plan
    /// reaches them, level by level: first the resources included from the root, then those included from
    /// these.
    pub included: Vec<Included>,
    /// The windows of the rows, one entry for each relationship that the plan includes by a window
    /// ([`Include::window`](super::Include::window)). Otherwise it is empty.
    pub windows: Vec<Windows>,
}

/// The included resources of one type: each once, and none that is among the root's rows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Included {
    /// The resource.
    pub resource: &'static Description,
    /// The rows. Rows of an earlier include come first, and the rows of each include are in ascending order
    /// of ids.
    pub rows: Rows,
    /// To-many linkage, as in [`Fetched::links`].
    pub links: Vec<Option<Links>>,
    /// The numbers of related resources that the selection asks for.
    pub counts: Counts,
    /// Windows, as in [`Fetched::windows`].
    pub windows: Vec<Windows>,
}

/// How many resources to-many relationships lead to, for all rows in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(Vec<(RelationshipId, Vec<u64>)>);

impl Counts {
    /// Adds the numbers of one relationship, one for each row.
    pub fn add(&mut self, relationship: RelationshipId, numbers: Vec<u64>) {
        self.0.push((relationship, numbers));
    }

    /// Whether nothing was counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of a row; `None` if the relationship was not counted.
    pub fn of(&self, relationship: RelationshipId, row: usize) -> Option<u64> {
        let found = self.0.iter().find(|(counted, _)| *counted == relationship);
        found.and_then(|(_, numbers)| numbers.get(row)).copied()
    }
}

impl Fetched {
    /// An answer with the root's rows and one entry of linkage for each relationship. It has no next page, no
    /// total and no included resources.
    pub fn new(rows: Rows, links: Vec<Option<Links>>) -> Self {
        Self { parent: true, rows, links, ..Self::default() }
    }
}

impl Included {
    /// The included resources of one type.
    pub fn new(resource: &'static Description, rows: Rows, links: Vec<Option<Links>>) -> Self {
        Self { resource, rows, links, counts: Counts::default(), windows: Vec::new() }
    }
}

/// The to-many linkage of one relationship, for all rows in order.
#[derive(Clone, Debug, Default)]
pub struct Links {
    ends: Vec<usize>,
    ids: Vec<ResourceId>,
}

impl Links {
    /// Adds an id to the linkage of the current row.
    pub fn push(&mut self, id: ResourceId) {
        self.ids.push(id);
    }

    /// Ends the current row.
    pub fn end_row(&mut self) {
        self.ends.push(self.ids.len());
    }

    /// The linkage of one row alone.
    #[cfg(feature = "postgres")]
    pub(crate) fn only(&self, row: usize) -> Self {
        let ids = self.of(row).to_vec();
        Self { ends: vec![ids.len()], ids }
    }

    /// All ids, of all rows.
    pub(super) fn ids(&self) -> &[ResourceId] {
        &self.ids
    }

    /// The same, to be changed.
    #[cfg(feature = "sqlite")]
    pub(crate) fn ids_mut(&mut self) -> impl Iterator<Item = &mut ResourceId> {
        self.ids.iter_mut()
    }

    /// The ids in the linkage of a row, ascending, or in the relationship's own order.
    pub fn of(&self, row: usize) -> &[ResourceId] {
        let start = match row.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before).copied().unwrap_or(self.ids.len()),
        };
        let end = self.ends.get(row).copied().unwrap_or(start);
        self.ids.get(start..end).unwrap_or(&[])
    }
}
