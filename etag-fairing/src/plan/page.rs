//! Pages of an ordered list, by position or by neighbours.

use crate::schema::{ResourceId, Value};

/// Which rows of an ordered list.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Page {
    /// All of them.
    All,
    /// By position.
    Offset {
        /// How many rows to leave out first.
        offset: u64,
        /// How many rows at most.
        limit: u64,
    },
    /// By neighbours: the rows behind one place in the order and before another.
    Between {
        /// Only rows behind this place.
        after: Option<Place>,
        /// Only rows before this place.
        before: Option<Place>,
        /// How many rows at most: the first ones behind `after`, or, if only `before` is given, the last ones
        /// before it.
        limit: u64,
    },
}

/// A place in an order: between the row that had these values and the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// One value a sort key.
    pub keys: Vec<Value>,
    /// The row's id.
    pub id: ResourceId,
}
