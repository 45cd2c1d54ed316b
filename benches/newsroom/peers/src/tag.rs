//! Entity tags: the SHA-1 of a document.

use sha1::{Digest, Sha1};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The tag of a document, in its quotes.
pub fn tag_of(document: &[u8]) -> String {
    let mut tag = String::with_capacity(42);
    tag.push('"');
    for byte in Sha1::digest(document) {
        tag.push(char::from(DIGITS[usize::from(byte >> 4)]));
        tag.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    tag.push('"');
    tag
}

/// Whether `If-None-Match` names the tag, weakly compared.
pub fn none_match(field: &str, tag: &str) -> bool {
    named(field).any(|named| named == "*" || named.strip_prefix("W/").unwrap_or(named) == tag)
}

/// Whether `If-Match` names the tag, strongly compared.
pub(crate) fn matches(field: &str, tag: &str) -> bool {
    named(field).any(|named| named == "*" || named == tag)
}

/// Our tags have no comma in them.
fn named(field: &str) -> impl Iterator<Item = &str> {
    field.split(',').map(str::trim)
}
