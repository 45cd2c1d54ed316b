//! A: content negotiation (JSON:API §5).

use serde_json::json;

use crate::{
    api::{assert_error, crawl, fields},
    case::{CURSORS, by_cursor, read, serve, session},
    support::{Connection, MEDIA_TYPE, Response},
};

const UNKNOWN_EXT: &str = "application/vnd.api+json;ext=\"https://unknown.example/e\"";
const UNKNOWN_PROFILE: &str = "application/vnd.api+json;profile=\"https://unknown.example/p\"";

fn accept(http: &mut Connection, value: &str) -> Response {
    http.request("GET", "/v1/sessions/1", &[("Accept", value)], None)
}

fn post(http: &mut Connection, content_type: &str) -> Response {
    let body = session("Typed").to_string();
    http.request("POST", "/v1/sessions", &[("Content-Type", content_type)], Some(body.as_bytes()))
}

#[test]
fn a1_every_document_is_of_json_apis_media_type_without_charset() {
    let (_server, mut http) = serve();
    let answers = [
        (200, http.get("/v1/sessions", &[])),
        (201, post(&mut http, MEDIA_TYPE)),
        (400, http.get("/v1/sessions?foo=1", &[])),
        (400, http.request("POST", "/v1/sessions", &[("Content-Type", MEDIA_TYPE)], Some(b"{"))),
        (404, http.get("/v1/sessions/999", &[])),
        (404, http.get("/v1/nothing/at/all", &[])),
        (405, http.request("PUT", "/v1/sessions/1", &[], None)),
        (406, accept(&mut http, "text/html")),
        (415, post(&mut http, "application/json")),
    ];
    for (status, response) in answers {
        assert_eq!(response.status, status, "{response:?}");
        assert_eq!(response.header("Content-Type"), Some(MEDIA_TYPE), "{response:?}");
    }
}

#[test]
fn a2_parameters_of_the_content_type_are_415_on_every_method() {
    let (_server, mut http) = serve();
    for parameter in ["charset=utf-8", "version=1", "CHARSET=utf-8"] {
        let value = format!("{MEDIA_TYPE}; {parameter}");
        let typed = [("Content-Type", value.as_str())];
        for (method, url) in [
            ("GET", "/v1/sessions"),
            ("GET", "/v1/sessions/1/relationships/track"),
            ("DELETE", "/v1/sessions/1"),
        ] {
            let refused = http.request(method, url, &typed, None);
            assert_eq!(assert_error(&refused, 415)[0]["source"]["header"], "Content-Type", "{method} {url}");
        }
        for (method, url) in [
            ("POST", "/v1/sessions"),
            ("PATCH", "/v1/sessions/1"),
            ("PATCH", "/v1/sessions/1/relationships/track"),
            ("POST", "/v1/sessions/1/relationships/speakers"),
            ("DELETE", "/v1/sessions/1/relationships/speakers"),
        ] {
            assert_error(&http.request(method, url, &typed, Some(b"{}")), 415);
        }
    }
    read(&mut http, "/v1/sessions/1");
}

#[test]
fn a3_extensions_that_nobody_supports_are_415() {
    let (_server, mut http) = serve();
    assert_error(&post(&mut http, UNKNOWN_EXT), 415);
    let with_a_known_one =
        "application/vnd.api+json;ext=\"https://jsonapi.org/ext/atomic https://unknown.example/e\"";
    assert_error(&post(&mut http, with_a_known_one), 415);
}

#[test]
fn a4_profiles_that_nobody_knows_are_ignored_in_the_content_type() {
    let (_server, mut http) = serve();
    let created = post(&mut http, UNKNOWN_PROFILE);
    assert_eq!((created.status, created.header("Content-Type")), (201, Some(MEDIA_TYPE)), "{created:?}");
}

#[test]
fn a5_bodies_of_another_type_or_of_none_are_415() {
    let (_server, mut http) = serve();
    for value in ["application/json", "text/plain", "application/*", ""] {
        assert_error(&post(&mut http, value), 415);
    }
    let body = session("Untyped").to_string();
    assert_error(&http.request("POST", "/v1/sessions", &[], Some(body.as_bytes())), 415);
    assert_eq!(http.request("GET", "/v1/sessions/1", &[], None).status, 200, "no body needs no type");
}

#[test]
fn a6_a_content_type_without_a_body_is_taken() {
    let (_server, mut http) = serve();
    let typed = [("Content-Type", MEDIA_TYPE)];
    assert_eq!(http.get("/v1/sessions/2", &typed).status, 200);
    assert_eq!(http.delete("/v1/sessions/2", &typed).status, 204);
}

#[test]
fn a7_parameters_in_every_instance_of_accept_are_406() {
    let (_server, mut http) = serve();
    for value in [
        "application/vnd.api+json;charset=utf-8",
        "application/vnd.api+json;charset=utf-8, application/vnd.api+json;version=1",
        "application/vnd.api+json; a=\"b,c\"",
    ] {
        assert_eq!(assert_error(&accept(&mut http, value), 406)[0]["source"]["header"], "Accept", "{value}");
    }
}

#[test]
fn a8_one_instance_without_parameters_is_enough() {
    let (_server, mut http) = serve();
    for value in [
        "application/vnd.api+json;charset=utf-8, application/vnd.api+json",
        "application/vnd.api+json,application/vnd.api+json;charset=utf-8",
    ] {
        assert_eq!(accept(&mut http, value).status, 200, "{value}");
    }
}

#[test]
fn a9_extensions_in_every_instance_are_406_and_one_instance_without_is_enough() {
    let (_server, mut http) = serve();
    assert_error(&accept(&mut http, UNKNOWN_EXT), 406);
    assert_error(&accept(&mut http, &format!("{UNKNOWN_EXT}, {UNKNOWN_EXT}")), 406);
    assert_eq!(accept(&mut http, &format!("{UNKNOWN_EXT}, {MEDIA_TYPE}")).status, 200);
}

#[test]
fn a10_q_is_a_weight_and_no_parameter() {
    let (_server, mut http) = serve();
    for value in ["application/vnd.api+json;q=0.5", "application/vnd.api+json; Q=0.001"] {
        assert_eq!(accept(&mut http, value).status, 200, "{value}");
    }
    assert_error(&accept(&mut http, "application/vnd.api+json;q=0"), 406);
}

#[test]
fn a11_profiles_in_accept_are_applied_or_ignored() {
    let (_server, mut http) = serve();
    let ignored = accept(&mut http, UNKNOWN_PROFILE);
    assert_eq!((ignored.status, ignored.header("Content-Type")), (200, Some(MEDIA_TYPE)));
    let applied = by_cursor(&mut http, "/v1/sessions");
    let expected = format!("{MEDIA_TYPE};profile=\"{CURSORS}\"");
    assert_eq!((applied.status, applied.header("Content-Type")), (200, Some(expected.as_str())));
    assert_eq!(applied.json()["jsonapi"]["profile"], json!([CURSORS]));
}

#[test]
fn a12_no_accept_and_wildcards_get_json_api_and_html_alone_does_not() {
    let (_server, mut http) = serve();
    let none = http.request("GET", "/v1/sessions/1", &[], None);
    assert_eq!((none.status, none.header("Content-Type")), (200, Some(MEDIA_TYPE)));
    for value in ["*/*", "application/*", "text/html, */*;q=0.1"] {
        let response = accept(&mut http, value);
        assert_eq!((response.status, response.header("Content-Type")), (200, Some(MEDIA_TYPE)), "{value}");
    }
    assert_error(&accept(&mut http, "text/html"), 406);
}

#[test]
fn a13_what_is_applied_is_named_in_quotes_and_nothing_else_is() {
    let (_server, mut http) = serve();
    let value = format!("{MEDIA_TYPE};profile=\"https://unknown.example/p {CURSORS}\"");
    let applied = http.request("GET", "/v1/sessions?page[size]=1", &[("Accept", &value)], None);
    let expected = format!("{MEDIA_TYPE};profile=\"{CURSORS}\"");
    assert_eq!(applied.header("Content-Type"), Some(expected.as_str()), "{applied:?}");
    // No extension is offered, so none is ever applied or named.
    assert_eq!(applied.json()["jsonapi"].get("ext"), None);
    // A single resource has no pages that the profile could apply to.
    assert_eq!(by_cursor(&mut http, "/v1/sessions/1").header("Content-Type"), Some(MEDIA_TYPE));
}

#[test]
fn a14_every_response_varies_by_accept() {
    // What has no body has no coding either (RFC 9110 §12.5.5).
    const BODIES: Option<&str> = Some("Accept, Accept-Encoding");
    let (_server, mut http) = serve();
    for (url, response) in crawl(&mut http) {
        assert_eq!(response.header("Vary"), BODIES, "{url}");
        if let Some(tag) = response.header("ETag") {
            let unchanged = http.get(&url, &[("If-None-Match", tag)]);
            assert_eq!((unchanged.status, unchanged.header("Vary")), (304, BODIES), "{url}");
        }
    }
    let mut answers = vec![by_cursor(&mut http, "/v1/sessions"), post(&mut http, MEDIA_TYPE)];
    answers.push(http.head("/v1/sessions/1", &[]));
    answers.push(http.request("OPTIONS", "/v1/sessions/1", &[], None));
    answers.push(http.delete("/v1/sessions/3", &[]));
    answers.push(http.get("/v1/nothing", &[]));
    answers.push(http.request("PUT", "/v1/sessions/1", &[], None));
    answers.push(accept(&mut http, "text/html"));
    for response in answers {
        let expected = if response.status == 204 { Some("Accept") } else { BODIES };
        assert_eq!(response.header("Vary"), expected, "{response:?}");
    }
}

#[test]
fn a15_members_of_a_body_negotiate_nothing() {
    let (_server, mut http) = serve();
    let mut document = session("Negotiated by nothing");
    document["jsonapi"] =
        json!({"version": "1.1", "ext": ["https://unknown.example/e"], "profile": [CURSORS]});
    let created = http.post("/v1/sessions", &[], &document);
    assert_eq!((created.status, created.header("Content-Type")), (201, Some(MEDIA_TYPE)), "{created:?}");
}

#[test]
fn a16_names_of_types_and_parameters_are_in_any_case_and_uris_are_exact() {
    let (_server, mut http) = serve();
    assert_eq!(accept(&mut http, "Application/VND.api+JSON").status, 200);
    assert_eq!(post(&mut http, "APPLICATION/vnd.API+json;PROFILE=\"https://unknown.example/p\"").status, 201);
    assert_error(&post(&mut http, "application/vnd.api+json;EXT=\"https://unknown.example/e\""), 415);
    let named = |uri: &str| format!("{MEDIA_TYPE};Profile=\"{uri}\"");
    let exact = http.request("GET", "/v1/tracks", &[("Accept", &named(CURSORS))], None);
    assert!(fields(&exact).iter().any(|(_, value)| value.contains(CURSORS)), "{exact:?}");
    let other = http.request("GET", "/v1/tracks", &[("Accept", &named(&CURSORS.to_uppercase()))], None);
    assert_eq!((other.status, other.header("Content-Type")), (200, Some(MEDIA_TYPE)));
}
