//! What writes have in common: run, read back, answer with the new tag.

use rocket::Response;
use rocket::http::Status;

use super::call::Call;
use super::response;
use super::store_errors::{Refusal, internal};
use super::subject::Subject;
use crate::conditional::EntityTag;
use crate::document::read::{Lengths, ResourceObject};
use crate::error::{Errors, Pointer};
use crate::plan::{Fetched, Plan};
use crate::schema::{Description, Relationship, ResourceId};
use crate::store::{Decision, modify};

/// The document of a write: one resource object.
pub(super) struct RequestBody<'e> {
    body: &'e [u8],
    base: Pointer,
    resource: &'static Description,
    lengths: Lengths,
    read: Option<Result<ResourceObject<'e>, Errors>>,
    /// Whether it lists what a relationship leads to.
    pub(super) has_lists: bool,
}

impl<'e> RequestBody<'e> {
    pub(super) fn read(body: &'e [u8], call: &Call<'_>, subject: &Subject<'_>) -> Self {
        let (resource, lengths, base) = (subject.resource, Lengths::of(call.config()), subject.base.clone());
        let read = ResourceObject::parse(body, base.clone(), resource, lengths);
        let has_lists = read.as_ref().is_ok_and(ResourceObject::has_lists);
        Self { body, base, resource, lengths, read: Some(read), has_lists }
    }

    /// # Errors
    /// With what is wrong with it.
    pub(super) fn object(&mut self) -> Result<&ResourceObject<'e>, Errors> {
        let read = || ResourceObject::parse(self.body, self.base.clone(), self.resource, self.lengths);
        self.read.get_or_insert_with(read).as_ref().map_err(Clone::clone)
    }

    /// Where the document says what a relationship leads to, if it does.
    pub(super) fn pointer_to_linkage(&self, relationship: &Relationship) -> Option<Pointer> {
        let object = self.read.as_ref()?.as_ref().ok()?;
        object.links(relationship).then(|| object.pointer_of(relationship.name))
    }

    /// Forgets what was read. It is read again when it is asked for: where another write came in between, or to tell
    /// which part of it is to blame.
    ///
    /// Call this before the commit is waited for. The thread that goes on afterwards may be another one, and memory
    /// that one thread takes and another gives back makes both of them wait for the allocator.
    pub(super) fn forget(&mut self) {
        self.read = None;
    }
}

/// Makes a change, and gives what was read back of it.
pub(super) async fn make_change<D: Decision<Refusal = Refusal>>(
    call: &Call<'_>,
    target: Option<&Plan>,
    decision: &mut D,
) -> Result<(ResourceId, Fetched), Refusal> {
    let written = Box::pin(modify(call.store(), target, decision, call.config().write_timeout)).await;
    let (id, fetched) = written?;
    let fetched = fetched.ok_or_else(|| internal("what was written was not read back"))?;
    Ok((id, fetched))
}

/// The response to a write, which is made by now: the document, and the tag of what the client goes on with.
pub(super) fn written_response(
    subject: &Subject<'_>,
    status: Status,
    body: Vec<u8>,
    tag: Option<EntityTag>,
) -> Response<'static> {
    let mut response = response::of_write(status, body);
    if let (Some(tag), Some(config)) = (tag, subject.etag) {
        response.set_raw_header("ETag", config.policy().issue(tag).borrowed().to_field());
    }
    response
}
