//! Relationships in documents: to-one, to-many, linkage and related resources (JSON:API §8.1, §9.1, §9.2.2).

use serde_json::{Value, json};

use crate::{
    api::{assert_document, assert_error, assert_pointer, count, create, new_session, pointers, read},
    support::{Connection, Launch},
};

fn identifiers(type_name: &str, ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"type": type_name, "id": id})).collect()
}

fn session(id: Option<&str>, relationships: Value) -> Value {
    let mut document = json!({"data": {"type": "sessions", "attributes": {"title": "Related"}, "relationships": relationships}});
    if let Some(id) = id {
        document["data"]["id"] = id.into();
    }
    document
}

/// The ids of linkage, sorted.
fn linked(connection: &mut Connection, path: &str, name: &str) -> Vec<String> {
    let linkage = connection.get(&format!("{path}/relationships/{name}"), &[]).json();
    let resource = connection.get(path, &[]).json();
    assert_eq!(linkage["data"], resource["data"]["relationships"][name]["data"], "{path} {name}");
    let data = linkage["data"].as_array().cloned().unwrap_or_else(|| vec![linkage["data"].clone()]);
    let mut ids: Vec<_> = data.iter().filter_map(|one| one["id"].as_str()).map(str::to_owned).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn relationships_are_set_by_post_and_replaced_by_patch() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let path = create(
        &mut connection,
        "/v1/sessions",
        &session(
            None,
            json!({
                "track": {"data": {"type": "tracks", "id": "2"}},
                "microlocation": {"data": {"type": "microlocations", "id": "3"}},
                "sessionType": {"data": {"type": "session-types", "id": "1"}},
                "speakers": {"data": identifiers("speakers", &["3", "1", "2"])},
            }),
        ),
    );
    for (name, ids) in [
        ("track", &["2"][..]),
        ("microlocation", &["3"]),
        ("sessionType", &["1"]),
        ("speakers", &["1", "2", "3"]),
    ] {
        assert_eq!(linked(&mut connection, &path, name), ids, "{name}");
    }
    let id = path.rsplit('/').next().expect("an id").to_owned();
    let before = read(&mut connection, &path);
    let changes = session(
        Some(&id),
        json!({
            "track": {"data": null},
            "sessionType": {"data": {"type": "session-types", "id": "2"}},
            "speakers": {"data": identifiers("speakers", &["2", "4"])},
        }),
    );
    let changed = connection.patch(&path, &[("If-Match", &before.tag)], &changes);
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.text().as_bytes(), read(&mut connection, &path).body);
    for (name, ids) in
        [("track", &[][..]), ("microlocation", &["3"]), ("sessionType", &["2"]), ("speakers", &["2", "4"])]
    {
        assert_eq!(linked(&mut connection, &path, name), ids, "J3, J4: {name}");
    }
    assert_eq!(
        connection.patch(&path, &[], &session(Some(&id), json!({"speakers": {"data": []}}))).status,
        200
    );
    assert_eq!(linked(&mut connection, &path, "speakers"), [""; 0]);
}

#[test]
fn a_relationship_is_the_same_from_both_ends() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let path = create(
        &mut connection,
        "/v1/sessions",
        &session(
            None,
            json!({
                "track": {"data": {"type": "tracks", "id": "1"}},
                "speakers": {"data": identifiers("speakers", &["1"])},
            }),
        ),
    );
    for url in ["/v1/tracks/1/sessions?page[size]=100", "/v1/speakers/1/sessions?page[size]=100"] {
        let sessions = connection.get(url, &[]).json();
        let links: Vec<_> =
            sessions["data"].as_array().expect("an array").iter().map(|one| &one["links"]["self"]).collect();
        assert!(links.contains(&&Value::from(path.clone())), "{url}");
    }
}

#[test]
fn c5_c7_empty_relationships_are_null_and_the_empty_array() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let path = new_session(&mut connection, "Alone").path;
    for (name, empty) in [("track", json!(null)), ("microlocation", json!(null)), ("speakers", json!([]))] {
        for url in [format!("{path}/{name}"), format!("{path}/relationships/{name}")] {
            let response = connection.get(&url, &[]);
            assert_eq!(response.status, 200, "{url}");
            assert_eq!(assert_document(&response)["data"], empty, "{url}");
        }
    }
}

#[test]
fn c8_linkage_links_to_itself_and_to_the_related_resources() {
    let server = Launch::new().start();
    let document = server.connect().get("/v1/sessions/1/relationships/speakers", &[]).json();
    assert_eq!(document["links"]["self"], "/v1/sessions/1/relationships/speakers");
    assert_eq!(document["links"]["related"], "/v1/sessions/1/speakers");
}

#[test]
fn i6_related_resources_that_do_not_exist_are_404_with_the_pointer_and_nothing_is_done() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let record = new_session(&mut connection, "Before");
    let before = count(&mut connection, "/v1/sessions");
    for id in ["999999999", "abc", "01", ""] {
        for (relationships, pointer) in [
            (json!({"track": {"data": {"type": "tracks", "id": id}}}), "/data/relationships/track/data/id"),
            (
                json!({"speakers": {"data": [{"type": "speakers", "id": "1"}, {"type": "speakers", "id": id}]}}),
                "/data/relationships/speakers/data/1/id",
            ),
        ] {
            let created = connection.post("/v1/sessions", &[], &session(None, relationships.clone()));
            assert_pointer(&created, 404, pointer);
            let changed = connection.patch(&record.path, &[], &session(Some(&record.id), relationships));
            assert_pointer(&changed, 404, pointer);
        }
    }
    assert_eq!(count(&mut connection, "/v1/sessions"), before, "I12: all or nothing");
    assert_eq!(read(&mut connection, &record.path), record);
}

#[test]
fn k5_linkage_of_another_shape_or_type() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let record = new_session(&mut connection, "Before");
    for (relationships, status, pointer) in [
        (json!({"track": {"data": []}}), 400, "/data/relationships/track/data"),
        (json!({"track": {"data": "1"}}), 400, "/data/relationships/track/data"),
        (json!({"track": {"data": {"id": "1"}}}), 400, "/data/relationships/track/data"),
        (json!({"track": {"data": {"type": "tracks"}}}), 400, "/data/relationships/track/data"),
        (json!({"track": {"data": {"type": "tracks", "id": 1}}}), 400, "/data/relationships/track/data/id"),
        (
            json!({"track": {"data": {"type": "speakers", "id": "1"}}}),
            409,
            "/data/relationships/track/data/type",
        ),
        (json!({"track": {}}), 400, "/data/relationships/track"),
        (json!({"track": null}), 400, "/data/relationships/track"),
        (json!({"speakers": {"data": null}}), 400, "/data/relationships/speakers/data"),
        (
            json!({"speakers": {"data": {"type": "speakers", "id": "1"}}}),
            400,
            "/data/relationships/speakers/data",
        ),
        (json!({"speakers": {"data": [1]}}), 400, "/data/relationships/speakers/data/0"),
        (
            json!({"speakers": {"data": [{"type": "speakers", "id": "1"}, {"type": "tracks", "id": "1"}]}}),
            409,
            "/data/relationships/speakers/data/1/type",
        ),
        (json!({"unheardOf": {"data": null}}), 422, "/data/relationships/unheardOf"),
        (json!({"title": {"data": null}}), 422, "/data/relationships/title"),
    ] {
        let created = connection.post("/v1/sessions", &[], &session(None, relationships.clone()));
        assert_pointer(&created, status, pointer);
        let changed = connection.patch(&record.path, &[], &session(Some(&record.id), relationships));
        assert_pointer(&changed, status, pointer);
    }
    assert_eq!(read(&mut connection, &record.path), record);
}

#[test]
fn n3_mistakes_of_different_kinds_are_400_together() {
    let server = Launch::new().start();
    let document = json!({"data": {
        "type": "sessions",
        "attributes": {"title": 3},
        "relationships": {"track": {"data": {"type": "speakers", "id": "1"}}},
    }});
    let errors = assert_error(&server.connect().post("/v1/sessions", &[], &document), 400);
    assert_eq!(pointers(&errors), ["/data/attributes/title", "/data/relationships/track/data/type"]);
    assert_eq!((&errors[0]["status"], &errors[1]["status"]), (&json!("422"), &json!("409")));
}

#[test]
fn a_resource_that_is_named_twice_is_linked_once() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let twice = json!({"speakers": {"data": identifiers("speakers", &["1", "2", "1"])}});
    let path = create(&mut connection, "/v1/sessions", &session(None, twice.clone()));
    assert_eq!(linked(&mut connection, &path, "speakers"), ["1", "2"]);
    let id = path.rsplit('/').next().expect("an id").to_owned();
    let changed = connection.patch(&path, &[], &session(Some(&id), twice));
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(linked(&mut connection, &path, "speakers"), ["1", "2"]);
}

#[test]
fn the_order_in_which_linkage_is_sent_gives_one_tag() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let path = new_session(&mut connection, "Ordered").path;
    let id = path.rsplit('/').next().expect("an id").to_owned();
    let mut tags = Vec::new();
    for ids in [["1", "2", "3"], ["3", "1", "2"]] {
        let document = session(Some(&id), json!({"speakers": {"data": identifiers("speakers", &ids)}}));
        tags.push(connection.patch(&path, &[], &document).etag().to_owned());
    }
    assert_eq!(tags[0], tags[1], "a to-many relationship is a set");
}
