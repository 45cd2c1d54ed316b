//! Sort keys.

use super::Member;

/// One sort key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// The member that is compared. Nulls come after all values, ascending or descending, on every database.
    /// The value is also null if a to-one relationship on the member's path is empty.
    pub member: Member,
    /// From the largest to the smallest value.
    pub descending: bool,
}
