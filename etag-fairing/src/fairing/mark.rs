//! Which response is opted in.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rocket::Request;

use super::file_digests::FileStamp;
use crate::conditional::EntityTag;

/// Rocket keeps one value a type for each request, from routing to the response fairings.
#[derive(Default)]
pub(super) struct Mark {
    opted_in: AtomicBool,
    /// The tag of the body, where the handler made it when it had the bytes at hand.
    tag: OnceLock<EntityTag>,
    /// Whether it is a read of a generated route that has no tag.
    untagged: AtomicBool,
    /// The file that the body is.
    file: OnceLock<FileStamp>,
}

/// Opts the response of this request in: what a handler does that is about to answer it.
///
/// A handler must mark only what it answers itself: a mark that outlives a forward or an error would
/// opt in the next route's or a catcher's response.
pub(crate) fn mark(request: &Request<'_>) {
    set(request, true);
}

/// Opts the response of this request in, with the strong tag of its body: it needs no second hash.
pub(crate) fn mark_with_tag(request: &Request<'_>, tag: EntityTag) {
    let mark = of(request);
    mark.opted_in.store(true, Ordering::Relaxed);
    let _ = mark.tag.set(tag);
}

/// Says that the response of this request is a read of a generated route that has no tag.
pub(crate) fn mark_untagged(request: &Request<'_>) {
    of(request).untagged.store(true, Ordering::Relaxed);
}

/// Opts the response of this request in, which is a file.
pub(super) fn mark_file(request: &Request<'_>, file: FileStamp) {
    let mark = of(request);
    mark.opted_in.store(true, Ordering::Relaxed);
    let _ = mark.file.set(file);
}

/// Says whether the last handler that was tried answered, and opted in.
pub(super) fn set(request: &Request<'_>, marked: bool) {
    of(request).opted_in.store(marked, Ordering::Relaxed);
}

/// What was said of this request.
pub(super) fn of<'r>(request: &'r Request<'_>) -> &'r Mark {
    request.local_cache(Mark::default)
}

impl Mark {
    /// Whether the response is opted in.
    pub(super) fn is_set(&self) -> bool {
        self.opted_in.load(Ordering::Relaxed)
    }

    /// Whether it is a read of a generated route that has no tag.
    pub(super) fn is_untagged_read(&self) -> bool {
        self.untagged.load(Ordering::Relaxed)
    }

    /// The tag that the handler made.
    pub(super) fn tag(&self) -> Option<&EntityTag> {
        self.tag.get()
    }

    /// The file that the handler answers with.
    pub(super) fn file(&self) -> Option<&FileStamp> {
        self.file.get()
    }
}
