//! Entity tags, RFC 9110 §8.8.3.

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sha1::{Digest, Sha1};

/// An entity tag (RFC 9110 §8.8.3): the name of one state of a representation.
///
/// The opaque part is bytes, since a client may send any of 0x80 to 0xFF in it. Two tags are compared as
/// RFC 9110 §8.8.3.2 says:
///
/// | one | other | [`strong_eq`](Self::strong_eq) | [`weak_eq`](Self::weak_eq) |
/// |---|---|---|---|
/// | `W/"1"` | `W/"1"` | no | yes |
/// | `W/"1"` | `W/"2"` | no | no |
/// | `W/"1"` | `"1"` | no | yes |
/// | `"1"` | `"1"` | yes | yes |
///
/// `==` asks whether two tags are *written* the same; it is neither of the two comparisons.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EntityTag {
    weak: bool,
    /// Shared: the one that a body was given goes into its response, the memo and comparisons.
    opaque: Arc<[u8]>,
}

impl EntityTag {
    /// A strong tag: two representations that carry it are the same, byte for byte.
    ///
    /// # Errors
    ///
    /// If `opaque` (given without quotes) holds a byte that RFC 9110 §8.8.3 does not allow: a double
    /// quote, a space, a tab, another control character.
    pub fn strong(opaque: impl Into<Vec<u8>>) -> Result<Self, InvalidEntityTag> {
        let opaque = opaque.into();
        if opaque.iter().copied().all(is_etagc) {
            Ok(Self { weak: false, opaque: opaque.into() })
        } else {
            Err(InvalidEntityTag(()))
        }
    }

    /// A weak tag: two representations that carry it are as good as the same.
    ///
    /// # Errors
    ///
    /// As [`EntityTag::strong`].
    pub fn weak(opaque: impl Into<Vec<u8>>) -> Result<Self, InvalidEntityTag> {
        Self::strong(opaque).map(Self::weakened)
    }

    /// The strong tag of these exact body bytes: their SHA-1 in lower-case hex.
    ///
    /// ```
    /// use etag_fairing::conditional::EntityTag;
    ///
    /// assert_eq!(EntityTag::of(b"abc").to_string(), "\"a9993e364706816aba3e25717850c26c9cd0d89d\"");
    /// ```
    pub fn of(body: &[u8]) -> Self {
        Self::trusted(hex_digest(body))
    }

    /// Reads one whole entity tag, quotes included, with nothing before or after it.
    ///
    /// # Errors
    ///
    /// If `input` is anything else: unquoted, `w/` in lower case, a byte too many.
    pub fn parse(input: &[u8]) -> Result<Self, InvalidEntityTag> {
        EntityTagRef::parse(input).map(EntityTagRef::to_entity_tag).ok_or(InvalidEntityTag(()))
    }

    /// Whether the tag is written with `W/`.
    pub fn is_weak(&self) -> bool {
        self.weak
    }

    /// What stands between the quotes.
    pub fn opaque(&self) -> &[u8] {
        &self.opaque
    }

    /// The weak tag with the same opaque part.
    pub fn weakened(self) -> Self {
        Self { weak: true, ..self }
    }

    /// Strong comparison (RFC 9110 §8.8.3.2): equal and neither is weak. For `If-Match`.
    pub fn strong_eq(&self, other: &Self) -> bool {
        self.borrowed().strong_eq(other.borrowed())
    }

    /// Weak comparison (RFC 9110 §8.8.3.2): equal opaque parts. For `If-None-Match`.
    pub fn weak_eq(&self, other: &Self) -> bool {
        self.borrowed().weak_eq(other.borrowed())
    }

    /// What stands between the quotes, to be kept elsewhere, too.
    pub(super) fn shared(&self) -> Arc<[u8]> {
        Arc::clone(&self.opaque)
    }

    /// The same tag, borrowed.
    pub fn borrowed(&self) -> EntityTagRef<'_> {
        EntityTagRef { weak: self.weak, opaque: &self.opaque }
    }

    /// The tag as it stands in a field: exact also where the opaque part is not UTF-8, for which
    /// [`Display`](fmt::Display) has to write U+FFFD.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.borrowed().to_bytes()
    }

    /// A strong tag of bytes that this crate made and knows to be allowed.
    pub(super) fn trusted(opaque: impl Into<Arc<[u8]>>) -> Self {
        let opaque = opaque.into();
        debug_assert!(opaque.iter().copied().all(is_etagc), "not an opaque tag: {opaque:?}");
        Self { weak: false, opaque }
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.borrowed().fmt(f)
    }
}

impl fmt::Debug for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntityTag({self})")
    }
}

impl FromStr for EntityTag {
    type Err = InvalidEntityTag;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        Self::parse(input.as_bytes())
    }
}

/// An entity tag that lies in a field value: [`EntityTag`] without a copy.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntityTagRef<'a> {
    weak: bool,
    opaque: &'a [u8],
}

impl<'a> EntityTagRef<'a> {
    /// Reads one whole entity tag; `None` if `input` is anything else.
    pub fn parse(input: &'a [u8]) -> Option<Self> {
        match Self::take(input) {
            Some((tag, [])) => Some(tag),
            _ => None,
        }
    }

    /// Whether the tag is written with `W/`.
    pub fn is_weak(self) -> bool {
        self.weak
    }

    /// The weak tag with the same opaque part.
    #[must_use]
    pub fn weakened(self) -> Self {
        Self { weak: true, ..self }
    }

    /// What stands between the quotes.
    pub fn opaque(self) -> &'a [u8] {
        self.opaque
    }

    /// Strong comparison (RFC 9110 §8.8.3.2): equal and neither is weak.
    pub fn strong_eq(self, other: EntityTagRef<'_>) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// Weak comparison (RFC 9110 §8.8.3.2): equal opaque parts.
    pub fn weak_eq(self, other: EntityTagRef<'_>) -> bool {
        self.opaque == other.opaque
    }

    /// A copy that owns its opaque part.
    pub fn to_entity_tag(self) -> EntityTag {
        EntityTag { weak: self.weak, opaque: self.opaque.into() }
    }

    /// The tag as it stands in a field.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.opaque.len() + 4);
        bytes.extend_from_slice(self.prefix().as_bytes());
        bytes.extend_from_slice(self.opaque);
        bytes.push(b'"');
        bytes
    }

    /// The tag as the value of a field. (A formatter takes ten times as long.)
    pub(crate) fn to_field(self) -> String {
        let Ok(opaque) = std::str::from_utf8(self.opaque) else { return self.to_string() };
        let mut field = String::with_capacity(opaque.len() + 4);
        for part in [self.prefix(), opaque, "\""] {
            field.push_str(part);
        }
        field
    }

    /// Takes a tag from the front of `input`; also gives what follows it.
    pub(super) fn take(input: &'a [u8]) -> Option<(Self, &'a [u8])> {
        // RFC 9110 §8.8.3: `W/` is case-sensitive, and nothing stands between it and the quote.
        let (weak, quoted) = match input.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, input),
        };
        let inner = quoted.strip_prefix(b"\"")?;
        // A backslash is an ordinary character: RFC 9110 §8.8.3 has no escapes.
        let end = inner.iter().position(|&byte| !is_etagc(byte))?;
        let (opaque, closing) = inner.split_at_checked(end)?;
        Some((Self { weak, opaque }, closing.strip_prefix(b"\"")?))
    }

    fn prefix(self) -> &'static str {
        if self.weak { "W/\"" } else { "\"" }
    }
}

impl fmt::Display for EntityTagRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix())?;
        for chunk in self.opaque.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("\u{FFFD}")?;
            }
        }
        f.write_str("\"")
    }
}

impl fmt::Debug for EntityTagRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntityTagRef({self})")
    }
}

/// The bytes are no entity tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidEntityTag(());

impl fmt::Display for InvalidEntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not an entity tag: write \"…\" or W/\"…\", with no space, control character or double quote \
             between the quotes (RFC 9110 §8.8.3)",
        )
    }
}

impl Error for InvalidEntityTag {}

/// The SHA-1 of `body` in lower-case hex.
pub(super) fn hex_digest(body: &[u8]) -> [u8; 40] {
    let mut digits = [0; 40];
    // This fails only for a buffer of another length than two digits a byte, and a SHA-1 has 20 bytes.
    let _ = hex::encode_to_slice(Sha1::digest(body), &mut digits);
    digits
}

/// `etagc` of RFC 9110 §8.8.3: %x21, %x23-7E and obs-text.
fn is_etagc(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x7E | 0x80..=0xFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> EntityTag {
        text.parse().unwrap()
    }

    /// The table of RFC 9110 §8.8.3.2.
    #[test]
    fn comparison_table_of_rfc_9110_8_8_3_2() {
        for (one, other, strong, weak) in [
            ("W/\"1\"", "W/\"1\"", false, true),
            ("W/\"1\"", "W/\"2\"", false, false),
            ("W/\"1\"", "\"1\"", false, true),
            ("\"1\"", "\"1\"", true, true),
        ] {
            assert_eq!(tag(one).strong_eq(&tag(other)), strong, "{one} {other}");
            assert_eq!(tag(other).strong_eq(&tag(one)), strong, "{other} {one}");
            assert_eq!(tag(one).weak_eq(&tag(other)), weak, "{one} {other}");
            assert_eq!(tag(other).weak_eq(&tag(one)), weak, "{other} {one}");
        }
    }

    #[test]
    fn comparison_is_bytewise() {
        assert!(!tag("\"a\"").weak_eq(&tag("\"A\"")));
        assert!(!tag("\"a\"").weak_eq(&tag("\"a-gzip\"")));
        assert!(!tag("\"\"").weak_eq(&tag("\"a\"")));
    }

    #[test]
    fn constructors_refuse_what_the_grammar_does_not_allow() {
        for byte in 0..=255_u8 {
            let allowed = !(byte <= 0x20 || byte == b'"' || byte == 0x7F);
            assert_eq!(EntityTag::strong([b'a', byte]).is_ok(), allowed, "{byte:#x}");
            assert_eq!(EntityTag::weak([byte, b'a']).is_ok(), allowed, "{byte:#x}");
        }
    }

    #[test]
    fn constructors_agree_with_what_is_parsed() {
        assert_eq!(EntityTag::strong("x"), EntityTag::parse(b"\"x\""));
        assert_eq!(EntityTag::weak("x"), EntityTag::parse(b"W/\"x\""));
        assert_eq!(tag("\"x\"").weakened(), tag("W/\"x\""));
        assert_eq!(tag("W/\"x\"").weakened(), tag("W/\"x\""));
    }

    #[test]
    fn parse_takes_one_whole_tag_and_nothing_else() {
        for malformed in [
            "",
            "x",
            "'x'",
            "\"",
            "\"x",
            "x\"",
            "W/",
            "W/x",
            "W/ \"x\"",
            "w/\"x\"",
            "\"x\" ",
            " \"x\"",
            "\"x\"y",
            "\"x\",",
            "\"x\"\"",
            "\"x\",\"y\"",
            "*",
        ] {
            assert_eq!(EntityTag::parse(malformed.as_bytes()), Err(InvalidEntityTag(())), "{malformed}");
        }
    }

    #[test]
    fn of_is_the_sha_1_of_the_body_in_lower_case_hex() {
        let tag = EntityTag::of(b"");
        assert_eq!(tag.opaque(), b"da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert!(!tag.is_weak());
    }

    #[test]
    fn display_cannot_write_obs_text_but_to_bytes_does() {
        let tag = EntityTag::weak(*b"\xE9").unwrap();
        assert_eq!(tag.to_string(), "W/\"\u{FFFD}\"");
        assert_eq!(tag.to_bytes(), b"W/\"\xE9\"");
    }
}
