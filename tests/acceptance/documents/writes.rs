//! Request documents: what is taken, what is refused and how it is told (JSON:API §9).

use serde_json::json;

use super::send;
use crate::{
    api::{assert_error, assert_pointer, count, new_document, new_session, read, session_document},
    support::Launch,
};

#[test]
fn b1_i1_bodies_that_are_no_document_of_one_resource_are_400() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let record = new_session(&mut connection, "Whole");
    let before = count(&mut connection, "/v1/sessions");
    let bodies: [(&[u8], &str); 20] = [
        (b"", ""),
        (b"{", ""),
        (b"{\"data\":", ""),
        (b"not json", ""),
        (b"{'data':{}}", ""),
        (b"{} {}", ""),
        (b"{\"data\":{\"type\":\"sessions\",\"attributes\":{\"title\":\"\xff\"}}}", ""),
        (b"{\"data\":{\"type\":\"sessions\",\"attributes\":{\"title\":NaN}}}", ""),
        (b"null", ""),
        (b"[]", ""),
        (b"\"x\"", ""),
        (b"{}", ""),
        (b"{\"errors\":[]}", ""),
        (b"{\"data\":null}", "/data"),
        (b"{\"data\":[]}", "/data"),
        (b"{\"data\":[{\"type\":\"sessions\"}]}", "/data"),
        (b"{\"data\":\"x\"}", "/data"),
        (b"{\"data\":{}}", "/data"),
        (b"{\"data\":{\"type\":1}}", "/data/type"),
        (b"{\"data\":{\"type\":\"sessions\",\"id\":1}}", "/data/id"),
    ];
    for (body, pointer) in bodies {
        for (method, target) in [("POST", "/v1/sessions"), ("PATCH", record.path.as_str())] {
            assert_pointer(&send(&mut connection, method, target, body), 400, pointer);
        }
    }
    for member in ["attributes", "relationships"] {
        for value in [json!(null), json!([]), json!("x")] {
            let mut document = json!({"data": {"type": "sessions", "id": record.id}});
            document["data"][member] = value;
            let refused = connection.patch(&record.path, &[], &document);
            assert_pointer(&refused, 400, &format!("/data/{member}"));
        }
    }
    assert_eq!(count(&mut connection, "/v1/sessions"), before);
    assert_eq!(read(&mut connection, &record.path), record);
}

#[test]
fn deep_and_long_json_does_no_harm() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for depth in [200, 100_000, 400_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = open.repeat(depth / open.len()) + "1" + &close.repeat(depth / open.len());
            let body = format!(r#"{{"data":{{"type":"sessions","attributes":{{"title":{nested}}}}}}}"#);
            let refused = send(&mut connection, "POST", "/v1/sessions", body.as_bytes());
            assert!([400, 422].contains(&refused.status), "{depth}: {}", refused.status);
            assert_error(&refused, refused.status);
        }
    }
    assert_eq!(connection.get("/v1/sessions/1", &[]).status, 200, "the server is well");
}

#[test]
fn a_body_over_the_limit_is_413_and_one_below_is_taken() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let frame = new_document("sessions", json!({"title": ""})).to_string().len();
    let title = |length: usize| new_document("sessions", json!({"title": "x".repeat(length - frame)}));
    let mebibyte = 1024 * 1024;
    let taken = connection.post("/v1/sessions", &[], &title(mebibyte));
    assert_eq!(taken.status, 201);
    let before = count(&mut connection, "/v1/sessions");
    assert_error(&server.connect().post("/v1/sessions", &[], &title(mebibyte + 1)), 413);
    assert_eq!(count(&mut connection, "/v1/sessions"), before);
}

#[test]
fn i3_a_clients_id_is_403() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let before = count(&mut connection, "/v1/sessions");
    for id in ["1", "777", "abc", ""] {
        let document = json!({"data": {"type": "sessions", "id": id, "attributes": {"title": "x"}}});
        assert_pointer(&connection.post("/v1/sessions", &[], &document), 403, "/data/id");
    }
    assert_eq!(count(&mut connection, "/v1/sessions"), before);
}

#[test]
fn i4_a_clients_id_that_exists_is_409_where_they_are_taken() {
    let server = Launch::new().rocket_toml("[default.jsonapi]\nclient_ids = true\n").start();
    let mut connection = server.connect();
    let before = read(&mut connection, "/v1/sessions/1");
    let document =
        |id: &str| json!({"data": {"type": "sessions", "id": id, "attributes": {"title": "Mine"}}});
    let created = connection.post("/v1/sessions", &[], &document("777"));
    assert_eq!((created.status, created.header("Location")), (201, Some("/v1/sessions/777")), "{created:?}");
    assert_pointer(&connection.post("/v1/sessions", &[], &document("1")), 409, "/data/id");
    assert_pointer(&connection.post("/v1/sessions", &[], &document("777")), 409, "/data/id");
    assert_pointer(&connection.post("/v1/sessions", &[], &document("abc")), 422, "/data/id");
    assert_eq!(read(&mut connection, "/v1/sessions/1"), before);
}

#[test]
fn i5_j2_another_type_or_id_is_409() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let record = new_session(&mut connection, "Mine");
    let other_type = new_document("speakers", json!({"name": "x"}));
    assert_pointer(&connection.post("/v1/sessions", &[], &other_type), 409, "/data/type");
    let unheard_of = new_document("unheard-of", json!({}));
    assert_pointer(&connection.post("/v1/sessions", &[], &unheard_of), 409, "/data/type");
    let other_type = json!({"data": {"type": "speakers", "id": record.id}});
    assert_pointer(&connection.patch(&record.path, &[], &other_type), 409, "/data/type");
    for id in ["1", "", "x"] {
        let other_id = session_document(id, json!({"title": "Not mine"}));
        assert_pointer(&connection.patch(&record.path, &[], &other_id), 409, "/data/id");
    }
    let with_zero = session_document(&format!("0{}", record.id), json!({"title": "Not mine"}));
    assert_pointer(&connection.patch(&record.path, &[], &with_zero), 409, "/data/id");
    assert_eq!(read(&mut connection, &record.path), record);
}

#[test]
fn j1_a_patch_needs_its_id() {
    let server = Launch::new().start();
    let document = new_document("sessions", json!({"title": "x"}));
    assert_pointer(&server.connect().patch("/v1/sessions/1", &[], &document), 400, "/data");
}

#[test]
fn l4_a_delete_ignores_its_body() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let record = new_session(&mut connection, "Short-lived");
    let body = json!({"data": {"type": "sessions", "id": "1"}}).to_string();
    let deleted = send(&mut connection, "DELETE", &record.path, body.as_bytes());
    assert_eq!(deleted.status, 204, "{deleted:?}");
    let mut connection = server.connect();
    assert_eq!(connection.get(&record.path, &[]).status, 404);
    assert_eq!(connection.get("/v1/sessions/1", &[]).status, 200);
}

#[test]
fn l2_j8_what_is_missing_is_404() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    assert_error(&connection.delete("/v1/sessions/999999999", &[]), 404);
    let document = session_document("999999999", json!({"title": "x"}));
    assert_error(&connection.patch("/v1/sessions/999999999", &[], &document), 404);
}

#[test]
fn deleting_what_others_refer_to_leaves_no_broken_link() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for path in ["/v1/tracks/1", "/v1/microlocations/1", "/v1/session-types/1", "/v1/speakers/1"] {
        let deleted = connection.delete(path, &[]);
        // Refused as a whole or done as a whole: which one is the resource's own rule.
        assert!([204, 409].contains(&deleted.status), "{path}: {deleted:?}");
        let now = connection.get(path, &[]).status;
        assert_eq!(now, if deleted.status == 204 { 404 } else { 200 }, "{path}");
    }
    crate::api::crawl(&mut connection);
}
