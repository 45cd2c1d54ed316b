//! The keys of an order.

use super::Member;

/// One key of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// What is compared. Nulls stand behind all values, ascending or descending, on every database; so do rows
    /// whose path ends early because a to-one relationship is empty.
    pub member: Member,
    /// From large to small.
    pub descending: bool,
}
