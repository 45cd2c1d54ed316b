//! Of which state the preconditions of a change to a relationship are.

use crate::schema::{Description, Operation, Relationship};

/// Of which state the preconditions of a change to a relationship are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JudgedState {
    /// Of the linkage, which is the target of a request at the relationship's URL.
    Linkage,
    /// Of the resource, whose state the linkage is a part of: so for an operation.
    Resource,
}

impl JudgedState {
    /// Of which state the precondition of an operation is: of the resource, as long as its tag covers the linkage. Who names
    /// another state would not hear that others have changed what they replace.
    pub(super) fn of_operation(resource: &Description, own: &Relationship) -> Self {
        let is_shown = own.linkage || !own.is_to_many();
        let tags = resource.etag;
        let is_tagged = tags.contains(Operation::Update) || !tags.contains(Operation::UpdateRelationship);
        if is_shown && is_tagged { Self::Resource } else { Self::Linkage }
    }
}
