//! What writes have in common: their documents, and how a change is made and answered.

use rocket::Response;

use super::call::Call;
use super::heard::HeardDecision;
use super::repeatable::{Repeatable, Responded, respond};
use super::store_errors::Refusal;
use super::subject::Subject;
use super::written::WrittenAnswer;
use crate::document::read::{Lengths, ResourceObject};
use crate::error::{Errors, Pointer};
use crate::plan::{Fetched, Plan};
use crate::resource::committed::CommittedRecord;
use crate::schema::{Relationship, ResourceId};
use crate::store::{Decision, Modification, Transaction, Written, write_in};

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

/// Makes a change, tells the application of it, if anybody there listens, and responds with what `answer` makes of the id
/// and of what was read back.
pub(super) async fn write<D: Decision<Refusal = Refusal>>(
    call: &Call<'_>,
    repeatable: Option<&Repeatable<'_>>,
    target: Option<&Plan>,
    decision: &mut D,
    answer: impl Fn(&ResourceId, &Fetched) -> Result<WrittenAnswer, Refusal> + Send + Sync,
) -> Result<Response<'static>, Refusal> {
    // A deletion reads nothing back.
    let nothing = Fetched::default();
    let answer = |(id, fetched): &Written| answer(id, fetched.as_ref().unwrap_or(&nothing));
    if call.api.state.listeners.is_empty() {
        let mut change = Modification::new(target, decision);
        return Ok(Box::pin(respond(call, repeatable, &mut change, answer)).await?.response);
    }
    let mut heard = HeardDecision { api: call.api, decision, change: None };
    let mut change = Modification::new(target, &mut heard);
    let Responded { response, is_new } = Box::pin(respond(call, repeatable, &mut change, answer)).await?;
    if is_new {
        call.api.tell(heard.change.as_slice()).await;
    }
    Ok(response)
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
