//! R: the catalogue of errors: what is refused, with which status, code and source.

use serde_json::{Value, json};

use crate::{
    api::assert_error,
    case::{send, send_json, serve, serve_with, session},
    support::Launch,
};

#[test]
fn r_every_refusal_has_its_status_code_and_source() {
    let (_server, mut http) = serve();
    for (url, status, code, source) in [
        ("/v1/sessions?foo=1", 400, "unknown_parameter", json!({"parameter": "foo"})),
        ("/v1/sessions?filter[_]=1", 400, "invalid_parameter_name", json!({"parameter": "filter[_]"})),
        ("/v1/sessions?include=x", 400, "invalid_include", json!({"parameter": "include"})),
        ("/v1/sessions?fields[x]=y", 400, "invalid_fields", json!({"parameter": "fields[x]"})),
        ("/v1/sessions?sort=x", 400, "invalid_sort", json!({"parameter": "sort"})),
        ("/v1/sessions?filter[x]=1", 400, "invalid_filter", json!({"parameter": "filter[x]"})),
        ("/v1/sessions?page[size]=x", 400, "invalid_page", json!({"parameter": "page[size]"})),
        ("/v1/sessions?page[size]=101", 400, "page_too_large", json!({"parameter": "page[size]"})),
        ("/v1/sessions/999", 404, "resource_not_found", json!(null)),
    ] {
        let errors = assert_error(&http.get(url, &[]), status);
        assert_eq!((&errors[0]["code"], &errors[0]["source"]), (&json!(code), &source), "{url}");
    }
    let nodes = vec![r#"{"name":"level","op":"is_null"}"#; 60].join(",").replace('"', "%22");
    let errors = assert_error(&http.get(&format!("/v1/sessions?filter=[{nodes}]"), &[]), 400);
    assert_eq!(errors[0]["code"], "limit_exceeded");

    let big =
        format!(r#"{{"data":{{"type":"sessions","attributes":{{"title":"{}"}}}}}}"#, "x".repeat(1 << 20));
    let title = |text: &str| json!({"data": {"type": "sessions", "id": "1", "attributes": {"title": text}}});
    for (method, url, body, status, code, source) in [
        ("POST", "/v1/sessions", "{", 400, "malformed_json", json!({"pointer": ""})),
        ("POST", "/v1/sessions", "[]", 400, "invalid_document", json!({"pointer": ""})),
        ("POST", "/v1/sessions", r#"{"data":{}}"#, 400, "missing_type", json!({"pointer": "/data"})),
        (
            "PATCH",
            "/v1/sessions/1",
            r#"{"data":{"type":"sessions"}}"#,
            400,
            "missing_id",
            json!({"pointer": "/data"}),
        ),
        (
            "PATCH",
            "/v1/sessions/1/relationships/track",
            r#"{"data":[]}"#,
            400,
            "invalid_linkage",
            json!({"pointer": "/data"}),
        ),
        (
            "POST",
            "/v1/sessions",
            r#"{"data":{"type":"sessions","id":"7","attributes":{"title":"x"}}}"#,
            403,
            "client_id_not_allowed",
            json!({"pointer": "/data/id"}),
        ),
        (
            "PATCH",
            "/v1/tracks/1",
            r#"{"data":{"type":"tracks","id":"1","relationships":{"sessions":{"data":[]}}}}"#,
            403,
            "full_replacement_not_allowed",
            json!({"pointer": "/data/relationships/sessions"}),
        ),
        (
            "PATCH",
            "/v1/sessions/1/relationships/track",
            r#"{"data":{"type":"tracks","id":"99"}}"#,
            404,
            "related_not_found",
            json!({"pointer": "/data/id"}),
        ),
        ("PUT", "/v1/sessions/1", "{}", 405, "method_not_allowed", json!(null)),
        (
            "POST",
            "/v1/sessions",
            r#"{"data":{"type":"tracks"}}"#,
            409,
            "type_mismatch",
            json!({"pointer": "/data/type"}),
        ),
        (
            "PATCH",
            "/v1/sessions/1",
            r#"{"data":{"type":"sessions","id":"2"}}"#,
            409,
            "id_mismatch",
            json!({"pointer": "/data/id"}),
        ),
        (
            "POST",
            "/v1/sessions",
            r#"{"data":{"type":"sessions","attributes":{"title":1}}}"#,
            422,
            "validation_failed",
            json!({"pointer": "/data/attributes/title"}),
        ),
    ] {
        let errors = assert_error(&send(&mut http, method, url, body), status);
        assert_eq!(
            (&errors[0]["code"], &errors[0]["source"]),
            (&json!(code), &source),
            "{method} {url} {body}"
        );
    }
    let accept = http.request("GET", "/v1/sessions", &[("Accept", "text/html")], None);
    let typed = http.request("POST", "/v1/sessions", &[("Content-Type", "text/plain")], Some(b"x"));
    let failed = http.patch("/v1/sessions/1", &[("If-Match", "\"x\"")], &title("x"));
    let current = http.get("/v1/sessions/1", &[]);
    assert_eq!(failed.header("ETag"), current.header("ETag"), "412 carries the current tag");
    for (answer, status, code, header) in [
        (accept, 406, "not_acceptable", "Accept"),
        (typed, 415, "unsupported_media_type", "Content-Type"),
        (failed, 412, "precondition_failed", "If-Match"),
    ] {
        let errors = assert_error(&answer, status);
        assert_eq!((&errors[0]["code"], &errors[0]["source"]["header"]), (&json!(code), &json!(header)));
    }

    let (server, mut http) = serve_with("client_ids = true");
    let mut document = session("x");
    document["data"]["id"] = json!("1");
    let errors = assert_error(&http.post("/v1/sessions", &[], &document), 409);
    assert_eq!(
        (&errors[0]["code"], &errors[0]["source"]),
        (&json!("id_exists"), &json!({"pointer": "/data/id"}))
    );
    // The rest of a body that is too long is not read, so the connection ends with this answer.
    let errors = assert_error(&send(&mut server.connect(), "POST", "/v1/sessions", &big), 413);
    assert_eq!(errors[0]["code"], "body_too_large");

    let toml = "[default.etag]\nenabled = true\nrequire_if_match = true\n";
    let server = Launch::new().rocket_toml(toml).start();
    let refused = send_json(&mut server.connect(), "PATCH", "/v1/sessions/1", &title("x"));
    let errors = assert_error(&refused, 428);
    assert_eq!(
        (&errors[0]["code"], &errors[0]["source"]["header"]),
        (&json!("precondition_required"), &json!("If-Match"))
    );

    // What the example has none of: who writes a row must see it.
    let (refused, left) = crate::launch::writes_out_of_a_scope();
    for (status, body) in refused {
        let document: Value = serde_json::from_str(body.as_deref().unwrap_or_default()).expect("a document");
        assert_eq!((status.code, &document["errors"][0]["status"]), (403, &json!("403")));
        let error = &document["errors"][0];
        assert_eq!((&error["code"], &error["source"]), (&json!("outside_scope"), &json!(null)));
    }
    let left: Value = serde_json::from_str(left.as_deref().unwrap_or_default()).expect("a document");
    assert_eq!(left["data"].as_array().map(Vec::len), Some(1), "{left}");
    assert_eq!(left["data"][0]["attributes"], json!({"owner": "ann"}));
}
