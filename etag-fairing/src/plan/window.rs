//! Windows: for each owner, a part of the related resources that a plan includes.

use crate::schema::{RelationshipId, ResourceId};

/// The windows of one relationship, one entry for each row.
///
/// [`Include::window`](super::Include::window) asks for them.
#[derive(Clone, Debug)]
pub struct Windows {
    relationship: RelationshipId,
    of_rows: Vec<Option<Window>>,
}

/// The related resources of one owner that are within the window, in the window's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Window {
    /// The related resources.
    pub ids: Vec<ResourceId>,
    /// Whether there are more after the window's page.
    pub more: bool,
    /// The number of all related resources that pass the window's filter, if the plan asked for it.
    pub total: Option<u64>,
}

impl Windows {
    /// No rows yet.
    pub fn new(relationship: RelationshipId) -> Self {
        Self { relationship, of_rows: Vec::new() }
    }

    /// The relationship.
    pub fn relationship(&self) -> RelationshipId {
        self.relationship
    }

    /// Adds the window of the next row. It is `None` if the plan did not follow the relationship from this row, as
    /// from a resource that only another path of includes leads to.
    pub fn push(&mut self, window: Option<Window>) {
        self.of_rows.push(window);
    }

    /// The window of a row; `None` if the plan did not follow the relationship from it.
    pub fn of(&self, row: usize) -> Option<&Window> {
        self.of_rows.get(row).and_then(Option::as_ref)
    }
}

impl Window {
    /// These resources, with nothing after them, and not counted.
    pub fn new(ids: Vec<ResourceId>) -> Self {
        Self { ids, more: false, total: None }
    }

    /// Sets whether there are more.
    #[must_use]
    pub fn followed_by_more(mut self, more: bool) -> Self {
        self.more = more;
        self
    }

    /// Sets the number of all related resources that pass the filter.
    #[must_use]
    pub fn counted(mut self, total: Option<u64>) -> Self {
        self.total = total;
        self
    }
}
