//! One of the operations of a request.

use std::fmt;

use super::super::subject::Subject;
use super::super::write::RequestBody;
use crate::document::read::{ResourceName, SentConditions};
use crate::schema::MemberId;

/// An operation, and what is known of it before it is made.
pub(super) struct Operation<'e> {
    pub(super) subject: Subject<'e>,
    /// Its JSON.
    pub(super) text: &'e [u8],
    /// The resource that it is about; `None` for one that it makes.
    pub(super) name: Option<ResourceName<'e>>,
    /// Its resource object, if it has one.
    pub(super) body: Option<RequestBody<'e>>,
    /// The members of the resource object that the caller may not write.
    pub(super) unwritable: Vec<MemberId>,
    pub(super) conditions: SentConditions,
}

impl fmt::Debug for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("endpoint", &self.subject.endpoint).finish_non_exhaustive()
    }
}
