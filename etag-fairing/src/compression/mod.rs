//! Content codings (RFC 9110 §8.4): which one a client would like, and how bodies are put into it.
//!
//! Pure but for [`CodedBody`], which a response reads from. Which responses are coded, and what becomes of their tags,
//! is said in `fairing`; what is remembered of them, in `memo`.

mod accept_encoding;
mod coded_body;
mod coded_forms;
mod encoder;

pub(crate) use self::accept_encoding::{Negotiated, negotiate};
pub(crate) use self::coded_body::CodedBody;
pub(crate) use self::coded_forms::{CodedBytes, CodedForms};
pub(crate) use self::encoder::{Levels, encode};

/// A body up to this size is coded where the request is handled, in bytes: a millisecond or so. A larger one would keep other
/// requests waiting.
pub(crate) const INLINE: usize = 64 << 10;
