//! Which response is opted in.

use std::sync::atomic::{AtomicBool, Ordering};

use rocket::Request;

/// Rocket keeps one value a type for each request, from routing to the response fairings.
struct Mark(AtomicBool);

/// Opts the response of this request in: what a handler does that is about to answer it.
///
/// A handler must mark only what it answers itself: a mark that outlives a forward or an error would
/// opt in the next route's or a catcher's response.
pub(crate) fn mark(request: &Request<'_>) {
    set(request, true);
}

/// Says whether the last handler that was tried answered, and opted in.
pub(super) fn set(request: &Request<'_>, marked: bool) {
    request.local_cache(|| Mark(AtomicBool::new(marked))).0.store(marked, Ordering::Relaxed);
}

pub(super) fn is_marked(request: &Request<'_>) -> bool {
    request.local_cache(|| Mark(AtomicBool::new(false))).0.load(Ordering::Relaxed)
}
