//! Off is off: no tag, no 304; and a write that names a tag is refused, since its client asked not to overwrite
//! blindly. That nothing is hashed can't be seen from here: `etag-fairing/tests/no_hashing.rs` counts.

use serde_json::{Value, json};

use crate::{
    api::{OTHER, assert_document, assert_precondition_failed, carries_tags, crawl, new_document},
    support::{Connection, Launch, Server},
};

/// What the default gives, to compare with.
const TAGGED: &str = "/v1/sessions/1";

fn assert_untagged(connection: &mut Connection, url: &str, tag: &str) {
    let lines: [&[(&str, &str)]; 4] = [
        &[],
        &[("If-None-Match", "*")],
        &[("If-None-Match", tag)],
        &[("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")],
    ];
    for headers in lines {
        for head in [false, true] {
            let response = if head { connection.head(url, headers) } else { connection.get(url, headers) };
            assert_eq!(response.status, 200, "{url} {headers:?}: {response:?}");
            for field in ["ETag", "Last-Modified"] {
                assert_eq!(response.header(field), None, "{url} {headers:?}");
            }
            // RFC 9111 §4.2.2: a cache that is told nothing keeps it for as long as it thinks right.
            assert_eq!(response.header("Cache-Control"), Some("private, no-cache"), "{url} {headers:?}");
        }
    }
}

/// Writes to a resource without tags: what names one is refused, what asks for existence goes through.
fn assert_untagged_writes(connection: &mut Connection, collection: &str, type_name: &str, attribute: &str) {
    let document = new_document(type_name, json!({attribute: "Before"}));
    let created = connection.post(collection, &[], &document);
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(created.header("ETag"), None, "{created:?}");
    let path = created.header("Location").expect("a Location").to_owned();
    let id = created.json()["data"]["id"].clone();
    let before = connection.get(&path, &[]);
    let tag = before.header("ETag").unwrap_or("\"x\"").to_owned();
    let edit = |text: &str| json!({"data": {"type": type_name, "id": id, "attributes": {attribute: text}}});

    let sha1_of_nobody = OTHER;
    for value in [tag.as_str(), "\"x\"", sha1_of_nobody, "W/\"x\"", "x", "", "*, \"x\""] {
        let refused = connection.patch(&path, &[("If-Match", value)], &edit("After"));
        assert_precondition_failed(&refused, "If-Match", &path, None);
        let detail = refused.json()["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains("no ETags"), "it says why: {detail}");
        assert_precondition_failed(
            &connection.delete(&path, &[("If-Match", value)]),
            "If-Match",
            &path,
            None,
        );
        assert_eq!(connection.get(&path, &[]).text(), before.text(), "If-Match: {value}");
    }
    let refused = connection.patch(&path, &[("If-None-Match", "*")], &edit("After"));
    assert_precondition_failed(&refused, "If-None-Match", &path, None);

    for headers in [&[][..], &[("If-Match", "*")], &[("If-None-Match", "\"x\"")]] {
        let text = format!("After {headers:?}");
        let changed = connection.patch(&path, headers, &edit(&text));
        assert_eq!(changed.status, 200, "{headers:?}: {changed:?}");
        assert_eq!(changed.header("ETag"), None);
        assert_eq!(assert_document(&changed)["data"]["attributes"][attribute], Value::String(text));
        assert_eq!(changed.text(), connection.get(&path, &[]).text());
    }
    assert_precondition_failed(
        &connection.post(collection, &[("If-Match", "\"x\"")], &document),
        "If-Match",
        collection,
        None,
    );
    assert_eq!(connection.delete(&path, &[("If-Match", "*")]).status, 204);
    assert_eq!(connection.patch(&path, &[("If-Match", "*")], &edit("After")).status, 404);
}

fn servers_without_tags() -> [(&'static str, Server); 3] {
    [
        ("ROCKET_ETAG=false", Launch::new().env("ROCKET_ETAG", "false").start()),
        ("ETAG = false", Launch::new().rocket_toml("[default]\nETAG = false\n").start()),
        ("enabled = false", Launch::new().rocket_toml("[default.etag]\nenabled = false\n").start()),
    ]
}

#[test]
fn switched_off_no_url_has_a_tag_or_a_304() {
    let tagged = Launch::new().start();
    let mut connection = tagged.connect();
    let pages: Vec<_> = crawl(&mut connection)
        .into_iter()
        .map(|(url, response)| (url, response.header("ETag").map(str::to_owned), response.body))
        .collect();
    assert!(pages.len() > 100 && pages.iter().any(|(url, ..)| url == TAGGED));
    for (way, server) in servers_without_tags() {
        let mut connection = server.connect();
        // Every kind of URL; all of them once is enough.
        let step = if way == "ROCKET_ETAG=false" { 1 } else { 17 };
        for (url, tag, body) in pages.iter().step_by(step) {
            assert_untagged(&mut connection, url, tag.as_deref().unwrap_or("\"x\""));
            assert_eq!(connection.get(url, &[]).body, *body, "{way}: the same document");
        }
    }
}

#[test]
fn switched_off_a_write_that_names_a_tag_is_412_and_changes_nothing() {
    for (_, server) in servers_without_tags() {
        assert_untagged_writes(&mut server.connect(), "/v1/sessions", "sessions", "title");
    }
}

#[test]
fn switched_off_the_pages_have_no_tags_either() {
    let server = Launch::new().env("ROCKET_ETAG", "false").start();
    let page = server.connect().request("GET", "/", &[("If-None-Match", "*")], None);
    assert_eq!((page.status, page.header("ETag")), (200, None));
}

#[test]
fn off_a_require_if_match_is_off_too() {
    let toml = "[default.etag]\nenabled = false\nrequire_if_match = true\n";
    let server = Launch::new().rocket_toml(toml).start();
    assert_untagged_writes(&mut server.connect(), "/v1/sessions", "sessions", "title");
}

#[test]
fn session_types_have_not_opted_in() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    assert!(connection.get(TAGGED, &[]).header("ETag").is_some(), "tags are on");
    let urls: Vec<_> = crawl(&mut connection).into_keys().filter(|url| !carries_tags(url)).collect();
    assert!(urls.len() > 3, "{urls:?}");
    for url in urls {
        assert_untagged(&mut connection, &url, "\"x\"");
    }
    assert_untagged_writes(&mut connection, "/v1/session-types", "session-types", "name");
}

#[test]
fn microlocations_have_opted_in_for_reading_only() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for url in ["/v1/microlocations", "/v1/microlocations/1"] {
        let first = connection.get(url, &[]);
        assert_eq!(connection.get(url, &[("If-None-Match", first.etag())]).status, 304, "{url}");
        assert_eq!(connection.get(url, &[("If-Match", "\"x\"")]).status, 412, "{url}");
    }
    assert_untagged_writes(&mut connection, "/v1/microlocations", "microlocations", "name");
}
