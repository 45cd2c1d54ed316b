//! Stored values that their attributes cannot have.

use sha1::{Digest, Sha1};

use super::{Corrupt, ValueRef};

/// A stored value that its attribute cannot have. Another program wrote it, and one such row must not make
/// the other rows unreadable.
///
/// If the attribute is an `Option`, documents show null for the value and a warning in `meta`. The warning
/// contains a digest of the stored value. So the document's entity tag differs from that of a real null, and
/// it changes with the stored value: a client that has read the null cannot overwrite a value that it has
/// never seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Odd {
    detail: String,
    digest: String,
}

impl Odd {
    /// An odd value. `detail` says what is wrong, such as `expected an integer, found text`. `stored` are
    /// bytes that differ between different values.
    pub fn new(detail: impl Into<String>, stored: &[u8]) -> Self {
        let digest = Sha1::digest(stored);
        Self { detail: detail.into(), digest: hex::encode(digest.get(..8).unwrap_or_default()) }
    }

    /// A value that could be read from the store, but that its attribute cannot have.
    pub(crate) fn of(corrupt: &Corrupt, value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::new(corrupt.to_string(), b"null"),
            ValueRef::Text(text) => Self::new(corrupt.to_string(), text.as_bytes()),
            other => Self::new(corrupt.to_string(), format!("{other:?}").as_bytes()),
        }
    }

    /// What is wrong with the value.
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
