//! Profiles (JSON:API §4.3): additional meaning of documents, which a client asks for in `Accept`.

use super::{Extensions, media_range, split_unquoted};

/// Cursor pagination.
pub(crate) const CURSOR_PAGINATION: &str = "https://jsonapi.org/profiles/ethanresnick/cursor-pagination";

/// Entity tags and preconditions in documents. Its text is at this URL: `docs/profiles/concurrency.md`.
pub(crate) const CONCURRENCY: &str =
    "https://github.com/etag-fairing/etag-fairing/blob/main/docs/profiles/concurrency.md";

/// Both of them, in the form of the `profile` parameter.
const BOTH: &str = "https://jsonapi.org/profiles/ethanresnick/cursor-pagination \
    https://github.com/etag-fairing/etag-fairing/blob/main/docs/profiles/concurrency.md";

/// Some of the profiles that the server knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Profiles {
    pub(crate) cursor_pagination: bool,
    pub(crate) concurrency: bool,
}

impl Profiles {
    /// Their URIs, with spaces between them, as the `profile` parameter has them; `None` for no profile.
    pub(crate) fn uris(self) -> Option<&'static str> {
        match (self.cursor_pagination, self.concurrency) {
            (false, false) => None,
            (true, false) => Some(CURSOR_PAGINATION),
            (false, true) => Some(CONCURRENCY),
            (true, true) => Some(BOTH),
        }
    }
}

/// The profiles that a client asks for: in a range of `Accept` that allows the answer. Others are ignored (JSON:API §5.3).
pub(crate) fn asked_profiles<'a>(
    lines: impl IntoIterator<Item = &'a str>,
    extensions: Extensions,
) -> Profiles {
    let mut profiles = Profiles::default();
    let ranges = lines
        .into_iter()
        // Nearly all fields have no parameters.
        .filter(|line| line.contains('='))
        .flat_map(|line| split_unquoted(line, ','))
        .filter_map(|range| media_range(range.trim()))
        .filter(|range| range.is_json_api() && range.allows_json_api(extensions));
    for range in ranges {
        for (_, value) in range.parameters.iter().filter(|(name, _)| name.eq_ignore_ascii_case("profile")) {
            // A list of URIs with spaces between them, compared exactly.
            for uri in value.split(' ') {
                profiles.cursor_pagination |= uri == CURSOR_PAGINATION;
                profiles.concurrency |= uri == CONCURRENCY;
            }
        }
    }
    profiles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Option<&'static str> {
        asked_profiles([line], Extensions::None).uris()
    }

    #[test]
    fn a11_profiles_are_asked_for_by_their_uri() {
        let of = |parameters: &str| asked(&format!("application/vnd.api+json;{parameters}"));
        assert_eq!(of(&format!(r#"profile="{CONCURRENCY}""#)), Some(CONCURRENCY));
        assert_eq!(of(&format!(r#"profile="{CURSOR_PAGINATION}""#)), Some(CURSOR_PAGINATION));
        assert_eq!(of(&format!(r#" PROFILE="https://b.example/p {CONCURRENCY}";q=0.1"#)), Some(CONCURRENCY));
        assert_eq!(of(&format!(r#"profile="{CONCURRENCY} {CURSOR_PAGINATION}""#)), Some(BOTH));
        let two = format!(r#"*/*;q=0.1, application/vnd.api+json;profile="{CURSOR_PAGINATION}""#);
        let two = [two, format!(r#"application/vnd.api+json;profile="{CONCURRENCY}""#)];
        assert_eq!(asked_profiles(two.iter().map(String::as_str), Extensions::None).uris(), Some(BOTH));
        assert_eq!(BOTH.split(' ').collect::<Vec<_>>(), [CURSOR_PAGINATION, CONCURRENCY]);
    }

    #[test]
    fn a11_what_is_no_question_for_a_profile() {
        assert_eq!(asked("application/vnd.api+json"), None);
        assert_eq!(asked(r#"application/vnd.api+json;profile="https://b.example/p""#), None);
        for parameters in [
            format!(r#"profile="{}""#, CONCURRENCY.to_uppercase()),
            format!(r#"profile="{CONCURRENCY}/""#),
            format!(r#"profile="{CONCURRENCY}";q=0"#),
            format!(r#"profile="{CONCURRENCY}";charset=utf-8"#),
            format!(r#"profile="{CONCURRENCY}";ext="https://jsonapi.org/ext/atomic""#),
        ] {
            assert_eq!(asked(&format!("application/vnd.api+json;{parameters}")), None, "{parameters}");
        }
        assert_eq!(asked(&format!(r#"*/*;profile="{CONCURRENCY}""#)), None);
        let with_ext = format!(
            r#"application/vnd.api+json;ext="https://jsonapi.org/ext/atomic";profile="{CONCURRENCY}""#
        );
        assert!(asked_profiles([with_ext.as_str()], Extensions::Atomic).concurrency);
    }
}
