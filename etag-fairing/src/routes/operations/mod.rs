//! `POST /operations`: several changes in one request, all of them or none (JSON:API's extension "Atomic Operations").

mod hrefs;
mod made;
mod make;
mod operation;
mod profiles;
mod refused;

use rocket::http::Method;
use rocket::route::{Handler, Outcome, Route};
use rocket::{Data, Request};

use super::body::receive;
use super::caching::TablesBefore;
use super::call::{Answer, Call};
use super::guarded::Guarded;
use super::judged_state::JudgedState;
use super::permission::{self, ask_for_linkage, ask_writer_of, ask_writers};
use super::repeatable::Repeatable;
use super::response::content_type;
use super::subject::Subject;
use super::write::RequestBody;
use super::{RANK, store_errors};
use crate::api::JsonApi;
use crate::current::{self, Within};
use crate::document::read::{
    Action, Lengths, LocalIds, OperationsReader, Reading, SentConditions, SentOperation,
};
use crate::error::{ErrorObject, Errors, MEDIA_TYPE, Pointer};
use crate::negotiate::{
    ATOMIC, Extensions, RequestContent, check_accept, check_content_encoding, check_content_type,
};
use crate::pending::RequestKind;
use crate::query::Parameters;
use crate::resource::endpoint::{Endpoint, OwnRelationship};
use crate::resource::guard::Denied;
use crate::resource::route_names::GeneratedRoute;
use crate::schema::Description;
use hrefs::Hrefs;
use operation::Operation;
use profiles::profiles;

/// The name of the route, by which it is told from an application's own.
static NAME: &str = "operations";

/// The endpoint for several changes in one request (<https://jsonapi.org/ext/atomic>).
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
///
/// #[derive(JsonApiResource)]
/// #[jsonapi(type = "sessions", etag)]
/// struct Session {
///     #[jsonapi(id)]
///     id: i64,
///     title: String,
/// }
///
/// let rocket = rocket::build()
///     .attach(EtagFairing::new())
///     .attach(JsonApi::fairing())
///     .mount("/v1", Session::routes())
///     .mount("/v1", JsonApi::operations()); // POST /v1/operations
/// # drop(rocket);
/// # }
/// ```
///
/// Its operations change the resources that are mounted in the same part of the application, with the guards, hooks, rules
/// and scopes of the single requests. All of them are made in one transaction, or none. Each may name the state that it is
/// meant for, in `meta.ifMatch`; see the guide's page "Many changes at once".
#[derive(Clone, Debug)]
pub struct Operations {
    path: String,
}

impl JsonApi {
    /// The endpoint for several changes in one request, to mount where the resources are mounted: see [`Operations`].
    pub fn operations() -> Operations {
        Operations { path: "/operations".into() }
    }
}

impl Operations {
    /// Sets the path below the mount; without it that is `/operations`.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }
}

impl From<Operations> for Vec<Route> {
    fn from(operations: Operations) -> Self {
        let path = format!("/{}", operations.path.trim_start_matches('/'));
        let mut route = Route::ranked(RANK, Method::Post, &path, OperationsRoute);
        route.name = Some(NAME.into());
        vec![route]
    }
}

/// Whether a route of an application is this endpoint.
pub(crate) fn is_operations(route: &Route) -> bool {
    route.name.as_deref().is_some_and(|name| std::ptr::eq(name, NAME))
}

#[derive(Clone)]
struct OperationsRoute;

#[rocket::async_trait]
impl Handler for OperationsRoute {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let mut data = Some(data);
        let answer = Box::pin(answer(request, &mut data));
        let answer = match current::of(request) {
            Some(current) => Within::new(current, answer).await,
            None => answer.await,
        };
        let is_of_extension = !matches!(&answer, Err(errors) if is_about_media_type(errors));
        let is_of_profile = matches!(&answer, Err(errors) if errors.tell_state());
        let mut response = answer.unwrap_or_else(|errors| errors.to_response_to(request));
        // Results have theirs already.
        if is_of_extension && response.headers().get_one("Content-Type") == Some(MEDIA_TYPE) {
            let profiles = profiles(request).filter(|_| is_of_profile);
            response.set_raw_header("Content-Type", content_type(Some(ATOMIC), profiles));
        }
        Outcome::Success(response)
    }
}

/// Who has not asked for the extension is answered without it.
fn is_about_media_type(errors: &Errors) -> bool {
    matches!(errors.status().code, 406 | 415)
}

async fn answer<'r>(request: &'r Request<'_>, data: &mut Option<Data<'_>>) -> Answer<'r> {
    let call = Call::new(request, Guarded::default())?;
    check_accept(call.fields.accept.iter(), Extensions::Atomic)?;
    check_content_type(call.fields.content_type.iter(), RequestContent::Expected, Extensions::Atomic)?;
    check_content_encoding(request.headers().get("Content-Encoding"))?;
    check_parameters(request)?;
    check_fields(request)?;
    let body = Box::pin(receive(&call, Some(data))).await?;
    let local_ids = LocalIds::default();
    let hrefs = Hrefs::of(&call);
    let reader = OperationsReader {
        registry: call.api.registry(),
        reading: Reading { lengths: Lengths::of(call.config()), local_ids: Some(&local_ids) },
        most: usize::try_from(call.config().max_operations).unwrap_or(usize::MAX),
        resolve: &|href| hrefs.resolve(href),
    };
    let sent = reader.read(&body)?;
    let mut operations = Vec::with_capacity(sent.len());
    for sent in sent {
        operations.push(Box::pin(permitted(&call, sent)).await?);
    }
    let Some(first) = operations.first() else {
        return Err(ErrorObject::invalid_document("there are no operations").pointer(Pointer::ROOT).into());
    };
    let before = TablesBefore::of(&call, &first.subject).await;
    let behaviours = operations.iter().map(|operation| operation.subject.behaviour);
    let repeatable = Repeatable::of(&call, behaviours, &body)?;
    let made = Box::pin(make::make_all(&call, repeatable.as_ref(), &operations, &local_ids));
    let kind = RequestKind::Write;
    let answer = call.api.state.pending.answer(kind, request.remote(), made).await;
    let answer = answer.unwrap_or_else(|ended| Err(store_errors::ended(request, kind, ended)));
    match before {
        Some(before) => Box::pin(before.tell(&call, answer)).await,
        None => answer,
    }
}

/// # Errors
/// 400: the extension has no query parameters, and none is ignored.
fn check_parameters(request: &Request<'_>) -> Result<(), Errors> {
    let parameters = Parameters::parse(request.uri().query().map(|query| query.as_str()))?;
    match parameters.iter().next() {
        None => Ok(()),
        Some((name, _)) => {
            let error = ErrorObject::unknown_parameter("operations have no query parameters");
            Err(error.parameter(name).into())
        }
    }
}

/// # Errors
/// 400 for a precondition of the request as a whole, which could be about any of the resources.
fn check_fields(request: &Request<'_>) -> Result<(), Errors> {
    for field in ["If-Match", "If-None-Match", "If-Unmodified-Since"] {
        if request.headers().contains(field) {
            let detail = "a request of operations has no precondition as a whole: each operation has its own, as \
                          meta.ifMatch or meta.ifUnmodifiedSince";
            return Err(ErrorObject::invalid_precondition(detail).header(field).into());
        }
    }
    Ok(())
}

/// RFC 9110 §13.1.4 has a field ignored where there is no date. In an operation nothing of the kind is ignored.
///
/// # Errors
/// 400 for a date that nothing could be compared with.
fn check_date(
    resource: &'static Description,
    endpoint: Endpoint,
    conditions: &SentConditions,
    base: &Pointer,
) -> Result<(), Errors> {
    let is_of_linkage =
        |own: OwnRelationship| JudgedState::of_operation(resource, &own) == JudgedState::Linkage;
    let has_date = resource.last_modified.is_some() && !endpoint.relationship().is_some_and(is_of_linkage);
    if conditions.if_unmodified_since.is_none() || has_date {
        return Ok(());
    }
    let detail = "nothing here tells when this has last changed, so that ifUnmodifiedSince can't be judged: use ifMatch";
    let pointer = base.member("meta").member("ifUnmodifiedSince");
    Err(ErrorObject::invalid_precondition(detail).pointer(pointer).into())
}

/// Asks whether the caller may do this, before anything is done: guards, and which rows and members the caller sees.
async fn permitted<'e>(call: &Call<'e>, sent: SentOperation<'e>) -> Result<Operation<'e>, Errors> {
    let SentOperation { base, text, resource, action, conditions } = sent;
    let route =
        GeneratedRoute { resource, behaviour: call.behaviour_of(resource), endpoint: action.endpoint() };
    permission::ask(call.request, &call.guarded, &route).await.map_err(|denied| {
        let (Denied::Failed(status) | Denied::Forwarded(status)) = denied;
        Errors::from(ErrorObject::for_status(status).pointer(base.clone()))
    })?;
    if call.api.unwritable(resource).is_some_and(|unwritable| route.endpoint.is_closed_by(unwritable)) {
        let detail = format!("the database takes no such change of {}", resource.type_name);
        return Err(ErrorObject::operation_not_allowed(detail).pointer(base).into());
    }
    // What an application has left out among its routes is not to be had in another way.
    if !call.api.state.writes.has(resource, route.endpoint) {
        let detail = format!("no route of this API does so with {}", resource.type_name);
        return Err(ErrorObject::operation_not_allowed(detail).pointer(base).into());
    }
    check_date(resource, action.endpoint(), &conditions, &base)?;
    let subject = Subject::of_operation(&route, call.request, base.clone());
    let located = |errors: Errors| errors.of_operation(&base);
    super::ask_row_scopes(call, &subject).await.map_err(located)?;
    call.ask_linkage([resource]).await.map_err(located)?;
    let (name, body) = match action {
        Action::Create(object) => (None, Some(RequestBody::of_operation(*object))),
        Action::Update(name, object) => (Some(name), Some(RequestBody::of_operation(*object))),
        Action::Delete(name) | Action::UpdateLinkage(name, ..) => (Some(name), None),
    };
    let mut unwritable = Vec::new();
    if let Some(own) = subject.endpoint.relationship() {
        ask_writer_of(call, resource, own, Some(base.member("data"))).await?;
    }
    if let Some(body) = &body {
        ask_for_linkage(call, &subject, body).await.map_err(located)?;
        unwritable = ask_writers(call, &subject, body).await.map_err(located)?;
    }
    Ok(Operation { subject, text, name, body, unwritable, conditions })
}
