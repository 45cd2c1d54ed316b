//! What a change makes of a polymorphic relationship: its arms share two columns.

use super::linkage_write::misshapen;
use crate::plan::LinkageChange;
use crate::schema::{Description, RelationshipId, ResourceId};
use crate::store::StoreError;

/// What a change makes of a polymorphic relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OneOfChange<'a> {
    /// It stays.
    None,
    /// It becomes empty.
    Empty,
    /// It leads to this resource, by this arm.
    To(RelationshipId, &'a ResourceId),
}

impl<'a> OneOfChange<'a> {
    /// The change of the relationship whose first arm this is.
    ///
    /// # Errors
    /// If two arms shall lead to a resource, or an arm shall lead to many.
    pub(crate) fn of(
        resource: &Description,
        first: RelationshipId,
        linkage: &'a [Option<LinkageChange>],
    ) -> Result<Self, StoreError> {
        let mut change = Self::None;
        for (arm, _) in resource.arms(first) {
            change = match (arm.of(linkage).and_then(Option::as_ref), change) {
                (None, change) => change,
                (Some(LinkageChange::One(None)), Self::None) => Self::Empty,
                (Some(LinkageChange::One(None)), change) => change,
                (Some(LinkageChange::One(Some(id))), Self::None | Self::Empty) => Self::To(arm, id),
                (Some(_), _) => return Err(misshapen(resource)),
            };
        }
        Ok(change)
    }
}
