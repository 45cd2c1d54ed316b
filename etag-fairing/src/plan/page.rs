//! Pages of an ordered list, by offset or by a place in the order.

use crate::schema::{ResourceId, Value};

/// The rows of an ordered list to read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Page {
    /// All rows.
    All,
    /// By offset.
    Offset {
        /// The number of rows to skip.
        offset: u64,
        /// The maximum number of rows.
        limit: u64,
    },
    /// The rows after one place in the order and before another.
    Between {
        /// Only rows after this place.
        after: Option<Place>,
        /// Only rows before this place.
        before: Option<Place>,
        /// The maximum number of rows. They are the first rows after `after`. If only `before` is set, they
        /// are the last rows before it.
        limit: u64,
    },
}

/// A place in an order: directly after the row that had these values.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// One value for each sort key. Without keys in an [ordered](crate::resource::Relationship::order)
    /// relationship: the position.
    pub keys: Vec<Value>,
    /// The row's id.
    pub id: ResourceId,
}
