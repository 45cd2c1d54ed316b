//! The spellings of UUIDs in columns that don't have our own spelling, since other programs write them, too.

use std::borrow::Cow;

use uuid::{Uuid, fmt::Hyphenated};

/// A spelling of UUIDs (RFC 9562 §4, and forms that programs use).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Our own: lower case, with hyphens.
    Own,
    /// Without hyphens (Django).
    Plain,
    /// In upper case (Swift).
    Upper,
    /// In upper case, without hyphens.
    UpperPlain,
    /// In braces.
    Braces,
    /// In upper case, in braces (COM).
    UpperBraces,
    /// With `urn:uuid:`.
    Urn,
    /// With `urn:uuid:`, and the UUID itself in upper case.
    UpperUrn,
}

/// The spellings in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelled {
    /// One spelling. Values are converted to it before they are compared with the column, so that an index
    /// can be used.
    As(Spelling),
    /// Several spellings, or an unknown one. A UUID is searched for in every spelling, and rows are ordered
    /// by the UUID's value. New UUIDs get the spelling of the latest row, or this one if there is no row.
    Any(Spelling),
}

impl Spelling {
    /// All spellings. Our own is the first.
    pub(crate) const ALL: [Self; 8] = [
        Self::Own,
        Self::Plain,
        Self::Upper,
        Self::UpperPlain,
        Self::Braces,
        Self::UpperBraces,
        Self::Urn,
        Self::UpperUrn,
    ];

    /// The UUID in this spelling.
    pub(crate) fn write(self, id: Uuid) -> String {
        let mut buffer = Uuid::encode_buffer();
        match self {
            Self::Own => &*id.hyphenated().encode_lower(&mut buffer),
            Self::Plain => &*id.simple().encode_lower(&mut buffer),
            Self::Upper => &*id.hyphenated().encode_upper(&mut buffer),
            Self::UpperPlain => &*id.simple().encode_upper(&mut buffer),
            Self::Braces => &*id.braced().encode_lower(&mut buffer),
            Self::UpperBraces => &*id.braced().encode_upper(&mut buffer),
            Self::Urn => &*id.urn().encode_lower(&mut buffer),
            Self::UpperUrn => &*id.urn().encode_upper(&mut buffer),
        }
        .to_owned()
    }

    /// The text in this spelling, if it is a UUID; otherwise unchanged.
    pub(crate) fn respell(self, text: &str) -> String {
        Uuid::try_parse(text).map_or_else(|_| text.into(), |id| self.write(id))
    }
}

/// The text in our own spelling, if it is a UUID; otherwise unchanged.
pub(crate) fn own(text: &str) -> Cow<'_, str> {
    match Uuid::try_parse(text) {
        Ok(id) => {
            let mut buffer = [0; Hyphenated::LENGTH];
            match &*id.hyphenated().encode_lower(&mut buffer) {
                own if own == text => Cow::Borrowed(text),
                own => Cow::Owned(own.to_owned()),
            }
        }
        Err(_) => Cow::Borrowed(text),
    }
}

/// A UUID in all spellings that programs store, and in the given one.
pub(crate) fn spellings(given: &str) -> Vec<String> {
    let Ok(id) = Uuid::try_parse(given) else { return vec![given.into()] };
    let mut spellings: Vec<String> = Spelling::ALL.iter().map(|spelling| spelling.write(id)).collect();
    if !spellings.iter().any(|known| known == given) {
        spellings.push(given.into());
    }
    spellings
}

/// The spellings that all texts seen so far may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    possible: [bool; Spelling::ALL.len()],
    any: bool,
}

impl Default for Seen {
    fn default() -> Self {
        Self { possible: [true; Spelling::ALL.len()], any: false }
    }
}

impl Seen {
    /// Adds a text. A text that is no UUID is ignored.
    pub(crate) fn see(&mut self, text: &str) {
        let Ok(id) = Uuid::try_parse(text) else { return };
        self.any = true;
        for (possible, spelling) in self.possible.iter_mut().zip(Spelling::ALL) {
            *possible = *possible && spelling.write(id) == text;
        }
    }

    /// Whether one of the texts was a UUID.
    pub(crate) fn has_any(&self) -> bool {
        self.any
    }

    /// The spellings that fit all texts. A UUID without letters fits both cases.
    pub(crate) fn possible(&self) -> impl Iterator<Item = Spelling> + '_ {
        Spelling::ALL.into_iter().zip(self.possible).filter_map(|(it, possible)| possible.then_some(it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190163d-8694-739b-aea5-966c26f8ad91";

    #[test]
    fn each_spelling_is_recognised_and_told_in_our_own() {
        for spelling in Spelling::ALL {
            let text = spelling.respell(ID);
            assert_eq!(own(&text), ID);
            let mut seen = Seen::default();
            seen.see("no UUID");
            assert!(!seen.has_any());
            seen.see(&text);
            assert_eq!(seen.possible().collect::<Vec<_>>(), [spelling], "{text}");
            assert!(spellings(ID).contains(&text), "{text}");
        }
        assert_eq!(own("no UUID"), "no UUID");
        assert_eq!(Spelling::Plain.respell("no UUID"), "no UUID");
    }

    #[test]
    fn what_has_no_letters_may_be_in_either_case() {
        let mut seen = Seen::default();
        seen.see("11111111-1111-1111-1111-111111111111");
        assert_eq!(seen.possible().collect::<Vec<_>>(), [Spelling::Own, Spelling::Upper]);
        seen.see(&ID.to_uppercase());
        assert_eq!(seen.possible().collect::<Vec<_>>(), [Spelling::Upper]);
        seen.see(ID);
        assert_eq!(seen.possible().count(), 0);
    }
}
