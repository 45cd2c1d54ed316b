//! The small programs in `examples/`, each started and asked as its comment says.
#![cfg(feature = "sqlite")]

mod support;

#[path = "../examples/own_configuration.rs"]
#[allow(dead_code, reason = "its `main` is that of a program")]
mod own_configuration;
#[path = "../examples/own_route.rs"]
#[allow(dead_code, reason = "its `main` is that of a program")]
mod own_route;
#[path = "../examples/quickstart.rs"]
#[allow(dead_code, reason = "its `main` is that of a program")]
mod quickstart;
#[path = "../examples/relationships.rs"]
#[allow(dead_code, reason = "its `main` is that of a program")]
mod relationships;

use std::fs;
use std::path::Path;

use rocket::{Build, Rocket};
use serde_json::{Value, json};
use support::Server;

/// The program on a free port, with its own configuration otherwise.
fn start(program: fn() -> Rocket<Build>) -> Server {
    Server::start("", |server| {
        let rocket = program();
        // What the test's server is configured with is a loopback address, a free port and an end without waiting.
        let figment = rocket.figment().clone().merge(server.figment().clone().select("default"));
        rocket.configure(figment)
    })
}

fn note(text: &str) -> Value {
    json!({"data": {"type": "notes", "attributes": {"text": text}}})
}

#[test]
fn quickstart_answers_200_304_and_412() {
    let server = start(quickstart::rocket);
    let session = json!({"data": {"type": "sessions", "attributes": {"title": "Entity tags"}}});
    server.write("POST", "/api/sessions", &session).is(201);
    let tag = server.get("/api/sessions/1", &[]).is(200).tag();
    assert!(server.get("/api/sessions/1", &[("If-None-Match", &tag)]).is(304).body.is_empty());
    let change =
        json!({"data": {"type": "sessions", "id": "1", "attributes": {"level": "beginner"}}}).to_string();
    let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", tag.as_str())];
    server.send("PATCH", "/api/sessions/1", &fields, &change).is(200);
    server.send("PATCH", "/api/sessions/1", &fields, &change).is(412);
}

#[test]
fn relationships_lead_from_one_resource_to_another() {
    let server = start(relationships::rocket);
    let track = json!({"data": {"type": "tracks", "attributes": {"name": "HTTP"}}});
    server.write("POST", "/api/tracks", &track).is(201);
    let session = json!({"data": {"type": "sessions",
        "attributes": {"title": "ETags", "startsAt": "2027-03-01T10:00:00Z"},
        "relationships": {"track": {"data": {"type": "tracks", "id": "1"}}}}});
    server.write("POST", "/api/sessions", &session).is(201);
    let list = server.get("/api/sessions?include=track&filter%5Btrack.name%5D=HTTP", &[]).is(200);
    assert_eq!(list.json()["included"][0]["attributes"]["name"], "HTTP");
    let sessions = server.get("/api/tracks/1/sessions", &[]).is(200);
    assert_eq!(sessions.json()["data"][0]["id"], "1");
    // Tracks carry tags on three of their routes, speakers on none.
    assert!(server.get("/api/tracks/1", &[]).field("etag").is_some());
    assert!(server.get("/api/tracks", &[]).field("etag").is_none());
    assert!(server.get("/api/speakers", &[]).is(200).field("etag").is_none());
}

#[test]
fn own_route_lets_one_of_two_writers_through() {
    let server = start(own_route::rocket);
    let tag = server.get("/motto", &[]).is(200).tag();
    server.get("/motto", &[("If-None-Match", &tag)]).is(304);
    server.send("PUT", "/motto", &[("If-Match", &tag)], "Look twice").is(200);
    server.send("PUT", "/motto", &[("If-Match", &tag)], "Look once").is(412);
    assert_eq!(server.get("/motto", &[]).text(), "Look twice");
}

#[test]
fn own_configuration_counts_and_requires_if_match() {
    let server = start(own_configuration::rocket);
    for text in ["one", "two", "three"] {
        server.write("POST", "/api/notes", &note(text)).is(201);
    }
    assert_eq!(server.get("/api/notes", &[]).json()["meta"]["count"], 3);
    let change = json!({"data": {"type": "notes", "id": "1", "attributes": {"text": "x"}}});
    server.write("PATCH", "/api/notes/1", &change).is(428);
}

/// A new example is started above, and its comment says how a reader starts it.
#[test]
fn each_example_says_how_to_run_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let tested = include_str!("examples.rs");
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(tested.contains(&format!("start({name}::rocket)")), "{name} is not started");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(&format!("cargo run -p etag-fairing --example {name}\n")), "{name}");
        assert!(text.lines().count() <= 80, "{name} is not short");
    }
}
