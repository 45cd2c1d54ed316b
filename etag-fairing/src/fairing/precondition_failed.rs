//! 412 (Precondition Failed) and 428 (Precondition Required), whoever has found out.

use rocket::{Request, Response};

use super::not_modified::remove_fields;
use super::statistics::Statistics;
use crate::conditional::{EntityTag, Failure, MethodKind, Reason};
use crate::error::{ErrorObject, Errors};

/// The answer to a request whose precondition is false. `about` is the URL of what it is about.
pub(crate) fn precondition_failed(
    failure: &Failure,
    method: MethodKind,
    about: &str,
    statistics: Option<&Statistics>,
) -> Errors {
    if let Some(statistics) = statistics {
        statistics.count_precondition_failed(failure.reason);
    }
    let mut detail = detail(failure.reason, failure.current.as_ref());
    if method == MethodKind::Write {
        detail.push_str("; nothing was changed");
    }
    let error = ErrorObject::precondition_failed(failure.precondition.header(), detail)
        .meta("reason", failure.reason.word())
        .about(about);
    Errors::from(error).with_current_tag(failure.current.as_ref())
}

/// The answer to a change that must say which state it is meant for, and doesn't (RFC 6585 §3).
pub(crate) fn precondition_required(about: &str, statistics: Option<&Statistics>) -> Errors {
    if let Some(statistics) = statistics {
        statistics.count_precondition_required();
    }
    let detail = format!("read {about} and send the entity tag that comes with it, its ETag, in If-Match");
    ErrorObject::precondition_required().detail(detail).about(about).into()
}

/// Why, in a sentence without its end. Only where the state has changed it says so.
fn detail(reason: Reason, current: Option<&EntityTag>) -> String {
    match (reason, current) {
        (Reason::Changed, Some(tag)) => {
            format!("the resource is not in the state that you have seen: its entity tag is now {tag}")
        }
        (Reason::Changed, None) => "the resource is not in the state that you have seen".to_owned(),
        (Reason::Weakened, _) => "If-Match names the current state by a weak tag, but it compares strongly (RFC 9110 \
            §13.1.1). Nobody has changed the resource: a proxy that compresses has weakened its tag. The server takes \
            such tags with `accept_weakened = true` in [default.etag]"
            .to_owned(),
        (Reason::AllWeak, current) => {
            let now = current.map_or(String::new(), |tag| format!(", now {tag}"));
            format!(
                "this server sends weak entity tags{now} (`strength` in [default.etag]), and If-Match compares strongly \
                 (RFC 9110 §13.1.1), so that it matches none of them. The server takes them with \
                 `accept_weakened = true`"
            )
        }
        (Reason::Malformed, _) => "If-Match has an element that is no entity tag (RFC 9110 §8.8.3). Send the ETag as \
            it came, with its double quotes: \"…\""
            .to_owned(),
        (Reason::Empty, _) => "If-Match lists no entity tag. Send the ETag that came with the resource".to_owned(),
        (Reason::Untagged, _) => {
            "this resource carries no ETags, or they are turned off, so that If-Match can name none of its states".to_owned()
        }
        (Reason::Missing, _) => "there is no current representation that If-Match could name".to_owned(),
        (Reason::Exists, _) => "If-None-Match names the current representation".to_owned(),
        (Reason::Modified, _) => "the resource was modified after If-Unmodified-Since".to_owned(),
    }
}

/// Puts the error into the place of the representation. Fields that belong to neither, CORS and
/// security among them, stay as they are.
pub(super) fn turn_into_precondition_failed(
    response: &mut Response<'_>,
    request: &Request<'_>,
    failure: &Failure,
    statistics: &Statistics,
) {
    const OF_THE_REPRESENTATION: [&str; 5] =
        ["ETag", "Last-Modified", "Cache-Control", "Expires", "Accept-Ranges"];
    remove_fields(response, |name| {
        let content = name.as_bytes().get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
        let policy = name.to_ascii_lowercase().starts_with("content-security-policy");
        (content && !policy) || OF_THE_REPRESENTATION.iter().any(|field| name.eq_ignore_ascii_case(field))
    });
    let about = request.uri().path().as_str();
    let mut answer =
        precondition_failed(failure, MethodKind::Read, about, Some(statistics)).to_response_to(request);
    response.set_status(answer.status());
    for header in answer.headers().iter() {
        let there = response.headers().get(header.name().as_str()).any(|value| value == header.value());
        if !there {
            response.adjoin_raw_header(header.name().as_str().to_owned(), header.value().to_owned());
        }
    }
    *response.body_mut() = answer.body_mut().take();
}
