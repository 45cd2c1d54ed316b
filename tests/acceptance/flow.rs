//! The two promises as a client meets them: read, revalidate, change, be refused, go on.

use serde_json::json;

use crate::{
    api::{
        OTHER, assert_document, assert_precondition_failed, count, fields, new_document, new_session, read,
        session_document,
    },
    support::Launch,
};

#[test]
fn second_get_with_the_tag_is_304_without_body() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let first = connection.get("/v1/sessions/1", &[]);
    assert_eq!(first.status, 200);
    let second = connection.get("/v1/sessions/1", &[("If-None-Match", first.etag())]);
    assert_eq!((second.status, second.body.len()), (304, 0), "{second:?}");
    assert_eq!(second.etag(), first.etag());
}

#[test]
fn a_generated_tag_is_strong_and_the_sha1_of_the_body_in_lower_case_hex() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for url in
        ["/v1/sessions/1", "/v1/sessions", "/v1/sessions/1/speakers", "/v1/sessions/1/relationships/track"]
    {
        let response = connection.get(url, &[]);
        let tag = response.etag();
        let opaque = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).expect("strong, in quotes");
        assert_eq!(opaque.len(), 40, "{url}: {tag}");
        assert!(opaque.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{url}: {tag}");
        // sha1sum is what a person at a terminal would ask.
        if let Some(digest) = sha1sum(&response.body) {
            assert_eq!(opaque, digest, "{url}");
        }
    }
}

fn sha1sum(body: &[u8]) -> Option<String> {
    use std::{io::Write, process::*};
    let child = Command::new("sha1sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        crate::support::skip("there is no sha1sum to compare with");
        return None;
    };
    child.stdin.take()?.write_all(body).expect("write to sha1sum");
    let output = child.wait_with_output().expect("sha1sum");
    String::from_utf8(output.stdout).ok()?.split(' ').next().map(str::to_owned)
}

#[test]
fn patch_with_the_tag_is_200_and_answers_what_the_next_get_does() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let before = read(&mut connection, "/v1/sessions/1");
    let document = session_document("1", json!({"title": "A better title"}));
    let changed = connection.patch("/v1/sessions/1", &[("If-Match", &before.tag)], &document);
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(assert_document(&changed)["data"]["attributes"]["title"], "A better title");
    assert_ne!(changed.etag(), before.tag);
    let after = connection.get("/v1/sessions/1", &[]);
    assert_eq!(after.etag(), changed.etag());
    assert_eq!(after.text(), changed.text());
    // The client goes on without another read.
    let document = session_document("1", json!({"title": "The best title"}));
    let again = connection.patch("/v1/sessions/1", &[("If-Match", changed.etag())], &document);
    assert_eq!(again.status, 200, "{again:?}");
}

#[test]
fn patch_with_the_old_tag_is_412_and_nothing_has_changed() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let old = read(&mut connection, "/v1/sessions/1");
    let mine = session_document("1", json!({"title": "Mine"}));
    assert_eq!(connection.patch("/v1/sessions/1", &[("If-Match", &old.tag)], &mine).status, 200);
    let current = read(&mut connection, "/v1/sessions/1");
    let theirs = session_document("1", json!({"title": "Theirs"}));
    let refused = connection.patch("/v1/sessions/1", &[("If-Match", &old.tag)], &theirs);
    assert_precondition_failed(&refused, "If-Match", "/v1/sessions/1", Some(&current.tag));
    assert_eq!(read(&mut connection, "/v1/sessions/1"), current);
    // What the 412 says is enough to go on with.
    let merged = session_document("1", json!({"title": "Mine and theirs"}));
    assert_eq!(connection.patch("/v1/sessions/1", &[("If-Match", refused.etag())], &merged).status, 200);
}

#[test]
fn patch_that_was_already_applied_is_412_all_the_same() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let old = read(&mut connection, "/v1/sessions/1");
    let document = session_document("1", json!({"title": "Applied"}));
    assert_eq!(connection.patch("/v1/sessions/1", &[("If-Match", &old.tag)], &document).status, 200);
    assert_eq!(connection.patch("/v1/sessions/1", &[("If-Match", &old.tag)], &document).status, 412);
}

#[test]
fn delete_with_a_stale_tag_is_412_and_the_record_is_still_there() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let old = new_session(&mut connection, "Draft");
    let document = session_document(&old.id, json!({"title": "Edited"}));
    assert_eq!(connection.patch(&old.path, &[], &document).status, 200);
    let current = read(&mut connection, &old.path);
    let refused = connection.delete(&old.path, &[("If-Match", &old.tag)]);
    assert_precondition_failed(&refused, "If-Match", &old.path, Some(&current.tag));
    assert_eq!(read(&mut connection, &old.path), current);
}

#[test]
fn delete_with_the_right_tag_is_204_and_then_404() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let record = new_session(&mut connection, "Draft");
    let deleted = connection.delete(&record.path, &[("If-Match", &record.tag)]);
    assert_eq!((deleted.status, deleted.body.len()), (204, 0), "{deleted:?}");
    assert_eq!(deleted.header("ETag"), None, "Q8: {deleted:?}");
    assert_eq!(deleted.header("Content-Length"), None, "RFC 9110 §8.6: {deleted:?}");
    assert_eq!(connection.get(&record.path, &[]).status, 404);
    // A DELETE whose answer was lost and that is repeated.
    assert_eq!(connection.delete(&record.path, &[("If-Match", &record.tag)]).status, 404);
}

#[test]
fn an_id_is_not_used_again_so_an_old_tag_never_meets_a_new_record() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let first = new_session(&mut connection, "Draft");
    assert_eq!(connection.delete(&first.path, &[]).status, 204);
    let second = new_session(&mut connection, "Draft");
    assert_ne!(second.id, first.id);
    assert_eq!(connection.delete(&first.path, &[("If-Match", &first.tag)]).status, 404);
}

#[test]
fn post_with_if_none_match_asterisk_is_412_and_there_is_no_row() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let before = count(&mut connection, "/v1/sessions");
    let collection = connection.get("/v1/sessions", &[]);
    let document = new_document("sessions", json!({"title": "Never"}));
    let refused = connection.post("/v1/sessions", &[("If-None-Match", "*")], &document);
    assert_precondition_failed(&refused, "If-None-Match", "/v1/sessions", Some(collection.etag()));
    assert_eq!(refused.header("Location"), None);
    assert_eq!(count(&mut connection, "/v1/sessions"), before);
}

#[test]
fn post_is_201_with_location_and_the_tag_of_the_next_get() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let before = count(&mut connection, "/v1/sessions");
    let created = connection.post("/v1/sessions", &[], &new_document("sessions", json!({"title": "New"})));
    assert_eq!(created.status, 201, "{created:?}");
    let document = assert_document(&created);
    let location = created.header("Location").expect("I8: Location");
    assert_eq!(document["data"]["links"]["self"], location, "I8");
    let next = connection.get(location, &[]);
    assert_eq!(created.etag(), next.etag());
    assert_eq!(created.text(), next.text());
    assert_eq!(count(&mut connection, "/v1/sessions"), before + 1);
    let changed = session_document(document["data"]["id"].as_str().expect("an id"), json!({"level": "all"}));
    assert_eq!(connection.patch(location, &[("If-Match", created.etag())], &changed).status, 200);
}

#[test]
fn a_write_without_conditions_goes_through() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let record = new_session(&mut connection, "Draft");
    let document = session_document(&record.id, json!({"title": "Edited"}));
    let changed = connection.patch(&record.path, &[], &document);
    assert_eq!(changed.status, 200);
    assert_eq!(changed.etag(), read(&mut connection, &record.path).tag);
    assert_eq!(connection.delete(&record.path, &[]).status, 204);
}

#[test]
fn tags_of_a_list_and_of_a_related_url_are_not_the_resources() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let session = connection.get("/v1/sessions/1", &[]).json();
    let track = session["data"]["relationships"]["track"]["data"]["id"].as_str().expect("a track").to_owned();
    let path = format!("/v1/tracks/{track}");
    let record = read(&mut connection, &path);
    let document = json!({"data": {"type": "tracks", "id": track, "attributes": {"name": "Renamed"}}});
    for url in ["/v1/sessions/1/track", "/v1/tracks", "/v1/sessions/1", "/v1/sessions/1/relationships/track"]
    {
        let elsewhere = connection.get(url, &[]).etag().to_owned();
        assert_ne!(elsewhere, record.tag, "{url}");
        let refused = connection.patch(&path, &[("If-Match", &elsewhere)], &document);
        assert_precondition_failed(&refused, "If-Match", &path, Some(&record.tag));
        assert_eq!(read(&mut connection, &path), record, "{url}");
        assert_eq!(connection.get(url, &[("If-None-Match", &record.tag)]).status, 200, "{url}");
    }
}

/// Read with parameters, the tag is `"S-D"`; a write compares S.
#[test]
fn a_client_may_read_with_parameters_and_write_back() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for query in ["include=speakers", "fields[sessions]=title", "include=track&fields[tracks]=name"] {
        let url = format!("/v1/sessions/1?{query}");
        let plain = read(&mut connection, "/v1/sessions/1");
        let view = connection.get(&url, &[]);
        assert_eq!(view.status, 200, "{view:?}");
        let state = plain.tag.trim_end_matches('"');
        assert!(view.etag().starts_with(&format!("{state}-")), "{} {}", plain.tag, view.etag());
        assert_eq!(connection.get(&url, &[("If-None-Match", view.etag())]).status, 304);
        // Another representation, so another tag, for reads.
        assert_eq!(connection.get(&url, &[("If-None-Match", &plain.tag)]).status, 200);
        assert_eq!(connection.get("/v1/sessions/1", &[("If-None-Match", view.etag())]).status, 200);
        let document = session_document("1", json!({"title": format!("Seen with {query}")}));
        let changed = connection.patch("/v1/sessions/1", &[("If-Match", view.etag())], &document);
        assert_eq!(changed.status, 200, "{query}: {changed:?}");
        let again = connection.patch("/v1/sessions/1", &[("If-Match", view.etag())], &document);
        assert_precondition_failed(&again, "If-Match", "/v1/sessions/1", Some(changed.etag()));
        assert_eq!(connection.get(&url, &[("If-None-Match", view.etag())]).status, 200, "{query}");
    }
}

#[test]
fn a_change_gives_new_tags_to_every_representation_that_shows_it_and_to_no_other() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let session = connection.get("/v1/sessions/1", &[]).json();
    let id =
        |name: &str| session["data"]["relationships"][name]["data"]["id"].as_str().expect("one").to_owned();
    let shows = [
        "/v1/sessions/1".to_owned(),
        "/v1/sessions".to_owned(),
        format!("/v1/tracks/{}/sessions", id("track")),
    ];
    let hides = [
        "/v1/sessions/2".to_owned(),
        "/v1/speakers".to_owned(),
        "/v1/sessions/1/track".to_owned(),
        "/v1/sessions/1/relationships/speakers".to_owned(),
        format!("/v1/tracks/{}", id("track")),
    ];
    let tags = |urls: &[String]| -> Vec<String> {
        let mut connection = server.connect();
        urls.iter().map(|url| connection.get(url, &[]).etag().to_owned()).collect()
    };
    let (shown, hidden) = (tags(&shows), tags(&hides));
    let document = session_document("1", json!({"title": "Changed"}));
    assert_eq!(connection.patch("/v1/sessions/1", &[], &document).status, 200);
    for ((url, before), after) in shows.iter().zip(&shown).zip(tags(&shows)) {
        assert_ne!(*before, after, "{url}");
    }
    assert_eq!(hidden, tags(&hides));
}

#[test]
fn the_same_state_has_the_same_tag_again() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let first = read(&mut connection, "/v1/sessions/1");
    let title = connection.get("/v1/sessions/1", &[]).json()["data"]["attributes"]["title"].clone();
    for title in [json!("Something else"), title] {
        assert_eq!(
            connection.patch("/v1/sessions/1", &[], &session_document("1", json!({"title": title}))).status,
            200
        );
    }
    assert_eq!(read(&mut connection, "/v1/sessions/1"), first);
}

#[test]
fn a_change_of_nothing_keeps_the_tag() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let first = read(&mut connection, "/v1/sessions/1");
    for document in [
        session_document("1", json!({})),
        json!({"data": {"type": "sessions", "id": "1", "relationships": {}}}),
    ] {
        let response = connection.patch("/v1/sessions/1", &[("If-Match", &first.tag)], &document);
        assert_eq!((response.status, response.etag()), (200, first.tag.as_str()), "J13: {response:?}");
    }
}

#[test]
fn what_is_sent_back_as_it_was_read_changes_nothing() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let first = read(&mut connection, "/v1/sessions/1");
    let whole = connection.get("/v1/sessions/1", &[]).json();
    let sent_back = session_document("1", whole["data"]["attributes"].clone());
    for query in [
        "",
        "?fields[sessions]=title",
        "?fields[sessions]=speakers",
        "?include=speakers",
        "?include=track&fields[tracks]=name",
        "?fields[speakers]=name",
    ] {
        let url = format!("/v1/sessions/1{query}");
        let shown = connection.get(&url, &[]);
        assert_eq!(shown.status, 200, "{shown:?}");
        for fields in [&[][..], &[("If-Match", first.tag.as_str())]] {
            let response = connection.patch(&url, fields, &sent_back);
            assert_eq!((response.status, response.text()), (200, shown.text()), "{url}");
            assert_eq!(response.header("ETag"), shown.header("ETag"), "{url}");
        }
        assert_eq!(connection.patch(&url, &[("If-Match", OTHER)], &sent_back).status, 412, "{url}");
        let unchanged = connection.get(&url, &[("If-None-Match", shown.etag())]);
        assert_eq!(unchanged.status, 304, "{url}");
    }
    assert_eq!(read(&mut connection, "/v1/sessions/1"), first);
    // One value that differs is a change.
    let mut attributes = whole["data"]["attributes"].clone();
    attributes["title"] = json!("Another title");
    let changed = connection.patch("/v1/sessions/1", &[], &session_document("1", attributes));
    assert_eq!(
        (changed.status, &changed.json()["data"]["attributes"]["title"]),
        (200, &json!("Another title"))
    );
    assert_ne!(changed.etag(), first.tag);
}

#[test]
fn the_body_does_not_depend_on_the_host() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let first = connection.get("/v1/sessions/1", &[]);
    for host in ["api.example.com", "localhost:1"] {
        let request =
            format!("GET /v1/sessions/1 HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: {host}\r\n\r\n");
        let other = connection.exchange(request.as_bytes());
        assert_eq!((other.status, other.text()), (200, first.text()), "{host}");
        assert_eq!(other.etag(), first.etag(), "{host}");
    }
}

#[test]
fn head_has_the_tag_and_the_fields_of_get_and_no_body() {
    let server = Launch::new().start();
    for url in [
        "/v1/sessions/1",
        "/v1/sessions?page[size]=3",
        "/v1/sessions/1/speakers",
        "/v1/session-types",
        "/v1/nothing",
    ] {
        let mut connection = server.connect();
        let get = connection.get(url, &[]);
        let head = connection.head(url, &[("Connection", "close")]);
        assert_eq!(head.status, get.status, "{url}");
        let without_connection = |response| {
            fields(response).into_iter().filter(|(name, _)| name != "connection").collect::<Vec<_>>()
        };
        assert_eq!(without_connection(&head), without_connection(&get), "{url}");
        assert_eq!(connection.rest(), b"", "{url}: a HEAD has no body");
    }
}

#[test]
fn tagged_reads_say_how_caches_may_use_them() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let first = connection.get("/v1/sessions/1", &[]);
    assert_eq!(first.header("Cache-Control"), Some("private, no-cache"), "{first:?}");
    let stale = connection.get("/v1/sessions/1", &[("If-None-Match", OTHER)]);
    assert_eq!((stale.status, stale.etag()), (200, first.etag()));
}
