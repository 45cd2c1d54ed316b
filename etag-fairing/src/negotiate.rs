//! Content negotiation (JSON:API §5): which request bodies the server can read, and which answers the client can read.
//!
//! Rocket's own `accept()` and `content_type()` read the first field line only and drop the quotes of
//! parameters, so the raw lines are read here.

mod fields;
mod profiles;

pub(crate) use self::fields::RequestFields;
pub(crate) use self::profiles::{CONCURRENCY, CURSOR_PAGINATION, Profiles, asked_profiles};
use crate::error::{ErrorObject, Errors, MEDIA_TYPE};

/// The URI of the extension for several operations in one request (JSON:API, "Atomic Operations").
pub(crate) const ATOMIC: &str = "https://jsonapi.org/ext/atomic";

/// The extensions that an endpoint knows (JSON:API §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extensions {
    /// None: each generated route.
    None,
    /// [`ATOMIC`], without which it takes no document: the endpoint for operations.
    Atomic,
}

impl Extensions {
    /// Whether the endpoint knows each extension in the value of an `ext`: a list of URIs with spaces between them,
    /// compared exactly.
    fn know(self, list: &str) -> bool {
        let mut uris = list.split(' ').filter(|uri| !uri.is_empty());
        self == Self::Atomic && uris.all(|uri| uri == ATOMIC)
    }
}

/// One media type or range with its parameters, as written.
struct MediaRange<'a> {
    essence: &'a str,
    parameters: Vec<(&'a str, String)>,
    /// Whether the value of an `ext` stands in no quotes, as no URI can.
    has_bare_ext: bool,
}

impl MediaRange<'_> {
    fn is_json_api(&self) -> bool {
        self.essence.eq_ignore_ascii_case(MEDIA_TYPE)
    }

    /// Whether this range allows `application/vnd.api+json`.
    fn allows_json_api(&self, extensions: Extensions) -> bool {
        let wildcard = self.essence == "*/*" || self.essence.eq_ignore_ascii_case("application/*");
        let weighs =
            self.weight().is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0));
        weighs && (wildcard || (self.is_json_api() && !self.is_modified(extensions)))
    }

    /// RFC 9110 §12.5.1: q is the range's weight and no parameter of the media type.
    fn weight(&self) -> Option<&str> {
        self.parameters
            .iter()
            .rev()
            .find(|(name, _)| name.eq_ignore_ascii_case("q"))
            .map(|(_, value)| &**value)
    }

    /// Whether the media type has a parameter with which no answer is ever sent: any other than `profile`, and an `ext` of
    /// extensions that the endpoint doesn't know.
    fn is_modified(&self, extensions: Extensions) -> bool {
        let known = |name: &str, value: &str| {
            let is_ext = name.eq_ignore_ascii_case("ext") && !self.has_bare_ext && extensions.know(value);
            is_ext || name.eq_ignore_ascii_case("q") || name.eq_ignore_ascii_case("profile")
        };
        self.parameters.iter().any(|(name, value)| !known(name, value))
    }

    /// Whether the range names JSON:API's media type without parameters, with the weight 0.
    fn refuses_json_api(&self) -> bool {
        self.is_json_api()
            && !self.parameters.is_empty()
            && self.parameters.iter().all(|(name, value)| {
                name.eq_ignore_ascii_case("q") && value.parse::<f32>().is_ok_and(|weight| weight == 0.0)
            })
    }
}

/// Splits at a separator that is not inside a quoted string (RFC 9110 §5.6.4).
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |character: char| {
        if escaped {
            escaped = false;
        } else if quoted && character == '\\' {
            escaped = true;
        } else if character == '"' {
            quoted = !quoted;
        } else {
            return !quoted && character == separator;
        }
        false
    })
}

fn media_range(text: &str) -> Option<MediaRange<'_>> {
    let mut parts = split_unquoted(text, ';').map(str::trim);
    let essence = parts.next().filter(|essence| !essence.is_empty())?;
    let (mut parameters, mut has_bare_ext) = (Vec::new(), false);
    for part in parts.filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (name.trim(), value.trim());
        has_bare_ext |= name.eq_ignore_ascii_case("ext") && !value.starts_with('"');
        parameters.push((name, unquoted(value)));
    }
    Some(MediaRange { essence, parameters, has_bare_ext })
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.into();
    };
    let mut escaped = false;
    inner
        .chars()
        .filter(|character| {
            let keep = escaped || *character != '\\';
            escaped = !keep;
            keep
        })
        .collect()
}

/// Checks `Accept` (JSON:API §5.3).
///
/// # Errors
/// 406 if no range allows `application/vnd.api+json`.
pub(crate) fn check_accept<'a>(
    lines: impl IntoIterator<Item = &'a str>,
    extensions: Extensions,
) -> Result<(), Errors> {
    let mut lines = lines.into_iter();
    let first = match (lines.next(), lines.next()) {
        // Nearly all clients send one of these, or no field.
        (None, _) => return Ok(()),
        (Some(MEDIA_TYPE | "*/*"), None) => return Ok(()),
        (first, second) => first.into_iter().chain(second),
    };
    let ranges: Vec<_> = first
        .chain(lines)
        .flat_map(|line| split_unquoted(line, ','))
        .filter_map(|range| media_range(range.trim()))
        .collect();
    // RFC 9110 §12.5.1: the most specific range counts, so that `…;q=0` excludes what a wildcard allows. JSON:API §5.3: the
    // media type is also excluded if all ranges that name it have parameters which the server doesn't know.
    let mut named = ranges.iter().filter(|range| range.is_json_api()).peekable();
    let modified = named.peek().is_some() && named.all(|range| range.is_modified(extensions));
    let refused = modified || ranges.iter().any(MediaRange::refuses_json_api);
    let allowed =
        |range: &MediaRange<'_>| range.allows_json_api(extensions) && (range.is_json_api() || !refused);
    // Without Accept any media type is acceptable.
    if ranges.is_empty() || ranges.iter().any(allowed) {
        return Ok(());
    }
    let ext = if extensions == Extensions::None { "" } else { " and this ext" };
    Err(ErrorObject::not_acceptable(format!(
        "answers here are {MEDIA_TYPE}, without parameters other than profile{ext}; accept that, application/* or */*"
    ))
    .into())
}

/// Whether a request has content, of which the server needs the media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestContent {
    Expected,
    Ignored,
}

/// Checks `Content-Type` (JSON:API §5.3).
///
/// # Errors
/// 415 for a body of another media type, and for parameters other than a profile.
pub(crate) fn check_content_type<'a>(
    lines: impl IntoIterator<Item = &'a str>,
    content: RequestContent,
    extensions: Extensions,
) -> Result<(), Errors> {
    let refuse = |detail: String| Err(Errors::from(ErrorObject::unsupported_media_type(detail)));
    let mut lines = lines.into_iter();
    let first = lines.next();
    if lines.next().is_some() {
        return refuse("one Content-Type, please: a body is of one media type".into());
    }
    let Some(range) = first.and_then(|line| media_range(line.trim())) else {
        return match content {
            RequestContent::Expected => {
                refuse(format!("send the body as Content-Type: {}", content_type(extensions)))
            }
            RequestContent::Ignored => Ok(()),
        };
    };
    if !range.is_json_api() {
        return match content {
            RequestContent::Expected => {
                refuse(format!("send the body as {}, not as {}", content_type(extensions), range.essence))
            }
            RequestContent::Ignored => Ok(()),
        };
    }
    let mut applies_extension = false;
    for (name, value) in &range.parameters {
        if name.eq_ignore_ascii_case("ext") {
            if extensions == Extensions::None {
                return refuse(format!("no extension is supported here, and ext names {value:?}"));
            }
            if range.has_bare_ext || !extensions.know(value) {
                return refuse(format!("the extension here is ext=\"{ATOMIC}\", and this one is {value:?}"));
            }
            applies_extension |= value.split(' ').any(|uri| uri == ATOMIC);
            continue;
        }
        // JSON:API §5.3: profiles that a server doesn't know are ignored.
        if !name.eq_ignore_ascii_case("profile") {
            return refuse(format!("{MEDIA_TYPE} takes no parameter {name:?}"));
        }
    }
    if extensions == Extensions::Atomic && !applies_extension {
        return refuse(format!("send the operations as Content-Type: {}", content_type(extensions)));
    }
    Ok(())
}

/// The media type of documents with these extensions.
fn content_type(extensions: Extensions) -> String {
    match extensions {
        Extensions::None => MEDIA_TYPE.to_owned(),
        Extensions::Atomic => format!("{MEDIA_TYPE};ext=\"{ATOMIC}\""),
    }
}

/// Checks `Content-Encoding` of a request with a body (RFC 9110 §8.4): the server decodes no coding.
///
/// # Errors
/// 415 for a body in a coding, with the codings that are accepted (§12.5.3): none.
pub(crate) fn check_content_encoding<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<(), Errors> {
    let mut codings = lines.into_iter().flat_map(|line| line.split(',')).map(str::trim);
    match codings.find(|coding| !matches!(*coding, "") && !coding.eq_ignore_ascii_case("identity")) {
        None => Ok(()),
        Some(coding) => {
            let detail =
                format!("send the body as it is: no content coding is taken, and this one is {coding:?}");
            let error = ErrorObject::unsupported_media_type(detail).header("Content-Encoding");
            Err(Errors::from(error).with_header("Accept-Encoding", "identity"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(line: &str) -> bool {
        check_accept([line], Extensions::None).is_ok()
    }

    #[test]
    fn a7_to_a12_accept() {
        for line in [
            "application/vnd.api+json",
            "APPLICATION/VND.API+JSON",
            "*/*",
            "application/*",
            "Application/*",
            "application/vnd.api+json;charset=utf-8, application/vnd.api+json",
            "application/vnd.api+json;q=0.5",
            r#"application/vnd.api+json;profile="https://unknown.example/p""#,
            r#"application/vnd.api+json;ext="https://unknown.example/e", application/vnd.api+json"#,
            "application/vnd.api+json;charset=utf-8, application/vnd.api+json;q=0.1, */*;q=0",
            r#"application/vnd.api+json;profile="https://unknown.example/p", application/vnd.api+json;charset=utf-8"#,
            "*/*;q=0.1, application/json",
            r#"text/html;x=",", */*;q=0.1"#,
            "",
        ] {
            assert!(accepts(line), "{line}");
        }
        for line in [
            "application/vnd.api+json;charset=utf-8",
            "application/vnd.api+json;q=0",
            "application/vnd.api+json;q=0, */*",
            r#"application/vnd.api+json;ext="https://unknown.example/e""#,
            // Named, and each time with what we don't know: no wildcard makes up for that.
            "application/vnd.api+json;charset=utf-8, */*",
            "*/*, application/vnd.api+json; charset=utf-8;q=0.1",
            "application/vnd.api+json;charset=utf-8;q=0, */*",
            "application/vnd.api+json;charset=utf-8, application/vnd.api+json;q=0, */*",
            r#"application/vnd.api+json;ext="https://unknown.example/e", application/*;q=0.5"#,
            r#"APPLICATION/vnd.api+json;version=1;profile="https://unknown.example/p", */*"#,
            "text/html",
            "application/json",
            r#"text/html;x=", */*""#,
        ] {
            assert!(!accepts(line), "{line}");
        }
        assert!(check_accept(["text/html", "*/*"], Extensions::None).is_ok(), "several lines are one list");
        assert!(check_accept([], Extensions::None).is_ok());
    }

    #[test]
    fn bodies_come_without_a_content_coding() {
        let check = |lines: &[&'static str]| check_content_encoding(lines.iter().copied());
        for lines in [&[][..], &["identity"], &["Identity, identity"], &[""], &["identity", ""]] {
            assert!(check(lines).is_ok(), "{lines:?}");
        }
        for lines in [&["gzip"][..], &["identity, br"], &["identity", "x-gzip"], &["zstd;q=1"]] {
            assert_eq!(check(lines).expect_err("refused").status().code, 415, "{lines:?}");
        }
    }

    #[test]
    fn a2_to_a6_content_type() {
        let check = |line: Option<&str>, content| check_content_type(line, content, Extensions::None).is_ok();
        assert!(check(Some("application/vnd.api+json"), RequestContent::Expected));
        assert!(check(Some("Application/Vnd.Api+Json"), RequestContent::Expected));
        assert!(check(
            Some(r#"application/vnd.api+json; profile="https://x.example/p""#),
            RequestContent::Expected
        ));
        assert!(check(Some("application/vnd.api+json"), RequestContent::Ignored));
        assert!(check(None, RequestContent::Ignored));
        assert!(check(Some("application/json"), RequestContent::Ignored));
        assert!(!check(None, RequestContent::Expected));
        assert!(!check(Some("application/json"), RequestContent::Expected));
        assert!(!check(Some("application/vnd.api+json; charset=utf-8"), RequestContent::Expected));
        assert!(!check(Some("application/vnd.api+json; charset=utf-8"), RequestContent::Ignored));
        assert!(!check(
            Some(r#"application/vnd.api+json;ext="https://x.example/e""#),
            RequestContent::Expected
        ));
        assert!(
            check_content_type(
                ["application/vnd.api+json", "application/json"],
                RequestContent::Expected,
                Extensions::None
            )
            .is_err()
        );
    }
}
