//! Tags belong to the stored state: a new process has the same ones.

use std::collections::BTreeMap;

use serde_json::json;

use crate::{
    api::{assert_precondition_failed, crawl, create, new_document, read, session_document},
    support::{Launch, Response, Server},
};

/// Tag and body of every URL.
fn everything(server: &Server) -> BTreeMap<String, (Option<String>, Vec<u8>)> {
    let entry = |(url, response): (String, Response)| {
        (url, (response.header("ETag").map(str::to_owned), response.body))
    };
    crawl(&mut server.connect()).into_iter().map(entry).collect()
}

/// Changes of every kind, so that not only the first load is compared.
fn change(server: &Server) {
    let mut connection = server.connect();
    let document = session_document("1", json!({"title": "Größer — 大きい 🦀", "favourites": 7}));
    assert_eq!(connection.patch("/v1/sessions/1", &[], &document).status, 200);
    create(
        &mut connection,
        "/v1/microlocations",
        &new_document("microlocations", json!({"name": "Attic", "latitude": 0.1})),
    );
    create(
        &mut connection,
        "/v1/sessions",
        &json!({"data": {
            "type": "sessions",
            "attributes": {"title": "New", "startTime": "2027-06-13T09:00:00.5+02:00"},
            "relationships": {"speakers": {"data": [{"type": "speakers", "id": "3"}, {"type": "speakers", "id": "1"}]}},
        }}),
    );
    assert_eq!(connection.delete("/v1/sessions/2", &[]).status, 204);
}

#[test]
fn after_a_restart_all_tags_are_as_before() {
    let server = Launch::new().start();
    change(&server);
    let before = everything(&server);
    assert!(before.len() > 100 && before.values().filter(|(tag, _)| tag.is_some()).count() > 100);
    let server = server.stop().start();
    assert_eq!(everything(&server), before);
}

#[test]
fn a_client_goes_on_over_a_restart() {
    let server = Launch::new().start();
    let old = read(&mut server.connect(), "/v1/sessions/1");
    change(&server);
    let current = read(&mut server.connect(), "/v1/sessions/1");
    let server = server.stop().start();
    let mut connection = server.connect();
    assert_eq!(connection.get("/v1/sessions/1", &[("If-None-Match", &current.tag)]).status, 304);
    let document = session_document("1", json!({"title": "After the restart"}));
    let refused = connection.patch("/v1/sessions/1", &[("If-Match", &old.tag)], &document);
    assert_precondition_failed(&refused, "If-Match", "/v1/sessions/1", Some(&current.tag));
    assert_eq!(connection.patch("/v1/sessions/1", &[("If-Match", &current.tag)], &document).status, 200);
}

/// What was answered with 2xx is in the file, whatever becomes of the process.
#[cfg(unix)]
#[test]
fn after_kill_9_all_tags_are_as_before() {
    let server = Launch::new().start();
    change(&server);
    let before = everything(&server);
    let last = session_document("1", json!({"title": "The last change"}));
    let changed = server.connect().patch("/v1/sessions/1", &[], &last);
    let killed = std::process::Command::new("kill").args(["-9", &server.pid().to_string()]).status();
    assert!(killed.expect("kill").success());
    let server = server.stop().start();
    assert_eq!(read(&mut server.connect(), "/v1/sessions/1").tag, changed.etag());
    let after = everything(&server);
    let shows_it = |url: &str| {
        url == "/v1/sessions/1"
            || url.starts_with("/v1/sessions?")
            || url.ends_with("/sessions")
            || url.contains("/sessions?")
    };
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    for (url, state) in &after {
        assert!(before[url] == *state || shows_it(url), "{url}");
    }
    assert_ne!(after["/v1/sessions/1"], before["/v1/sessions/1"]);
}

#[test]
fn two_servers_over_the_same_data_give_the_same_tags() {
    let (one, other) = (Launch::new().start(), Launch::new().start());
    change(&one);
    change(&other);
    assert_eq!(everything(&one), everything(&other));
}

#[test]
fn the_data_is_loaded_at_the_first_start_only() {
    let server = Launch::new().start();
    assert_eq!(server.connect().delete("/v1/sessions/1", &[]).status, 204);
    let server = server.stop().start();
    assert_eq!(server.connect().get("/v1/sessions/1", &[]).status, 404);
}
