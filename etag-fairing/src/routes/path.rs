//! The paths of generated routes.
//!
//! Rocket compares the segments of a route as they are written with those of a request as they are decoded, so that a segment
//! that has to be encoded never matches. JSON:API allows such names (§6.8: non-ASCII letters, spaces). A route with one has a
//! parameter in its place, and looks itself whether the request has the name there ([`EncodedRoute`]).

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use rocket::http::{Method, Status};
use rocket::route::{Handler, Outcome, Route};
use rocket::{Data, Request};

use super::RANK;
use crate::resource::endpoint::Endpoint;
use crate::resource::route_names::GeneratedRoute;
use crate::schema::Description;
use crate::schema::registry::encode_segment;

/// A segment of a path below its mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// A name, not encoded.
    Name(&'static str),
    /// The id of a resource.
    Id,
}

/// The path of an endpoint below its mount.
pub(super) fn segments(resource: &'static Description, endpoint: Endpoint) -> Vec<Segment> {
    let mut segments = vec![Segment::Name(resource.path)];
    if !matches!(endpoint, Endpoint::List | Endpoint::Create) {
        segments.push(Segment::Id);
    }
    if matches!(endpoint, Endpoint::Relationship(_) | Endpoint::UpdateRelationship(..)) {
        segments.push(Segment::Name("relationships"));
    }
    segments.extend(endpoint.relationship().map(|own| Segment::Name(own.name)));
    segments
}

/// The path of an endpoint below its mount, as URLs have it, with `id` in the place of the id.
pub(crate) fn template(resource: &'static Description, endpoint: Endpoint, id: &str) -> String {
    let segment = |segment: &Segment| match segment {
        Segment::Name(name) => format!("/{}", encode_segment(name)),
        Segment::Id => format!("/{id}"),
    };
    segments(resource, endpoint).iter().map(segment).collect()
}

/// The route of an endpoint, without its name.
pub(super) fn route(generated: GeneratedRoute) -> Route {
    let GeneratedRoute { resource, endpoint, .. } = generated;
    let (method, segments) = (endpoint.method(), segments(resource, endpoint));
    if segments.iter().all(|segment| !is_encoded(segment)) {
        return Route::ranked(RANK, method, &template(resource, endpoint, "<id>"), generated);
    }
    let pattern: String = segments
        .iter()
        .enumerate()
        .map(|(place, segment)| match segment {
            Segment::Id => "/<id>".to_owned(),
            encoded if is_encoded(encoded) => format!("/<name{place}>"),
            Segment::Name(name) => format!("/{name}"),
        })
        .collect();
    Route::ranked(rank(method, &pattern, generated), method, &pattern, EncodedRoute(generated))
}

fn is_encoded(segment: &Segment) -> bool {
    matches!(segment, Segment::Name(name) if encode_segment(name).to_string() != *name)
}

/// The routes that have the same pattern, which Rocket asks to be of different ranks.
static PATTERNS: Mutex<Vec<(Method, String, GeneratedRoute)>> = Mutex::new(Vec::new());

/// A rank behind that of other generated routes: the same each time for one route.
fn rank(method: Method, pattern: &str, route: GeneratedRoute) -> isize {
    let mut patterns = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
    let is_it =
        |known: &GeneratedRoute| known.resource.is(route.resource) && known.endpoint == route.endpoint;
    if !patterns.iter().any(|(_, _, known)| is_it(known)) {
        patterns.push((method, pattern.to_owned(), route));
    }
    let alike = patterns.iter().filter(|(other, text, _)| *other == method && text == pattern);
    let place = alike.take_while(|(_, _, known)| !is_it(known)).count();
    RANK + 1 + isize::try_from(place).unwrap_or(0)
}

/// A generated route with a name that has to be encoded.
#[derive(Clone)]
struct EncodedRoute(GeneratedRoute);

impl EncodedRoute {
    fn is_asked_by(&self, request: &Request<'_>) -> bool {
        let GeneratedRoute { resource, endpoint, .. } = self.0;
        segments(resource, endpoint).iter().enumerate().all(|(place, segment)| match segment {
            Segment::Name(name) => request.routed_segment(place) == Some(name),
            Segment::Id => true,
        })
    }
}

impl Handler for EncodedRoute {
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
        if self.is_asked_by(request) {
            return self.0.handle(request, data);
        }
        // To the route of another name, or to nobody.
        Box::pin(async move { Outcome::Forward((data, Status::NotFound)) })
    }
}
