//! Why none of the operations of a request was made.

use rocket::http::Status;

use super::super::delete::still_referred_to;
use super::super::judged_state::JudgedState;
use super::super::relationship::linkage_plan;
use super::super::state::{check_state, state_plan, with_current};
use super::super::store_errors::Refusal;
use super::super::subject::Subject;
use super::super::update_relationship::{check_linkage, with_current_linkage};
use super::make::conditions_of;
use super::operation::Operation;
use crate::document::read::ResourceName;
use crate::error::{ErrorObject, Errors};
use crate::resource::endpoint::{Endpoint, OwnRelationship};
use crate::routes::call::Call;
use crate::schema::ResourceId;
use crate::store::{Constraint, StoreError};

/// A refusal, and the operation that it is of.
pub(super) struct Refused {
    /// The place of the operation; `None` if it is of none of them alone.
    index: Option<usize>,
    /// The resource that the operation is about.
    id: Option<ResourceId>,
    refusal: Refusal,
}

impl Refused {
    pub(super) fn at(index: usize, id: Option<ResourceId>, refusal: Refusal) -> Self {
        Self { index: Some(index), id, refusal }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self { index: None, id: None, refusal: error.into() }
    }
}

/// The errors of a refusal, which point to the operation. By now all is undone.
pub(super) async fn errors_of(call: &Call<'_>, operations: &[Operation<'_>], refused: Refused) -> Errors {
    let Refused { index, id, refusal } = refused;
    let Some(index) = index else { return refusal.into_errors_of_none() };
    let Some(operation) = operations.get(index) else { return refusal.into_errors_of_none() };
    let errors = match (refusal, id) {
        (refusal, Some(id)) if is_about_state(&refusal) => {
            let errors = Box::pin(errors_of_state(call, operation, index, &id, refusal)).await;
            let subject = &operation.subject;
            match own_linkage(operation) {
                Some(own) => Box::pin(with_current_linkage(call, subject, own, &id, errors)).await,
                None => Box::pin(with_current(call, subject, &id, errors)).await,
            }
        }
        (Refusal::Store(StoreError::Constraint(Constraint::ForeignKey)), Some(id))
            if operation.subject.endpoint == Endpoint::Delete =>
        {
            let named = Box::pin(still_referred_to(call, operation.subject.resource, &id)).await;
            named.unwrap_or_else(|| plain(operation, StoreError::Constraint(Constraint::ForeignKey).into()))
        }
        (refusal, _) => plain(operation, refusal),
    };
    errors.of_operation(&operation.subject.base)
}

fn plain(operation: &Operation<'_>, refusal: Refusal) -> Errors {
    let sent = operation.body.as_ref().and_then(|body| body.object().ok());
    refusal.into_errors(operation.subject.resource, sent)
}

/// Whether the resource was not in the state that the operation is meant for.
fn is_about_state(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Store(error) => matches!(error, StoreError::VersionChanged),
        Refusal::Answer(errors) => errors.status() == Status::PreconditionFailed,
    }
}

/// The relationship of an operation whose precondition is about the linkage alone.
fn own_linkage(operation: &Operation<'_>) -> Option<OwnRelationship> {
    let Subject { resource, endpoint, .. } = &operation.subject;
    let own = endpoint.relationship()?;
    (JudgedState::of_operation(resource, &own) == JudgedState::Linkage).then_some(own)
}

/// The errors of an operation whose precondition failed.
///
/// It was judged on what the operations before it had left. If they have changed the resource, the state that is stored is
/// another one, and the client could go on sending the right tag of that for ever: so this is judged here, too.
async fn errors_of_state(
    call: &Call<'_>,
    operation: &Operation<'_>,
    index: usize,
    id: &ResourceId,
    refusal: Refusal,
) -> Errors {
    if index == 0 && matches!(refusal, Refusal::Answer(_)) {
        return plain(operation, refusal);
    }
    if let Some(ResourceName::Lid(_)) = operation.name {
        return ambiguous("this request makes the resource, so that nobody knows a tag of it yet");
    }
    let subject = &operation.subject;
    let conditions = conditions_of(call, operation).uncounted();
    let linkage = own_linkage(operation);
    let plan = match linkage {
        Some(own) => linkage_plan(call, subject.resource, id.clone(), own),
        None => state_plan(call, subject, id.clone(), &conditions),
    };
    let stored = call.store().fetch(&plan).await;
    let judged = stored.map_err(Refusal::from).and_then(|now| match linkage {
        Some(own) => check_linkage(call, subject.resource, own, &conditions, id, &now),
        None => check_state(call, subject, &conditions, id, &now).map(drop),
    });
    match judged {
        Err(refusal) => plain(operation, refusal),
        Ok(()) if index > 0 => ambiguous(
            "the tag is that of the state before this request, but an operation before this one has changed the resource: \
             leave the precondition out here, or let the first operation on the resource have it",
        ),
        // It has come back to the state that the client has seen.
        Ok(()) => plain(operation, refusal),
    }
}

fn ambiguous(detail: &'static str) -> Errors {
    ErrorObject::invalid_precondition(detail).into()
}
