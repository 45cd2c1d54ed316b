//! PATCH, POST and DELETE of linkage: its preconditions are about the linkage's own representation.

use serde_json::{Value, json};

use super::run_named;
use crate::{
    api::{OTHER, assert_error, assert_pointer, assert_precondition_failed, create, read},
    support::{Connection, Launch, MEDIA_TYPE, Response},
};

/// A session with two speakers and a track; the URLs of the two linkages.
fn session(connection: &mut Connection) -> (String, String, String) {
    let document = json!({"data": {
        "type": "sessions",
        "attributes": {"title": "Linked"},
        "relationships": {
            "track": {"data": {"type": "tracks", "id": "1"}},
            "speakers": {"data": [{"type": "speakers", "id": "1"}, {"type": "speakers", "id": "2"}]},
        },
    }});
    let path = create(connection, "/v1/sessions", &document);
    let linkage = |name: &str| format!("{path}/relationships/{name}");
    (path.clone(), linkage("track"), linkage("speakers"))
}

fn send(
    connection: &mut Connection,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    data: &Value,
) -> Response {
    let headers = [&[("Accept", MEDIA_TYPE), ("Content-Type", MEDIA_TYPE)], headers].concat();
    connection.request(method, url, &headers, Some(json!({"data": data}).to_string().as_bytes()))
}

fn speakers(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"type": "speakers", "id": id})).collect()
}

fn ids(connection: &mut Connection, url: &str) -> Vec<String> {
    let data = connection.get(url, &[]).json()["data"].clone();
    let mut ids: Vec<_> = data
        .as_array()
        .expect("to-many")
        .iter()
        .filter_map(|one| one["id"].as_str())
        .map(str::to_owned)
        .collect();
    ids.sort();
    ids
}

/// The writes of linkage: method, which linkage, data, and the speakers that there are afterwards.
fn writes() -> [(&'static str, bool, Value, &'static [&'static str]); 4] {
    [
        ("PATCH", true, speakers(&["3"]), &["3"]),
        ("POST", true, speakers(&["2", "3"]), &["1", "2", "3"]),
        ("DELETE", true, speakers(&["1", "4"]), &["2"]),
        ("PATCH", false, json!({"type": "tracks", "id": "2"}), &["1", "2"]),
    ]
}

#[test]
fn rel_writes_decide_on_the_linkages_own_tag() {
    let server = Launch::new().start();
    let mut rows = Vec::new();
    for (place, _) in writes().iter().enumerate() {
        for (id, header, value, refused) in [
            ("no field", "X-None", "", None),
            ("IM T", "If-Match", "{T}", None),
            ("IM *", "If-Match", "*", None),
            ("IM list", "If-Match", "\"a\", {T}", None),
            ("IM other", "If-Match", OTHER, Some("If-Match")),
            ("IM W/T", "If-Match", "W/{T}", Some("If-Match")),
            ("IM malformed", "If-Match", "x", Some("If-Match")),
            ("IM empty", "If-Match", "", Some("If-Match")),
            ("IM the session's tag", "If-Match", "{owner}", Some("If-Match")),
            ("INM *", "If-None-Match", "*", Some("If-None-Match")),
            ("INM T", "If-None-Match", "{T}", Some("If-None-Match")),
            ("INM other", "If-None-Match", OTHER, None),
        ] {
            rows.push((format!("{place} {id}"), (place, header, value, refused)));
        }
    }
    run_named(rows, |(place, header, value, refused)| {
        let (method, many, data, after) = &writes()[place];
        let mut connection = server.connect();
        let (path, track, to_many) = session(&mut connection);
        let url = if *many { &to_many } else { &track };
        let before = connection.get(url, &[]);
        let owner = read(&mut connection, &path);
        let value = value.replace("{T}", before.etag()).replace("{owner}", &owner.tag);
        let response = send(&mut connection, method, url, &[(header, &value)], data);
        match refused {
            Some(field) => {
                assert_precondition_failed(&response, field, url, Some(before.etag()));
                assert_eq!(read(&mut connection, &path), owner);
                assert_eq!(connection.get(url, &[]).text(), before.text());
            }
            None => {
                assert_eq!(response.status, 200, "{response:?}");
                let next = connection.get(url, &[]);
                assert_eq!((response.etag(), response.text()), (next.etag(), next.text()));
                assert_ne!(next.etag(), before.etag());
                assert_ne!(read(&mut connection, &path).tag, owner.tag, "the owner shows its linkage");
                assert_eq!(ids(&mut connection, &to_many), *after);
            }
        }
    });
}

#[test]
fn rel_writes_say_412_before_they_judge_the_body_and_404_before_412() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let (_, track, to_many) = session(&mut connection);
    let stale = [("If-Match", OTHER)];
    for (method, url, data, status, pointer) in [
        ("PATCH", &to_many, json!(null), 400, "/data"),
        ("POST", &to_many, json!({"type": "speakers", "id": "1"}), 400, "/data"),
        ("POST", &to_many, speakers(&["1", "999999999"]), 404, "/data/1/id"),
        ("PATCH", &to_many, json!([{"type": "tracks", "id": "1"}]), 409, "/data/0/type"),
        ("PATCH", &track, json!([]), 400, "/data"),
        ("PATCH", &track, json!({"type": "tracks", "id": "999999999"}), 404, "/data/id"),
    ] {
        let before = connection.get(url, &[]).body;
        assert_precondition_failed(
            &send(&mut connection, method, url, &stale, &data),
            "If-Match",
            url,
            Some(connection.get(url, &[]).etag()),
        );
        assert_pointer(&send(&mut connection, method, url, &[], &data), status, pointer);
        assert_eq!(connection.get(url, &[]).body, before, "{method} {url} {data}");
    }
    let missing = "/v1/sessions/999999999/relationships/speakers";
    for method in ["PATCH", "POST", "DELETE"] {
        assert_error(&send(&mut connection, method, missing, &stale, &speakers(&["1"])), 404);
    }
    for method in ["POST", "DELETE"] {
        assert_error(&send(&mut connection, method, &track, &stale, &json!(null)), 405);
    }
}

#[test]
fn k3_k4_adding_what_is_there_and_removing_what_is_not_changes_nothing() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let (_, _, to_many) = session(&mut connection);
    let tag = connection.get(&to_many, &[]).etag().to_owned();
    for (method, data) in [
        ("POST", speakers(&["1", "2", "1"])),
        ("POST", speakers(&[])),
        ("DELETE", speakers(&["3"])),
        ("DELETE", speakers(&[])),
        ("PATCH", speakers(&["2", "1", "2"])),
    ] {
        let response = send(&mut connection, method, &to_many, &[("If-Match", &tag)], &data);
        assert_eq!((response.status, response.etag()), (200, tag.as_str()), "{method} {data}: {response:?}");
        assert_eq!(ids(&mut connection, &to_many), ["1", "2"], "{method} {data}");
    }
}

#[test]
fn the_last_member_and_the_to_one_can_be_taken_away() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let (_, track, to_many) = session(&mut connection);
    assert_eq!(send(&mut connection, "PATCH", &track, &[], &json!(null)).status, 200);
    assert_eq!(connection.get(&track, &[]).json()["data"], json!(null));
    assert_eq!(send(&mut connection, "DELETE", &to_many, &[], &speakers(&["1", "2"])).status, 200);
    assert_eq!(connection.get(&to_many, &[]).json()["data"], json!([]));
}
