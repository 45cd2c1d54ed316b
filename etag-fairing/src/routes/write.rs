//! What writes have in common: run, read back, answer with the new tag.

use rocket::Response;
use rocket::http::Status;

use super::call::Call;
use super::heard::HeardDecision;
use super::prefer::{APPLIED, Return, preferred_return};
use super::response;
use super::store_errors::{Refusal, internal};
use super::subject::Subject;
use crate::conditional::EntityTag;
use crate::document::buffer_pool;
use crate::document::read::{Lengths, ResourceObject};
use crate::error::{Errors, Pointer};
use crate::observe::{self, Phase};
use crate::plan::{Fetched, Plan};
use crate::resource::committed::CommittedRecord;
use crate::schema::{Relationship, ResourceId};
use crate::store::{Decision, Transaction, modify, write_in};

/// The document of a write: one resource object.
pub(super) struct RequestBody<'e> {
    object: Result<ResourceObject<'e>, Errors>,
    /// Whether it lists what a relationship leads to.
    pub(super) has_lists: bool,
}

impl<'e> RequestBody<'e> {
    pub(super) fn read(body: &'e [u8], call: &Call<'_>, subject: &Subject<'_>) -> Self {
        let lengths = Lengths::of(call.config());
        let object = ResourceObject::parse(body, subject.base.clone(), subject.resource, lengths);
        let has_lists = object.as_ref().is_ok_and(ResourceObject::has_lists);
        Self { object, has_lists }
    }

    /// The body of an operation, whose form was found to be right.
    pub(super) fn of_operation(object: ResourceObject<'e>) -> Self {
        Self { has_lists: object.has_lists(), object: Ok(object) }
    }

    /// # Errors
    /// With what is wrong with it.
    pub(super) fn object(&self) -> Result<&ResourceObject<'e>, Errors> {
        self.object.as_ref().map_err(Clone::clone)
    }

    /// Whether the document has an attribute or a relationship of this name.
    pub(super) fn has_member(&self, name: &str) -> bool {
        self.object.as_ref().is_ok_and(|object| object.has_field(name))
    }

    /// Where the document says what a relationship leads to, if it does.
    pub(super) fn pointer_to_linkage(&self, relationship: &Relationship) -> Option<Pointer> {
        let object = self.object.as_ref().ok()?;
        object.links(relationship).then(|| object.pointer_of(relationship.name))
    }
}

/// Makes a change, and gives what was read back of it.
pub(super) async fn make_change<D: Decision<Refusal = Refusal>>(
    call: &Call<'_>,
    target: Option<&Plan>,
    decision: &mut D,
) -> Result<(ResourceId, Fetched), Refusal> {
    let (id, fetched) = Box::pin(change(call, target, decision)).await?;
    let fetched = fetched.ok_or_else(|| internal("what was written was not read back"))?;
    Ok((id, fetched))
}

/// Makes a change, and tells the application of it, if anybody there listens.
pub(super) async fn change<D: Decision<Refusal = Refusal>>(
    call: &Call<'_>,
    target: Option<&Plan>,
    decision: &mut D,
) -> Result<(ResourceId, Option<Fetched>), Refusal> {
    let limit = call.config().write_timeout;
    let timing = observe::time(call.observation, Phase::Store);
    if call.api.state.listeners.is_empty() {
        return modify(call.store(), target, decision, limit).await;
    }
    let mut heard = HeardDecision { api: call.api, decision, change: None };
    let written = Box::pin(modify(call.store(), target, &mut heard, limit)).await?;
    drop(timing);
    call.api.tell(heard.change.as_slice()).await;
    Ok(written)
}

/// Makes a change in a transaction that others are made in, too, and notes what the application wants to hear of it after the
/// commit.
pub(super) async fn change_in<D: Decision<Refusal = Refusal>>(
    call: &Call<'_>,
    transaction: &mut dyn Transaction,
    target: Option<&Plan>,
    decision: &mut D,
    heard: &mut Vec<CommittedRecord>,
) -> Result<(ResourceId, Option<Fetched>), Refusal> {
    if call.api.state.listeners.is_empty() {
        return write_in(transaction, target, decision).await;
    }
    let mut decision = HeardDecision { api: call.api, decision, change: None };
    let written = Box::pin(write_in(transaction, target, &mut decision)).await?;
    heard.extend(decision.change);
    Ok(written)
}

/// The response to a write, which is made by now: the document, and the tag of what the client goes on with.
///
/// Without the document if the client prefers that.
pub(super) fn written_response(
    call: &Call<'_>,
    subject: &Subject<'_>,
    status: Status,
    body: Vec<u8>,
    tag: Option<EntityTag>,
) -> Response<'static> {
    let preferred = preferred_return(call.request);
    let mut response = match preferred {
        Some(Return::Minimal) => {
            buffer_pool::give(body);
            let mut response = response::without_document();
            if status == Status::Created {
                response.set_status(status);
            }
            response
        }
        Some(Return::Representation) | None => response::of_write(status, body),
    };
    if let Some(preferred) = preferred {
        response.set_raw_header(APPLIED, preferred.applied());
    }
    if let (Some(tag), Some(config)) = (tag, subject.etag) {
        response.set_raw_header("ETag", config.policy().issue(tag).borrowed().to_field());
    }
    response
}
