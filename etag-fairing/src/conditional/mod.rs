//! Conditional requests: entity tags, the conditional fields and what to do about them.
//!
//! A client that read a representation may ask for it again *only if it changed* (`If-None-Match`), or
//! ask for a change *only if nobody else made one* (`If-Match`). This module is the whole of that
//! decision, RFC 9110 §8.8 and §13, as pure functions: it knows no Rocket type, reads no database and
//! sends nothing. The fairing, the `Preconditions` guard and the store all ask it the same question.
//!
//! # How to use it
//!
//! 1. Collect the conditional fields of the request into [`ConditionalHeaders`]. All lines of a field
//!    count, not only the first.
//! 2. Say what the target has now: [`Selected`], or `None` where it has no current representation.
//! 3. Call [`evaluate`] and obey the [`Decision`].
//!
//! ```
//! use etag_fairing::conditional::{
//!     ConditionalHeaders, Decision, EntityTag, MethodKind, Options, Precondition, Selected, StateTag,
//!     Validator, evaluate,
//! };
//!
//! let body = br#"{"data":{"type":"tracks","id":"1"}}"#;
//! let tag = EntityTag::of(body);
//! let sent = tag.to_string();
//! let now = Selected { validator: Validator::Tag(&tag), last_modified: None };
//!
//! // Nothing changed since the client's last GET: 304.
//! let again = ConditionalHeaders::from_fields([("If-None-Match", sent.as_bytes())]);
//! let decision = evaluate(&again, MethodKind::of("GET"), Some(&now), &Options::default());
//! assert_eq!(decision, Decision::NotModified);
//!
//! // An edit of what somebody else has changed meanwhile: 412, and nothing is written.
//! let stale = ConditionalHeaders::from_fields([("If-Match", &b"\"0123abcd\""[..])]);
//! let decision = evaluate(&stale, MethodKind::of("PATCH"), Some(&now), &Options::default());
//! assert_eq!(decision, Decision::Failed(Precondition::IfMatch));
//!
//! // A client may read a resource with `include` and write it back: the tag names its state.
//! let state = StateTag::of_body(body);
//! let read_with_include = state.with_view(b"{\"data\":{},\"included\":[]}").to_string();
//! let edit = ConditionalHeaders::from_fields([("If-Match", read_with_include.as_bytes())]);
//! let now = Selected { validator: Validator::State(&state), last_modified: None };
//! let decision = evaluate(&edit, MethodKind::of("PATCH"), Some(&now), &Options::default());
//! assert_eq!(decision, Decision::Proceed);
//! ```
//!
//! # When to call it
//!
//! After everything that would refuse the request anyway, and before its content is looked at (RFC 9110
//! §13.2.1): 404, 405, 401, 403, 406, 415 and 400 win over 304 and 412; 412 wins over 409 and 422. A
//! write must be decided inside the transaction that makes the change; asking before it begins is not
//! enough, since two clients with the same tag would both be told to proceed.
//!
//! # What it does not do
//!
//! - **Ranges.** `Range` is not offered, so step 5 of RFC 9110 §13.2.2 (`If-Range`) has nothing to
//!   decide: a response is always the whole representation. Steps 1 to 4 do apply to a request that
//!   carries `Range`. `If-Range` never stops a method, it only chooses between 206 and 200; should ranges
//!   come, it is a function of its own, asked after [`evaluate`] said [`Decision::Proceed`].
//! - **428.** Whether a route insists on `If-Match` is no precondition: [`Policy::judge`] decides that, together with all
//!   else that the configuration makes of them.
//! - **"Already applied".** RFC 9110 §13.1.1 allows 2xx where the change asked for was made before; here
//!   that is 412 as well.

mod coding_suffix;
mod conditional_headers;
mod entity_tag;
mod evaluate;
mod http_date;
mod policy;
mod state_tag;
mod tag_list;

#[cfg(test)]
mod tests;

pub use conditional_headers::{ConditionalHeaders, TagField};
pub use entity_tag::{EntityTag, EntityTagRef, InvalidEntityTag};
pub use evaluate::{Decision, MethodKind, Options, Precondition, Selected, Validator, evaluate};
pub use http_date::HttpDate;
pub use policy::{Failure, Policy, Reason, Requirement, Tagging, Verdict};
pub use state_tag::StateTag;
pub use tag_list::{Elements, MalformedElement, TagList};
