//! Stored values that are none of their column's kind.

use sha1::{Digest, Sha1};

use super::{Corrupt, ValueRef};

/// A stored value that its attribute cannot have: another program wrote it, and one such row must not keep the others
/// from being read.
///
/// A document shows null in its place, with a warning in `meta`, if the attribute is an `Option`. The warning has a
/// digest of the value, so that the tag of the document differs from that of a real null, and changes with the value:
/// who has read the null can't overwrite by it what they have never seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Odd {
    detail: String,
    digest: String,
}

impl Odd {
    /// A value that is odd in this way: `expected an integer, found text`. `stored` are the bytes of the value, in
    /// whatever form tells it from others.
    pub fn new(detail: impl Into<String>, stored: &[u8]) -> Self {
        let digest = Sha1::digest(stored);
        Self { detail: detail.into(), digest: hex::encode(digest.get(..8).unwrap_or_default()) }
    }

    /// A value that could be read, but means nothing to its attribute.
    pub(crate) fn of(corrupt: &Corrupt, value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::new(corrupt.to_string(), b"null"),
            ValueRef::Text(text) => Self::new(corrupt.to_string(), text.as_bytes()),
            other => Self::new(corrupt.to_string(), format!("{other:?}").as_bytes()),
        }
    }

    /// What is odd about it.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// A digest of the value, in hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_odd_values_have_two_digests() {
        let odd = |stored: &[u8]| Odd::new("x", stored);
        assert_ne!(odd(b"a").digest(), odd(b"b").digest());
        assert_eq!(odd(b"a"), odd(b"a"));
        assert_eq!(odd(b"a").digest().len(), 16);
    }
}
