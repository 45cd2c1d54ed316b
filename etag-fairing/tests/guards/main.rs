//! `#[jsonapi(guard)]`: who may do what, on every way to a resource.
#![cfg(feature = "sqlite")]

mod relationships;
#[path = "../support/mod.rs"]
mod support;
mod ways;

use etag_fairing::{JsonApiResource, ToMany, ToOne};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use serde_json::{Value, json};
use support::{Server, api};

/// Anybody with a name.
struct User;

/// `ada` alone. Others are unknown (401), or not allowed (403).
struct Admin;

/// `ada` alone; for others there is nothing here.
struct Hidden;

fn name<'r>(request: &'r Request<'_>) -> &'r str {
    request.headers().get_one("X-User").unwrap_or("")
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for User {
    type Error = &'static str;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        match name(request) {
            "" => Outcome::Error((Status::Unauthorized, "no name")),
            "broken" => Outcome::Error((Status::ServiceUnavailable, "the directory is down")),
            _ => Outcome::Success(User),
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Admin {
    type Error = &'static str;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        match (User::from_request(request).await, name(request)) {
            (Outcome::Success(_), "ada") => Outcome::Success(Admin),
            (Outcome::Success(_), _) => Outcome::Error((Status::Forbidden, "not an admin")),
            (other, _) => other.map(|_| Admin),
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Hidden {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match name(request) {
            "ada" => Outcome::Success(Hidden),
            "teapot" => Outcome::Forward(Status::ImATeapot),
            _ => Outcome::Forward(Status::NotFound),
        }
    }
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions", guard(create = User, update = User, delete = Admin, update_relationship = "Admin"))]
struct Session {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(relationship)]
    track: ToOne<Track>,
    #[jsonapi(relationship)]
    room: ToOne<Room>,
    #[jsonapi(relationship, through = "session_notes")]
    notes: ToMany<Note>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tracks")]
struct Track {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship)]
    lead: ToOne<Note>,
    #[jsonapi(relationship, inverse = "track")]
    sessions: ToMany<Session>,
}

/// Nobody but an admin sees or makes one.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", guard = Admin)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "rooms", guard = Hidden)]
struct Room {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

fn document(kind: &str, id: Option<&str>, attributes: Value, relationships: Value) -> Value {
    let mut data = json!({"type": kind, "attributes": attributes, "relationships": relationships});
    if let Some(id) = id {
        data["id"] = id.into();
    }
    json!({"data": data})
}

fn server() -> Server {
    let server = api::start(|rocket| {
        rocket
            .mount("/v1", Session::routes())
            .mount("/v1", Track::routes())
            .mount("/v1", Note::routes())
            .mount("/v1", Room::routes())
    });
    let make = |kind: &str, attributes, relationships| {
        server
            .write_as("POST", &format!("/v1/{kind}"), "ada", &document(kind, None, attributes, relationships))
            .is(201);
    };
    make("notes", json!({"text": "secret"}), json!({}));
    make("tracks", json!({"name": "Open"}), json!({"lead": {"data": {"type": "notes", "id": "1"}}}));
    make("rooms", json!({"name": "A1"}), json!({}));
    make(
        "sessions",
        json!({"title": "Hello"}),
        json!({
            "track": {"data": {"type": "tracks", "id": "1"}},
            "room": {"data": {"type": "rooms", "id": "1"}},
            "notes": {"data": [{"type": "notes", "id": "1"}]},
        }),
    );
    server
}

#[test]
fn each_operation_has_its_own_guard() {
    let server = server();
    let change = |title: &str| document("sessions", Some("1"), json!({"title": title}), json!({}));
    server.get_as("/v1/sessions", "").is(200);
    server.get_as("/v1/sessions/1", "").is(200);
    server.write_as("PATCH", "/v1/sessions/1", "", &change("x")).is(401);
    server.write_as("PATCH", "/v1/sessions/1", "bob", &change("Hello, Bob")).is(200);
    server
        .write_as("POST", "/v1/sessions", "", &document("sessions", None, json!({"title": "x"}), json!({})))
        .is(401);
    server.write_as("DELETE", "/v1/sessions/1", "bob", &Value::Null).is(403);
    let linkage = json!({"data": []});
    for method in ["PATCH", "POST", "DELETE"] {
        server.write_as(method, "/v1/sessions/1/relationships/notes", "bob", &linkage).is(403);
    }
    let session = server.get_as("/v1/sessions/1", "").is(200).json();
    assert_eq!(session["data"]["attributes"]["title"], "Hello, Bob");
    assert_eq!(session["data"]["relationships"]["notes"].get("data"), None, "who may not list them");
    let session = server.get_as("/v1/sessions/1", "ada").is(200).json();
    assert_eq!(session["data"]["relationships"]["notes"]["data"][0]["id"], "1");
    // An update that changes a relationship is a change of it.
    let track = |id: &str| json!({"track": {"data": {"type": "tracks", "id": id}}});
    let moved = document("sessions", Some("1"), json!({}), track("1"));
    let refused = server.write_as("PATCH", "/v1/sessions/1", "bob", &moved).is(403);
    assert_eq!(refused.error().1, json!({"pointer": "/data/relationships/track"}));
    server.write_as("PATCH", "/v1/sessions/1", "ada", &moved).is(200);
    let new = document("sessions", None, json!({"title": "x"}), track("1"));
    server.write_as("POST", "/v1/sessions", "bob", &new).is(201);
    server.write_as("DELETE", "/v1/sessions/1", "ada", &Value::Null).is(204);
}

#[test]
fn a_guard_that_fails_is_a_json_api_error() {
    let server = server();
    let unknown = server.get_as("/v1/notes", "").is(401);
    assert_eq!(unknown.error(), ("unauthorized".into(), json!({"header": "Authorization"})));
    assert_eq!(unknown.field("vary"), Some("Accept"));
    let forbidden = server.get_as("/v1/notes/1", "bob").is(403);
    assert_eq!(forbidden.error(), ("forbidden".into(), Value::Null));
    server.get_as("/v1/notes/1", "broken").is(503);
    assert!(!forbidden.text().contains("secret"));
}

#[test]
fn a_guard_answers_before_negotiation_and_after_routing() {
    let server = server();
    let unacceptable = &[("Accept", "text/html"), ("X-User", "bob")];
    server.get("/v1/notes", unacceptable).is(403);
    server.get("/v1/notes?nonsense=1", &[("X-User", "bob")]).is(403);
    server.send("POST", "/v1/notes", &[("Content-Type", "text/plain"), ("X-User", "bob")], "{}").is(403);
    server.get("/v1/notes/999", &[("X-User", "bob")]).is(403);
    server.get("/v1/notes", &[("Accept", "text/html"), ("X-User", "ada")]).is(406);
    server.send("PUT", "/v1/notes", &[("X-User", "bob")], "").is(405);
    server.get_as("/v1/nothing", "bob").is(404);
    server.send("HEAD", "/v1/notes", &[("X-User", "bob")], "").is(403);
}

#[test]
fn a_guard_that_forwards_leaves_the_request_to_others() {
    let server = server();
    let gone = server.get_as("/v1/rooms/1", "bob").is(404);
    assert_eq!(gone.error().0, "resource_not_found");
    server.get_as("/v1/rooms/1", "teapot").is(418);
    server.get_as("/v1/rooms/1", "ada").is(200);
}

#[test]
fn related_resources_need_the_guards_of_both_ends() {
    let server = server();
    server.get_as("/v1/sessions/1/notes", "bob").is(403);
    server.get_as("/v1/sessions/1/notes", "").is(401);
    server.get_as("/v1/tracks/1/lead", "bob").is(403);
    server.get_as("/v1/sessions/1/room", "bob").is(404);
    server.get_as("/v1/sessions/1/notes", "ada").is(200);
    server.get_as("/v1/tracks/1/lead", "ada").is(200);
    server.get_as("/v1/sessions/1/relationships/notes", "bob").is(403);
    server.get_as("/v1/sessions/1/relationships/notes", "ada").is(200);
}

#[test]
fn no_parameter_is_a_way_around_a_guard() {
    let server = server();
    let around = [
        ("/v1/sessions/1?include=notes", "include"),
        ("/v1/sessions?include=track,track.lead", "include"),
        ("/v1/sessions?include=room", "include"),
        ("/v1/sessions/1/track?include=lead", "include"),
        ("/v1/tracks?sort=name,-lead.text", "sort"),
        ("/v1/sessions?sort=track.lead.text", "sort"),
        ("/v1/sessions?filter[title]=Hello&filter[track.lead.text]=secret", "filter[track.lead.text]"),
        ("/v1/tracks?filter[lead.text][like]=s%25", "filter[lead.text][like]"),
        ("/v1/tracks?filter[lead.id]=1", "filter[lead.id]"),
        ("/v1/sessions?filter[track.lead]=1", "filter[track.lead]"),
        ("/v1/sessions?sort=track.lead.id", "sort"),
        ("/v1/sessions?filter=[{%22name%22:%22notes%22,%22op%22:%22any%22}]", "filter"),
        (
            "/v1/sessions?filter=[{%22name%22:%22notes%22,%22op%22:%22any%22,%22val%22:{%22name%22:%22text%22,%22op%22:%22eq%22,%22val%22:%22secret%22}}]",
            "filter",
        ),
    ];
    for (path, parameter) in around {
        for user in ["", "bob"] {
            let answer = server.get_as(path, user).is(403);
            assert_eq!(answer.error(), ("forbidden".into(), json!({"parameter": parameter})), "{path}");
            assert!(!answer.text().contains("secret"));
        }
        server.get_as(path, "ada").is(200);
    }
    let change = document("sessions", Some("1"), json!({"title": "x"}), json!({}));
    server.write_as("PATCH", "/v1/sessions/1?include=notes", "bob", &change).is(403);
    let new = document("sessions", None, json!({"title": "x"}), json!({}));
    server.write_as("POST", "/v1/sessions?include=notes", "bob", &new).is(403);
    assert_eq!(server.get_as("/v1/sessions/1", "").json()["data"]["attributes"]["title"], "Hello");
    server.get_as("/v1/sessions?include=track", "").is(200);
}

struct Challenge;

impl<'r> rocket::response::Responder<'r, 'static> for Challenge {
    fn respond_to(self, _: &'r Request<'_>) -> rocket::response::Result<'static> {
        rocket::Response::build()
            .status(Status::Unauthorized)
            .raw_header("WWW-Authenticate", "Bearer realm=\"notes\"")
            .ok()
    }
}

#[rocket::catch(401)]
fn challenge() -> Challenge {
    Challenge
}

#[test]
fn a_catcher_of_the_users_own_can_add_the_challenge() {
    let server = api::start(|rocket| {
        rocket.mount("/v1", Note::routes()).register("/v1", rocket::catchers![challenge])
    });
    let unknown = server.get_as("/v1/notes", "").is(401);
    assert_eq!(unknown.field("www-authenticate"), Some("Bearer realm=\"notes\""));
    assert_eq!(server.get_as("/v1/notes", "bob").is(403).error().0, "forbidden");
}
