//! The state of a resource, as a part of its entity tags.

use std::sync::Arc;

use super::coding_suffix::is_suffix;
use super::entity_tag::{EntityTag, hex_digest};

/// What stands between the digest of a view and the relationships that it shows in part.
pub(super) const PARTS: u8 = b'.';

/// The state of a single resource, whatever the parameters it is read with.
///
/// A resource read at its own URL has the entity tag `"S"`. Read with parameters that change the body
/// (`include`, `fields[…]`) it has `"S-D"`, D being the digest of the body sent. `If-None-Match` on a read
/// compares the whole tag; `If-Match` on a write compares only S, so that a client may read with `include`
/// and write back: what must not have changed is the resource.
///
/// ```
/// use etag_fairing::conditional::StateTag;
///
/// let state = StateTag::of_version("17");
/// assert_eq!(state.entity_tag().to_string(), "\"17\"");
/// let with_include = state.with_view(b"abc");
/// assert_eq!(with_include.to_string(), "\"17-a9993e364706816aba3e25717850c26c9cd0d89d\"");
/// assert!(state.is_named_by(with_include.opaque()));
/// assert!(!StateTag::of_version("18").is_named_by(with_include.opaque()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StateTag(Arc<[u8]>);

impl StateTag {
    /// S from the body of a read without parameters: its SHA-1 in lower-case hex.
    pub fn of_body(body: &[u8]) -> Self {
        Self(hex_digest(body).into())
    }

    /// S from the tag that [`EntityTag::of`] gave the body of a read without parameters.
    pub(crate) fn of_tag(tag: &EntityTag) -> Self {
        Self(tag.shared())
    }

    /// S from a version that the resource keeps: a number, or any text.
    ///
    /// ASCII letters, digits, `.` and `_` stand as they are. Every other byte is written as `~` and two hex
    /// digits, so that S is free of `-` and two versions never have one S. Versions of one resource must
    /// never be used twice.
    pub fn of_version(version: impl AsRef<[u8]>) -> Self {
        // `-` ends S in `"S-D"`: if a version could hold it, a tag of the version `1-2` would pass for one of
        // the version `1`.
        let version = version.as_ref();
        let mut state = Vec::with_capacity(version.len());
        for &byte in version {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') {
                state.push(byte);
            } else {
                state.push(b'~');
                state.extend_from_slice(hex::encode([byte]).as_bytes());
            }
        }
        Self(state.into())
    }

    /// S itself, without quotes.
    pub fn opaque(&self) -> &[u8] {
        &self.0
    }

    /// The strong tag `"S"`, of a read without parameters.
    pub fn entity_tag(&self) -> EntityTag {
        EntityTag::trusted(Arc::clone(&self.0))
    }

    /// The strong tag `"S-D"`, of a read whose parameters gave this body.
    pub fn with_view(&self, body: &[u8]) -> EntityTag {
        let digest = hex_digest(body);
        let mut opaque = Vec::with_capacity(self.0.len() + 1 + digest.len());
        opaque.extend_from_slice(&self.0);
        opaque.push(b'-');
        opaque.extend_from_slice(&digest);
        EntityTag::trusted(opaque)
    }

    /// The tag of a read that shows only a part of some to-many linkage, by the places of the relationships: `"S-D.2_5"`.
    /// It names the same state.
    pub(crate) fn with_view_in_part(&self, body: &[u8], in_part: impl Iterator<Item = usize>) -> EntityTag {
        let mut opaque = self.with_view(body).opaque().to_vec();
        let mut separator = PARTS;
        for place in in_part {
            opaque.push(separator);
            opaque.extend_from_slice(place.to_string().as_bytes());
            separator = b'_';
        }
        EntityTag::trusted(opaque)
    }

    /// The relationships of which a read with this tag has shown only a part; `None` if the tag is of another state.
    pub(crate) fn seen_in_part(&self, opaque: &[u8]) -> Option<Vec<usize>> {
        if !self.is_named_by(opaque) {
            return None;
        }
        let view = opaque.get(self.0.len()..).and_then(|view| view.strip_prefix(b"-"));
        let mut parts = view.unwrap_or_default().splitn(2, |byte| *byte == PARTS);
        let is_digest = parts.next().is_some_and(|digest| digest.iter().all(u8::is_ascii_hexdigit));
        let places = parts.next().filter(|_| is_digest).unwrap_or_default();
        // Behind them may be the name of a coding.
        let end =
            places.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'_').unwrap_or(places.len());
        let places = places.get(..end).unwrap_or_default().split(|byte| *byte == b'_');
        Some(places.filter_map(|place| str::from_utf8(place).ok()?.parse().ok()).collect())
    }

    /// Whether a tag with this opaque part is one of this state: S, or S and `-` and anything. So is a tag to
    /// which a proxy added the name of a content coding, such as `-gzip` or `;br`.
    pub fn is_named_by(&self, opaque: &[u8]) -> bool {
        match opaque.strip_prefix(&*self.0) {
            Some(view) => view.is_empty() || view.starts_with(b"-") || is_suffix(view),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_of_a_body_is_its_entity_tag() {
        assert_eq!(StateTag::of_body(b"abc").entity_tag(), EntityTag::of(b"abc"));
    }

    #[test]
    fn named_by_itself_and_its_views_only() {
        let state = StateTag::of_version("12");
        for named in
            ["12", "12-", "12-ab", "12-gzip", "12-ab-gzip", "12;gzip", "12--br", "12~br", "12-ab~gzip"]
        {
            assert!(state.is_named_by(named.as_bytes()), "{named}");
        }
        for other in
            ["", "1", "123", "112", "12.", "-12", "ab-12", "1-2", "012", "12;", "12;x", "12~x", "12~2d"]
        {
            assert!(!state.is_named_by(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn view_of_another_state_with_the_same_body_is_not_this_state() {
        let [old, new] = ["1", "2"].map(StateTag::of_version);
        assert!(!new.is_named_by(old.with_view(b"same").opaque()));
    }

    #[test]
    fn version_with_a_dash_does_not_pass_for_a_view_of_its_beginning() {
        let [short, long] = ["2026", "2026-11"].map(StateTag::of_version);
        assert_eq!(long.entity_tag().to_string(), "\"2026~2d11\"");
        assert!(!short.is_named_by(long.opaque()));
        assert!(!short.is_named_by(long.with_view(b"").opaque()));
    }

    #[test]
    fn a_view_in_part_names_the_state_and_what_it_shows_in_part() {
        let state = StateTag::of_version("12.ab");
        let tag = state.with_view_in_part(b"abc", [2, 15].into_iter());
        assert_eq!(tag.to_string(), "\"12.ab-a9993e364706816aba3e25717850c26c9cd0d89d.2_15\"");
        assert_eq!(state.seen_in_part(tag.opaque()), Some(vec![2, 15]));
        for coding in ["-gzip", "~br", ";gzip", "--br"] {
            let coded = [tag.opaque(), coding.as_bytes()].concat();
            assert_eq!(state.seen_in_part(&coded), Some(vec![2, 15]), "{coding}");
        }
        for whole in [state.entity_tag(), state.with_view(b"abc")] {
            assert_eq!(state.seen_in_part(whole.opaque()), Some(vec![]));
        }
        assert_eq!(StateTag::of_version("13").seen_in_part(tag.opaque()), None);
    }

    #[test]
    fn version_of_any_bytes_makes_a_valid_tag() {
        let all: Vec<u8> = (0..=255).collect();
        let tag = StateTag::of_version(&all).entity_tag();
        assert_eq!(EntityTag::parse(&tag.to_bytes()), Ok(tag));
    }
}
