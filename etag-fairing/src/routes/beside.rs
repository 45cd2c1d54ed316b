//! What hand-written routes share with the generated ones: a resource's state as the caller sees it, judged and shown.

use rocket::http::{Method, Status};
use rocket::{Request, Response};

use super::call::Call;
use super::guarded::Guarded;
use super::representation::{query_plan, written_document};
use super::response;
use super::state::{check_state, state_plan};
use super::store_errors::{Refusal, corrupt};
use super::subject::Subject;
use crate::api::JsonApi;
use crate::conditional::EntityTag;
use crate::error::{ErrorObject, Errors};
use crate::query::{Parameters, Query};
use crate::resource::endpoint::Endpoint;
use crate::schema::{Description, ResourceId};
use crate::store::Transaction;

/// A document of one resource, and its tag as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct ShownResource {
    pub(crate) body: Vec<u8>,
    /// `None` where the resource carries no tag.
    pub(crate) tag: Option<EntityTag>,
}

impl ShownResource {
    /// The answer to a write that shows it.
    pub(crate) fn response(self, status: Status) -> Response<'static> {
        let mut response = response::of_write(status, self.body);
        if let Some(tag) = self.tag {
            response.set_raw_header("ETag", tag.borrowed().to_field());
        }
        response
    }
}

/// The request as a call, once it was asked what the caller sees of the resource.
async fn call_about<'r>(
    request: &'r Request<'_>,
    api: &'r JsonApi,
    resource: &'static Description,
) -> Result<Call<'r>, Errors> {
    let call = Call::over(request, api, Guarded::default());
    call.ask_row_scopes(&[resource]).await?;
    call.ask_linkage([resource]).await?;
    Ok(call)
}

/// Judges the request's preconditions on the state that the transaction sees, and locks the resource: as a generated route
/// for PATCH, or for DELETE if that is the request's method, would.
///
/// # Errors
/// 404, 412 and 428.
pub(crate) async fn check_preconditions(
    request: &Request<'_>,
    api: &JsonApi,
    resource: &'static Description,
    id: &ResourceId,
    transaction: &mut dyn Transaction,
) -> Result<(), Errors> {
    let call = call_about(request, api, resource).await?;
    let endpoint = if request.method() == Method::Delete { Endpoint::Delete } else { Endpoint::Update };
    let subject = Subject::beside(resource, call.behaviour_of(resource), endpoint, request);
    let conditions = subject.conditions(request);
    let plan = state_plan(&call, &subject, id.clone(), &conditions);
    let current = transaction.fetch(&plan).await.map_err(Refusal::from);
    let judged = current.and_then(|current| check_state(&call, &subject, &conditions, id, &current));
    judged.map(drop).map_err(|refusal| refusal.into_errors(resource, None))
}

/// The document that a GET at the resource's own URL would give the caller after the commit, with its tag.
///
/// # Errors
/// 404 if the caller doesn't see it.
pub(crate) async fn show(
    request: &Request<'_>,
    api: &JsonApi,
    resource: &'static Description,
    id: &ResourceId,
    transaction: &mut dyn Transaction,
) -> Result<ShownResource, Errors> {
    let call = call_about(request, api, resource).await?;
    let subject = Subject::beside(resource, call.behaviour_of(resource), Endpoint::Read, request);
    let (parameters, query) = (Parameters::default(), Query::default());
    let plan = query_plan(&call, &subject, id.clone(), &query);
    let fetched = transaction.fetch(&plan).await;
    let fetched = fetched.map_err(|error| Refusal::from(error).into_errors(resource, None))?;
    if fetched.rows.is_empty() {
        return Err(ErrorObject::not_found().into());
    }
    let document = written_document(&call, &subject, id, &parameters, &query, &fetched);
    let (body, tags) = document.map_err(corrupt)?;
    let tag = match (tags, subject.etag) {
        (Some(tags), Some(config)) => Some(config.policy().issue(tags.own)),
        _ => None,
    };
    Ok(ShownResource { body, tag })
}
