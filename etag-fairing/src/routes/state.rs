//! The state of a resource: what its tags begin with, and when it last changed.

use rocket::http::Status;
use serde_json::Value as JsonValue;

use super::call::Call;
use super::conditions::Conditions;
use super::permission::hooks_let_read;
use super::prefer::{APPLIED, Return, preferred_return};
use super::representation::{query_plan, representation, whole_plan, written_document};
use super::store_errors::Refusal;
use super::subject::Subject;
use super::tags::state_tag;
use crate::conditional::{EntityTag, HttpDate, StateTag, Validator};
use crate::document::buffer_pool;
use crate::document::read::ResourceObject;
use crate::document::state::version_tag;
use crate::error::{ErrorObject, Errors};
use crate::plan::{Fetched, Plan, Root, Selection};
use crate::query::{Parameters, Query};
use crate::schema::{Corrupt, Description, Operation, ResourceId, Upkeep, Value};
use crate::store::StoreError;

/// The last second that HTTP can tell, 9999-12-31T23:59:59Z.
const END: i64 = 253_402_300_799;

/// What to read for a write that judges preconditions, and needs nothing else.
pub(super) fn state_plan(
    call: &Call<'_>,
    subject: &Subject<'_>,
    id: ResourceId,
    conditions: &Conditions<'_>,
) -> Plan {
    if conditions.need_tag() && subject.state_is_digest() {
        return whole_plan(call, subject, id);
    }
    let resource = subject.resource;
    let selection = Selection::identifiers(resource);
    let version = resource.version.filter(|_| conditions.need_tag());
    let date = resource.last_modified.filter(|_| conditions.need_date());
    let selection = version.into_iter().chain(date).fold(selection, Selection::with_attribute);
    call.plan(Root::One(id), selection)
}

/// The date of the last change, if the resource keeps one.
fn last_change(resource: &Description, fetched: &Fetched) -> Result<Option<HttpDate>, Corrupt> {
    let (Some(date), Some(row)) = (resource.last_modified, fetched.rows.get(0)) else {
        return Ok(None);
    };
    let rank = Upkeep::Second.rank(row.attribute(date))?;
    // One that has no date was never told of one: whatever date a client has, this state is later.
    let second = if Upkeep::is_dateless(rank) { END } else { rank.div_euclid(1_000_000) };
    Ok(Some(HttpDate::from_unix_seconds(second)))
}

/// When the representation at the resource's own URL last changed.
///
/// Not told where scopes hide rows or guards hide linkage: the date of the row says nothing of what its linkage shows
/// to this caller.
pub(super) fn last_modified(
    call: &Call<'_>,
    subject: &Subject<'_>,
    fetched: &Fetched,
) -> Result<Option<HttpDate>, Corrupt> {
    if subject.etag.is_some() && call.sees_all() { last_change(subject.resource, fetched) } else { Ok(None) }
}

/// Judges a write's preconditions on the state that its transaction sees. Gives its tag, if it takes part in that.
pub(super) fn check_state(
    call: &Call<'_>,
    subject: &Subject<'_>,
    conditions: &Conditions<'_>,
    id: &ResourceId,
    current: &Fetched,
) -> Result<Option<StateTag>, Refusal> {
    let row = current.rows.get(0).ok_or_else(|| Errors::from(ErrorObject::not_found()))?;
    let mut state = None;
    if conditions.need_tag() {
        state = version_tag(call.api.registry(), subject.resource, row)?;
        if state.is_none() {
            let representation = representation(call, subject, id, current)?;
            state = Some(state_tag(call.request, &representation));
            buffer_pool::give(representation);
        }
    }
    let validator = state.as_ref().map_or(Validator::Untagged, Validator::State);
    let date = if conditions.need_date() { last_change(subject.resource, current)? } else { None };
    conditions.check(validator, date, &call.writer().href(subject.resource, id))?;
    Ok(state)
}

/// The version that the row must still have when it is written.
///
/// Hooks may write the row themselves before that; then its lock alone keeps others away.
pub(super) fn version_to_keep(
    subject: &Subject<'_>,
    conditions: &Conditions<'_>,
    current: &Fetched,
) -> Option<Value> {
    let version = subject.resource.version?;
    let row = current.rows.get(0)?;
    let is_compared = subject.etag.is_some() && conditions.name_states() && subject.behaviour.hooks.is_none();
    is_compared.then(|| row.attribute(version).to_owned()).filter(|version| !version.is_null())
}

/// The errors of a write that was refused; `sent` is the resource object of the request, if it has one.
pub(super) async fn refused_write(
    call: &Call<'_>,
    subject: &Subject<'_>,
    refusal: Refusal,
    conditions: &Conditions<'_>,
    id: &ResourceId,
    sent: Option<&ResourceObject<'_>>,
) -> Errors {
    if matches!(refusal, Refusal::Store(StoreError::VersionChanged)) {
        // Somebody else was first: what there is now has another tag, or is gone.
        let current = call.store().fetch(&state_plan(call, subject, id.clone(), conditions)).await;
        let judged =
            current.map_err(Refusal::from).and_then(|now| check_state(call, subject, conditions, id, &now));
        if let Err(refusal) = judged {
            let errors = refusal.into_errors(subject.resource, sent);
            return with_current(call, subject, id, errors).await;
        }
    }
    with_current(call, subject, id, refusal.into_errors(subject.resource, sent)).await
}

/// Whether a client whose precondition failed wants to get what is there, and may read it by this operation.
pub(super) async fn prefers_current(
    call: &Call<'_>,
    subject: &Subject<'_>,
    operation: Operation,
    errors: &Errors,
) -> bool {
    errors.status() == Status::PreconditionFailed
        && preferred_return(call.request) == Some(Return::Representation)
        && call.guarded.ask(call.request, subject.behaviour, operation).await.is_ok()
        && hooks_let_read(call, subject.resource, operation).await
}

/// The errors of a change that was refused by 412, with the resource as it is now (RFC 7240 §4.2), if the client prefers that:
/// it can merge without another read.
pub(super) async fn with_current(
    call: &Call<'_>,
    subject: &Subject<'_>,
    id: &ResourceId,
    errors: Errors,
) -> Errors {
    if !prefers_current(call, subject, Operation::Read, &errors).await {
        return errors;
    }
    match Box::pin(current_resource(call, subject, id)).await {
        Some((resource, tag)) => {
            errors.with_current(resource, tag).with_header(APPLIED, Return::Representation.applied())
        }
        None => errors,
    }
}

/// The resource as the caller sees it now, with its entity tag.
async fn current_resource(
    call: &Call<'_>,
    subject: &Subject<'_>,
    id: &ResourceId,
) -> Option<(JsonValue, Option<EntityTag>)> {
    call.ask_linkage([subject.resource]).await.ok()?;
    let (parameters, query) = (Parameters::default(), Query::default());
    let fetched = call.store().fetch(&query_plan(call, subject, id.clone(), &query)).await.ok()?;
    let (_, tags) = written_document(call, subject, id, &parameters, &query, &fetched).ok()?;
    let tag = tags.zip(subject.etag).map(|(tags, config)| config.policy().issue(tags.plain));
    let etag = tag.as_ref().map(|tag| tag.borrowed().to_field());
    let mut object = Vec::new();
    call.writer().lenient().resource_object(subject.resource, &fetched, etag, &mut object).ok()?;
    Some((serde_json::from_slice(&object).ok()?, tag))
}
