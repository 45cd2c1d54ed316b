//! The preconditions of operations.

use super::super::sent::SentMembers;
use super::{Member, object_of, text_of};
use crate::conditional::{EntityTag, HttpDate};
use crate::error::{ErrorObject, Pointer};

/// The preconditions of an operation, as the values of the header fields that say the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct SentConditions {
    pub(crate) if_match: Option<String>,
    pub(crate) if_unmodified_since: Option<String>,
}

/// The preconditions in an operation's `meta` (`docs/profiles/concurrency.md`).
///
/// # Errors
/// 400 for what is none: who sends it wants to overwrite nothing unseen, so that it is never ignored.
pub(super) fn conditions<'b>(
    members: &SentMembers<'b, Member<'b>>,
    base: &Pointer,
) -> Result<SentConditions, ErrorObject> {
    let Some(sent) = members.get("meta") else { return Ok(SentConditions::default()) };
    let at = base.member("meta");
    let Some(meta) = object_of(sent) else {
        return Err(ErrorObject::invalid_document("meta must be an object").pointer(at));
    };
    let mut conditions = SentConditions::default();
    for (name, value) in meta.iter() {
        let at = || at.member(name);
        match name {
            "ifMatch" => {
                let field = if_match(value.get())
                    .map_err(|detail| ErrorObject::invalid_precondition(detail).pointer(at()))?;
                conditions.if_match = Some(field);
            }
            "ifUnmodifiedSince" => {
                let date = text_of(value).filter(|date| HttpDate::parse(date.as_bytes()).is_some());
                let date = date.ok_or_else(|| {
                    let detail =
                        "ifUnmodifiedSince is an HTTP date, such as \"Sun, 06 Nov 1994 08:49:37 GMT\"";
                    ErrorObject::invalid_precondition(detail).pointer(at())
                })?;
                conditions.if_unmodified_since = Some(date.into_owned());
            }
            name if looks_like_a_precondition(name) => {
                let detail = format!(
                    "the preconditions of an operation are ifMatch and ifUnmodifiedSince, not {name}"
                );
                return Err(ErrorObject::invalid_precondition(detail).pointer(at()));
            }
            _ => {}
        }
    }
    Ok(conditions)
}

/// Whether a name is that of a precondition, in another spelling or of another kind.
fn looks_like_a_precondition(name: &str) -> bool {
    let letters: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    matches!(letters.as_str(), "ifmatch" | "ifnonematch" | "ifmodifiedsince" | "ifunmodifiedsince")
}

/// The value of the field `If-Match` that says the same as an operation's `ifMatch`.
fn if_match(json: &str) -> Result<String, &'static str> {
    const FORM: &str =
        "ifMatch is an entity tag with its quotes, such as \"\\\"5b1f…\\\"\", a list of such tags, or \"*\"";
    let is_tag = |tag: &str| EntityTag::parse(tag.as_bytes()).is_ok();
    match serde_json::from_str(json) {
        Ok(serde_json::Value::String(tag)) if tag == "*" || is_tag(&tag) => Ok(tag),
        Ok(serde_json::Value::Array(tags)) if !tags.is_empty() => {
            let tags: Option<Vec<&str>> =
                tags.iter().map(|tag| tag.as_str().filter(|tag| is_tag(tag))).collect();
            tags.map(|tags| tags.join(", ")).ok_or(FORM)
        }
        _ => Err(FORM),
    }
}
