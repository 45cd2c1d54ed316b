//! What success documents look like.

use serde_json::Value;

use crate::{
    api::{COLLECTIONS, assert_document, crawl},
    support::Launch,
};

#[test]
fn every_document_is_json_api_1_1_and_links_to_itself() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for (url, response) in crawl(&mut connection) {
        // B18: self carries the query; links are as we write them, so the link is the URL that was asked for.
        let document = assert_document(&response);
        if document["data"].is_object() || document["data"].is_null() || url.contains('?') {
            assert_eq!(document["links"]["self"], url, "B18");
        }
        let resources = match &document["data"] {
            Value::Array(many) => many.iter().collect(),
            Value::Null => Vec::new(),
            one => vec![one],
        };
        let is_linkage = url.contains("/relationships/");
        for resource in resources {
            assert!(resource["id"].is_string() && resource["type"].is_string(), "B6: {resource}");
            let members = resource.as_object().expect("B5");
            let known: &[&str] = if is_linkage {
                &["type", "id"]
            } else {
                &["type", "id", "attributes", "relationships", "links"]
            };
            assert!(members.keys().all(|name| known.contains(&name.as_str())), "B4: {resource}");
            if is_linkage {
                continue;
            }
            let itself =
                format!("/v1/{}/{}", resource["type"].as_str().unwrap(), resource["id"].as_str().unwrap());
            assert_eq!(resource["links"]["self"], itself, "B19");
            for (name, relationship) in resource["relationships"].as_object().expect("B11") {
                assert_eq!(relationship["links"]["self"], format!("{itself}/relationships/{name}"), "B13");
                assert_eq!(relationship["links"]["related"], format!("{itself}/{name}"), "B13");
                if let Some(data) = relationship.get("data") {
                    let identifiers = data.as_array().cloned().unwrap_or_else(|| vec![data.clone()]);
                    for identifier in identifiers.iter().filter(|identifier| !identifier.is_null()) {
                        assert!(identifier["id"].is_string() && identifier["type"].is_string(), "B14");
                        assert_eq!(identifier.as_object().map(|members| members.len()), Some(2), "B14");
                    }
                }
            }
            let attributes = resource["attributes"].as_object().expect("B11");
            for name in attributes.keys() {
                assert!(!["id", "type"].contains(&name.as_str()), "B10: {name}");
                assert!(resource["relationships"].get(name).is_none(), "B10: {name}");
                assert!(
                    !name.to_lowercase().ends_with("id") && !name.contains('_'),
                    "B12, camelCase: {name}"
                );
            }
        }
    }
}

#[test]
fn a_session_has_the_members_of_the_design() {
    let server = Launch::new().start();
    let document = server.connect().get("/v1/sessions/1", &[]).json();
    let names = |member: &str| {
        let mut names: Vec<_> =
            document["data"][member].as_object().expect("an object").keys().cloned().collect();
        names.sort();
        names
    };
    let mut expected = vec![
        "title",
        "subtitle",
        "shortAbstract",
        "language",
        "level",
        "state",
        "startTime",
        "endTime",
        "favourites",
    ];
    expected.sort_unstable();
    assert_eq!(names("attributes"), expected);
    assert_eq!(names("relationships"), ["microlocation", "sessionType", "speakers", "track"]);
    assert_eq!(document["data"]["attributes"]["favourites"], 0);
}

#[test]
fn b5_collections_are_arrays_whatever_they_hold() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for path in COLLECTIONS {
        for query in ["", "?page[size]=1", "?page[number]=1000"] {
            let document = assert_document(&connection.get(&format!("{path}{query}"), &[]));
            let length = document["data"].as_array().expect("B5").len();
            match query {
                "" => assert!(length > 1),
                "?page[size]=1" => assert_eq!(length, 1),
                _ => assert_eq!(length, 0, "G7"),
            }
        }
    }
}

#[test]
fn links_are_root_relative_unless_a_base_url_is_configured() {
    let server =
        Launch::new().rocket_toml("[default.jsonapi]\nbase_url = 'https://api.example.com'\n").start();
    let document = server.connect().get("/v1/sessions/1", &[]).json();
    assert_eq!(document["links"]["self"], "https://api.example.com/v1/sessions/1");
    assert_eq!(document["data"]["links"]["self"], "https://api.example.com/v1/sessions/1");
}
