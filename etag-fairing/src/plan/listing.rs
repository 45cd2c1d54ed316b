//! Listings: a part of many resources, in an order.

use super::{Filter, Page, SortKey};

/// A part of a collection, or of a to-many relationship, in an order.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Listing {
    /// The condition on the rows; `None` for all rows.
    pub filter: Option<Filter>,
    /// The order. The store adds the id as the last key, so that the order is total. Without keys, the related
    /// resources of a relationship with an [order](crate::resource::Relationship::order) are in that order: by their
    /// positions, of which null comes last.
    pub sort: Vec<SortKey>,
    /// The page.
    pub page: Page,
    /// Whether to count all rows that match the filter.
    pub total: bool,
}

impl Listing {
    /// Every row, in ascending order of ids, without a count.
    pub fn all() -> Self {
        Self { filter: None, sort: Vec::new(), page: Page::All, total: false }
    }

    /// Sets the filter.
    #[must_use]
    pub fn filtered(mut self, filter: impl Into<Option<Filter>>) -> Self {
        self.filter = filter.into();
        self
    }

    /// Sets the order.
    #[must_use]
    pub fn sorted(mut self, sort: Vec<SortKey>) -> Self {
        self.sort = sort;
        self
    }

    /// Sets the page.
    #[must_use]
    pub fn paged(mut self, page: Page) -> Self {
        self.page = page;
        self
    }

    /// Asks for the number of all rows that match the filter.
    #[must_use]
    pub fn counted(mut self) -> Self {
        self.total = true;
        self
    }
}
