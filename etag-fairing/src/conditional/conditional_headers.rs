//! The conditional fields of one request.

use std::borrow::Cow;

use super::http_date::HttpDate;
use super::tag_list::{TagList, trim_ows};

/// The conditional fields of one request (RFC 9110 §13.1), as they came.
///
/// A field is a list of raw lines in the order received. They are borrowed, and parsed when they are asked
/// for. `If-Range` has no place here, since `Range` is not offered.
///
/// ```
/// use etag_fairing::conditional::{ConditionalHeaders, TagField};
///
/// let headers = ConditionalHeaders::from_fields([
///     ("accept", &b"*/*"[..]),
///     ("if-none-match", &b"\"a\", W/\"b\""[..]),
///     ("If-None-Match", &b"\"c,d\""[..]),
/// ]);
/// let TagField::List(tags) = headers.if_none_match() else { panic!("a list was sent") };
/// let tags: Vec<_> = tags.elements().flatten().map(|tag| tag.to_string()).collect();
/// assert_eq!(tags, ["\"a\"", "W/\"b\"", "\"c,d\""]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConditionalHeaders<'h> {
    if_match: Lines<'h>,
    if_none_match: Lines<'h>,
    if_modified_since: Lines<'h>,
    if_unmodified_since: Lines<'h>,
    received_at: Option<HttpDate>,
}

impl<'h> ConditionalHeaders<'h> {
    /// The names of the fields that are read.
    pub const FIELDS: [&'static str; 4] =
        ["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"];

    /// Those of an unconditional request.
    pub fn new() -> Self {
        Self::default()
    }

    /// Picks the conditional fields out of all field lines of a request, given as name and value in the order
    /// received. Names are compared without regard to case.
    pub fn from_fields<'n>(fields: impl IntoIterator<Item = (&'n str, &'h [u8])>) -> Self {
        let mut headers = Self::new();
        for (name, value) in fields {
            headers.push(name, value);
        }
        headers
    }

    /// Asks for all lines of each of [`FIELDS`](Self::FIELDS), by name: for header maps that are made to be
    /// asked.
    pub fn from_lookup<L>(mut lines_of: impl FnMut(&'static str) -> L) -> Self
    where
        L: IntoIterator<Item = &'h [u8]>,
    {
        let mut headers = Self::new();
        for name in Self::FIELDS {
            for value in lines_of(name) {
                headers.push(name, value);
            }
        }
        headers
    }

    /// Adds one field line after those already there. Fields that are not conditional are left out.
    pub fn push(&mut self, name: &str, value: &'h [u8]) {
        let [if_match, if_none_match, if_modified_since, if_unmodified_since] = Self::FIELDS;
        let lines = if name.eq_ignore_ascii_case(if_match) {
            &mut self.if_match
        } else if name.eq_ignore_ascii_case(if_none_match) {
            &mut self.if_none_match
        } else if name.eq_ignore_ascii_case(if_modified_since) {
            &mut self.if_modified_since
        } else if name.eq_ignore_ascii_case(if_unmodified_since) {
            &mut self.if_unmodified_since
        } else {
            return;
        };
        lines.push(value);
    }

    /// States when the request came. Only dates with a year of two digits depend on it (RFC 9110 §5.6.7);
    /// without it the clock is read when there is such a date.
    pub fn received_at(mut self, now: HttpDate) -> Self {
        self.received_at = Some(now);
        self
    }

    /// Whether the request is unconditional: none of the fields came, in whatever shape.
    pub fn is_empty(&self) -> bool {
        [&self.if_match, &self.if_none_match, &self.if_modified_since, &self.if_unmodified_since]
            .into_iter()
            .all(|lines| lines.first.is_none())
    }

    /// `If-Match`, RFC 9110 §13.1.1.
    pub fn if_match(&self) -> TagField<'_> {
        self.if_match.tag_field()
    }

    /// `If-None-Match`, RFC 9110 §13.1.2.
    pub fn if_none_match(&self) -> TagField<'_> {
        self.if_none_match.tag_field()
    }

    /// `If-Modified-Since`, RFC 9110 §13.1.3; `None` also if it is not a valid date.
    pub fn if_modified_since(&self) -> Option<HttpDate> {
        self.date(&self.if_modified_since)
    }

    /// `If-Unmodified-Since`, RFC 9110 §13.1.4; `None` also if it is not a valid date.
    pub fn if_unmodified_since(&self) -> Option<HttpDate> {
        self.date(&self.if_unmodified_since)
    }

    /// A copy that does not borrow from the request: to take to another thread or task.
    pub fn into_owned(self) -> ConditionalHeaders<'static> {
        ConditionalHeaders {
            if_match: self.if_match.into_owned(),
            if_none_match: self.if_none_match.into_owned(),
            if_modified_since: self.if_modified_since.into_owned(),
            if_unmodified_since: self.if_unmodified_since.into_owned(),
            received_at: self.received_at,
        }
    }

    fn date(&self, lines: &Lines<'_>) -> Option<HttpDate> {
        // RFC 9110 §13.1.3 and §13.1.4: a field that is not one valid date is ignored, also one of two lines.
        match (&lines.first, lines.rest.as_slice()) {
            (Some(value), []) => match self.received_at {
                Some(now) => HttpDate::parse_at(value, now),
                None => HttpDate::parse(value),
            },
            _ => None,
        }
    }
}

/// What an `If-Match` or `If-None-Match` says.
#[derive(Clone, Copy, Debug)]
pub enum TagField<'a> {
    /// The field did not come.
    Absent,
    /// `*`: any current representation.
    Any,
    /// Anything else: a list of tags, perhaps empty, perhaps with malformed elements. `*` beside other elements
    /// or lines is such a malformed element.
    List(TagList<'a>),
}

/// The lines of one field. Most have one at most, and then nothing is allocated.
#[derive(Clone, Debug, Default)]
struct Lines<'h> {
    first: Option<Cow<'h, [u8]>>,
    rest: Vec<Cow<'h, [u8]>>,
}

impl<'h> Lines<'h> {
    fn push(&mut self, value: &'h [u8]) {
        match self.first {
            None => self.first = Some(Cow::Borrowed(value)),
            Some(_) => self.rest.push(Cow::Borrowed(value)),
        }
    }

    fn tag_field(&self) -> TagField<'_> {
        match &self.first {
            None => TagField::Absent,
            // RFC 9110 §13.1.1: `"*" / #entity-tag`, so the wildcard is the whole field or none.
            Some(line) if self.rest.is_empty() && trim_ows(line) == b"*" => TagField::Any,
            Some(line) => TagField::List(TagList::new(line, &self.rest)),
        }
    }

    fn into_owned(self) -> Lines<'static> {
        Lines {
            first: self.first.map(|line| Cow::Owned(line.into_owned())),
            rest: self.rest.into_iter().map(|line| Cow::Owned(line.into_owned())).collect(),
        }
    }
}
