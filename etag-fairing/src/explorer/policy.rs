//! What the page may load and whom it may ask: its `Content-Security-Policy`.

use rocket::http::uri::Absolute;
use serde_json::Value;

use crate::openapi::OpenApi;

/// For what the page loads. A file that is opened by itself has nothing to load, but the page of a login has its script.
pub(super) const OF_FILES: &str =
    "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// For the page. Swagger UI needs neither `unsafe-inline` nor `unsafe-eval`; its style sheet has pictures in it (`data:`).
pub(super) fn of_page(openapi: &OpenApi, base_url: &str) -> String {
    let mut asked = String::from("'self'");
    for origin in origins(openapi, base_url) {
        asked.push(' ');
        asked.push_str(&origin);
    }
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src {asked}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The other servers that the page asks: those to which the requests go that are tried, and those of a login.
fn origins(openapi: &OpenApi, base_url: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |url: &str| {
        if let Some(origin) = origin(url).filter(|origin| !found.contains(origin)) {
            found.push(origin);
        }
    };
    if openapi.servers.is_empty() {
        add(base_url);
    }
    openapi.servers.iter().for_each(|url| add(url));
    let merged = openapi.merged.iter().filter_map(|document| document.pointer("/components/securitySchemes"));
    for scheme in openapi.schemes.values().chain(merged) {
        login_urls(scheme, &mut add);
    }
    found
}

/// The URLs in a security scheme (OpenAPI 3.1.1 §4.8.27) that a page asks, not those that it opens.
fn login_urls(scheme: &Value, add: &mut impl FnMut(&str)) {
    match scheme {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(url)
                        if ["tokenUrl", "refreshUrl", "openIdConnectUrl"].contains(&name.as_str()) =>
                    {
                        add(url);
                    }
                    member => login_urls(member, add),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| login_urls(element, add)),
        _ => {}
    }
}

/// The origin of a URL of HTTP, as a source of a policy (CSP 3 §2.3.1); `None` for other URLs, and for a host that a policy
/// cannot name.
fn origin(url: &str) -> Option<String> {
    let url = Absolute::parse(url).ok()?;
    let scheme = url.scheme();
    let authority = url.authority()?;
    let host = authority.host();
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'[' | b']' | b':');
    if !matches!(scheme, "http" | "https") || host.is_empty() || !host.bytes().all(is_plain) {
        return None;
    }
    Some(match authority.port() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::JsonApi;

    #[test]
    fn only_the_servers_of_the_document_and_of_its_logins_are_asked() {
        let flows = json!({"authorizationCode": {
            "authorizationUrl": "https://login.example.org/authorize",
            "tokenUrl": "https://token.example.org/token?a=b",
            "scopes": {"tokenUrl": "all"},
        }});
        for (openapi, base_url, expected) in [
            (JsonApi::openapi(), "", "'self'"),
            (JsonApi::openapi(), "https://example.org/api", "'self' https://example.org"),
            (
                JsonApi::openapi().server("http://localhost:8000/"),
                "https://example.org",
                "'self' http://localhost:8000",
            ),
            (JsonApi::openapi().server("/v2").server("//example.org/v2"), "", "'self'"),
            (JsonApi::openapi().server("https://a;script-src *"), "", "'self'"),
            (JsonApi::openapi().server("https://x y"), "", "'self'"),
            (JsonApi::openapi().server("data:text/plain,x"), "", "'self'"),
            (
                JsonApi::openapi().security_scheme("login", json!({"type": "oauth2", "flows": flows})),
                "",
                "'self' https://token.example.org",
            ),
            (
                JsonApi::openapi().merge(json!({"components": {"securitySchemes": {"login": {
                    "type": "openIdConnect",
                    "openIdConnectUrl": "https://id.example.org/.well-known/openid-configuration",
                }}}})),
                "",
                "'self' https://id.example.org",
            ),
        ] {
            let policy = of_page(&openapi, base_url);
            assert!(policy.contains(&format!("; connect-src {expected}; ")), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
        }
    }
}
