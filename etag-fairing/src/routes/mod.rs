//! One handler per kind of endpoint, over any resource.
//!
//! Each reads the same way: negotiate, parse, ask the store, write the document. The order of checks is that of
//! RFC 9110 §13.2.1: whatever would be refused without preconditions is refused first; then preconditions;
//! then the body is judged.
//!
//! A [`Call`] is the request with what was found out about its caller; a [`Subject`] is what the call is about.

pub(crate) mod beside;
mod body;
mod cached_read;
mod caching;
mod call;
#[cfg(feature = "compression")]
mod coded_read;
mod conditions;
mod create;
mod delete;
mod draft;
pub(crate) mod fallback;
mod following_pages;
mod guarded;
mod heard;
mod judged_state;
mod list;
mod many_of;
pub(crate) mod mount;
mod one_of;
pub(crate) mod operations;
pub(crate) mod path;
mod permission;
mod permitted_query;
mod prefer;
mod read;
mod related;
mod relationship;
mod repeatable;
mod representation;
mod response;
mod row_scopes;
mod state;
pub(crate) mod store_errors;
mod subject;
mod tags;
mod totals;
mod update;
mod update_relationship;
mod view;
mod windows;
mod write;
mod written;

use std::future::Future;
use std::pin::Pin;

use rocket::http::Status;
use rocket::route::{Handler, Outcome, Route};
use rocket::{Data, Request, Response};

use crate::current::{self, Within};
use crate::error::Errors;
use crate::negotiate::{
    Extensions, Profiles, RequestContent, asked_profiles, check_accept, check_content_encoding,
    check_content_type,
};
use crate::pending::RequestKind;
use crate::resource::endpoint::Endpoint;
use crate::resource::guard::Denied;
use crate::resource::route_names::{GeneratedRoute, name_route};
use crate::resource::{Behaviour, JsonApiResource};
use crate::schema::Description;
use body::SentData;
use caching::TablesBefore;
use call::{Answer, Call, api_of};
use guarded::Guarded;
use subject::Subject;

/// Below the rank of every route that Rocket ranks itself, so that a user's own route on a path wins.
const RANK: isize = 10;

/// The routes of a resource, for a derived `routes()`.
#[doc(hidden)]
pub fn routes<R: JsonApiResource>() -> Vec<Route> {
    of(R::description(), R::behaviour())
}

fn of(resource: &'static Description, behaviour: &'static Behaviour) -> Vec<Route> {
    let route = |endpoint: Endpoint| {
        let generated = GeneratedRoute { resource, behaviour, endpoint };
        let mut route = path::route(generated);
        route.name = Some(name_route(generated).into());
        route
    };
    Endpoint::of(resource).into_iter().map(route).collect()
}

// Written out: what the macro makes of an `async fn` holds the request's data twice. The memory of large futures comes
// from where all threads ask for it, and waits for each other, so that they are kept below 1 KiB.
impl Handler for GeneratedRoute {
    fn handle<'r, 'route, 'request, 'future>(
        &'route self,
        request: &'r Request<'request>,
        data: Data<'r>,
    ) -> Pin<Box<dyn Future<Output = Outcome<'r>> + Send + 'future>>
    where
        'r: 'future,
        'route: 'future,
        'request: 'future,
    {
        let answer = answer(*self, request, data);
        match current::of(request) {
            Some(current) => Box::pin(Within::new(current, answer)),
            None => answer,
        }
    }
}

fn answer<'r, 'request, 'future>(
    route: GeneratedRoute,
    request: &'r Request<'request>,
    data: Data<'r>,
) -> Pin<Box<dyn Future<Output = Outcome<'r>> + Send + 'future>>
where
    'r: 'future,
    'request: 'future,
{
    if route.endpoint.reads() && !permission::is_asked(request, &route) {
        return Box::pin(async move { respond(&route, request, Guarded::default(), None).await });
    }
    if !route.endpoint.reads() && is_closed(&route, request) {
        // To a route of the user's own for the same method, or to the one that answers 405.
        return Box::pin(async move { Outcome::Forward((data, Status::NotFound)) });
    }
    let mut sent = Some(data);
    Box::pin(async move {
        // RFC 9110 §13.2.1, and before 406 and 415: who may not ask learns nothing else of the request.
        let guarded = Guarded::default();
        match permission::ask(request, &guarded, &route).await {
            Ok(()) => respond(&route, request, guarded, Some(&mut sent)).await,
            // The catchers of this mount answer it: ours, or one of the user's own, which knows the challenge.
            Err(Denied::Failed(status)) => Outcome::Error(status),
            Err(Denied::Forwarded(status)) => match sent.take() {
                Some(data) => {
                    fallback::remember_forward(request, status);
                    Outcome::Forward((data, status))
                }
                None => Outcome::Error(status),
            },
        }
    })
}

/// Whether the store can't do what a route is for.
fn is_closed(route: &GeneratedRoute, request: &Request<'_>) -> bool {
    let unwritable = api_of(request).and_then(|api| api.unwritable(route.resource));
    unwritable.is_some_and(|unwritable| route.endpoint.is_closed_by(unwritable))
}

async fn respond<'r>(
    route: &GeneratedRoute,
    request: &'r Request<'_>,
    guarded: Guarded,
    data: SentData<'_, '_>,
) -> Outcome<'r> {
    // What is held over an `await` has room of its own in the future, also what was only moved on: hence no `match` around it.
    let accepted = match accept(route, request, guarded) {
        Ok(accepted) => accepted,
        Err(errors) => return Outcome::Success(refusal(request, &errors)),
    };
    let (call, subject) = &accepted;
    let answer = admit(call, subject, data).await;
    // Errors too are our answer: a catcher would know less of them.
    Outcome::Success(answer.unwrap_or_else(|errors| refusal(request, &errors)))
}

/// The response of errors. What they tell of a state is of a profile, which is told to who asks for it (JSON:API §5.1).
fn refusal(request: &Request<'_>, errors: &Errors) -> Response<'static> {
    let mut response = errors.to_response();
    if errors.tell_state() && asked_profiles(request.headers().get("Accept"), Extensions::None).concurrency {
        let profiles = Profiles { concurrency: true, ..Profiles::default() };
        response.set_raw_header("Content-Type", response::content_type(None, profiles.uris()));
    }
    response
}

/// # Errors
/// 406 and 415, since all else is refused in JSON:API's media type; 500 if the application never attached
/// [`JsonApi::fairing`](crate::JsonApi::fairing).
fn accept<'r>(
    route: &GeneratedRoute,
    request: &'r Request<'_>,
    guarded: Guarded,
) -> Result<(Call<'r>, Subject<'r>), Errors> {
    let call = Call::new(request, guarded)?;
    if let Some(observation) = call.observation {
        observation.is_of(*route);
    }
    // A form on any web page may post `_method=DELETE`, and no browser asks the server before it sends one.
    let is_form =
        route.endpoint == Endpoint::Delete && request.content_type().is_some_and(|sent| sent.is_form());
    let has_body = is_form || route.endpoint.has_body();
    check_accept(call.fields.accept.iter(), Extensions::None)?;
    let content = if has_body { RequestContent::Expected } else { RequestContent::Ignored };
    check_content_type(call.fields.content_type.iter(), content, Extensions::None)?;
    if has_body {
        check_content_encoding(request.headers().get("Content-Encoding"))?;
    }
    Ok((call, Subject::of_url(route, request)))
}

async fn admit<'r>(call: &Call<'r>, subject: &Subject<'r>, data: SentData<'_, '_>) -> Answer<'r> {
    // A request with a body is in progress once that has come: a client that sends slowly keeps nobody out.
    let _entered = if subject.endpoint.has_body() { None } else { Some(call.api.state.admission.enter()?) };
    permission::before_read(call, subject).await?;
    ask_row_scopes(call, subject).await?;
    call.ask_linkage(shown_by_itself(subject)).await?;
    let before = TablesBefore::of(call, subject).await;
    if before.is_none() && !permission::has_hooks_of_reads(call, subject) {
        return dispatch(call, subject, data).await;
    }
    // Boxed, since most have neither.
    Box::pin(dispatch_and_tell(call, subject, data, before)).await
}

/// Answers, and tells caches what a write has changed, and hooks what was read.
async fn dispatch_and_tell<'r>(
    call: &Call<'r>,
    subject: &Subject<'r>,
    data: SentData<'_, '_>,
    before: Option<TablesBefore>,
) -> Answer<'r> {
    let mut answer = dispatch(call, subject, data).await;
    if let Some(before) = before {
        answer = before.tell(call, answer).await;
    }
    let response = answer?;
    permission::after_read(call, subject).await?;
    Ok(response)
}

/// The resource that a document shows without being asked to include it.
fn shown_by_itself(subject: &Subject<'_>) -> impl Iterator<Item = &'static Description> {
    let (own, related) = match subject.endpoint {
        Endpoint::List | Endpoint::Create | Endpoint::Read | Endpoint::Update => {
            (Some(subject.resource), None)
        }
        Endpoint::Related(own) => (None, Some(own)),
        Endpoint::Delete | Endpoint::Relationship(_) | Endpoint::UpdateRelationship(..) => (None, None),
    };
    own.into_iter().chain(related.into_iter().flat_map(|own| own.targets()))
}

/// Asks which rows the caller sees of what the URL itself leads to.
async fn ask_row_scopes(call: &Call<'_>, subject: &Subject<'_>) -> Result<(), Errors> {
    call.ask_row_scopes(&[subject.resource]).await?;
    if let Some(own) = subject.endpoint.relationship() {
        for target in own.targets() {
            call.ask_row_scopes(&[target]).await?;
        }
    }
    Ok(())
}

async fn dispatch<'r>(call: &Call<'r>, subject: &Subject<'r>, data: SentData<'_, '_>) -> Answer<'r> {
    if let Some(answer) = cached_read::read_from_memo(call, subject).await {
        return answer;
    }
    // Boxed: the future of each is many times as large as that of a read from the memo.
    let answer: Pin<Box<dyn Future<Output = Answer<'r>> + Send + '_>> = match subject.endpoint {
        Endpoint::List => Box::pin(list::list_resources(call, subject)),
        Endpoint::Create => Box::pin(create::create_resource(call, subject, data)),
        Endpoint::Read => Box::pin(read::read_resource(call, subject)),
        Endpoint::Update => Box::pin(update::update_resource(call, subject, data)),
        Endpoint::Delete => Box::pin(delete::delete_resource(call, subject)),
        Endpoint::Related(own) if own.is_polymorphic() && own.is_to_many() => {
            Box::pin(many_of::read_related(call, subject, own))
        }
        Endpoint::Related(own) if own.is_polymorphic() => Box::pin(one_of::read_related(call, subject, own)),
        Endpoint::Related(own) => Box::pin(related::read_related(call, subject, own)),
        Endpoint::Relationship(own) => Box::pin(relationship::read_linkage(call, subject, own)),
        Endpoint::UpdateRelationship(own, update) => {
            Box::pin(update_relationship::update_linkage(call, subject, own, update, data))
        }
    };
    let kind = if subject.endpoint.reads() { RequestKind::Read } else { RequestKind::Write };
    let answered = call.api.state.pending.answer(kind, call.request.remote(), answer).await;
    answered.unwrap_or_else(|ended| Err(store_errors::ended(call.request, kind, ended)))
}
