//! B: what documents are made of (JSON:API §7).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    api::{COLLECTIONS, assert_error, assert_pointer, crawl},
    case::{CURSORS, by_cursor, identifiers, names, objects, read, send, serve, session},
    support::Connection,
};

/// Every resource object of a crawl over all links, and of documents with `include`.
fn resources(http: &mut Connection) -> Vec<Value> {
    let mut documents: Vec<Value> = crawl(http).values().map(|response| response.json()).collect();
    documents
        .push(read(http, "/v1/sessions?include=track,speakers,microlocation,sessionType&page[size]=100"));
    documents.push(read(http, "/v1/tracks?include=sessions.speakers"));
    let mut all = Vec::new();
    for document in documents {
        for member in ["data", "included"] {
            match &document[member] {
                Value::Array(many) => all.extend(many.iter().cloned()),
                Value::Null => {}
                one => all.push(one.clone()),
            }
        }
    }
    all.retain(|one| one.get("links").is_some());
    assert!(all.len() > 100, "{}", all.len());
    all
}

/// Every relationship object of [`resources`].
fn relationships(http: &mut Connection) -> Vec<Value> {
    let all = resources(http);
    all.iter().flat_map(|one| one["relationships"].as_object().expect("B11").values().cloned()).collect()
}

/// The rule for names (JSON:API §5.7), in words of its own.
fn is_member_name(name: &str) -> bool {
    let inside = |character: char| {
        character.is_ascii_alphanumeric() || character >= '\u{80}' || matches!(character, '-' | '_' | ' ')
    };
    let at_the_ends = |character: Option<char>| {
        character.is_some_and(|character| character.is_ascii_alphanumeric() || character >= '\u{80}')
    };
    at_the_ends(name.chars().next()) && at_the_ends(name.chars().last()) && name.chars().all(inside)
}

/// What the derive says of a struct: the mistakes in `etag-derive/tests/ui`, which its own tests compile.
fn assert_compile_error(said: &str, expected: &[&str]) {
    for text in expected {
        assert!(said.contains(text), "no {text:?} in\n{said}");
    }
}

#[test]
fn b1_a_document_is_an_object_with_data_errors_or_meta() {
    let (_server, mut http) = serve();
    for body in ["null", "[]", "\"data\"", "1", "true", "{}", r#"{"jsonapi":{}}"#] {
        assert_pointer(&send(&mut http, "POST", "/v1/sessions", body), 400, "");
        assert_pointer(&send(&mut http, "PATCH", "/v1/sessions/1", body), 400, "");
    }
    assert!(read(&mut http, "/v1/sessions").get("data").is_some());
}

#[test]
fn b2_data_and_errors_never_stand_together() {
    let (_server, mut http) = serve();
    for url in ["/v1/sessions", "/v1/sessions/1", "/v1/sessions/999", "/v1/nothing", "/v1/sessions?foo=1"] {
        let document = http.get(url, &[]).json();
        assert_ne!(document.get("data").is_some(), document.get("errors").is_some(), "{url}");
    }
}

#[test]
fn b3_included_stands_with_data_alone() {
    let (_server, mut http) = serve();
    let found = read(&mut http, "/v1/sessions/1?include=track");
    assert!(found.get("data").is_some() && found.get("included").is_some());
    for url in ["/v1/sessions/999?include=track", "/v1/sessions?include=nothing", "/v1/nothing?include=a"] {
        assert_eq!(http.get(url, &[]).json().get("included"), None, "{url}");
    }
}

#[test]
fn b4_members_that_nobody_defined_are_never_sent_and_ignored_when_they_come() {
    let (_server, mut http) = serve();
    let known = ["jsonapi", "links", "data", "included", "meta"];
    for url in ["/v1/sessions?include=track", "/v1/sessions/1", "/v1/sessions/1/relationships/track"] {
        let document = read(&mut http, url);
        assert!(names(&document).iter().all(|name| known.contains(name)), "{url}");
    }
    for resource in resources(&mut http) {
        assert_eq!(names(&resource), ["attributes", "id", "links", "relationships", "type"]);
    }
    let mut document = session("Ignored");
    document["foo"] = json!(1);
    document["meta"] = json!({});
    document["data"]["foo"] = json!({"a": 1});
    let created = http.post("/v1/sessions", &[], &document);
    assert_eq!(created.status, 201, "{created:?}");
    assert!(!created.text().contains("foo"));
}

#[test]
fn b5_a_single_target_is_an_object_or_null_and_a_collection_an_array() {
    let (_server, mut http) = serve();
    let path = http.post("/v1/sessions", &[], &session("Alone")).header("Location").expect("one").to_owned();
    assert!(read(&mut http, &path)["data"].is_object());
    assert!(read(&mut http, "/v1/sessions/1/track")["data"].is_object());
    assert!(read(&mut http, &format!("{path}/track"))["data"].is_null());
    for (url, length) in [
        ("/v1/sessions?filter[title]=Nothing", 0),
        ("/v1/sessions?filter[title]=Alone", 1),
        ("/v1/sessions/2/speakers", 1),
        (&format!("{path}/speakers"), 0),
    ] {
        assert_eq!(read(&mut http, url)["data"].as_array().map(Vec::len), Some(length), "{url}");
    }
}

#[test]
fn b6_type_and_id_are_text_both_ways() {
    let (_server, mut http) = serve();
    for resource in resources(&mut http) {
        assert!(resource["type"].is_string() && resource["id"].is_string(), "{resource}");
    }
    let number = r#"{"data":{"type":"sessions","id":1}}"#;
    assert_pointer(&send(&mut http, "PATCH", "/v1/sessions/1", number), 400, "/data/id");
    let number = r#"{"data":{"type":"sessions","attributes":{"title":"x"},"relationships":{"track":{"data":{"type":"tracks","id":1}}}}}"#;
    assert_pointer(
        &send(&mut http, "POST", "/v1/sessions", number),
        400,
        "/data/relationships/track/data/id",
    );
}

#[test]
fn b7_type_and_id_name_one_resource_and_two_structs_of_one_type_do_not_launch() {
    let (_server, mut http) = serve();
    for resource in resources(&mut http) {
        let itself = read(&mut http, resource["links"]["self"].as_str().expect("a link"));
        assert_eq!((&itself["data"]["type"], &itself["data"]["id"]), (&resource["type"], &resource["id"]));
        assert_eq!(itself["data"]["attributes"], resource["attributes"]);
    }
    assert!(crate::launch::refuses_two_structs_of_one_type());
}

#[test]
fn b8_types_are_member_names_and_others_do_not_compile() {
    let (_server, mut http) = serve();
    for resource in resources(&mut http) {
        assert!(is_member_name(resource["type"].as_str().expect("B6")), "{resource}");
    }
    let said = include_str!("../../etag-derive/tests/ui/container/fail/type_is_no_member_name.stderr");
    assert_compile_error(said, &["`open/events` cannot be a JSON:API type"]);
}

#[test]
fn b9_members_are_member_names_and_others_do_not_compile() {
    let (_server, mut http) = serve();
    for resource in resources(&mut http) {
        for member in ["attributes", "relationships"] {
            assert!(names(&resource[member]).into_iter().all(is_member_name), "{resource}");
        }
    }
    // Names are case-sensitive: another case is another name.
    let mut document = session("Named");
    document["data"]["attributes"]["Subtitle"] = json!("x");
    assert_pointer(&http.post("/v1/sessions", &[], &document), 422, "/data/attributes/Subtitle");
    let said = include_str!("../../etag-derive/tests/ui/names/fail/rename_is_no_member_name.stderr");
    assert_compile_error(said, &["`title!` cannot be a member name", "`@at` cannot be", "`rename` is empty"]);
    crate::launch::refuses_wrong_names_written_by_hand();
}

#[test]
fn b10_attributes_and_relationships_share_names_without_id_and_type() {
    let (_server, mut http) = serve();
    for resource in resources(&mut http) {
        let all: Vec<_> = [names(&resource["attributes"]), names(&resource["relationships"])]
            .concat()
            .into_iter()
            .collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{resource}");
        assert!(!all.contains(&"id") && !all.contains(&"type"), "{resource}");
    }
    let said = include_str!("../../etag-derive/tests/ui/names/fail/one_name_twice.stderr");
    assert_compile_error(said, &["`track` is the member name of the field `track` already"]);
    let said = include_str!("../../etag-derive/tests/ui/names/fail/reserved.stderr");
    assert_compile_error(said, &["can be named `type`", "can be named `id`"]);
    crate::launch::refuses_wrong_names_written_by_hand();
}

#[test]
fn b11_attributes_relationships_links_and_meta_are_objects() {
    let (_server, mut http) = serve();
    for resource in resources(&mut http) {
        for member in ["attributes", "relationships", "links"] {
            assert!(resource[member].is_object(), "{member}: {resource}");
        }
    }
    assert!(read(&mut http, "/v1/sessions")["meta"].is_object());
    for member in ["attributes", "relationships"] {
        let body = format!(r#"{{"data":{{"type":"sessions","id":"1","{member}":[]}}}}"#);
        assert_pointer(&send(&mut http, "PATCH", "/v1/sessions/1", &body), 400, &format!("/data/{member}"));
    }
}

#[test]
fn b12_foreign_keys_are_no_attributes() {
    let (_server, mut http) = serve();
    for resource in resources(&mut http) {
        for name in names(&resource["attributes"]) {
            assert!(!name.to_lowercase().ends_with("id"), "{name}");
        }
    }
}

#[test]
fn b13_a_relationship_has_links_or_data_or_meta() {
    let (_server, mut http) = serve();
    for relationship in relationships(&mut http) {
        assert!(names(&relationship).iter().all(|name| ["links", "data", "meta"].contains(name)));
        let links = &relationship["links"];
        assert!(links["self"].is_string() && links["related"].is_string(), "{relationship}");
    }
}

#[test]
fn b14_linkage_is_null_an_identifier_or_a_list_of_identifiers() {
    let (_server, mut http) = serve();
    let alone = http.post("/v1/sessions", &[], &session("Alone")).json();
    assert_eq!(alone["data"]["relationships"]["track"]["data"], json!(null));
    assert_eq!(alone["data"]["relationships"]["speakers"]["data"], json!([]));
    let first = read(&mut http, "/v1/sessions/1");
    assert_eq!(first["data"]["relationships"]["track"]["data"], json!({"type": "tracks", "id": "4"}));
    let speakers = identifiers("speakers", &["7", "15"]);
    assert_eq!(first["data"]["relationships"]["speakers"]["data"], speakers);
    assert_eq!(read(&mut http, "/v1/sessions/1/relationships/speakers")["data"], speakers);
}

#[test]
fn b15_related_links_hold_when_empty_and_when_the_content_changes() {
    let (_server, mut http) = serve();
    let created = http.post("/v1/sessions", &[], &session("Alone")).json();
    let relationships = &created["data"]["relationships"];
    for (name, empty) in [("track", json!(null)), ("speakers", json!([]))] {
        let related = relationships[name]["links"]["related"].as_str().expect("a link");
        assert_eq!(read(&mut http, related)["data"], empty);
        let linkage = relationships[name]["links"]["self"].as_str().expect("a link");
        let type_name = if name == "track" { "tracks" } else { "speakers" };
        let one = json!({"type": type_name, "id": "1"});
        let data = if empty.is_null() { one } else { json!([one]) };
        assert_eq!(http.patch(linkage, &[], &json!({"data": data})).status, 200);
        let path = created["data"]["links"]["self"].as_str().expect("a link");
        let now = read(&mut http, path);
        assert_eq!(now["data"]["relationships"][name]["links"]["related"], related);
        assert!(read(&mut http, related)["data"] != empty);
    }
}

#[test]
fn b16_included_is_full_linked_and_without_duplicates() {
    let (_server, mut http) = serve();
    // What is linked and unique is checked of every document that is received; here, that all is there.
    let document = read(&mut http, "/v1/tracks?include=sessions.track,sessions.speakers&page[size]=100");
    let tracks = objects(&document["data"]);
    let included = objects(&document["included"]);
    assert_eq!(tracks.len(), 4);
    assert_eq!(included.iter().filter(|one| one.starts_with("sessions/")).count(), 21);
    assert!(included.iter().all(|one| !tracks.contains(one)), "a primary resource is not included again");
    for resource in document["included"].as_array().expect("a list") {
        let itself = read(&mut http, resource["links"]["self"].as_str().expect("a link"));
        assert_eq!(itself["data"]["attributes"], resource["attributes"], "included resources are whole");
    }
}

#[test]
fn b17_links_are_text_link_objects_or_null() {
    let (_server, mut http) = serve();
    let links = read(&mut http, "/v1/sessions?page[size]=100")["links"].clone();
    assert!(links["self"].is_string() && links["next"].is_null() && links["prev"].is_null(), "{links}");
    for relationship in relationships(&mut http) {
        for link in relationship["links"].as_object().expect("B11").values() {
            assert!(link.as_str().is_some_and(|link| link.starts_with('/')), "{relationship}");
        }
    }
}

#[test]
fn b18_self_carries_the_whole_query() {
    let (_server, mut http) = serve();
    for (url, expected) in [
        (
            "/v1/sessions?include=track&fields[sessions]=title,track&sort=-title&page[size]=2&filter[level][ne]=advanced",
            "/v1/sessions?include=track&fields%5Bsessions%5D=title,track&sort=-title&page%5Bsize%5D=2&filter%5Blevel%5D%5Bne%5D=advanced",
        ),
        ("/v1/sessions/1?include=track", "/v1/sessions/1?include=track"),
        ("/v1/sessions/1/speakers?sort=name", "/v1/sessions/1/speakers?sort=name"),
        (
            "/v1/sessions/1/relationships/track?include=track",
            "/v1/sessions/1/relationships/track?include=track",
        ),
    ] {
        let document = read(&mut http, url);
        assert_eq!(document["links"]["self"], expected, "{url}");
        assert_eq!(read(&mut http, expected), document, "{url}");
    }
}

#[test]
fn b19_a_resources_own_link_gives_that_resource() {
    let (_server, mut http) = serve();
    for collection in COLLECTIONS {
        for resource in read(&mut http, collection)["data"].as_array().expect("B5") {
            let itself = read(&mut http, resource["links"]["self"].as_str().expect("a link"));
            assert_eq!(itself["data"], *resource);
        }
    }
    assert!(read(&mut http, "/v1/sessions/1/track")["data"]["links"]["self"] == "/v1/tracks/4");
}

#[test]
fn b20_jsonapi_names_the_version_and_what_applies() {
    let (_server, mut http) = serve();
    assert_eq!(read(&mut http, "/v1/sessions")["jsonapi"], json!({"version": "1.1"}));
    assert_eq!(http.get("/v1/nothing", &[]).json()["jsonapi"], json!({"version": "1.1"}));
    let paged = by_cursor(&mut http, "/v1/sessions").json();
    assert_eq!(paged["jsonapi"], json!({"version": "1.1", "profile": [CURSORS]}));
}

#[test]
fn b21_meta_is_an_object() {
    let (_server, mut http) = serve();
    assert_eq!(read(&mut http, "/v1/sessions?page[totals]=true")["meta"], json!({"count": 21}));
    let refused = http.get("/v1/sessions?page[size]=101", &[]);
    assert!(assert_error(&refused, 400)[0]["meta"].is_object());
}

#[test]
fn b22_at_members_are_ignored() {
    let (_server, mut http) = serve();
    let document = json!({"@a": 1, "data": {"@b": 2, "type": "sessions", "attributes": {"title": "At", "@x": 1},
        "relationships": {"@y": {}, "track": {"@z": 3, "data": {"@i": 4, "type": "tracks", "id": "1"}}}}});
    let created = http.post("/v1/sessions", &[], &document);
    assert_eq!(created.status, 201, "{created:?}");
    assert!(!created.text().contains('@'), "{created:?}");
    assert_eq!(created.json()["data"]["relationships"]["track"]["data"]["id"], "1");
}

#[test]
fn b23_a_lid_names_only_what_the_document_brings() {
    let (_server, mut http) = serve();
    let document = |linked: Value| {
        json!({"data": {"type": "sessions", "lid": "a", "attributes": {"title": "Local"},
            "relationships": {"track": {"data": linked}}}})
    };
    let created = http.post("/v1/sessions", &[], &document(json!({"type": "tracks", "id": "1"})));
    assert_eq!(created.status, 201, "a lid on what is created is no mistake: {created:?}");
    assert!(created.json()["data"].get("lid").is_none(), "{created:?}");
    // Local to a type: this `a` is no track, and the document brings no track.
    let unknown = http.post("/v1/sessions", &[], &document(json!({"type": "tracks", "lid": "a"})));
    assert_pointer(&unknown, 400, "/data/relationships/track/data");
}

#[test]
fn b24_the_links_of_a_relationship_never_page_related_resources() {
    let (_server, mut http) = serve();
    for relationship in relationships(&mut http) {
        // Linkage is sent whole, so it has no pages, and its links say so by having none.
        assert_eq!(names(&relationship["links"]), ["related", "self"], "{relationship}");
    }
    let paged = read(&mut http, "/v1/tracks/1/sessions?page[size]=2");
    assert!(paged["links"]["next"].as_str().is_some_and(|next| next.starts_with("/v1/tracks/1/sessions?")));
}
