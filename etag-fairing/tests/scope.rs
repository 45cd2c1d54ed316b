//! `#[jsonapi(scope)]`: which rows a caller sees, on every way to them.
//!
//! What a scope hides is as if it had never been: the same requests to a server that holds nothing else are answered
//! with the same bytes and the same tags.
#![cfg(feature = "sqlite")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use etag_fairing::document::error::ErrorObject;
use etag_fairing::resource::{Condition, HookError, Hooks, ResourceId, Scope, Write, member};
use etag_fairing::store::{Plan, Root, Selection};
use etag_fairing::{JsonApiResource, ToMany, ToOne};
use rocket::Request;
use rocket::http::Status;
use serde_json::{Value, json};
use support::{Answer, Server, api};

fn user<'a>(request: &'a Request<'_>) -> &'a str {
    request.headers().get_one("X-User").unwrap_or("")
}

/// One's own, and what is public; `admin` sees all.
async fn own_sessions(request: &Request<'_>) -> Result<Scope, HookError> {
    if let Some(asked) = request.rocket().state::<AtomicUsize>() {
        asked.fetch_add(1, Ordering::Relaxed);
    }
    Ok(match user(request) {
        "admin" => Scope::All,
        "" => Scope::None,
        "misspelt" => Scope::rows(!member("ownr").equals("bob")),
        "mistyped" => Scope::rows(!member("public").equals("yes")),
        "crowd" => Scope::rows(member("id").is_one_of(1..40_000)),
        "chain" => {
            let own = (2..3_000).map(|id| member("id").equals(id));
            Scope::rows(own.fold(member("id").equals(1), Condition::or).and(!member("owner").is_null()))
        }
        "refused" => return Err(ErrorObject::for_status(Status::Unauthorized).into()),
        name => Scope::rows(member("owner").equals(name).or(member("public").equals(true))),
    })
}

/// One's own, and nobody's.
async fn own_or_free(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match user(request) {
        "admin" | "crowd" | "chain" => Scope::All,
        name => Scope::rows(member("owner").is_null().or(member("owner").equals(name))),
    })
}

/// Those of one's own sessions.
async fn of_own_sessions(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match user(request) {
        "admin" | "chain" => Scope::All,
        "crowd" => Scope::rows(member("session").is_one_of(1..40_000)),
        name => Scope::rows(member("session.owner").equals(name)),
    })
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions", etag, scope = own_sessions)]
struct Session {
    #[jsonapi(id)]
    id: i64,
    title: String,
    /// A scope may look at what no client sees.
    #[jsonapi(write_only)]
    owner: String,
    #[jsonapi(default)]
    public: bool,
    #[jsonapi(relationship)]
    track: ToOne<Track>,
    #[jsonapi(relationship)]
    sequel_of: ToOne<Session>,
    #[jsonapi(relationship, through = "session_speakers")]
    speakers: ToMany<Speaker>,
    #[jsonapi(relationship, inverse = "session")]
    notes: ToMany<Note>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tracks", etag, hooks, scope = own_or_free)]
struct Track {
    #[jsonapi(id)]
    id: i64,
    name: String,
    owner: Option<String>,
    #[jsonapi(relationship, inverse = "track")]
    sessions: ToMany<Session>,
}

#[rocket::async_trait]
impl Hooks for Track {
    /// A hook is the program: it sees everything, unless it asks for less.
    async fn before_update(&mut self, current: &Self, write: &mut Write<'_>) -> Result<(), HookError> {
        if self.name == "count" {
            let hidden = ResourceId::Integer(2);
            let found = write.find::<Session>(&hidden).await?.is_some();
            let mut plan = Plan::new(Root::One(hidden), Selection::identifiers(Session::description()));
            plan.scopes = write.scopes().clone();
            let seen = write.transaction().fetch(&plan).await?.rows.len();
            self.name = format!("{} was {found} and {seen}", current.name);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "speakers", etag, scope = own_or_free)]
struct Speaker {
    #[jsonapi(id)]
    id: i64,
    name: String,
    owner: Option<String>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag, scope = of_own_sessions)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship, required)]
    session: ToOne<Session>,
}

fn empty() -> Server {
    api::start_with("client_ids = true", |rocket| {
        rocket
            .manage(AtomicUsize::new(0))
            .mount("/", rocket::routes![asked_so_far])
            .mount("/v1", Session::routes())
            .mount("/v1", Track::routes())
            .mount("/v1", Speaker::routes())
            .mount("/v1", Note::routes())
    })
}

fn identifier(kind: &str, id: i64) -> Value {
    json!({"type": kind, "id": id.to_string()})
}

fn document(kind: &str, id: i64, attributes: Value, relationships: Value) -> Value {
    json!({"data": {
        "type": kind, "id": id.to_string(), "attributes": attributes, "relationships": relationships,
    }})
}

fn make(server: &Server, kind: &str, id: i64, attributes: Value, relationships: Value) {
    let document = document(kind, id, attributes, relationships);
    server.write_as("POST", &format!("/v1/{kind}"), "admin", &document).is(201);
}

fn to_one(kind: &str, id: Option<i64>) -> Value {
    json!({"data": id.map(|id| identifier(kind, id))})
}

/// Everything if `hidden`, else what ann sees of it.
fn server(hidden: bool) -> Server {
    let server = empty();
    let some = |id: i64| hidden.then_some(id);
    for (id, owner) in [(1, Some("ann")), (2, Some("bob")), (3, None)] {
        if hidden || id != 2 {
            make(&server, "tracks", id, json!({"name": format!("track {id}"), "owner": owner}), json!({}));
            make(
                &server,
                "speakers",
                id,
                json!({"name": format!("speaker {id}"), "owner": owner}),
                json!({}),
            );
        }
    }
    for (id, owner, public, track, sequel_of, speakers) in [
        (1, "ann", false, Some(1), None, &[1, 2][..]),
        (2, "bob", false, Some(1), None, &[1]),
        (3, "bob", true, some(2), Some(1), &[2, 3]),
        (4, "ann", false, Some(3), some(2), &[]),
        (5, "bob", false, Some(3), Some(4), &[3]),
    ] {
        if !hidden && matches!(id, 2 | 5) {
            continue;
        }
        let speakers: Vec<_> = speakers.iter().filter(|id| hidden || **id != 2).collect();
        let speakers: Vec<_> = speakers.into_iter().map(|id| identifier("speakers", *id)).collect();
        let attributes = json!({"title": format!("session {}", 9 - id), "owner": owner, "public": public});
        let relationships = json!({
            "track": to_one("tracks", track),
            "sequelOf": to_one("sessions", sequel_of),
            "speakers": {"data": speakers},
        });
        make(&server, "sessions", id, attributes, relationships);
    }
    for (id, session) in [(1, 1), (2, 2), (3, 3)] {
        if hidden || id == 1 {
            let relationships = json!({"session": to_one("sessions", Some(session))});
            make(&server, "notes", id, json!({"text": format!("note {id}")}), relationships);
        }
    }
    server
}

fn same(with: &Answer, without: &Answer, told: &str) {
    assert_eq!(with.status, without.status, "{told}: {}", with.text());
    assert_eq!(with.text(), without.text(), "{told}");
    assert_eq!(with.field("etag"), without.field("etag"), "{told}");
}

const READS: [&str; 58] = [
    "/v1/sessions",
    "/v1/sessions/1",
    "/v1/sessions/2",
    "/v1/sessions/3",
    "/v1/sessions/4",
    "/v1/sessions/5",
    "/v1/sessions/99",
    "/v1/tracks",
    "/v1/tracks/1",
    "/v1/tracks/2",
    "/v1/speakers",
    "/v1/speakers/2",
    "/v1/notes",
    "/v1/notes/1",
    "/v1/notes/2",
    "/v1/notes/3",
    // Related URLs, and linkage, of what is seen and of what isn't.
    "/v1/sessions/1/track",
    "/v1/sessions/3/track",
    "/v1/sessions/2/track",
    "/v1/sessions/4/sequelOf",
    "/v1/sessions/1/speakers",
    "/v1/sessions/1/speakers?page[totals]",
    "/v1/sessions/2/speakers",
    "/v1/sessions/3/notes",
    "/v1/tracks/1/sessions",
    "/v1/tracks/1/sessions?page[totals]&page[size]=1",
    "/v1/tracks/2/sessions",
    "/v1/sessions/1/relationships/speakers",
    "/v1/sessions/3/relationships/speakers",
    "/v1/sessions/3/relationships/track",
    "/v1/sessions/4/relationships/sequelOf",
    "/v1/sessions/3/relationships/notes",
    "/v1/sessions/2/relationships/notes",
    "/v1/tracks/3/relationships/sessions",
    "/v1/sessions/3/relationships/speakers?include=speakers",
    // Included, at every depth.
    "/v1/sessions?include=track,speakers,notes,sequelOf",
    "/v1/sessions/4?include=sequelOf.track,track.sessions.speakers",
    "/v1/tracks?include=sessions.notes.session",
    "/v1/notes?include=session.track.sessions,session.sequelOf.speakers",
    "/v1/speakers?include=",
    // Filters see neither rows nor links.
    "/v1/sessions?filter[track.name]=track%202",
    "/v1/sessions?filter[track.id]=2",
    "/v1/sessions?filter[track]=2",
    "/v1/sessions?filter[track][ne]=1",
    "/v1/sessions?filter[sequelOf][is_null]=true",
    "/v1/sessions?filter=[{%22name%22:%22speakers%22,%22op%22:%22any%22,%22val%22:{%22name%22:%22id%22,%22op%22:%22eq%22,%22val%22:2}}]",
    "/v1/sessions?filter=[{%22not%22:{%22name%22:%22notes%22,%22op%22:%22any%22,%22val%22:{%22name%22:%22text%22,%22op%22:%22ilike%22,%22val%22:%22%25%22}}}]",
    "/v1/tracks?filter=[{%22name%22:%22sessions%22,%22op%22:%22any%22,%22val%22:{%22name%22:%22title%22,%22op%22:%22eq%22,%22val%22:%22session%204%22}}]",
    "/v1/sessions?filter[id]=2",
    // Orders and pages.
    "/v1/sessions?sort=track.name,-title",
    "/v1/sessions?sort=-sequelOf.title",
    "/v1/notes?sort=session.title",
    "/v1/sessions?page[number]=2&page[size]=2&page[totals]",
    "/v1/sessions?page[number]=1&page[size]=2&page[totals]",
    "/v1/sessions?page[offset]=2&page[limit]=2",
    "/v1/sessions?sort=title&page[size]=1",
    "/v1/sessions?fields[sessions]=title,track",
    "/v1/sessions?fields[sessions]=speakers&include=speakers",
];

#[test]
fn what_is_hidden_is_read_in_no_way() {
    let (with, without) = (server(true), server(false));
    let mut statuses = Vec::new();
    for url in READS {
        let answer = with.get_as(url, "ann");
        same(&answer, &without.get_as(url, "ann"), url);
        statuses.push(answer.status);
        for secret in ["track 2", "speaker 2", "note 2", "note 3", "session 7"] {
            assert!(!answer.text().contains(secret), "{url}: {}", answer.text());
        }
    }
    let number = |status| statuses.iter().filter(|known| **known == status).count();
    assert_eq!(number(200) + number(404), READS.len(), "none was asked wrongly: {statuses:?}");
    // Others see more of the same URLs, and nobody nothing.
    assert_ne!(with.get_as("/v1/sessions/3", "admin").text(), with.get_as("/v1/sessions/3", "ann").text());
    assert_eq!(with.get_as("/v1/sessions", "").is(200).json()["data"], json!([]));
    with.get_as("/v1/sessions/3", "").is(404);
}

#[test]
fn cursors_walk_over_what_is_seen() {
    let (with, without) = (server(true), server(false));
    let mut url = "/v1/sessions?sort=-title&page[size]=1".to_owned();
    let mut seen: Vec<String> = Vec::new();
    loop {
        let profile = (
            "Accept",
            "application/vnd.api+json;profile=\"https://jsonapi.org/profiles/ethanresnick/cursor-pagination/\"",
        );
        let ask = |server: &Server| server.get(&url, &[("X-User", "ann"), profile]);
        let answer = ask(&with);
        same(&answer, &ask(&without), &url);
        let document: Value = serde_json::from_slice(&answer.body).unwrap();
        let resources = document["data"].as_array().unwrap();
        seen.extend(resources.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        let Some(next) = document["links"]["next"].as_str() else { break };
        url = next.to_owned();
        assert!(seen.len() < 9, "{seen:?}");
    }
    assert_eq!(seen, ["1", "3", "4"]);
}

/// Everything, as `admin` sees it.
fn everything(server: &Server) -> Vec<String> {
    ["/v1/sessions?include=speakers,notes", "/v1/tracks", "/v1/speakers", "/v1/notes"]
        .map(|url| server.get_as(url, "admin").is(200).text())
        .to_vec()
}

#[test]
fn what_is_hidden_is_written_in_no_way() {
    let (with, without) = (server(true), server(false));
    let (before, before_without) = (everything(&with), everything(&without));
    let title = |id| document("sessions", id, json!({"title": "x"}), json!({}));
    let relates = |id, name: &str, linkage: Value| {
        document("sessions", id, json!({}), json!({name: {"data": linkage}}))
    };
    let new = |name: &str, linkage: Value| {
        json!({"data": {
            "type": "sessions",
            "attributes": {"title": "new", "owner": "ann"},
            "relationships": {name: {"data": linkage}},
        }})
    };
    let many = |kind: &str, ids: &[i64]| Value::from_iter(ids.iter().map(|id| identifier(kind, *id)));
    let data = |linkage: Value| json!({"data": linkage});
    let mut statuses = Vec::new();
    for (method, url, body) in [
        // A hidden row.
        ("PATCH", "/v1/sessions/2", title(2)),
        ("PATCH", "/v1/sessions/99", title(99)),
        ("DELETE", "/v1/sessions/2", Value::Null),
        ("DELETE", "/v1/notes/3", Value::Null),
        ("PATCH", "/v1/sessions/2/relationships/track", data(Value::Null)),
        ("PATCH", "/v1/sessions/2/relationships/speakers", data(json!([]))),
        ("POST", "/v1/sessions/2/relationships/speakers", data(many("speakers", &[3]))),
        ("DELETE", "/v1/sessions/2/relationships/speakers", data(many("speakers", &[1]))),
        ("POST", "/v1/tracks/2/relationships/sessions", data(many("sessions", &[1]))),
        // A relationship to one.
        ("PATCH", "/v1/sessions/1", relates(1, "track", identifier("tracks", 2))),
        ("PATCH", "/v1/sessions/1", relates(1, "sequelOf", identifier("sessions", 2))),
        ("PATCH", "/v1/sessions/1", relates(1, "speakers", many("speakers", &[1, 2]))),
        ("POST", "/v1/sessions", new("track", identifier("tracks", 2))),
        ("POST", "/v1/sessions", new("sequelOf", identifier("sessions", 2))),
        ("POST", "/v1/sessions", new("speakers", many("speakers", &[3, 2]))),
        ("POST", "/v1/sessions", new("notes", many("notes", &[3]))),
        ("PATCH", "/v1/sessions/1/relationships/track", data(identifier("tracks", 2))),
        ("PATCH", "/v1/sessions/1/relationships/speakers", data(many("speakers", &[1, 2]))),
        ("POST", "/v1/sessions/1/relationships/speakers", data(many("speakers", &[2]))),
        ("POST", "/v1/tracks/1/relationships/sessions", data(many("sessions", &[2]))),
        ("POST", "/v1/sessions/1/relationships/notes", data(many("notes", &[3]))),
        ("PATCH", "/v1/notes/1/relationships/session", data(identifier("sessions", 2))),
    ] {
        let told = format!("{method} {url} {body}");
        let answer = with.write_as(method, url, "ann", &body);
        same(&answer, &without.write_as(method, url, "ann", &body), &told);
        statuses.push((told, answer.status));
    }
    assert!(statuses.iter().all(|(_, status)| *status == 404), "{statuses:?}");
    assert_eq!(everything(&with), before);
    assert_eq!(everything(&without), before_without);
}

#[test]
fn writing_what_is_seen_is_the_same_and_leaves_what_is_hidden() {
    let (with, without) = (server(true), server(false));
    let data = |linkage: Value| json!({"data": linkage});
    let speakers = |ids: &[i64]| data(Value::from_iter(ids.iter().map(|id| identifier("speakers", *id))));
    for (method, url, body) in [
        ("PATCH", "/v1/sessions/3/relationships/speakers", speakers(&[1])),
        ("DELETE", "/v1/sessions/1/relationships/speakers", speakers(&[1, 2])),
        ("POST", "/v1/sessions/1/relationships/speakers", speakers(&[3])),
        ("PATCH", "/v1/sessions/3/relationships/track", data(Value::Null)),
        ("PATCH", "/v1/sessions/4?include=sequelOf", {
            document(
                "sessions",
                4,
                json!({"title": "y"}),
                json!({"sequelOf": {"data": null}, "speakers": speakers(&[1])}),
            )
        }),
        ("PATCH", "/v1/tracks/1/relationships/sessions", data(json!([identifier("sessions", 4)]))),
    ] {
        let told = format!("{method} {url} {body}");
        let answer = with.write_as(method, url, "ann", &body).is(200);
        same(&answer, &without.write_as(method, url, "ann", &body), &told);
    }
    for url in READS {
        same(&with.get_as(url, "ann"), &without.get_as(url, "ann"), url);
    }
    // Whatever ann's replacements did not see is where it was.
    let linkage = |url: &str| with.get_as(url, "admin").is(200).json()["data"].clone();
    assert_eq!(linkage("/v1/sessions/3/relationships/speakers"), speakers(&[1, 2])["data"]);
    assert_eq!(linkage("/v1/sessions/1/relationships/speakers"), speakers(&[2, 3])["data"]);
    assert_eq!(linkage("/v1/sessions/3/relationships/track"), identifier("tracks", 2));
    assert_eq!(linkage("/v1/sessions/4/relationships/sequelOf"), identifier("sessions", 2));
    let of_track = json!([identifier("sessions", 2), identifier("sessions", 4)]);
    assert_eq!(linkage("/v1/tracks/1/relationships/sessions"), of_track);
}

#[test]
fn nobody_writes_what_they_would_not_see() {
    let server = server(true);
    let before = everything(&server);
    let tag = server.get_as("/v1/sessions/1", "ann").tag();
    let given_away = |id| document("sessions", id, json!({"title": "x", "owner": "bob"}), json!({}));
    let note = json!({"data": [identifier("notes", 1)]});
    for (method, url, body) in [
        ("POST", "/v1/sessions", given_away(7)),
        ("PATCH", "/v1/sessions/1", given_away(1)),
        ("PATCH", "/v1/notes/1/relationships/session", json!({"data": identifier("sessions", 3)})),
        ("PATCH", "/v1/notes/1", {
            document("notes", 1, json!({}), json!({"session": {"data": identifier("sessions", 3)}}))
        }),
        // The column is the note's, which would go to a session that isn't ann's.
        ("POST", "/v1/sessions/3/relationships/notes", note),
        ("POST", "/v1/sessions", {
            let notes = json!({"notes": {"data": [identifier("notes", 1)]}});
            document("sessions", 8, json!({"title": "x", "owner": "bob", "public": true}), notes)
        }),
    ] {
        let refused = server.write_as(method, url, "ann", &body);
        assert_eq!(refused.status, 403, "{method} {url} {body}: {}", refused.text());
        assert_eq!(refused.error().0, "outside_scope");
    }
    assert_eq!(everything(&server), before);
    assert_eq!(server.get_as("/v1/sessions/1", "ann").tag(), tag);
    // Within the scope, all of it goes.
    server
        .write_as(
            "POST",
            "/v1/sessions",
            "ann",
            &document("sessions", 7, json!({"title": "x", "owner": "ann"}), json!({})),
        )
        .is(201);
    server
        .write_as(
            "PATCH",
            "/v1/sessions/1",
            "ann",
            &document("sessions", 1, json!({"owner": "bob", "public": true}), json!({})),
        )
        .is(200);
}

#[test]
fn preconditions_are_about_what_the_caller_sees() {
    let server = server(true);
    let [ann, admin] = ["ann", "admin"].map(|user| server.get_as("/v1/sessions/3", user).tag());
    assert_ne!(ann, admin, "its track is hidden from ann");
    let body = document("sessions", 3, json!({"title": "z"}), json!({})).to_string();
    let patch = |user, tag: &str| {
        let fields = [("Content-Type", "application/vnd.api+json"), ("X-User", user), ("If-Match", tag)];
        server.send("PATCH", "/v1/sessions/3", &fields, &body)
    };
    let refused = patch("ann", &admin).is(412);
    assert_eq!(refused.tag(), ann, "the current tag is ann's own");
    let changed = patch("ann", &ann).is(200);
    assert_eq!(changed.tag(), server.get_as("/v1/sessions/3", "ann").tag());
    patch("admin", &admin).is(412);
    // A hidden one has no state: `*` doesn't tell that it is there.
    let fields = [("Content-Type", "application/vnd.api+json"), ("X-User", "ann"), ("If-Match", "*")];
    let hidden = document("sessions", 2, json!({"title": "z"}), json!({})).to_string();
    assert_eq!(server.send("PATCH", "/v1/sessions/2", &fields, &hidden).status, 404);
    let read = server.get("/v1/sessions/3", &[("X-User", "ann"), ("If-None-Match", &admin)]);
    assert_eq!(read.status, 200);
}

#[test]
fn an_id_tells_that_it_is_taken() {
    let server = server(true);
    let taken = server.write_as(
        "POST",
        "/v1/sessions",
        "ann",
        &document("sessions", 2, json!({"title": "x", "owner": "ann"}), json!({})),
    );
    assert_eq!(taken.is(409).error().0, "id_exists");
    assert_eq!(server.get_as("/v1/sessions/2", "admin").json()["data"]["attributes"]["title"], "session 7");
}

#[test]
fn hooks_see_everything_unless_they_ask_for_less() {
    let server = server(true);
    let count = document("tracks", 1, json!({"name": "count"}), json!({}));
    let changed = server.write_as("PATCH", "/v1/tracks/1", "ann", &count).is(200);
    assert_eq!(changed.json()["data"]["attributes"]["name"], "track 1 was true and 0");
    server.write_as("PATCH", "/v1/tracks/1", "admin", &count).is(200);
    let changed = server.get_as("/v1/tracks/1", "ann").json();
    assert_eq!(changed["data"]["attributes"]["name"], "track 1 was true and 0 was true and 1");
}

#[test]
fn a_scope_that_does_not_fit_shows_nothing() {
    let server = server(true);
    for wrong in ["misspelt", "mistyped"] {
        for url in ["/v1/sessions", "/v1/sessions/3", "/v1/tracks", "/v1/tracks/3", "/v1/sessions/3/track"] {
            let answer = server.get_as(url, wrong).is(500);
            assert_eq!(answer.error().0, "internal");
            assert!(
                !answer.text().contains("ownr") && !answer.text().contains("session 6"),
                "{}",
                answer.text()
            );
        }
        server.write_as("DELETE", "/v1/sessions/3", wrong, &Value::Null).is(500);
    }
    server.get_as("/v1/sessions/3", "refused").is(401);
    // Its linkage leads to sessions.
    server.get_as("/v1/tracks/3", "refused").is(401);
    server.get_as("/v1/speakers/3", "refused").is(200);
    server.get_as("/v1/sessions/3", "admin").is(200);
}

/// A list of ids is as good a condition as another, however long, and however often a statement repeats it.
#[test]
fn a_scope_may_list_many_ids() {
    let server = server(true);
    for url in READS.iter().step_by(3) {
        same(&server.get_as(url, "crowd"), &server.get_as(url, "admin"), url);
    }
    let change =
        document("sessions", 2, json!({"title": "x"}), json!({"sequelOf": to_one("sessions", Some(4))}));
    server.write_as("PATCH", "/v1/sessions/2", "crowd", &change).is(200);
    let new = json!({"data": [identifier("notes", 1)]});
    server.write_as("POST", "/v1/sessions/2/relationships/notes", "crowd", &new).is(200);
    server.write_as("DELETE", "/v1/notes/2", "crowd", &Value::Null).is(204);
}

/// So is a long chain of conditions: it is no deep tree, which would end the stack of a thread.
#[test]
fn a_scope_may_have_many_conditions() {
    let server = server(true);
    for url in ["/v1/sessions/2", "/v1/sessions", "/v1/tracks/1", "/v1/tracks?include=sessions"] {
        let (chain, admin) = (server.get_as(url, "chain"), server.get_as(url, "admin"));
        assert_eq!((chain.status, chain.text()), (admin.status, admin.text()), "{url}");
    }
}

/// Who writes back what they have read takes nothing away, also where the relationship is one that must not be empty.
#[test]
fn a_required_relationship_to_what_is_hidden_stays() {
    let server = api::start(|rocket| rocket.mount("/v1", Badge::routes()).mount("/v1", Speaker::routes()));
    for owner in ["bob", "ann"] {
        let speaker = json!({"data": {"type": "speakers", "attributes": {"name": owner, "owner": owner}}});
        server.write_as("POST", "/v1/speakers", "admin", &speaker).is(201);
    }
    let badge = json!({"data": {
        "type": "badges",
        "attributes": {"text": "a"},
        "relationships": {"speaker": {"data": identifier("speakers", 1)}},
    }});
    server.write_as("POST", "/v1/badges", "admin", &badge).is(201);
    let (url, linkage) = ("/v1/badges/1", "/v1/badges/1/relationships/speaker");

    let mut read = server.get_as(url, "ann").is(200).json();
    assert_eq!(read["data"]["relationships"]["speaker"]["data"], Value::Null);
    read["data"]["attributes"]["text"] = json!("b");
    let changed = server.write_as("PATCH", url, "ann", &json!({"data": read["data"]})).is(200).json();
    assert_eq!(changed["data"], read["data"]);
    let empty = json!({"data": null});
    assert_eq!(server.write_as("PATCH", linkage, "ann", &empty).is(200).json()["data"], Value::Null);
    assert_eq!(server.get_as(linkage, "bob").json()["data"], identifier("speakers", 1));

    // Who sees it cannot empty it.
    let refused = server.write_as("PATCH", linkage, "bob", &empty).is(422);
    assert_eq!(refused.error(), ("validation_failed".into(), json!({"pointer": "/data"})));
    let refused = server.write_as("PATCH", url, "bob", &json!({"data": read["data"]})).is(422);
    assert_eq!(refused.pointers(), ["/data/relationships/speaker/data"]);
    // And whoever sees another can put that there.
    let own = json!({"data": identifier("speakers", 2)});
    server.write_as("PATCH", linkage, "ann", &own).is(200);
    assert_eq!(server.get_as(linkage, "admin").json()["data"], identifier("speakers", 2));
    let new = json!({"data": {
        "type": "badges", "attributes": {"text": "c"}, "relationships": {"speaker": {"data": null}},
    }});
    let refused = server.write_as("POST", "/v1/badges", "ann", &new).is(422);
    assert_eq!(refused.pointers(), ["/data/relationships/speaker/data"]);
}

/// Everybody sees it; the speaker that it must have is another matter.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "badges", etag)]
struct Badge {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship, required)]
    speaker: ToOne<Speaker>,
}

#[test]
fn a_scope_is_asked_once_a_request() {
    let server = empty();
    let so_far = || server.get("/asked", &[]).text().parse::<usize>().unwrap();
    make(&server, "sessions", 1, json!({"title": "a", "owner": "ann"}), json!({}));
    for (url, times) in [
        ("/v1/sessions", 1),
        (
            "/v1/sessions?include=sequelOf.sequelOf,track.sessions&filter[sequelOf.title]=a&sort=sequelOf.title",
            1,
        ),
        ("/v1/tracks", 1),
        ("/v1/speakers", 0),
        ("/v1/speakers/1", 0),
    ] {
        let before = so_far();
        server.get_as(url, "ann");
        assert_eq!(so_far() - before, times, "{url}");
    }
}

#[rocket::get("/asked")]
fn asked_so_far(asked: &rocket::State<AtomicUsize>) -> String {
    asked.load(Ordering::Relaxed).to_string()
}
