//! `Prefer: return=…`: what a client wants to get back from a write (RFC 7240 §4.2).

use rocket::Request;

/// The field that tells which preference was followed (RFC 7240 §3).
pub(super) const APPLIED: &str = "Preference-Applied";

/// What a client prefers to get back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Return {
    /// The entity tag and no document.
    Minimal,
    /// The document; after a 412 that of the state that is there.
    Representation,
}

impl Return {
    /// The value of [`APPLIED`].
    pub(super) fn applied(self) -> &'static str {
        match self {
            Self::Minimal => "return=minimal",
            Self::Representation => "return=representation",
        }
    }
}

/// What the client of a request prefers to get back, if it says so. What nobody knows is ignored, and of two preferences for
/// one thing the first counts (RFC 7240 §2).
pub(super) fn preferred_return(request: &Request<'_>) -> Option<Return> {
    let preferences = request.headers().get("Prefer").flat_map(|line| line.split(','));
    preferences.map(preferred).find_map(|preferred| preferred)
}

/// `return=minimal`, perhaps with parameters, which have no meaning here.
fn preferred(preference: &str) -> Option<Return> {
    let (name, value) = preference.split(';').next()?.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("return") {
        return None;
    }
    match value.trim().trim_matches('"') {
        value if value.eq_ignore_ascii_case("minimal") => Some(Return::Minimal),
        value if value.eq_ignore_ascii_case("representation") => Some(Return::Representation),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read_as_rfc_7240_writes_them() {
        for (preference, expected) in [
            ("return=minimal", Some(Return::Minimal)),
            (" Return = \"representation\" ; x=1", Some(Return::Representation)),
            ("return=MINIMAL", Some(Return::Minimal)),
            ("return", None),
            ("return=", None),
            ("return=all", None),
            ("respond-async", None),
            ("wait=10", None),
            ("", None),
        ] {
            assert_eq!(preferred(preference), expected, "{preference:?}");
        }
    }
}
