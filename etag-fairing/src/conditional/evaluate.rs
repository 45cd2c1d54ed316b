//! The decision: RFC 9110 §13.2.2.

use super::coding_suffix::is_same;
use super::conditional_headers::{ConditionalHeaders, TagField};
use super::entity_tag::{EntityTag, EntityTagRef};
use super::http_date::HttpDate;
use super::state_tag::StateTag;

/// What the target of a request has now: its selected representation (RFC 9110 §3.2), as far as
/// preconditions ask about it.
#[derive(Clone, Copy, Debug)]
pub struct Selected<'a> {
    /// Its entity tag.
    pub validator: Validator<'a>,
    /// Its `Last-Modified`, if it has one.
    pub last_modified: Option<HttpDate>,
}

/// The entity tag of a selected representation.
#[derive(Clone, Copy, Debug)]
pub enum Validator<'a> {
    /// It has none. No tag of a client names it, only `*` does.
    Untagged,
    /// This one, and no other.
    Tag(&'a EntityTag),
    /// The tags of this state. A write compares the state only, so that it takes the tag of any view; a read
    /// compares whole tags, and this is then the tag `"S"`.
    State(&'a StateTag),
}

/// What a method means to preconditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MethodKind {
    /// GET and HEAD: a false `If-None-Match` is 304.
    Read,
    /// POST, PUT, PATCH and DELETE: a false `If-None-Match` is 412, and `If-Modified-Since` is ignored.
    Write,
    /// OPTIONS, TRACE, CONNECT and methods we do not know: never conditional (RFC 9110 §13.2.1).
    Other,
}

impl MethodKind {
    /// The kind of a method, by its name. Names are case-sensitive (RFC 9110 §9.1).
    pub fn of(method: &str) -> Self {
        match method {
            "GET" | "HEAD" => Self::Read,
            "POST" | "PUT" | "PATCH" | "DELETE" => Self::Write,
            _ => Self::Other,
        }
    }
}

impl From<&str> for MethodKind {
    fn from(method: &str) -> Self {
        Self::of(method)
    }
}

/// How to read preconditions where a server may choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether `If-Match` takes `W/"x"` for our strong tag `"x"`: proxies that compress weaken tags. Off by
    /// default, since RFC 9110 §13.1.1 asks for strong comparison.
    pub accept_weakened: bool,
}

/// What to do with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Decision {
    /// Perform the method.
    Proceed,
    /// Answer 304 (Not Modified).
    NotModified,
    /// Answer 412 (Precondition Failed) and change nothing.
    Failed(Precondition),
}

/// A precondition that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precondition {
    /// `If-Match`.
    IfMatch,
    /// `If-Unmodified-Since`.
    IfUnmodifiedSince,
    /// `If-None-Match`.
    IfNoneMatch,
}

impl Precondition {
    /// The name of its field, for `source.header` of a JSON:API error.
    pub fn header(self) -> &'static str {
        match self {
            Self::IfMatch => "If-Match",
            Self::IfUnmodifiedSince => "If-Unmodified-Since",
            Self::IfNoneMatch => "If-None-Match",
        }
    }
}

/// Evaluates the preconditions of a request in the order of RFC 9110 §13.2.2.
///
/// `selected` is `None` where the target has no current representation. A write may still create one (PUT); a
/// read would be 404, which no precondition changes, so the decision is then to proceed to it.
pub fn evaluate(
    headers: &ConditionalHeaders<'_>,
    method: MethodKind,
    selected: Option<&Selected<'_>>,
    options: &Options,
) -> Decision {
    match (method, selected) {
        // RFC 9110 §13.2.1: not for methods that select or change no representation, and not where the
        // answer would be neither 2xx nor 412 without them.
        (MethodKind::Other, _) | (MethodKind::Read, None) => return Decision::Proceed,
        _ => {}
    }
    let last_modified = selected.and_then(|selected| selected.last_modified);

    // Steps 1 and 2: If-Unmodified-Since counts only in the absence of If-Match, valid or not.
    match headers.if_match() {
        TagField::Absent => {
            if let Some(modified) = last_modified
                && headers.if_unmodified_since().is_some_and(|date| modified > date)
            {
                return Decision::Failed(Precondition::IfUnmodifiedSince);
            }
        }
        field => {
            if !if_match_passes(field, method, selected, options) {
                return Decision::Failed(Precondition::IfMatch);
            }
        }
    }

    // Steps 3 and 4: If-Modified-Since counts only in the absence of If-None-Match, valid or not.
    match (headers.if_none_match(), method) {
        (TagField::Absent, MethodKind::Read) => {
            if let Some(modified) = last_modified
                && headers.if_modified_since().is_some_and(|date| modified <= date)
            {
                return Decision::NotModified;
            }
        }
        (TagField::Absent, _) => {}
        (field, _) => {
            if !if_none_match_passes(field, method, selected) {
                return match method {
                    MethodKind::Read => Decision::NotModified,
                    _ => Decision::Failed(Precondition::IfNoneMatch),
                };
            }
        }
    }

    // Step 5, If-Range, would only choose between 206 and 200; step 6 is the caller's.
    Decision::Proceed
}

/// RFC 9110 §13.1.1. A malformed element fails the whole field: who sends If-Match asks not to write blindly.
fn if_match_passes(
    field: TagField<'_>,
    method: MethodKind,
    selected: Option<&Selected<'_>>,
    options: &Options,
) -> bool {
    let Some(selected) = selected else { return false };
    match field {
        TagField::Absent | TagField::Any => true,
        TagField::List(tags) => {
            let mut matched = false;
            for element in tags {
                let Ok(tag) = element else { return false };
                matched = matched || names_strongly(tag, method, selected.validator, options);
            }
            matched
        }
    }
}

/// RFC 9110 §13.1.2. A malformed element does not match; the others may.
fn if_none_match_passes(field: TagField<'_>, method: MethodKind, selected: Option<&Selected<'_>>) -> bool {
    let Some(selected) = selected else { return true };
    match field {
        TagField::Absent => true,
        TagField::Any => false,
        TagField::List(tags) => {
            !tags.elements().flatten().any(|tag| names_weakly(tag, method, selected.validator))
        }
    }
}

/// Strong comparison, as far as `options` leave it strong.
fn names_strongly(
    tag: EntityTagRef<'_>,
    method: MethodKind,
    validator: Validator<'_>,
    options: &Options,
) -> bool {
    let may_match = options.accept_weakened || !tag.is_weak();
    let current_is_strong = match validator {
        Validator::Tag(current) => !current.is_weak(),
        Validator::Untagged | Validator::State(_) => true,
    };
    // RFC 9110 §8.8.3.2: strongly, two tags match if neither is weak and both have the same characters.
    may_match && current_is_strong && names_weakly(tag, method, validator)
}

/// Weak comparison: by the opaque part alone.
pub(super) fn names_weakly(tag: EntityTagRef<'_>, method: MethodKind, validator: Validator<'_>) -> bool {
    match validator {
        Validator::Untagged => false,
        Validator::Tag(current) => is_same(current.opaque(), tag.opaque(), method),
        Validator::State(state) if method == MethodKind::Write => state.is_named_by(tag.opaque()),
        Validator::State(state) => is_same(state.opaque(), tag.opaque(), method),
    }
}
