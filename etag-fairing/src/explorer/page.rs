//! The page itself.

use std::io::Cursor;
use std::sync::{Arc, OnceLock};

use rocket::http::{ContentType, Header, Status};
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Response};

use super::{Explorer, policy};
use crate::config::JsonApiConfig;

const TEMPLATE: &str = include_str!("page.html");

/// The handler of the page.
#[derive(Clone)]
pub(super) struct Page(Arc<Kept>);

struct Kept {
    explorer: Explorer,
    /// It doesn't change after the launch.
    policy: OnceLock<String>,
}

impl Page {
    pub(super) fn new(explorer: Explorer) -> Self {
        Self(Arc::new(Kept { explorer, policy: OnceLock::new() }))
    }

    fn policy(&self, request: &Request<'_>) -> &str {
        self.0.policy.get_or_init(|| {
            // A launch stops at mistakes in it, so that there are none here.
            let config = JsonApiConfig::from_figment(request.rocket().figment());
            let base_url = config.map(|config| config.base_url).unwrap_or_default();
            policy::of_page(&self.0.explorer.openapi, &base_url)
        })
    }
}

#[rocket::async_trait]
impl Handler for Page {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let path = request.uri().path();
        let base = request.route().map_or("", |route| route.uri.base());
        if path.as_str().trim_matches('/') != base.trim_matches('/') {
            return Outcome::Forward((data, Status::NotFound));
        }
        let Explorer { openapi, document } = &self.0.explorer;
        let page = render(path.as_str(), &openapi.title, document);
        let mut response = Response::new();
        response.set_header(ContentType::HTML);
        response.set_header(Header::new("Content-Security-Policy", self.policy(request).to_owned()));
        response.set_sized_body(page.len(), Cursor::new(page));
        Outcome::Success(response)
    }
}

/// The page at this path.
fn render(path: &str, title: &str, document: &str) -> String {
    // What the page loads is below it, whether or not its path ends with a slash.
    let files = match path.rsplit('/').next() {
        Some(last) if !last.is_empty() => format!("./{last}/"),
        _ => String::from("./"),
    };
    TEMPLATE
        .replace("{{files}}", &escaped(&files))
        .replace("{{document}}", &escaped(&relative(path, document)))
        .replace("{{title}}", &escaped(title))
}

/// The reference that leads from the page at one path to another path of this server (RFC 3986 §4.2), without the beginning
/// that both share: a proxy may have put something before it, or something else in its place.
fn relative(from: &str, to: &str) -> String {
    let Some(target) = to.strip_prefix('/') else { return to.into() };
    let mut from: Vec<&str> = from.split('/').skip(1).collect();
    // A reference replaces the last segment.
    from.pop();
    let mut to: Vec<&str> = target.split('/').collect();
    let last = to.pop().unwrap_or_default();
    let shared = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
    let up = from.len().saturating_sub(shared);
    // RFC 3986 §4.2: without the dot, a colon in the first segment would end the name of a scheme.
    let mut reference = if up == 0 { String::from("./") } else { "../".repeat(up) };
    for segment in to.iter().skip(shared) {
        reference.push_str(segment);
        reference.push('/');
    }
    reference.push_str(last);
    reference
}

/// Text for HTML, within attributes too.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_from_the_page_to_the_document() {
        for (from, to, reference) in [
            ("/docs", "/v1/openapi.json", "./v1/openapi.json"),
            ("/docs/", "/v1/openapi.json", "../v1/openapi.json"),
            ("/v1/docs", "/v1/openapi.json", "./openapi.json"),
            ("/v1/docs/", "/v1/openapi.json", "../openapi.json"),
            ("/a/b/docs", "/a/c/openapi.json", "../c/openapi.json"),
            ("/", "/openapi.json", "./openapi.json"),
            ("/docs", "https://example.org/openapi.json", "https://example.org/openapi.json"),
        ] {
            assert_eq!(relative(from, to), reference, "{from} to {to}");
        }
    }

    #[test]
    fn a_page_loads_what_is_below_it() {
        for (path, script) in [
            ("/docs", "./docs/explorer.js"),
            ("/docs/", "./explorer.js"),
            ("/", "./explorer.js"),
            ("/a/b", "./b/explorer.js"),
        ] {
            let page = render(path, "T", "/openapi.json");
            assert!(page.contains(&format!("<script type=\"module\" src=\"{script}\"></script>")), "{page}");
        }
    }

    #[test]
    fn a_title_is_text() {
        let page = render("/docs", "<b>\"A\" & B</b>", "/\"><script>");
        assert!(page.contains("<title>&lt;b&gt;&quot;A&quot; &amp; B&lt;/b&gt;</title>"), "{page}");
        assert!(!page.contains("<b>") && !page.contains("\"><script>"), "{page}");
    }
}
