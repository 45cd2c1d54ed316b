//! N: error documents (JSON:API §11).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    api::{assert_error, assert_pointer, pointers},
    case::{by_cursor, read, send, serve, session},
    support::{Connection, MEDIA_TYPE},
};

/// Every error of a tour of what can go wrong.
fn errors(http: &mut Connection) -> Vec<Value> {
    let mut answers = vec![
        http.get("/v1/nothing", &[]),
        http.get("/v1/sessions/999", &[]),
        http.get("/v1/sessions?foo=1&page[size]=0&sort=x&include=x&fields[x]=y&filter[x]=y", &[]),
        http.request("GET", "/v1/sessions", &[("Accept", "text/html")], None),
        http.request("PUT", "/v1/sessions", &[], None),
        http.request("POST", "/v1/sessions", &[], Some(b"x")),
        http.patch(
            "/v1/sessions/1",
            &[("If-Match", "\"x\"")],
            &json!({"data": {"type": "sessions", "id": "1"}}),
        ),
        http.post("/v1/sessions", &[], &json!({"data": {"type": "tracks"}})),
        by_cursor(http, "/v1/sessions?page[size]=1000"),
    ];
    for body in ["{", "{}", r#"{"data":{"type":"sessions","attributes":{"title":1,"level":2}}}"#] {
        answers.push(send(http, "POST", "/v1/sessions", body));
    }
    let all: Vec<_> = answers
        .iter()
        .flat_map(|answer| answer.json()["errors"].as_array().expect("N1: errors is a list").clone())
        .collect();
    assert!(all.len() > 14, "{all:?}");
    all
}

#[test]
fn n1_errors_is_a_list_of_objects_with_known_members() {
    let (_server, mut http) = serve();
    let known = ["id", "links", "status", "code", "title", "detail", "source", "meta"];
    for error in errors(&mut http) {
        let members = error.as_object().expect("an object");
        assert!(!members.is_empty() && members.keys().all(|name| known.contains(&name.as_str())), "{error}");
    }
}

#[test]
fn n2_status_is_there_and_text() {
    let (_server, mut http) = serve();
    for error in errors(&mut http) {
        let status = error["status"].as_str().unwrap_or_else(|| panic!("text: {error}"));
        assert!(status.len() == 3 && status.starts_with('4'), "{error}");
    }
}

#[test]
fn n3_several_errors_of_one_status_keep_it_and_different_ones_are_400() {
    let (_server, mut http) = serve();
    let wrong = r#"{"data":{"type":"sessions","attributes":{"title":1,"level":2}}}"#;
    assert_eq!(assert_error(&send(&mut http, "POST", "/v1/sessions", wrong), 422).len(), 2);
    let wrong = r#"{"data":{"type":"sessions","attributes":{"title":1},"relationships":{"track":{}}}}"#;
    let errors = assert_error(&send(&mut http, "POST", "/v1/sessions", wrong), 400);
    assert_eq!((&errors[0]["status"], &errors[1]["status"]), (&json!("422"), &json!("400")));
}

#[test]
fn n4_a_code_has_one_title() {
    let (_server, mut http) = serve();
    let mut titles = BTreeMap::new();
    for error in errors(&mut http) {
        let code = error["code"].as_str().expect("a code").to_owned();
        let title = error["title"].as_str().expect("a title").to_owned();
        let known = titles.entry(code).or_insert_with(|| title.clone());
        assert_eq!(*known, title);
    }
    assert!(titles.len() > 10, "{titles:?}");
}

#[test]
fn n5_pointers_point_to_what_is_there() {
    let (_server, mut http) = serve();
    for body in [
        json!({"data": {"type": "sessions"}}),
        json!({"data": {"type": "sessions", "attributes": {}}}),
        json!({"data": {"type": "sessions", "attributes": {"title": 1, "a/b": 1, "c~d": 2}}}),
        json!({"data": {"type": "sessions", "attributes": {"title": "x"}, "relationships": {"track": {}}}}),
        json!({"data": {"attributes": {"title": "x"}}}),
        json!({"meta": {}}),
        json!([]),
    ] {
        let answer = http.post("/v1/sessions", &[], &body);
        let errors = assert_error(&answer, answer.status);
        for pointer in pointers(&errors) {
            assert!(body.pointer(pointer).is_some(), "{pointer} in {body}");
        }
    }
    let linkage = json!({"data": [{"type": "speakers", "id": "1"}, {"type": "speakers", "id": "99"}]});
    let refused = http.patch("/v1/sessions/1/relationships/speakers", &[], &linkage);
    assert_pointer(&refused, 404, "/data/1/id");
    let refused = http.post("/v1/sessions", &[], &json!({"data": {"type": "sessions", "attributes": {}}}));
    assert_pointer(&refused, 422, "/data/attributes");
}

#[test]
fn n6_a_source_is_an_object_of_one_member() {
    let (_server, mut http) = serve();
    let mut kinds = Vec::new();
    for error in errors(&mut http) {
        let Some(source) = error.get("source") else { continue };
        let source = source.as_object().unwrap_or_else(|| panic!("an object: {error}"));
        assert_eq!(source.len(), 1, "{error}");
        kinds.extend(source.keys().cloned());
    }
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds, ["header", "parameter", "pointer"]);
}

#[test]
fn n7_a_header_is_named_by_its_field_name() {
    let (_server, mut http) = serve();
    let body = json!({"data": {"type": "sessions", "id": "1"}});
    let cases = [
        ("Accept", http.request("GET", "/v1/sessions", &[("Accept", "text/html")], None)),
        ("Content-Type", http.request("POST", "/v1/sessions", &[("Content-Type", "text/plain")], Some(b"x"))),
        ("If-Match", http.patch("/v1/sessions/1", &[("If-Match", "\"x\"")], &body)),
        ("If-None-Match", http.patch("/v1/sessions/1", &[("If-None-Match", "*")], &body)),
    ];
    for (header, answer) in cases {
        let errors = assert_error(&answer, answer.status);
        assert_eq!(errors[0]["source"], json!({"header": header}), "{answer:?}");
    }
}

#[test]
fn n8_the_type_of_an_error_is_one_link() {
    let (_server, mut http) = serve();
    let refused = by_cursor(&mut http, "/v1/sessions?page[size]=1000");
    assert_eq!(refused.header("Content-Type"), Some(MEDIA_TYPE), "a profile applies to no error");
    let link = assert_error(&refused, 400)[0]["links"]["type"].clone();
    assert!(link.as_str().is_some_and(|link| link.starts_with("https://jsonapi.org/profiles/")), "{link}");
    // A link that can be followed here: what failed its precondition.
    let mut document = session("x");
    document["data"]["id"] = json!("1");
    let failed = http.patch("/v1/sessions/1", &[("If-Match", "\"x\"")], &document);
    let about = assert_error(&failed, 412)[0]["links"]["about"].clone();
    read(&mut http, about.as_str().expect("one link"));
}

/// A body may have a mistake every two bytes, and each error takes a hundred.
#[test]
fn no_more_than_a_hundred_errors_are_told() {
    let (_server, mut http) = serve();
    let many = vec![json!(0); 5_000];
    let attributes: serde_json::Map<_, _> =
        (0..5_000).map(|number| (format!("no{number}"), json!(1))).collect();
    let speakers = json!({"speakers": {"data": many.clone()}});
    let of_session =
        |name: &str, value: &Value| json!({"data": {"type": "sessions", "id": "1", name: value}});
    let before = read(&mut http, "/v1/sessions/1");
    for (url, document, last) in [
        ("/v1/sessions/1/relationships/speakers", json!({"data": many}), "/data/99"),
        ("/v1/sessions/1", of_session("relationships", &speakers), "/data/relationships/speakers/data/99"),
        ("/v1/sessions/1", of_session("attributes", &json!(attributes)), ""),
    ] {
        let etag = http.get(url, &[]).etag().to_owned();
        let headers = [("If-Match", &*etag), ("Content-Type", MEDIA_TYPE)];
        let answer = http.request("PATCH", url, &headers, Some(document.to_string().as_bytes()));
        let errors = answer.json()["errors"].as_array().expect("errors").clone();
        let pointers = pointers(&errors);
        assert_eq!((answer.status / 100, pointers.len()), (4, 100), "{url}");
        assert!(pointers[99].ends_with(last), "{url}: {}", pointers[99]);
    }
    assert_eq!(read(&mut http, "/v1/sessions/1"), before);
}
