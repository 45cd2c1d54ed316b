//! Lists of entity tags, as `If-Match` and `If-None-Match` carry them.

use std::borrow::Cow;
use std::error::Error;
use std::{fmt, slice};

use super::entity_tag::EntityTagRef;

/// The elements of an `If-Match` or `If-None-Match`, of all its field lines in order.
///
/// Nothing is parsed before it is asked for, and no element is copied: walking the list takes time linear in
/// its length and no memory.
#[derive(Clone, Copy, Debug)]
pub struct TagList<'a> {
    first: &'a [u8],
    rest: &'a [Cow<'a, [u8]>],
}

impl<'a> TagList<'a> {
    pub(super) fn new(first: &'a [u8], rest: &'a [Cow<'a, [u8]>]) -> Self {
        Self { first, rest }
    }

    /// Every element that is not empty (RFC 9110 §5.6.1.2), malformed ones as errors.
    pub fn elements(self) -> Elements<'a> {
        Elements { line: self.first, rest: self.rest.iter() }
    }
}

impl<'a> IntoIterator for TagList<'a> {
    type Item = Result<EntityTagRef<'a>, MalformedElement>;
    type IntoIter = Elements<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.elements()
    }
}

/// Iterator over the elements of a [`TagList`].
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    line: &'a [u8],
    rest: slice::Iter<'a, Cow<'a, [u8]>>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<EntityTagRef<'a>, MalformedElement>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // RFC 9110 §5.6.1.2: empty elements are ignored.
            let start = self.line.iter().position(|&byte| !is_ows(byte) && byte != b',');
            match start.and_then(|start| self.line.get(start..)) {
                Some(element) => {
                    let (result, after) = take_element(element);
                    self.line = after;
                    return Some(result);
                }
                // RFC 9110 §5.3: the lines of a field are one list. No tag reaches from one line into the
                // next: joined with `, ` it would hold a space.
                None => self.line = self.rest.next()?,
            }
        }
    }
}

/// An element of a tag list is no entity tag: unquoted, not closed, `w/`, `*` in a list…
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedElement(());

impl fmt::Display for MalformedElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element of the list is not an entity tag (RFC 9110 §8.8.3)")
    }
}

impl Error for MalformedElement {}

/// The element that begins here, and what follows it. The commas inside quotes belong to the tag.
fn take_element(input: &[u8]) -> (Result<EntityTagRef<'_>, MalformedElement>, &[u8]) {
    if let Some((tag, after)) = EntityTagRef::take(input) {
        let after = trim_ows_start(after);
        if matches!(after.first(), None | Some(b',')) {
            return (Ok(tag), after);
        }
    }
    // Quotes cannot be trusted any more, so the element goes to the next comma, in quotes or not. The scan
    // stays linear: a tag that was tried in vain ends before the next quote, and only a quote can begin the
    // next attempt.
    let end = input.iter().position(|&byte| byte == b',').unwrap_or(input.len());
    (Err(MalformedElement(())), input.get(end..).unwrap_or_default())
}

/// Optional whitespace, RFC 9110 §5.6.3.
pub(super) fn is_ows(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn trim_ows_start(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|&byte| !is_ows(byte)).unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}

/// Without the optional whitespace around it.
pub(super) fn trim_ows(bytes: &[u8]) -> &[u8] {
    let bytes = trim_ows_start(bytes);
    let end = bytes.iter().rposition(|&byte| !is_ows(byte)).map_or(0, |last| last + 1);
    bytes.get(..end).unwrap_or_default()
}
