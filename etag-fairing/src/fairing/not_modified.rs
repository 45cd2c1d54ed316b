//! 304 (Not Modified).

use rocket::http::{Header, Status};
use rocket::response::{self, Responder, Response};
use rocket::{Request, tokio};

use super::request_fields::conditional_headers;
use super::statistics::{NotModifiedWay, Statistics};
use crate::conditional::{EntityTag, HttpDate, MethodKind, Selected, Validator, Verdict};
use crate::config::EtagConfig;
use crate::negotiate::RequestFields;
use crate::observe;

/// Turns what would be a 200 into the 304 for it.
///
/// RFC 9110 §15.4.5: it keeps the fields that a cache needs (`Cache-Control`, `Content-Location`,
/// `Date`, `ETag`, `Expires`, `Vary`), and has no other representation metadata. Fields that aren't
/// metadata stay too: CORS, without which a script can't read the answer, cookies, security.
pub(crate) fn turn_into_not_modified(response: &mut Response<'_>) {
    response.set_status(Status::NotModified);
    let tagged = response.headers().contains("ETag");
    remove_fields(response, |name| {
        // Last-Modified only helps where there is no tag.
        is_representation_metadata(name) || (tagged && name.eq_ignore_ascii_case("Last-Modified"))
    });
    // RFC 9110 §8.6: a Content-Length may be that of the 200, but some clients then wait for such a body,
    // and must not be `Content-Length: 0`, which caches store as an empty representation and which Rocket
    // would send without a body. A stream has no length to send.
    response.set_streamed_body(tokio::io::empty());
}

/// Whether a field describes the representation that isn't sent (RFC 9110 §8).
fn is_representation_metadata(name: &str) -> bool {
    let starts = name.as_bytes().get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
    // Content-Location is named among the fields to keep; Content-Security-Policy describes no content.
    let keep = ["Content-Location", "Content-Security-Policy", "Content-Security-Policy-Report-Only"];
    starts && !keep.iter().any(|kept| name.eq_ignore_ascii_case(kept))
}

/// Removes the fields of a response whose names are chosen.
pub(super) fn remove_fields(response: &mut Response<'_>, chosen: impl Fn(&str) -> bool) {
    let names: Vec<String> = response
        .headers()
        .iter()
        .filter(|header| chosen(header.name().as_str()))
        .map(|header| header.name().as_str().to_owned())
        .collect();
    for name in names {
        response.remove_header(&name);
    }
}

/// An early 304, for a handler that knows the current tag before it has done the work.
///
/// Get one from [`Preconditions::not_modified`](crate::Preconditions::not_modified), which knows
/// whether the client has the current representation. (Rocket's own `Status::NotModified` is no
/// responder: it ends as 500.) It carries the tag and the configured `Cache-Control`; add what else
/// the 200 has for caches, such as `Vary`, with a responder around it.
#[derive(Clone, Debug, PartialEq)]
pub struct NotModified {
    tag: EntityTag,
}

impl NotModified {
    /// The 304 for a representation with this tag.
    pub fn new(tag: EntityTag) -> NotModified {
        NotModified { tag }
    }

    /// The response, which needs nothing of the request.
    pub(crate) fn to_response(&self, config: &EtagConfig) -> Response<'static> {
        let mut response = Response::new();
        response.set_header(Header::new("ETag", self.tag.borrowed().to_field()));
        if let Some(cache_control) = &config.cache_control {
            response.set_header(Header::new("Cache-Control", cache_control.clone()));
        }
        turn_into_not_modified(&mut response);
        response
    }
}

/// Counts a 304 that leaves out a body of this size.
pub(super) fn count(
    request: &Request<'_>,
    statistics: Option<&Statistics>,
    way: NotModifiedWay,
    size: usize,
) {
    if let Some(statistics) = statistics {
        statistics.count_not_modified(way, size);
    }
    if let Some(observation) = observe::of(request) {
        observation.preconditions(way.outcome());
    }
}

/// The 304 of a generated route, if that is what the request's preconditions make of the current tag.
///
/// `None` as well where only the fairing can tell: where a fairing of others may compress it, which makes another tag of it.
///
/// `tag` is the strong one of what would be sent, from before the configuration weakens it; `size` that of the body that stays at home.
pub(crate) fn early<'r>(
    (request, fields): (&'r Request<'_>, &RequestFields<'_>),
    config: &'r EtagConfig,
    tag: &EntityTag,
    last_modified: Option<HttpDate>,
    size: usize,
) -> Option<Response<'r>> {
    // RFC 9110 §8.8.3.3: a fairing that compresses for this client makes another representation of it.
    let may_be_coded =
        || !is_coding_known(request) && fields.accept_encoding.iter().any(|line| line.trim() != "identity");
    if !fields.has_if_none_match || may_be_coded() {
        return None;
    }
    let headers = conditional_headers(request);
    let selected = Selected { validator: Validator::Tag(tag), last_modified };
    // All else than a 304, a 412 among it, is the fairing's to answer.
    if config.policy().judge(&headers, MethodKind::Read, Some(&selected)) != Verdict::NotModified {
        return None;
    }
    count(request, request.rocket().state(), NotModifiedWay::Memo, size);
    let mut response = Response::new();
    response.set_status(Status::NotModified);
    let tag = tag.borrowed();
    response.set_raw_header("ETag", if config.weak() { tag.weakened() } else { tag }.to_field());
    if let Some(cache_control) = &config.cache_control {
        response.set_raw_header("Cache-Control", cache_control.as_str());
    }
    response.set_streamed_body(tokio::io::empty());
    Some(response)
}

/// Whether it is this crate that decides about the content coding, so that `tag` is that of what would be sent.
#[cfg(feature = "compression")]
fn is_coding_known(request: &Request<'_>) -> bool {
    super::compression::of(request).is_some()
}

#[cfg(not(feature = "compression"))]
fn is_coding_known(_: &Request<'_>) -> bool {
    false
}

impl<'r> Responder<'r, 'static> for NotModified {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        count(request, request.rocket().state(), NotModifiedWay::Handler, 0);
        let default = EtagConfig::default();
        #[cfg_attr(
            not(feature = "compression"),
            allow(unused_mut, reason = "nothing varies without the feature")
        )]
        let mut response = self.to_response(request.rocket().state::<EtagConfig>().unwrap_or(&default));
        #[cfg(feature = "compression")]
        if super::coding::offer(request).is_some() {
            response.set_raw_header("Vary", "Accept-Encoding");
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_304_keeps_and_drops() {
        let names = [
            ("Cache-Control", true),
            ("Content-Location", true),
            ("Content-Security-Policy", true),
            ("Content-Security-Policy-Report-Only", true),
            ("ETag", true),
            ("Expires", true),
            ("Vary", true),
            ("Set-Cookie", true),
            ("Access-Control-Allow-Origin", true),
            ("Access-Control-Expose-Headers", true),
            ("X-Frame-Options", true),
            ("Content-Type", false),
            ("Content-Encoding", false),
            ("Content-Language", false),
            ("content-length", false),
            ("Content-Range", false),
            ("Content-Disposition", false),
            ("Last-Modified", false),
        ];
        let mut response = Response::build();
        for (name, _) in names {
            response.raw_header(name, "x");
        }
        let mut response = response.finalize();
        turn_into_not_modified(&mut response);
        for (name, kept) in names {
            assert_eq!(response.headers().contains(name), kept, "{name}");
        }
        assert_eq!(response.body().preset_size(), None);
    }

    #[test]
    fn last_modified_stays_where_there_is_no_tag() {
        let mut response = Response::build().raw_header("Last-Modified", "x").finalize();
        turn_into_not_modified(&mut response);
        assert!(response.headers().contains("Last-Modified"));
    }
}
