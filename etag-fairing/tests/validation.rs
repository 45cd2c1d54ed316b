//! `#[jsonapi(validate)]`: rules for values, by garde.
#![cfg(all(feature = "sqlite", feature = "validation"))]

mod support;

use etag_fairing::{JsonApiResource, ToMany, ToOne};
use garde::Validate;
use rocket::serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use support::{Server, api};

#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[serde(crate = "rocket::serde")]
struct Link {
    #[garde(length(min = 1))]
    label: String,
    #[garde(prefix("https://"))]
    url: String,
}

#[derive(Clone, Debug, JsonApiResource, Validate)]
#[jsonapi(type = "sessions", etag, validate)]
#[garde(allow_unvalidated)]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[garde(length(min = 3, max = 20))]
    title: String,
    #[jsonapi(default)]
    #[garde(range(max = 240))]
    minutes_long: i64,
    #[jsonapi(rename = "kind")]
    #[garde(inner(length(min = 1)))]
    r#type: Option<String>,
    #[jsonapi(json, default)]
    #[garde(dive)]
    links: Vec<Link>,
    #[jsonapi(relationship)]
    #[garde(custom(not_full))]
    track: ToOne<Track>,
    #[jsonapi(relationship, through = "session_tracks")]
    #[garde(custom(at_most_one))]
    others: ToMany<Track>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tracks")]
struct Track {
    #[jsonapi(id)]
    id: i64,
}

/// It has a rule of its own, and one of the struct as a whole.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "rooms", validate)]
struct Room {
    #[jsonapi(id)]
    id: i64,
    name: Option<String>,
    seats: Option<i64>,
}

impl Validate for Room {
    type Context = ();

    fn validate_into(&self, (): &(), parent: &mut dyn FnMut() -> garde::Path, report: &mut garde::Report) {
        if self.name.is_none() {
            report.append(parent().join("name"), garde::Error::new("a room needs a name"));
        }
        if self.seats.is_none() {
            report.append(parent(), garde::Error::new("how many people fit in?"));
        }
    }
}

fn not_full(track: &ToOne<Track>, (): &()) -> garde::Result {
    match track.id().map(ToString::to_string).as_deref() {
        Some("2") => Err(garde::Error::new("the second track is full")),
        _ => Ok(()),
    }
}

fn at_most_one(others: &ToMany<Track>, (): &()) -> garde::Result {
    match others.ids() {
        Some([_, _, ..]) => Err(garde::Error::new("at most one")),
        Some(_) => Ok(()),
        None => Err(garde::Error::new("the rule was asked without the linkage")),
    }
}

fn server() -> Server {
    let server = api::start(|rocket| {
        rocket.mount("/", Session::routes()).mount("/", Track::routes()).mount("/", Room::routes())
    });
    for _ in 0..2 {
        server.write("POST", "/tracks", &json!({"data": {"type": "tracks"}})).is(201);
    }
    server
}

fn new(attributes: Value, relationships: Value) -> Value {
    json!({"data": {"type": "sessions", "attributes": attributes, "relationships": relationships}})
}

fn change(attributes: Value, relationships: Value) -> Value {
    let mut document = new(attributes, relationships);
    document["data"]["id"] = "1".into();
    document
}

#[test]
fn all_broken_rules_come_at_once_each_with_its_pointer() {
    let server = server();
    let document = new(
        json!({
            "title": "x",
            "minutesLong": 900,
            "kind": "",
            "links": [{"label": "a", "url": "https://a"}, {"label": "", "url": "ftp://a"}],
        }),
        json!({
            "track": {"data": {"type": "tracks", "id": "2"}},
            "others": {"data": [{"type": "tracks", "id": "1"}, {"type": "tracks", "id": "2"}]},
        }),
    );
    let refused = server.write("POST", "/sessions", &document).is(422);
    assert_eq!(
        refused.pointers(),
        [
            "/data/attributes/kind",
            "/data/attributes/links/1/label",
            "/data/attributes/links/1/url",
            "/data/attributes/minutesLong",
            "/data/attributes/title",
            "/data/relationships/others",
            "/data/relationships/track",
        ]
    );
    for pointer in refused.pointers() {
        assert!(document.pointer(&pointer).is_some(), "{pointer} points to something that is there");
    }
    assert_eq!(refused.error().0, "validation_failed");
    assert_eq!(server.get("/sessions", &[]).json()["data"], json!([]));
}

#[test]
fn a_change_is_judged_together_with_what_stays() {
    let server = server();
    server.write("POST", "/sessions", &new(json!({"title": "Hello"}), json!({}))).is(201);
    let tag = server.get("/sessions/1", &[]).tag();
    let refused = server
        .write("PATCH", "/sessions/1", &change(json!({"title": "x", "minutesLong": 300}), json!({})))
        .is(422);
    assert_eq!(refused.pointers(), ["/data/attributes/minutesLong", "/data/attributes/title"]);
    let others = json!({"others": {"data": [{"type": "tracks", "id": "1"}, {"type": "tracks", "id": "2"}]}});
    let refused = server.write("PATCH", "/sessions/1", &change(json!({}), others)).is(422);
    assert_eq!(refused.pointers(), ["/data/relationships/others"]);
    assert_eq!(server.get("/sessions/1", &[]).tag(), tag, "nothing was changed");
    server.write("PATCH", "/sessions/1", &change(json!({"minutesLong": 30}), json!({}))).is(200);
}

#[test]
fn a_stale_tag_is_told_before_a_broken_rule() {
    let server = server();
    server.write("POST", "/sessions", &new(json!({"title": "Hello"}), json!({}))).is(201);
    let body = change(json!({"title": "x"}), json!({})).to_string();
    let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", "\"old\"")];
    server.send("PATCH", "/sessions/1", &fields, &body).is(412);
}

#[test]
fn a_missing_member_is_told_of_at_what_would_hold_it() {
    let server = server();
    let room = |attributes: Value| {
        let document = json!({"data": {"type": "rooms", "attributes": attributes}});
        server.write("POST", "/rooms", &document).is(422).pointers()
    };
    assert_eq!(room(json!({})), ["/data", "/data/attributes"]);
    assert_eq!(room(json!({"name": null})), ["/data", "/data/attributes/name"]);
    assert_eq!(room(json!({"name": "none"})), ["/data"], "a rule of the struct as a whole");
    let bare = server.write("POST", "/rooms", &json!({"data": {"type": "rooms"}})).is(422);
    assert_eq!(bare.pointers(), ["/data", "/data"]);
}

#[test]
fn what_nobody_reads_of_a_document_must_be_json_too() {
    let server = server();
    let post = |body: &[u8]| {
        // The line's end is white space after the document.
        let fields = "Content-Type: application/vnd.api+json\r\nContent-Length: ";
        let head = format!("{fields}{}\r\n\r\n", body.len() + 2);
        server.connect().send_bytes("POST", "/tracks", &[head.as_bytes(), body].concat())
    };
    for body in [
        &b"{\"data\": {\"type\": \"tracks\"}, \"meta\": \"\xff\"}"[..],
        b"{\"data\": {\"type\": \"tracks\", \"x\": \"\xc3\x28\"}}",
        b"{\"data\": {\"type\": \"tracks\"}, \"meta\": [1, {\"data\": }]}",
        b"{\"data\": {\"type\": \"tracks\"}} {}",
        b"{\"data\": {\"type\": \"tracks\"}",
    ] {
        let refused = post(body).is(400);
        assert_eq!(refused.pointers(), [""], "{}", String::from_utf8_lossy(body));
    }
    assert_eq!(server.get("/tracks", &[]).json()["data"].as_array().map(Vec::len), Some(2));
    // Of two members with one name the last counts, as in most parsers.
    post(b"{\"data\": {\"type\": \"other\"}, \"meta\": {\"data\": [1e3, null]}, \"data\": {\"type\": \"tracks\"}}").is(201);
}
