//! The names of generated routes, by which an application's routes are told from ours.

use std::sync::{Mutex, PoisonError};

use rocket::Route;

use super::Behaviour;
use super::endpoint::Endpoint;
use crate::schema::Description;

/// A generated route: an endpoint of a resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GeneratedRoute {
    pub(crate) resource: &'static Description,
    pub(crate) behaviour: &'static Behaviour,
    pub(crate) endpoint: Endpoint,
}

/// How the name of a route ends that carries entity tags. Rocket prints the names at launch.
pub(crate) const TAGGED: &str = " [etag]";

/// The generated routes with their names, each found again by the address of its name.
///
/// Rocket's routes have no room for data of others. The name is the one thing that a route carries through mounting,
/// and the name of a generated route stays at one address until the process ends.
static NAMED: Mutex<Vec<(&'static str, GeneratedRoute)>> = Mutex::new(Vec::new());

/// The name of a generated route, by which [`generated_route`] finds it again.
pub(crate) fn name_route(route: GeneratedRoute) -> &'static str {
    let GeneratedRoute { resource, endpoint, .. } = route;
    let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
    let known = named.iter().find(|(_, known)| known.resource.is(resource) && known.endpoint == endpoint);
    if let Some((name, _)) = known {
        return name;
    }
    let operation = endpoint.operation();
    let mut name = format!("{}.{}", resource.type_name, operation.name());
    if let Some(relationship) = endpoint.relationship() {
        name.push('.');
        name.push_str(relationship.name);
    }
    if resource.etag.contains(operation) {
        name.push_str(TAGGED);
    }
    // Once a route of a struct, however often `routes()` is called.
    let name: &'static str = name.leak();
    named.push((name, route));
    name
}

/// What this route of an application is for, if it is a generated one.
pub(crate) fn generated_route(route: &Route) -> Option<GeneratedRoute> {
    let name = route.name.as_deref()?;
    let named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
    named.iter().find(|(known, _)| std::ptr::eq(*known, name)).map(|(_, route)| *route)
}

/// The writes that an application has mounted: it may have left out some of a resource's routes.
#[derive(Debug, Default)]
pub(crate) struct ServedWrites(Vec<GeneratedRoute>);

impl ServedWrites {
    /// Adds a mounted route, if it is one of a write.
    pub(crate) fn add(&mut self, route: GeneratedRoute) {
        if !route.endpoint.reads() {
            self.0.push(route);
        }
    }

    /// Whether there is a route that does this with a resource.
    pub(crate) fn has(&self, resource: &Description, endpoint: Endpoint) -> bool {
        self.0.iter().any(|route| route.endpoint == endpoint && route.resource.is(resource))
    }
}
