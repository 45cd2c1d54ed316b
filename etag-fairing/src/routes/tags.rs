//! Entity tags of the documents that are made (RFC 9110 §8.8.3).

use rocket::Request;
use rocket::http::Method;

use crate::conditional::{EntityTag, StateTag};
use crate::fairing::{Bodies, Statistics};
use crate::observe::{self, Phase, Timing};
use crate::schema::RelationshipId;

/// The tag of a body: its SHA-1.
pub(super) fn tag_of_body(request: &Request<'_>, body: &[u8]) -> EntityTag {
    let _timing = count_digest(request);
    EntityTag::of(body)
}

/// The state tag of a resource: that of the representation at its own URL.
pub(super) fn state_tag(request: &Request<'_>, representation: &[u8]) -> StateTag {
    // What a write finds was mostly hashed when it was sent to whoever writes now, or by the write before. A read comes
    // here only with what the memo doesn't have.
    let rocket = request.rocket();
    if !matches!(request.method(), Method::Get | Method::Head)
        && let (Some(bodies), Some(statistics)) = (rocket.state::<Bodies>(), rocket.state())
    {
        let _timing = observe::time(observe::of(request), Phase::Hash);
        return StateTag::of_tag(&bodies.tag_of(representation, statistics));
    }
    let _timing = count_digest(request);
    StateTag::of_body(representation)
}

/// The tag of what a query asks of the resource, which shows these relationships only in part.
pub(super) fn view_tag(
    request: &Request<'_>,
    state: &StateTag,
    body: &[u8],
    in_part: &[RelationshipId],
) -> EntityTag {
    let _timing = count_digest(request);
    match in_part {
        [] => state.with_view(body),
        in_part => state.with_view_in_part(body, in_part.iter().map(|relationship| relationship.place())),
    }
}

fn count_digest<'r>(request: &'r Request<'_>) -> Timing<'r> {
    if let Some(statistics) = request.rocket().state::<Statistics>() {
        statistics.count_digest();
    }
    observe::time(observe::of(request), Phase::Hash)
}
