//! 412 (Precondition Failed) in place of a GET's or HEAD's 200.

use rocket::{Request, Response};

use super::not_modified::remove_fields;
use crate::conditional::{EntityTag, Precondition};
use crate::document::error::{ErrorObject, Errors};

/// The error that a false precondition is answered with.
pub(super) fn error(failed: Precondition, path: &str, current: Option<&EntityTag>, tags_off: bool) -> Errors {
    let detail = match (failed, current) {
        (Precondition::IfMatch, None) if tags_off => {
            "entity tags are turned off here: no tag names the current representation"
        }
        (Precondition::IfMatch, _) => "If-Match does not name the current representation",
        (Precondition::IfUnmodifiedSince, _) => "the representation was modified after If-Unmodified-Since",
        (Precondition::IfNoneMatch, _) => "If-None-Match names the current representation",
    };
    let error = ErrorObject::precondition_failed(failed.header(), detail).about(path);
    Errors::from(error).with_current_tag(current)
}

/// Puts the error into the place of the representation. Fields that belong to neither, CORS and
/// security among them, stay as they are.
pub(super) fn turn_into_precondition_failed(
    response: &mut Response<'_>,
    request: &Request<'_>,
    failed: Precondition,
    current: Option<&EntityTag>,
) {
    const OF_THE_REPRESENTATION: [&str; 5] =
        ["ETag", "Last-Modified", "Cache-Control", "Expires", "Accept-Ranges"];
    remove_fields(response, |name| {
        let content = name.as_bytes().get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
        let policy = name.to_ascii_lowercase().starts_with("content-security-policy");
        (content && !policy) || OF_THE_REPRESENTATION.iter().any(|field| name.eq_ignore_ascii_case(field))
    });
    let mut answer = error(failed, request.uri().path().as_str(), current, false).to_response();
    response.set_status(answer.status());
    for header in answer.headers().iter() {
        let there = response.headers().get(header.name().as_str()).any(|value| value == header.value());
        if !there {
            response.adjoin_raw_header(header.name().as_str().to_owned(), header.value().to_owned());
        }
    }
    *response.body_mut() = answer.body_mut().take();
}
