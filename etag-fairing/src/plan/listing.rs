//! Which resources of many, and in what order.

use super::{Filter, Page, SortKey};

/// Which resources of a collection, or of a to-many relationship, and in what order.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Listing {
    /// Which rows; `None` for all.
    pub filter: Option<Filter>,
    /// In what order. The id comes last by itself, so that the order is total.
    pub sort: Vec<SortKey>,
    /// Which of them.
    pub page: Page,
    /// Whether to count all rows that the filter lets through.
    pub total: bool,
}

impl Listing {
    /// Every row, in ascending order of ids, uncounted.
    pub fn all() -> Self {
        Self { filter: None, sort: Vec::new(), page: Page::All, total: false }
    }

    /// The listing of the rows that a filter lets through.
    #[must_use]
    pub fn filtered(mut self, filter: impl Into<Option<Filter>>) -> Self {
        self.filter = filter.into();
        self
    }

    /// The listing in this order.
    #[must_use]
    pub fn sorted(mut self, sort: Vec<SortKey>) -> Self {
        self.sort = sort;
        self
    }

    /// The listing of this page.
    #[must_use]
    pub fn paged(mut self, page: Page) -> Self {
        self.page = page;
        self
    }

    /// The listing with the number of all rows that the filter lets through.
    #[must_use]
    pub fn counted(mut self) -> Self {
        self.total = true;
        self
    }
}
