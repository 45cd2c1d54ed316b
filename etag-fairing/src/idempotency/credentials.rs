//! Header fields by which callers may be told apart, where the application doesn't say how.

use rocket::http::HeaderMap;

/// What the name of a field has in it that may say who asks, in lower case. Too many are better than too few: who sends another
/// value of one is another caller, and gets nobody's answer.
const WORDS: [&str; 41] = [
    "auth",
    "cookie",
    "token",
    "jwt",
    "assertion",
    "claim",
    "oidc",
    "saml",
    "key",
    "secret",
    "passw",
    "signature",
    "credential",
    "user",
    "login",
    "mail",
    "account",
    "identity",
    "principal",
    "subject",
    "impersonat",
    "behalf",
    "consumer",
    "customer",
    "client-id",
    "member",
    "session",
    "device",
    "tenant",
    "org-",
    "organi",
    "company",
    "workspace",
    "group",
    "role",
    "permission",
    "scope",
    "cert",
    "ssl-client",
    "tls-client",
    "client-dn",
];

/// Whether a field may say who asks.
fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // These say something else, and some of them change with each request.
    let says_something_else = matches!(name.as_str(), "user-agent" | "idempotency-key")
        || name.starts_with("sec-")
        || name.contains("csrf")
        || name.contains("xsrf");
    !says_something_else && WORDS.iter().any(|word| name.contains(word))
}

/// The fields of a request that may say who asks, sorted by name: proxies may put them in another order.
pub(crate) fn credentials(headers: &HeaderMap<'_>) -> Vec<(String, String)> {
    let fields = headers.iter().filter(|field| is_credential(field.name.as_str()));
    let mut found: Vec<_> =
        fields.map(|field| (field.name.as_str().to_ascii_lowercase(), field.value.into_owned())).collect();
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

#[cfg(test)]
mod tests {
    use rocket::http::Header;

    use super::*;

    #[test]
    fn fields_that_may_say_who_asks_are_found() {
        for name in [
            "Authorization",
            "Cookie",
            "X-Api-Key",
            "X-User",
            "x-auth-token",
            "X-Tenant-Id",
            "X-Forwarded-User",
            "X-Forwarded-Client-Cert",
            "Proxy-Authorization",
            "X-Session",
            // What gateways tell of those whom they let through.
            "X-Forwarded-Email",
            "X-Forwarded-Groups",
            "Cf-Access-Jwt-Assertion",
            "X-MS-CLIENT-PRINCIPAL-ID",
            "X-Amzn-Oidc-Data",
            "X-Pomerium-Claim-Email",
            "X-Consumer-ID",
            "X-SSL-Client-S-DN",
            "Ssl-Client-Subject-Dn",
            "X-Org-Id",
            "Impersonate-Uid",
            "X-On-Behalf-Of",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in [
            "User-Agent",
            "Idempotency-Key",
            "Accept",
            "Content-Type",
            "Content-Length",
            "Host",
            "Date",
            "If-Match",
            "Traceparent",
            "X-Request-Id",
            "X-Request-UUID",
            "X-B3-TraceId",
            "CF-Ray",
            "X-Forwarded-For",
            "Sec-Fetch-User",
            "Prefer",
            "X-CSRF-Token",
            "Cache-Control",
            "Access-Control-Request-Headers",
            "Origin",
            "Referer",
            "Forwarded",
            "Via",
            "Tracestate",
            "X-Cloud-Trace-Context",
            "X-Amzn-Trace-Id",
            "X-Forwarded-Proto",
            "X-Real-IP",
            "Accept-Encoding",
            "Priority",
            "Content-Length",
            "Connection",
        ] {
            assert!(!is_credential(name), "{name}");
        }
    }

    #[test]
    fn the_order_of_the_fields_does_not_matter() {
        let mut one = HeaderMap::new();
        let mut other = HeaderMap::new();
        one.add(Header::new("X-User", "ann"));
        one.add(Header::new("Authorization", "a"));
        other.add(Header::new("authorization", "a"));
        other.add(Header::new("x-user", "ann"));
        assert_eq!(credentials(&one), credentials(&other));
        other.add(Header::new("x-user", "bob"));
        assert_ne!(credentials(&one), credentials(&other));
    }
}
