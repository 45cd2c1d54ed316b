//! Content negotiation (JSON:API §5) and what is below the mount.

use serde_json::json;

use crate::{
    api::{assert_document, assert_error, count, new_document},
    support::{Launch, MEDIA_TYPE},
};

#[test]
fn a7_to_a12_accept() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for value in [
        MEDIA_TYPE,
        "*/*",
        "application/*",
        "application/vnd.api+json;charset=utf-8, application/vnd.api+json",
        "application/vnd.api+json;q=0.5",
        "text/html, application/vnd.api+json",
        "application/vnd.api+json;profile=\"https://unknown.example/p\"",
        "application/vnd.api+json;ext=\"https://unknown.example/e\", application/vnd.api+json",
    ] {
        let response = connection.request("GET", "/v1/sessions/1", &[("Accept", value)], None);
        assert_eq!(response.status, 200, "{value}");
        assert_document(&response);
    }
    assert_eq!(connection.request("GET", "/v1/sessions/1", &[], None).status, 200, "A12");
    for value in [
        "application/vnd.api+json;charset=utf-8",
        "application/vnd.api+json;ext=\"https://unknown.example/e\"",
        "application/vnd.api+json;q=0",
        "text/html",
        "application/json",
    ] {
        for url in
            ["/v1/sessions/1", "/v1/sessions", "/v1/sessions/1/track", "/v1/sessions/1/relationships/track"]
        {
            let refused = connection.request("GET", url, &[("Accept", value)], None);
            assert_eq!(assert_error(&refused, 406)[0]["source"]["header"], "Accept", "{value}");
        }
    }
}

#[test]
fn a2_to_a6_content_type() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let body = new_document("sessions", json!({"title": "Typed"})).to_string().into_bytes();
    let before = count(&mut connection, "/v1/sessions");
    for value in [
        "application/vnd.api+json; charset=utf-8",
        "application/vnd.api+json;ext=\"https://unknown.example/e\"",
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
    ] {
        let refused = connection.request("POST", "/v1/sessions", &[("Content-Type", value)], Some(&body));
        assert_eq!(assert_error(&refused, 415)[0]["source"]["header"], "Content-Type", "{value}");
    }
    assert_error(&connection.request("POST", "/v1/sessions", &[], Some(&body)), 415);
    assert_eq!(count(&mut connection, "/v1/sessions"), before);
    for value in [
        MEDIA_TYPE,
        "application/vnd.api+json;profile=\"https://unknown.example/p\"",
        "Application/Vnd.API+JSON",
    ] {
        let created = connection.request("POST", "/v1/sessions", &[("Content-Type", value)], Some(&body));
        assert_eq!(created.status, 201, "A4, A16: {value}: {created:?}");
    }
    let typed = |value| [("Content-Type", value)];
    assert_eq!(connection.get("/v1/sessions/1", &typed(MEDIA_TYPE)).status, 200, "A6");
    assert_eq!(connection.delete("/v1/sessions/2", &typed(MEDIA_TYPE)).status, 204, "A6");
    assert_error(&connection.get("/v1/sessions/1", &typed("application/vnd.api+json; charset=utf-8")), 415);
}

#[test]
fn what_is_not_there_is_404_as_json_api() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for url in [
        "/v1/nothing",
        "/v1/nothing/1/2/3/4/5",
        "/v1/sessions/999999999",
        "/v1/sessions/abc",
        "/v1/sessions/01",
        "/v1/sessions/+1",
        "/v1/sessions/-1",
        "/v1/sessions/1.0",
        "/v1/sessions/%20",
        "/v1/sessions/1%00",
        "/v1/sessions/9223372036854775808",
        "/v1/sessions/1/nothing",
        "/v1/sessions/1/relationships/nothing",
        "/v1/sessions/1/relationships",
        "/v1/sessions/1/track_id",
        "/v1/sessions/999999999/track",
        "/v1/sessions/999999999/speakers",
        "/v1/sessions/999999999/relationships/track",
        "/v1/sessions/999999999/relationships/speakers",
        "/v1/Sessions",
        "/v1/session_types",
    ] {
        assert_error(&connection.get(url, &[]), 404);
        let head = connection.head(url, &[]);
        assert_eq!((head.status, head.body.len()), (404, 0), "C4: {url}");
        assert_eq!(connection.get(url, &[]).header("ETag"), None, "{url}");
    }
    assert_error(&connection.post("/v1/nothing", &[], &json!({})), 404);
    assert_error(&connection.delete("/v1/nothing/1", &[]), 404);
}

#[test]
fn methods_that_a_url_does_not_have_are_405_with_allow() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let collection = ["GET", "HEAD", "OPTIONS", "POST"].as_slice();
    let item = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH"].as_slice();
    let related = ["GET", "HEAD", "OPTIONS"].as_slice();
    for (url, allowed) in [
        ("/v1/sessions", collection),
        ("/v1/session-types", collection),
        ("/v1/sessions/1", item),
        ("/v1/session-types/1", item),
        ("/v1/sessions/1/track", related),
        ("/v1/sessions/1/speakers", related),
    ] {
        for method in ["PUT", "POST", "PATCH", "DELETE", "TRACE"] {
            if allowed.contains(&method) {
                continue;
            }
            let refused = connection.request(method, url, &[], None);
            assert_error(&refused, 405);
            assert_eq!(methods(&refused), allowed, "{method} {url}");
        }
        let options = connection.request("OPTIONS", url, &[], None);
        assert_eq!((options.status, options.body.len()), (204, 0), "{url}");
        assert_eq!(methods(&options), allowed, "OPTIONS {url}");
        assert_eq!(options.header("ETag"), None);
    }
    // Linkage can be read; that it can't be replaced by PUT stays.
    let refused = connection.request("PUT", "/v1/sessions/1/relationships/track", &[], None);
    assert_error(&refused, 405);
    assert!(methods(&refused).contains(&"GET"), "{refused:?}");
}

fn methods(response: &crate::support::Response) -> Vec<&str> {
    let mut methods: Vec<_> = response.header("Allow").expect("Allow").split(',').map(str::trim).collect();
    methods.sort_unstable();
    methods
}

#[test]
fn outside_the_mount_errors_are_rockets_own() {
    let server = Launch::new().start();
    let response = server.connect().request("GET", "/elsewhere", &[("Accept", "text/html")], None);
    assert_eq!(response.status, 404);
    assert_ne!(response.header("Content-Type"), Some(MEDIA_TYPE));
}
