//! A version is of the row; what a caller sees of its linkage is another matter.
#![cfg(feature = "sqlite")]

mod support;

use chrono::{DateTime, Utc};
use etag_fairing::resource::{HookError, Scope, member};
use etag_fairing::{JsonApiResource, ToOne};
use rocket::Request;
use serde_json::{Value, json};
use support::{Server, api};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions", etag)]
struct Session {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(version, hidden)]
    version: i64,
    #[jsonapi(last_modified)]
    changed_at: DateTime<Utc>,
    #[jsonapi(relationship)]
    track: ToOne<Track>,
}

/// Seen by its owner.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tracks", etag, scope = own)]
struct Track {
    #[jsonapi(id)]
    id: i64,
    owner: String,
}

async fn own(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match request.headers().get_one("X-User").unwrap_or("") {
        "program" => Scope::All,
        user => Scope::rows(member("owner").equals(user)),
    })
}

fn server() -> Server {
    let server = api::start(|rocket| rocket.mount("/", Session::routes()).mount("/", Track::routes()));
    let track = json!({"data": {"type": "tracks", "attributes": {"owner": "ada"}}});
    server.write_as("POST", "/tracks", "ada", &track).is(201);
    let track = json!({"track": {"data": {"type": "tracks", "id": "1"}}});
    let session = json!({"type": "sessions", "attributes": {"title": "A"}, "relationships": track});
    server.write_as("POST", "/sessions", "ada", &json!({"data": session})).is(201);
    server
}

fn patch(server: &Server, user: &str, tag: &str, status: u16) {
    let document: Value = json!({"data": {"type": "sessions", "id": "1", "attributes": {"title": "B"}}});
    let fields = [("Content-Type", "application/vnd.api+json"), ("X-User", user), ("If-Match", tag)];
    server.send("PATCH", "/sessions/1", &fields, &document.to_string()).is(status);
}

#[test]
fn a_tag_stands_for_what_its_caller_has_seen() {
    let server = server();
    let users = ["ada", "eve", "program"];
    let answers = users.map(|user| server.get_as("/sessions/1", user).is(200));
    let [ada, eve, program] = &answers;
    assert_ne!(ada.body, eve.body, "one sees the track");
    assert_eq!(ada.body, program.body);
    assert_ne!(ada.tag(), eve.tag());
    for (user, answer) in users.iter().zip(&answers) {
        let fields =
            |tag: String| [("X-User".to_owned(), (*user).to_owned()), ("If-None-Match".to_owned(), tag)];
        let own = fields(answer.tag());
        let own: Vec<_> = own.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        server.get("/sessions/1", &own).is(304);
        for other in answers.iter().filter(|other| other.body != answer.body) {
            let others = fields(other.tag());
            let others: Vec<_> = others.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            server.get("/sessions/1", &others).is(200);
        }
    }
}

#[test]
fn a_date_is_told_to_those_who_see_everything() {
    let server = server();
    assert!(server.get_as("/sessions/1", "program").is(200).field("last-modified").is_some());
    assert_eq!(server.get_as("/sessions/1", "ada").is(200).field("last-modified"), None);
}

#[test]
fn every_caller_writes_with_the_tag_that_they_were_given() {
    let server = server();
    let tag = |user| server.get_as("/sessions/1", user).tag();
    let (ada, eve) = (tag("ada"), tag("eve"));
    patch(&server, "eve", &eve, 200);
    patch(&server, "ada", &ada, 412);
    patch(&server, "ada", &tag("ada"), 200);
    patch(&server, "program", &tag("program"), 200);
}
