//! What stands below the generated routes: 405, `OPTIONS`, and errors of paths that nobody has.

use std::collections::BTreeMap;

use rocket::catcher::{self, Catcher};
use rocket::http::{Header, Method, Status};
use rocket::route::{Handler, Outcome, Route};
use rocket::{Data, Request, Response};

use crate::document::error::{ErrorObject, Errors};
use crate::resource::registry::known;

/// Below every other route, so that a route of the user's own for the same method wins.
const RANK: isize = 1_000;

const METHODS: [Method; 7] =
    [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Options, Method::Trace];

/// Answers a method that a path doesn't have, and `OPTIONS`, which every path has.
#[derive(Clone)]
struct NotAllowed {
    allow: String,
}

/// The routes for the methods that the paths below `base` don't have. Rocket alone would answer 404.
pub(crate) fn routes(mounted: &[&Route], base: &str) -> Vec<Route> {
    let mut paths: BTreeMap<String, (String, Vec<Method>)> = BTreeMap::new();
    for route in mounted.iter().filter(|route| route.uri.base() == base && known(route).is_some()) {
        let path = relative(route, base);
        paths.entry(shape(&path)).or_insert((path, Vec::new()));
    }
    // A user's own routes on these paths count too.
    for route in mounted.iter().filter(|route| route.uri.base() == base) {
        if let Some((_, methods)) = paths.get_mut(&shape(&relative(route, base))) {
            methods.push(route.method);
        }
    }
    let mut routes = Vec::new();
    for (path, methods) in paths.into_values() {
        let handler = NotAllowed { allow: allow(&methods) };
        for method in METHODS.into_iter().filter(|method| !methods.contains(method)) {
            let mut route = Route::ranked(RANK, method, &path, handler.clone());
            route.name =
                Some(if method == Method::Options { "options" } else { "method not allowed" }.into());
            routes.push(route);
        }
    }
    routes
}

/// The path below the base, as `mount` wants it.
fn relative(route: &Route, base: &str) -> String {
    let path = route.uri.path();
    let path = path.strip_prefix(base.trim_end_matches('/')).unwrap_or(path);
    if path.starts_with('/') { path.into() } else { format!("/{path}") }
}

/// The path without the names of its parameters: `/sessions/<id>` and `/sessions/<number>` are one path.
fn shape(path: &str) -> String {
    path.split('/')
        .map(|segment| if segment.starts_with('<') { "<>" } else { segment })
        .collect::<Vec<_>>()
        .join("/")
}

fn allow(methods: &[Method]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for method in METHODS {
        if methods.contains(&method) || method == Method::Options {
            names.push(method.as_str());
        }
        // Rocket answers HEAD wherever there is a GET.
        if method == Method::Get && (methods.contains(&Method::Get) || methods.contains(&Method::Head)) {
            names.push("HEAD");
        }
    }
    names.join(", ")
}

#[rocket::async_trait]
impl Handler for NotAllowed {
    async fn handle<'r>(&self, request: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        let allow = Header::new("Allow", self.allow.clone());
        Outcome::Success(match request.method() {
            Method::Options => Response::build()
                .status(Status::NoContent)
                .header(allow)
                .header(Header::new("Vary", "Accept"))
                .finalize(),
            _ => Errors::method_not_allowed(self.allow.clone()).to_response(),
        })
    }
}

/// The catcher of whatever fails below the mount.
pub(crate) fn catchers() -> Vec<Catcher> {
    let mut catcher = Catcher::new(None, catch);
    catcher.name = Some("JSON:API errors".into());
    vec![catcher]
}

fn catch<'r>(status: Status, _: &'r Request<'_>) -> catcher::BoxFuture<'r> {
    Box::pin(async move { Ok(Errors::from(ErrorObject::for_status(status)).to_response()) })
}
