//! What stands below the generated routes: 405, `OPTIONS`, and errors of paths that nobody has.

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rocket::catcher::{self, Catcher};
use rocket::http::{Header, Method, Status};
use rocket::route::{Handler, Outcome, Route};
use rocket::{Data, Request, Response};

use super::operations::is_operations;
use super::path;
use crate::error::{ErrorObject, Errors};
use crate::resource::route_names::{GeneratedRoute, generated_route};
use crate::schema::Description;
use crate::store::Unwritable;

/// The status with which a guard of ours forwarded the request; 404 if none did.
struct Forwarded(Status);

/// Remembers it: of several forwards Rocket answers the last one, which is ours below.
pub(super) fn remember_forward(request: &Request<'_>, status: Status) {
    request.local_cache(|| Forwarded(status));
}

fn forwarded(request: &Request<'_>) -> Status {
    request.local_cache(|| Forwarded(Status::NotFound)).0
}

/// Below every other route, so that a route of the user's own for the same method wins.
const RANK: isize = 1_000;

const METHODS: [Method; 7] =
    [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Options, Method::Trace];

/// A path below the mount, and the methods that it has.
#[derive(Debug)]
struct Path {
    segments: Vec<Segment>,
    methods: Vec<Method>,
}

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Static(String),
    /// A parameter, whatever its name.
    Dynamic,
}

/// Answers a method that a path doesn't have, and `OPTIONS`, which every path has. Rocket alone would answer 404.
#[derive(Clone)]
struct Fallback {
    paths: Arc<[Path]>,
}

/// The routes for the methods that the paths below `base` don't have: one a method, whatever the number of paths,
/// since Rocket looks at its routes one by one and lists them at launch.
///
/// A route that the store can't do the work of counts as one that isn't there.
pub(crate) fn routes(
    mounted: &[&Route],
    base: &str,
    unwritable: &[(&'static Description, Unwritable)],
) -> Vec<Route> {
    let here = || mounted.iter().filter(|route| route.uri.base() == base);
    let is_closed = |route: &Route| {
        generated_route(route).is_some_and(|GeneratedRoute { resource, endpoint, .. }| {
            let unwritable = unwritable.iter().find(|(other, _)| other.is(resource));
            unwritable.is_some_and(|(_, unwritable)| endpoint.is_closed_by(unwritable))
        })
    };
    let mut paths: Vec<Path> = Vec::new();
    for route in here().filter(|route| generated_route(route).is_some() || is_operations(route)) {
        let segments = of_route(route, base);
        if !paths.iter().any(|path| path.segments == segments) {
            paths.push(Path { segments, methods: Vec::new() });
        }
    }
    // A user's own routes on these paths count too.
    for route in here().filter(|route| !is_closed(route)) {
        let segments = of_route(route, base);
        if let Some(path) = paths.iter_mut().find(|path| path.segments == segments) {
            path.methods.push(route.method);
        }
    }
    let lacking: Vec<Method> = METHODS
        .into_iter()
        .filter(|method| paths.iter().any(|path| !path.methods.contains(method)))
        .collect();
    let fallback = Fallback { paths: paths.into() };
    // Mounts may stand below each other, and Rocket asks that routes of one rank do not meet: the inner one first.
    let depth = base.split('/').filter(|segment| !segment.is_empty()).count();
    let rank = RANK - isize::try_from(depth).unwrap_or(0).min(RANK / 2);
    let route = |method| {
        let mut route = Route::ranked(rank, method, "/<path..>", fallback.clone());
        route.name = Some(if method == Method::Options { "options" } else { "method not allowed" }.into());
        route
    };
    lacking.into_iter().map(route).collect()
}

/// The path of a route below the base.
fn of_route(route: &Route, base: &str) -> Vec<Segment> {
    let Some(GeneratedRoute { resource, endpoint, .. }) = generated_route(route) else {
        return segments(route, base);
    };
    let segment = |segment| match segment {
        path::Segment::Name(name) => Segment::Static(name.to_owned()),
        path::Segment::Id => Segment::Dynamic,
    };
    path::segments(resource, endpoint).into_iter().map(segment).collect()
}

/// The path of any route below the base.
fn segments(route: &Route, base: &str) -> Vec<Segment> {
    let path = route.uri.path();
    let path = path.strip_prefix(base.trim_end_matches('/')).unwrap_or(path);
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let segment = |segment: &str| match segment.starts_with('<') {
        true => Segment::Dynamic,
        false => Segment::Static(percent_decode_str(segment).decode_utf8_lossy().into_owned()),
    };
    segments.map(segment).collect()
}

impl Path {
    fn is(&self, asked: &[&str]) -> bool {
        self.segments.len() == asked.len()
            && self.segments.iter().zip(asked).all(|(segment, asked)| match segment {
                Segment::Static(name) => name == asked,
                Segment::Dynamic => true,
            })
    }

    fn allow(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for method in METHODS {
            if self.methods.contains(&method) || method == Method::Options {
                names.push(method.as_str());
            }
            // Rocket answers HEAD wherever there is a GET.
            if method == Method::Get
                && (self.methods.contains(&Method::Get) || self.methods.contains(&Method::Head))
            {
                names.push("HEAD");
            }
        }
        names.join(", ")
    }
}

#[rocket::async_trait]
impl Handler for Fallback {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let asked: Vec<&str> = request.routed_segments(0..).collect();
        // A path that has the method was forwarded by all its routes: that is a 404 like any other.
        let path =
            self.paths.iter().find(|path| path.is(&asked) && !path.methods.contains(&request.method()));
        let Some(path) = path else { return Outcome::Forward((data, forwarded(request))) };
        Outcome::Success(match request.method() {
            Method::Options => Response::build()
                .status(Status::NoContent)
                .header(Header::new("Allow", path.allow()))
                .header(Header::new("Vary", "Accept"))
                .finalize(),
            _ => Errors::method_not_allowed(path.allow()).to_response_to(request),
        })
    }
}

/// The catcher of whatever fails below the mount.
pub(crate) fn catchers() -> Vec<Catcher> {
    let mut catcher = Catcher::new(None, catch);
    catcher.name = Some("JSON:API errors".into());
    vec![catcher]
}

fn catch<'r>(status: Status, request: &'r Request<'_>) -> catcher::BoxFuture<'r> {
    let error = ErrorObject::for_status(status);
    let error = if status == Status::Unauthorized { error.header("Authorization") } else { error };
    Box::pin(async move { Ok(Errors::from(error).to_response_to(request)) })
}
