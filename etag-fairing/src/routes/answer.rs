//! Responses of the generated routes.

use std::io::Cursor;

use rocket::Response;
use rocket::http::{Header, Status};

use super::exchange::Exchange;
use crate::conditional::{EntityTag, StateTag};
use crate::document::MEDIA_TYPE;
use crate::fairing::{Statistics, mark_with_tag};
use crate::query::Query;

/// Rocket sends 4 KiB at a time unless told otherwise, which costs more than hashing the body.
const LARGEST_CHUNK: usize = 64 * 1024;

/// A response with a document.
pub(super) fn document(status: Status, body: Vec<u8>) -> Response<'static> {
    let size = body.len();
    let mut response = Response::build()
        .status(status)
        .header(Header::new("Content-Type", MEDIA_TYPE))
        .header(Header::new("Vary", "Accept"))
        .sized_body(size, Cursor::new(body))
        .finalize();
    // After the body: setting that sets the chunk size back.
    response.set_max_chunk_size(size.clamp(1, LARGEST_CHUNK));
    response
}

/// A response with a representation whose tag is that of its bytes.
///
/// The fairing finds the mark and the tag on the way out and answers the request's preconditions; the body is
/// hashed here, once.
pub(super) fn representation(exchange: &Exchange<'_>, body: Vec<u8>) -> Response<'static> {
    let tag = exchange.etag.map(|_| exchange.digest(&body));
    let response = document(Status::Ok, body);
    if let Some(tag) = tag {
        mark_with_tag(exchange.request, tag);
    }
    response
}

/// The same for a page of many resources, which a profile may apply to (JSON:API §5.3).
pub(super) fn page(exchange: &Exchange<'_>, query: &Query, body: Vec<u8>) -> Response<'static> {
    let mut response = representation(exchange, body);
    if let Some(profile) = query.profile() {
        response.set_header(Header::new("Content-Type", format!("{MEDIA_TYPE};profile=\"{profile}\"")));
    }
    response
}

impl Exchange<'_> {
    /// The tag of a body (RFC 9110 §8.8.3): its SHA-1.
    pub(super) fn digest(&self, body: &[u8]) -> EntityTag {
        self.count_digest();
        EntityTag::of(body)
    }

    /// The state tag of a resource: that of the representation at its own URL.
    pub(super) fn state_tag(&self, representation: &[u8]) -> StateTag {
        self.count_digest();
        StateTag::of_body(representation)
    }

    /// The tag of what a query asks of the resource.
    pub(super) fn view_tag(&self, state: &StateTag, body: &[u8]) -> EntityTag {
        self.count_digest();
        state.with_view(body)
    }

    fn count_digest(&self) {
        if let Some(statistics) = self.request.rocket().state::<Statistics>() {
            statistics.count_digest();
        }
    }
}

/// Sets the tag of the representation that a response carries or speaks of.
pub(super) fn set_tag(response: &mut Response<'_>, exchange: &Exchange<'_>, tag: EntityTag) {
    response.set_header(Header::new("ETag", exchange.issue(tag).to_string()));
}
