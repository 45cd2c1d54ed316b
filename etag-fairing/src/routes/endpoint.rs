//! What a generated route is for.

use crate::resource::Behaviour;
use crate::schema::{Description, Operation};

/// A generated route: one operation on one resource.
#[derive(Clone, Copy)]
pub(super) struct Endpoint {
    pub(super) resource: &'static Description,
    pub(super) behaviour: &'static Behaviour,
    pub(super) operation: Operation,
    /// The place in [`Description::relationships`], for the operations on one relationship.
    pub(super) relationship: usize,
}
