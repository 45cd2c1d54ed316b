//! Responses of the generated routes.

use std::io::Cursor;

use rocket::Response;
use rocket::http::{Method, Status};
use rocket::tokio::io::{AsyncRead, AsyncSeek};

use super::cached_read::Made;
use super::call::Exchange;
use crate::conditional::{EntityTag, StateTag};
use crate::document::buffer_pool::SentDocument;
use crate::error::MEDIA_TYPE;
use crate::fairing::{Bodies, Statistics, send_in_large_chunks};
use crate::query::Query;

/// A response with the document of a write, which is made by now, and must be told.
pub(super) fn document(status: Status, body: Vec<u8>) -> Response<'static> {
    of_body(status, body.len(), Cursor::new(SentDocument::new(body, None)), None)
}

/// A response with the bytes of a document, wherever they lie.
pub(super) fn of_body<'r>(
    status: Status,
    size: usize,
    body: impl AsyncRead + AsyncSeek + Send + Unpin + 'r,
    profile: Option<&str>,
) -> Response<'r> {
    let mut response = Response::new();
    response.set_status(status);
    match profile {
        Some(profile) => {
            response.set_raw_header("Content-Type", format!("{MEDIA_TYPE};profile=\"{profile}\""));
        }
        None => drop(response.set_raw_header("Content-Type", MEDIA_TYPE)),
    }
    response.set_raw_header("Vary", "Accept");
    response.set_sized_body(size, body);
    send_in_large_chunks(&mut response);
    response
}

impl Exchange<'_> {
    /// A document whose tag is that of its bytes.
    pub(super) fn made(&self, body: Vec<u8>) -> Made {
        Made {
            tag: self.etag.map(|_| self.digest(&body)),
            body,
            profile: None,
            last_modified: None,
            held: None,
        }
    }

    /// The same for a page of many resources, which a profile may apply to (JSON:API §5.3).
    pub(super) fn page_made(&self, query: &Query, body: Vec<u8>) -> Made {
        Made { profile: query.profile(), ..self.made(body) }
    }

    /// The tag of a body (RFC 9110 §8.8.3): its SHA-1.
    pub(super) fn digest(&self, body: &[u8]) -> EntityTag {
        self.count_digest();
        EntityTag::of(body)
    }

    /// The state tag of a resource: that of the representation at its own URL.
    pub(super) fn state_tag(&self, representation: &[u8]) -> StateTag {
        // What a write finds was mostly hashed when it was sent to whoever writes now, or by the write before. A read
        // comes here only with what the memo doesn't have.
        let rocket = self.request.rocket();
        if !matches!(self.request.method(), Method::Get | Method::Head)
            && let (Some(bodies), Some(statistics)) = (rocket.state::<Bodies>(), rocket.state())
        {
            return StateTag::of_tag(&bodies.tag_of(representation, statistics));
        }
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
    response.set_raw_header("ETag", exchange.issue(tag).borrowed().to_field());
}
