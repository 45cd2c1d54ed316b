//! `Cache-Control` and `Vary` of each answer.

use etag_fairing::resource::{HookError, Scope, member};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use rocket::error::ErrorKind;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Build, Rocket};
use serde_json::{Value, json};

use super::databases::Database;
use super::support::{Answer, Server, figment};

pub(crate) struct User;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for User {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("X-User") {
            Some(name) if !name.is_empty() => Outcome::Success(User),
            _ => Outcome::Error((Status::Unauthorized, ())),
        }
    }
}

/// Public, and leads to what is not.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "talks", etag, guard(create = User), cache_control = "Public,max-age=60,stale-while-revalidate=600")]
struct Talk {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(relationship)]
    room: ToOne<Room>,
    #[jsonapi(relationship, inverse = "talk")]
    notes: ToMany<Note>,
}

/// Says something of some operations, and carries no tags.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "rooms", cache_control(list = "no-cache", read = "no-store"))]
struct Room {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

/// Guarded; nothing is said.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag, guard = User)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship)]
    talk: ToOne<Talk>,
}

/// Scoped, with fields and a policy of its own.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "drafts", etag, scope = own_drafts, cache_control = "private, max-age=5", vary = "X-User")]
struct Draft {
    #[jsonapi(id)]
    id: i64,
    owner: String,
}

async fn own_drafts(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(Scope::rows(member("owner").equals(request.headers().get_one("X-User").unwrap_or_default())))
}

/// Not stored, and edited all the same.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "secrets", etag, cache_control = "no-store")]
struct Secret {
    #[jsonapi(id)]
    id: i64,
    word: String,
}

fn mount(rocket: Rocket<Build>) -> Rocket<Build> {
    let routes = [Talk::routes(), Room::routes(), Note::routes(), Draft::routes(), Secret::routes()];
    rocket.mount("/", routes.concat())
}

fn fill(server: &Server) {
    let related = |name: &str, type_name: &str| json!({name: {"data": {"type": type_name, "id": "1"}}});
    for (path, attributes, relationships) in [
        ("/rooms", json!({"name": "Aula"}), json!({})),
        ("/talks", json!({"title": "One"}), related("room", "rooms")),
        ("/notes", json!({"text": "Bring slides"}), related("talk", "talks")),
        ("/drafts", json!({"owner": "ada"}), json!({})),
        ("/secrets", json!({"word": "sesame"}), json!({})),
    ] {
        let mut data = json!({"type": &path[1..], "attributes": attributes});
        if relationships != json!({}) {
            data["relationships"] = relationships;
        }
        server.write_as("POST", path, "ada", &json!({"data": data})).is(201);
    }
}

const PUBLIC: Option<&str> = Some("public, max-age=60, stale-while-revalidate=600");
const DEFAULT: Option<&str> = Some("private, no-cache");
const BY_CALLER: &str = "Accept, Authorization, Cookie";
/// Of all that may ask anything of a caller.
const BY_ALL: &str = "Accept, Authorization, Cookie, X-User";

/// Each URL with the `Cache-Control` and the `Vary` of its answers.
const ROWS: [(&str, Option<&str>, &str); 16] = [
    ("/talks", PUBLIC, "Accept"),
    ("/talks/1", PUBLIC, "Accept"),
    ("/talks/1?include=room&fields[rooms]=name", PUBLIC, "Accept"),
    ("/talks/1/room", PUBLIC, "Accept"),
    ("/talks/1/relationships/room", PUBLIC, "Accept"),
    // The query, or the relationship, leads to what is guarded.
    ("/talks/1?include=notes", DEFAULT, BY_ALL),
    ("/talks?filter[notes.text]=x", DEFAULT, BY_ALL),
    ("/talks/1/notes", DEFAULT, BY_ALL),
    ("/talks/1/relationships/notes", DEFAULT, BY_ALL),
    ("/rooms", Some("no-cache"), "Accept"),
    ("/rooms/1", Some("no-store"), "Accept"),
    ("/notes", DEFAULT, BY_CALLER),
    ("/notes/1/relationships/talk", DEFAULT, BY_ALL),
    ("/drafts", Some("private, max-age=5"), BY_ALL),
    ("/drafts/1", Some("private, max-age=5"), BY_ALL),
    ("/secrets/1", Some("no-store"), "Accept"),
];

fn fields(answer: &Answer) -> (Option<&str>, Vec<&str>) {
    (answer.field("cache-control"), answer.lines("vary"))
}

#[test]
fn each_answer_says_so_made_remembered_and_as_a_304() {
    for database in Database::each() {
        let server = database.serve("ETAG = true", "", mount);
        fill(&server);
        for (url, control, vary) in ROWS {
            let first = server.get_as(url, "ada").is(200);
            let again = server.get_as(url, "ada").is(200);
            let head = server.send("HEAD", url, &[("X-User", "ada")], "").is(200);
            for answer in [&first, &again, &head] {
                assert_eq!(fields(answer), (control, vec![vary]), "{url}");
            }
            // Rooms have no tags; what is not stored has one.
            let tag = first.field("etag");
            assert_eq!(tag.is_none(), url.starts_with("/rooms"), "{url}");
            let Some(tag) = tag else { continue };
            for coding in ["identity", "gzip"] {
                let sent = [("X-User", "ada"), ("If-None-Match", tag), ("Accept-Encoding", coding)];
                let known = server.get(url, &sent).is(304);
                assert_eq!(fields(&known), (control, vec![vary]), "{url} {coding}");
            }
        }
    }
}

#[test]
fn no_error_is_stored_and_no_write_is_called_public() {
    let server = Database::in_memory("ETAG = true", "", mount);
    fill(&server);
    let talk = |title: &str| json!({"data": {"type": "talks", "id": "1", "attributes": {"title": title}}});
    for (answer, status) in [
        (server.get("/talks/7", &[]), 404),
        (server.get("/talks?sort=nothing", &[]), 400),
        (server.get("/talks/1", &[("Accept", "text/html")]), 406),
        (server.get("/notes", &[]), 401),
        (server.get("/talks/1?include=notes", &[]), 403),
        (server.get("/talks/1", &[("If-Match", "\"other\"")]), 412),
        (server.write("PATCH", "/talks/1", &json!({"data": {"type": "talks", "id": "2"}})), 409),
    ] {
        assert_eq!((answer.status, answer.field("cache-control")), (status, Some("no-store")), "{answer:?}");
    }
    let written = server.write("PATCH", "/talks/1", &talk("Two")).is(200);
    assert_eq!(written.field("cache-control"), None);
}

#[test]
fn what_is_not_stored_is_edited_by_its_tag() {
    let server = Database::in_memory("ETAG = true", "", mount);
    fill(&server);
    let tag = server.get("/secrets/1", &[]).tag();
    let edit = json!({"data": {"type": "secrets", "id": "1", "attributes": {"word": "open"}}}).to_string();
    let send = || {
        let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", tag.as_str())];
        server.send("PATCH", "/secrets/1", &fields, &edit)
    };
    send().is(200);
    send().is(412);
}

#[test]
fn a_configuration_that_is_public_is_not_for_what_depends_on_the_caller() {
    for (toml, of_all) in [
        ("etag = { cache_control = 'public, max-age=9' }", Some("public, max-age=9")),
        ("etag = { cache_control = '' }", None),
        ("etag = { enabled = false, cache_control = 'max-age=9' }", Some("max-age=9")),
    ] {
        let server = Database::in_memory(toml, "", mount);
        fill(&server);
        // Nothing is said of linkage of rooms, which everybody may read.
        let open = server.get("/rooms?filter[name]=Aula", &[]).is(200);
        assert_eq!(open.field("cache-control"), Some("no-cache"), "{toml}");
        assert_eq!(server.get("/talks", &[]).is(200).field("cache-control"), PUBLIC, "{toml}");
        let guarded = server.get_as("/notes", "ada").is(200);
        assert_eq!(fields(&guarded), (DEFAULT, vec![BY_CALLER]), "{toml}");
        #[derive(Clone, Debug, JsonApiResource)]
        #[jsonapi(type = "plain", etag)]
        struct Plain {
            #[jsonapi(id)]
            id: i64,
        }
        let server = Database::in_memory(toml, "", |rocket| rocket.mount("/", Plain::routes()));
        assert_eq!(server.get("/plain", &[]).is(200).field("cache-control"), of_all, "{toml}");
    }
}

/// Whether an application is launched.
fn launches(routes: Vec<rocket::Route>) -> bool {
    let figment = figment("[default.databases.api]\nurl = 'sqlite::memory:'")
        .merge(("log_level", "off"))
        .merge(("ETAG", true));
    let rocket = rocket::custom(figment).attach(JsonApi::fairing()).attach(EtagFairing::new());
    match rocket::local::blocking::Client::tracked(rocket.mount("/", routes)) {
        Ok(_) => true,
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::FailedFairings(_)), "{error}");
            false
        }
    }
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "open", cache_control = "max-age=60")]
struct Open {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    note: ToOne<Closed>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "linked", cache_control(related = "max-age=60"))]
struct Linked {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "linked")]
    all: ToMany<Closed>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "closed", guard(list = User), cache_control(read = "max-age=60"))]
struct Closed {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    linked: ToOne<Linked>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "beside", cache_control(read = "max-age=60"))]
struct BesideScope {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    draft: ToOne<Draft>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "teams", cache_control(related = "max-age=60"))]
struct Team {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "team")]
    people: ToMany<Person>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "people")]
struct Person {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(readable_by = User)]
    salary: i64,
    #[jsonapi(relationship)]
    team: ToOne<Team>,
}

#[test]
fn what_is_called_public_and_never_is_stops_the_launch() {
    // Each document there has an attribute that some callers don't see.
    assert!(!launches([Team::routes(), Person::routes()].concat()));
    // Linkage to what may not be listed by all, in each document.
    assert!(!launches([Open::routes(), Closed::routes(), Linked::routes()].concat()));
    // Each related URL leads there.
    assert!(!launches([Closed::routes(), Linked::routes()].concat()));
    assert!(!launches([BesideScope::routes(), Draft::routes()].concat()));
    // The related URL of `talks` that leads to notes is private; the other is not.
    let fine = [Talk::routes(), Room::routes(), Note::routes(), Draft::routes(), Secret::routes()];
    assert!(launches(fine.concat()));
}

#[test]
fn a_caller_gets_no_answer_of_another() {
    // A cache in the client's own machine, which several people use one after the other.
    let server = Database::in_memory("ETAG = true", "", mount);
    fill(&server);
    let of_ada = server.get_as("/drafts", "ada").is(200);
    let of_bob = server.get_as("/drafts", "bob").is(200);
    assert_ne!(of_ada.json()["data"], Value::Array(Vec::new()));
    assert_eq!(of_bob.json()["data"], Value::Array(Vec::new()));
    for answer in [of_ada, of_bob] {
        assert!(answer.field("vary").is_some_and(|vary| vary.split(", ").any(|field| field == "X-User")));
    }
}
