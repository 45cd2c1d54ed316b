//! Which resources of many, and in what order.

use super::{Filter, Page, SortKey};

/// Which resources of a collection, or of a to-many relationship, and in what order.
#[derive(Clone, Debug, PartialEq)]
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
}
