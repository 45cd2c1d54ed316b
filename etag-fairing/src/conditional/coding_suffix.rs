//! Entity tags of ours to which a proxy has added the name of a content coding.

/// What stands between a tag and the name of a coding: Apache and Jetty write `-` and `--`, others `;`.
const SEPARATORS: [&[u8]; 4] = [b"--", b"-", b";", b":"];

/// The content codings that proxies put into tags, and the short names that some use.
const CODINGS: [&[u8]; 8] = [b"gzip", b"x-gzip", b"gz", b"br", b"zstd", b"deflate", b"compress", b"dcb"];

/// Whether two tags have the same opaque part, or the one that was sent is ours with the name of a content coding behind
/// it, such as `x-gzip`.
///
/// RFC 9110 §8.8.3.3: each coding of a representation has a tag of its own. A proxy that makes one of ours names the
/// same state by it. Only behind tags of our own form: for another server's tags a suffix may mean anything.
pub(super) fn is_same(current: &[u8], sent: &[u8]) -> bool {
    match sent.strip_prefix(current) {
        Some(b"") => true,
        Some(suffix) => is_suffix(suffix) && is_ours(current),
        None => false,
    }
}

/// Whether this is a separator and the name of a coding.
pub(super) fn is_suffix(suffix: &[u8]) -> bool {
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
    (is_digest(state) || is_version(state)) && parts.next().is_none_or(is_digest)
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

    const DIGEST: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

    #[test]
    fn a_coding_behind_a_tag_of_ours_is_looked_through() {
        let view = format!("{DIGEST}-{DIGEST}");
        for tag in
            [DIGEST, &view, "v17.0123abcd", "t1700000000000000.0123abcd", &format!("v1.0123abcd-{DIGEST}")]
        {
            for suffix in [
                "-gzip", "-br", "-zstd", "-deflate", ";gzip", ";br", ";gz", "--gzip", "--br", "-GZIP",
                "-x-gzip",
            ] {
                let sent = format!("{tag}{suffix}");
                assert!(is_same(tag.as_bytes(), sent.as_bytes()), "{sent}");
            }
            assert!(is_same(tag.as_bytes(), tag.as_bytes()));
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
            assert!(!is_same(DIGEST.as_bytes(), format!("{DIGEST}{suffix}").as_bytes()), "{suffix}");
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
            assert!(!is_same(tag.as_bytes(), format!("{tag}-gzip").as_bytes()), "{tag}");
            assert!(is_same(tag.as_bytes(), tag.as_bytes()), "{tag}");
        }
        assert!(!is_same(format!("{DIGEST}-gzip").as_bytes(), DIGEST.as_bytes()), "the other way round");
    }
}
