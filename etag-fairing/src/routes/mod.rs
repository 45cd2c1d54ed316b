//! One handler per endpoint kind, over any resource.
//!
//! Each reads the same way: negotiate, parse, ask the store, write the document. The order of checks is that of
//! RFC 9110 §13.2.1: whatever would be refused without preconditions is refused first; then preconditions;
//! then the body is judged.

mod answer;
mod cached_read;
mod call;
mod conditions;
mod create;
mod delete;
mod draft;
mod endpoint;
pub(crate) mod fallback;
mod guarded;
mod list;
pub(crate) mod mount;
mod permission;
mod read;
mod related;
mod relationship;
mod row_scopes;
mod state;
mod store_errors;
mod update;
mod update_relationship;
mod view;
mod write;

use std::future::Future;
use std::pin::Pin;

use rocket::http::{Method, Status};
use rocket::route::{Handler, Outcome, Route};
use rocket::{Data, Request};

use crate::error::Errors;
use crate::pending::Kind;
use crate::resource::guard::Denied;
use crate::resource::route_names::{GeneratedRoute, name_route};
use crate::resource::{Behaviour, JsonApiResource};
use crate::schema::registry::encode_segment;
use crate::schema::{Description, Operation, Relationship};
use call::{Answer, Exchange, api_of};
use endpoint::Endpoint;
use guarded::Guarded;

/// Below the rank of every route that Rocket ranks itself, so that a user's own route on a path wins.
const RANK: isize = 10;

/// The routes of a resource, for a derived `routes()`.
#[doc(hidden)]
pub fn routes<R: JsonApiResource>() -> Vec<Route> {
    of(R::description(), R::behaviour())
}

fn of(resource: &'static Description, behaviour: &'static Behaviour) -> Vec<Route> {
    let collection = format!("/{}", encode_segment(resource.path));
    let item = format!("{collection}/<id>");
    let route = |operation, relationship, method, path: &str| {
        route(GeneratedRoute { resource, behaviour, operation, relationship }, method, path)
    };
    let mut routes = vec![
        route(Operation::List, None, Method::Get, &collection),
        route(Operation::Create, None, Method::Post, &collection),
        route(Operation::Read, None, Method::Get, &item),
        route(Operation::Update, None, Method::Patch, &item),
        route(Operation::Delete, None, Method::Delete, &item),
    ];
    for (index, relationship) in resource.relationships.iter().enumerate() {
        let name = encode_segment(relationship.name);
        let linkage = format!("{item}/relationships/{name}");
        let mut add = |operation, method, path: &str| {
            routes.push(route(operation, Some(index), method, path));
        };
        add(Operation::Related, Method::Get, &format!("{item}/{name}"));
        add(Operation::Relationship, Method::Get, &linkage);
        add(Operation::UpdateRelationship, Method::Patch, &linkage);
        if relationship.is_to_many() {
            add(Operation::UpdateRelationship, Method::Post, &linkage);
            add(Operation::UpdateRelationship, Method::Delete, &linkage);
        }
    }
    routes
}

fn route(generated: GeneratedRoute, method: Method, path: &str) -> Route {
    let GeneratedRoute { resource, behaviour, operation, relationship } = generated;
    let endpoint = Endpoint { resource, behaviour, operation, relationship: relationship.unwrap_or(0) };
    let mut route = Route::ranked(RANK, method, path, endpoint);
    route.name = Some(name_route(generated).into());
    route
}

// Written out: what the macro makes of an `async fn` holds the request's data twice. The memory of large futures comes
// from where all threads ask for it, and waits for each other, so that they are kept below 1 KiB.
impl Handler for Endpoint {
    fn handle<'r, 'endpoint, 'request, 'future>(
        &'endpoint self,
        request: &'r Request<'request>,
        data: Data<'r>,
    ) -> Pin<Box<dyn Future<Output = Outcome<'r>> + Send + 'future>>
    where
        'r: 'future,
        'endpoint: 'future,
        'request: 'future,
    {
        let endpoint = *self;
        if endpoint.reads() && !permission::is_asked(request, &endpoint) {
            return Box::pin(async move { endpoint.respond(request, Guarded::default(), &mut None).await });
        }
        if !endpoint.reads() && endpoint.is_closed(request) {
            // To a route of the user's own for the same method, or to the one that answers 405.
            return Box::pin(async move { Outcome::Forward((data, Status::NotFound)) });
        }
        let mut sent = Some(data);
        Box::pin(async move {
            // RFC 9110 §13.2.1, and before 406 and 415: who may not ask learns nothing else of the request.
            let guarded = Guarded::default();
            match permission::ask(request, &guarded, &endpoint).await {
                Ok(()) => endpoint.respond(request, guarded, &mut sent).await,
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
}

impl Endpoint {
    /// Whether it takes no data and changes nothing.
    fn reads(&self) -> bool {
        use Operation::{List, Read, Related, Relationship};
        matches!(self.operation, List | Read | Related | Relationship)
    }

    /// Whether the store can't do what it is for.
    fn is_closed(&self, request: &Request<'_>) -> bool {
        let unwritable = api_of(request).and_then(|api| api.unwritable(self.resource));
        let relationship = (self.operation == Operation::UpdateRelationship).then_some(self.relationship);
        unwritable.is_some_and(|it| it.closes(self.operation, relationship, request.method()))
    }

    async fn respond<'r>(
        &self,
        request: &'r Request<'_>,
        guarded: Guarded,
        data: &mut Option<Data<'_>>,
    ) -> Outcome<'r> {
        let answer = match Exchange::new(request, self, guarded) {
            Ok(exchange) => self.enter(&exchange, data).await,
            Err(errors) => Err(errors),
        };
        // Errors too are our answer: a catcher would know less of them.
        Outcome::Success(answer.unwrap_or_else(|errors| errors.to_response()))
    }

    async fn enter<'r>(&self, exchange: &Exchange<'r>, data: &mut Option<Data<'_>>) -> Answer<'r> {
        // One with a body is in progress once that has come: a client that sends slowly keeps nobody out.
        let has_body =
            matches!(self.operation, Operation::Create | Operation::Update | Operation::UpdateRelationship);
        let _entered = match has_body {
            false => Some(exchange.api.admission.enter()?),
            true => None,
        };
        self.run(exchange, data).await
    }

    async fn run<'r>(&self, exchange: &Exchange<'r>, data: &mut Option<Data<'_>>) -> Answer<'r> {
        exchange.before_read(self.operation, self.relationship).await?;
        self.ask_scopes(exchange).await?;
        exchange.ask_linkage(self.shown()).await?;
        let response = self.answer(exchange, data).await?;
        exchange.after_read(self.operation, self.relationship).await?;
        Ok(response)
    }

    /// The resource that a document shows without being asked to include it.
    fn shown(&self) -> Option<&'static Description> {
        use Operation::{Create, List, Read, Related, Update};
        match self.operation {
            List | Create | Read | Update => Some(self.resource),
            Related => self.resource.relationships.get(self.relationship).map(Relationship::target),
            _ => None,
        }
    }

    /// Asks which rows the caller sees of what the URL itself leads to.
    async fn ask_scopes(&self, exchange: &Exchange<'_>) -> Result<(), Errors> {
        exchange.ask_scopes(&[self.resource]).await?;
        match self.operation {
            Operation::Related | Operation::Relationship | Operation::UpdateRelationship => {
                let other = self.resource.relationships.get(self.relationship);
                exchange.ask_scopes(other.map(Relationship::target).as_slice()).await
            }
            _ => Ok(()),
        }
    }

    async fn answer<'r>(&self, exchange: &Exchange<'r>, data: &mut Option<Data<'_>>) -> Answer<'r> {
        if let Some(answer) = exchange.recalled().await {
            return answer;
        }
        // Boxed: the future of each is many times as large as that of a read from the memo.
        let answer: Pin<Box<dyn Future<Output = Answer<'r>> + Send + '_>> = match self.operation {
            Operation::List => Box::pin(list::answer(exchange)),
            Operation::Create => Box::pin(create::answer(exchange, data)),
            Operation::Read => Box::pin(read::answer(exchange)),
            Operation::Update => Box::pin(update::answer(exchange, data)),
            Operation::Delete => Box::pin(delete::answer(exchange)),
            Operation::Related => Box::pin(related::answer(exchange, self.relationship)),
            Operation::Relationship => Box::pin(relationship::answer(exchange, self.relationship)),
            Operation::UpdateRelationship => {
                Box::pin(update_relationship::answer(exchange, self.relationship, data))
            }
        };
        let kind = if self.reads() { Kind::Read } else { Kind::Write };
        let answered = exchange.api.pending.answer(kind, exchange.request.remote(), answer).await;
        answered.unwrap_or_else(|ended| Err(exchange.ended(kind, ended)))
    }
}
