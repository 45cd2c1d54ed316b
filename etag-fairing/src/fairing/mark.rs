//! Which response is opted in.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rocket::Request;

use super::file_digests::FileStamp;
use crate::conditional::EntityTag;

/// What handlers say about a response. Rocket keeps one value of this type for each request, from routing to the response
/// fairings.
#[derive(Default)]
pub(super) struct Mark {
    opted_in: AtomicBool,
    /// The tag of the body, where the handler made it when it had the bytes at hand.
    tag: OnceLock<EntityTag>,
    /// Whether the body is one that the memo had.
    remembered: AtomicBool,
    /// Whether it is a read of a generated route that has no tag.
    untagged: AtomicBool,
    /// The file that the body is.
    file: OnceLock<FileStamp>,
    #[cfg(feature = "compression")]
    pub(super) coding: CodingMark,
}

/// What is said about the content coding of a response.
#[cfg(feature = "compression")]
#[derive(Default)]
pub(super) struct CodingMark {
    /// Whether the response must go out as it is.
    pub(super) left_out: AtomicBool,
    /// Whether it is decided which coding the response has, and its tag is that of this coding.
    pub(super) is_decided: AtomicBool,
    /// What the client's `Accept-Encoding` leads to, once it was looked at.
    pub(super) negotiated: OnceLock<crate::compression::Negotiated>,
}

/// Opts the response of this request in. A handler calls this when it is about to answer the request.
///
/// A handler must not call it for a request that it forwards or fails: the response of the next route or of a catcher
/// would then be opted in.
pub(super) fn opt_in(request: &Request<'_>) {
    of(request).opted_in.store(true, Ordering::Relaxed);
}

/// Takes back what an earlier handler has said that forwarded the request.
pub(super) fn opt_out(request: &Request<'_>) {
    of(request).opted_in.store(false, Ordering::Relaxed);
}

/// Opts the response of this request in. The strong tag of its body is known, so that the body isn't hashed again.
pub(crate) fn mark_with_tag(request: &Request<'_>, tag: EntityTag) {
    let mark = of(request);
    mark.opted_in.store(true, Ordering::Relaxed);
    let _ = mark.tag.set(tag);
}

/// The same for a body that the memo had.
pub(crate) fn mark_remembered(request: &Request<'_>, tag: EntityTag) {
    of(request).remembered.store(true, Ordering::Relaxed);
    mark_with_tag(request, tag);
}

/// Says that a generated route answers a read with a response that has no tag.
pub(crate) fn mark_untagged(request: &Request<'_>) {
    of(request).untagged.store(true, Ordering::Relaxed);
}

/// Opts the response of this request in, whose body is this file.
pub(super) fn mark_file(request: &Request<'_>, file: FileStamp) {
    let mark = of(request);
    mark.opted_in.store(true, Ordering::Relaxed);
    let _ = mark.file.set(file);
}

/// What handlers have said about the response of this request.
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

    /// Whether the body is one that the memo had.
    pub(super) fn is_remembered(&self) -> bool {
        self.remembered.load(Ordering::Relaxed)
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
