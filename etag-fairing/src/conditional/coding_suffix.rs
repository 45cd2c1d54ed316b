//! Entity tags that the name of a content coding follows: this server's own, and those that a proxy has made of ours.

use super::entity_tag::EntityTag;
use super::evaluate::MethodKind;
use super::state_tag::PARTS;

/// What this server writes between a tag and the name of a coding. No proxy does, so that a tag tells who has coded.
const OWN_SEPARATOR: u8 = b'~';

/// The content codings that this server makes.
const OWN_CODINGS: [&[u8]; 3] = [b"br", b"zstd", b"gzip"];

/// What stands between a tag and the name of a coding: Apache and Jetty write `-` and `--`, others `;`.
const SEPARATORS: [&[u8]; 4] = [b"--", b"-", b";", b":"];

/// The content codings that proxies put into tags, and the short names that some use.
const CODINGS: [&[u8]; 8] = [b"gzip", b"x-gzip", b"gz", b"br", b"zstd", b"deflate", b"compress", b"dcb"];

impl EntityTag {
    /// The tag of the representation in this content coding, which has a tag of its own (RFC 9110 §8.8.3.3).
    pub(crate) fn of_coding(&self, name: &str) -> Self {
        let mut opaque = Vec::with_capacity(self.opaque().len() + 1 + name.len());
        opaque.extend_from_slice(self.opaque());
        opaque.push(OWN_SEPARATOR);
        opaque.extend_from_slice(name.as_bytes());
        let tag = Self::trusted(opaque);
        if self.is_weak() { tag.weakened() } else { tag }
    }
}

/// Whether two tags have the same opaque part, or the one that was sent is the current one with the name of a content
/// coding behind it, such as `x-gzip`.
///
/// RFC 9110 §8.8.3.3: each coding of a representation has a tag of its own, and all of them name the same state.
/// - A coding of this server's: a write is meant for the state, whatever the coding was. For a read it is another
///   representation than the one that would be sent, which the client need not have.
/// - A proxy's: this server sees only the tag without the coding, so that its own must count as the same. Only behind
///   tags of our own form: for another server's tags a suffix may mean anything.
pub(super) fn is_same(current: &[u8], sent: &[u8], method: MethodKind) -> bool {
    match sent.strip_prefix(current) {
        Some(b"") => true,
        Some(suffix) if is_own_suffix(suffix) => method != MethodKind::Read,
        Some(suffix) => is_proxy_suffix(suffix) && is_ours(current),
        None => false,
    }
}

/// Whether this is a separator and the name of a coding, of this server or of a proxy.
pub(super) fn is_suffix(suffix: &[u8]) -> bool {
    is_own_suffix(suffix) || is_proxy_suffix(suffix)
}

fn is_own_suffix(suffix: &[u8]) -> bool {
    suffix
        .split_first()
        .is_some_and(|(separator, name)| *separator == OWN_SEPARATOR && OWN_CODINGS.contains(&name))
}

fn is_proxy_suffix(suffix: &[u8]) -> bool {
    SEPARATORS.iter().any(|separator| {
        suffix
            .strip_prefix(*separator)
            .is_some_and(|name| CODINGS.iter().any(|coding| coding.eq_ignore_ascii_case(name)))
    })
}

/// Whether a tag has the form of those that this crate makes: a digest or a version, perhaps with the digest of a view.
fn is_ours(opaque: &[u8]) -> bool {
    /// SHA-1 in hex.
    const DIGEST: usize = 40;
    let is_digest = |part: &[u8]| part.len() == DIGEST && part.iter().all(is_lower_hex);
    let mut parts = opaque.splitn(2, |byte| *byte == b'-');
    let state = parts.next().unwrap_or_default();
    // Behind the digest of a view may be what it shows in part.
    let is_place = |byte: &u8| byte.is_ascii_digit() || *byte == b'_';
    let is_view = |view: &[u8]| {
        let mut parts = view.splitn(2, |byte| *byte == PARTS);
        parts.next().is_some_and(is_digest) && parts.next().is_none_or(|places| places.iter().all(is_place))
    };
    (is_digest(state) || is_version(state)) && parts.next().is_none_or(is_view)
}

/// `v17.0123abcd` and `t1700000000.0123abcd`: a counted version or a time, and the shape of the representation.
fn is_version(state: &[u8]) -> bool {
    let Some((b'v' | b't', rest)) = state.split_first() else { return false };
    let mut parts = rest.splitn(2, |byte| *byte == b'.');
    let (number, shape) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    !number.is_empty()
        && number.iter().all(u8::is_ascii_digit)
        && shape.len() == 8
        && shape.iter().all(is_lower_hex)
}

fn is_lower_hex(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHODS: [MethodKind; 2] = [MethodKind::Read, MethodKind::Write];
    const DIGEST: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

    #[test]
    fn a_coding_behind_a_tag_of_ours_is_looked_through() {
        let view = format!("{DIGEST}-{DIGEST}");
        let in_part = format!("{DIGEST}-{DIGEST}.0_12");
        for tag in [
            DIGEST,
            &view,
            &in_part,
            "v17.0123abcd",
            "t1700000000000000.0123abcd",
            &format!("v1.0123abcd-{DIGEST}"),
        ] {
            for suffix in [
                "-gzip", "-br", "-zstd", "-deflate", ";gzip", ";br", ";gz", "--gzip", "--br", "-GZIP",
                "-x-gzip",
            ] {
                let sent = format!("{tag}{suffix}");
                for method in METHODS {
                    assert!(is_same(tag.as_bytes(), sent.as_bytes(), method), "{sent}");
                }
            }
            assert!(is_same(tag.as_bytes(), tag.as_bytes(), MethodKind::Read));
        }
    }

    #[test]
    fn a_coding_of_this_server_names_the_state_for_a_write_and_another_representation_for_a_read() {
        for tag in [DIGEST, "v17.0123abcd", "a-handlers-own"] {
            let tag = EntityTag::strong(tag).expect("a tag");
            for coding in ["br", "zstd", "gzip"] {
                let coded = tag.of_coding(coding);
                assert_eq!(
                    coded.to_string(),
                    format!("{}~{coding}\"", tag.to_string().trim_end_matches('"'))
                );
                assert!(is_same(tag.opaque(), coded.opaque(), MethodKind::Write), "{coded}");
                assert!(!is_same(tag.opaque(), coded.opaque(), MethodKind::Read), "{coded}");
                assert!(is_same(coded.opaque(), coded.opaque(), MethodKind::Read), "{coded}");
                for method in METHODS {
                    assert!(!is_same(coded.opaque(), tag.opaque(), method), "{coded}");
                }
                assert!(tag.clone().weakened().of_coding(coding).is_weak());
            }
            for suffix in ["~", "~BR", "~gzipp", "~gzip~gzip", "~deflate", "~~br", "~0a"] {
                let sent = [tag.opaque(), suffix.as_bytes()].concat();
                assert!(!is_same(tag.opaque(), &sent, MethodKind::Write), "{suffix}");
            }
        }
    }

    #[test]
    fn nothing_else_is() {
        for suffix in [
            "-",
            "gzip",
            "-gzi",
            "-gzipp",
            "-gzip-",
            "---gzip",
            " gzip",
            "-0",
            "-identity",
            "-gzip-gzip",
            ";",
        ] {
            assert!(
                !is_same(DIGEST.as_bytes(), format!("{DIGEST}{suffix}").as_bytes(), MethodKind::Write),
                "{suffix}"
            );
        }
        // The tags of handlers have forms of their own.
        let upper = DIGEST.to_uppercase();
        for tag in [
            "now",
            "",
            "v17",
            "v.0123abcd",
            "w17.0123abcd",
            "v17.0123ABCD",
            &upper,
            &DIGEST[1..],
            &format!("{DIGEST}-1"),
        ] {
            assert!(!is_same(tag.as_bytes(), format!("{tag}-gzip").as_bytes(), MethodKind::Write), "{tag}");
            assert!(is_same(tag.as_bytes(), tag.as_bytes(), MethodKind::Write), "{tag}");
        }
        assert!(
            !is_same(format!("{DIGEST}-gzip").as_bytes(), DIGEST.as_bytes(), MethodKind::Write),
            "the other way round"
        );
    }
}
