//! The resources among an application's routes: where they are mounted, and what they do.

use rocket::Route;

use crate::resource::behaviour::Behaviours;
use crate::resource::caching;
use crate::resource::route_names::{ServedWrites, generated_route};
use crate::schema::Registry;

/// The resources of one part of an application, which has a store of its own.
#[derive(Debug, Default)]
pub(crate) struct Mounted {
    pub(crate) registry: Registry,
    pub(crate) behaviours: Behaviours,
    pub(crate) writes: ServedWrites,
}

/// Finds the resources of each of so many `parts` among an application's routes and checks that they fit together.
/// `part` says to which part a route belongs.
///
/// `base_url` stands before each link; it is empty for root-relative links.
///
/// # Errors
/// With one line a mistake, as [`Registry::mistakes`].
pub(crate) fn resources<'a>(
    routes: impl IntoIterator<Item = &'a Route>,
    base_url: &str,
    parts: usize,
    part: impl Fn(&Route) -> usize,
) -> Result<Vec<Mounted>, Vec<String>> {
    let mut mounted: Vec<Mounted> = (0..parts).map(|_| Mounted::default()).collect();
    for route in routes {
        let Some(generated) = generated_route(route) else { continue };
        let Some(part) = mounted.get_mut(part(route)) else { continue };
        part.writes.add(generated);
        if part.registry.add(generated.resource, &format!("{base_url}{}", route.uri.base())) {
            part.behaviours.add(generated.resource, generated.behaviour);
        }
    }
    let registries: Vec<&Registry> = mounted.iter().map(|part| &part.registry).collect();
    let mut mistakes: Vec<_> =
        registries.iter().flat_map(|registry| registry.mistakes(&registries)).collect();
    mistakes.extend(mounted.iter().flat_map(|part| caching::mistakes(&part.registry, &part.behaviours)));
    if mistakes.is_empty() { Ok(mounted) } else { Err(mistakes) }
}
