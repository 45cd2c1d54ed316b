//! Sessions, tracks, speakers and notes, some of which a caller sees.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::{Server, api};
use etag_fairing::document::error::ErrorObject;
use etag_fairing::resource::{Condition, HookError, Hooks, ResourceId, Scope, Write, member};
use etag_fairing::store::{Plan, Root, Selection};
use etag_fairing::{JsonApiResource, ToMany, ToOne};
use rocket::Request;
use rocket::http::Status;
use serde_json::{Value, json};

pub(crate) fn user<'a>(request: &'a Request<'_>) -> &'a str {
    request.headers().get_one("X-User").unwrap_or("")
}

/// One's own, and what is public; `admin` sees all.
pub(crate) async fn own_sessions(request: &Request<'_>) -> Result<Scope, HookError> {
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
pub(crate) async fn own_or_free(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match user(request) {
        "admin" | "crowd" | "chain" => Scope::All,
        name => Scope::rows(member("owner").is_null().or(member("owner").equals(name))),
    })
}

/// Those of one's own sessions.
pub(crate) async fn of_own_sessions(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match user(request) {
        "admin" | "chain" => Scope::All,
        "crowd" => Scope::rows(member("session").is_one_of(1..40_000)),
        name => Scope::rows(member("session.owner").equals(name)),
    })
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions", etag, scope = own_sessions)]
pub(crate) struct Session {
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
pub(crate) struct Track {
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
pub(crate) struct Speaker {
    #[jsonapi(id)]
    id: i64,
    name: String,
    owner: Option<String>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag, scope = of_own_sessions)]
pub(crate) struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship, required)]
    session: ToOne<Session>,
}

pub(crate) fn empty() -> Server {
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

pub(crate) fn identifier(kind: &str, id: i64) -> Value {
    json!({"type": kind, "id": id.to_string()})
}

pub(crate) fn document(kind: &str, id: i64, attributes: Value, relationships: Value) -> Value {
    json!({"data": {
        "type": kind, "id": id.to_string(), "attributes": attributes, "relationships": relationships,
    }})
}

pub(crate) fn make(server: &Server, kind: &str, id: i64, attributes: Value, relationships: Value) {
    let document = document(kind, id, attributes, relationships);
    server.write_as("POST", &format!("/v1/{kind}"), "admin", &document).is(201);
}

pub(crate) fn to_one(kind: &str, id: Option<i64>) -> Value {
    json!({"data": id.map(|id| identifier(kind, id))})
}

/// Everything if `hidden`, else what ann sees of it.
pub(crate) fn server(hidden: bool) -> Server {
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

#[rocket::get("/asked")]
fn asked_so_far(asked: &rocket::State<AtomicUsize>) -> String {
    asked.load(Ordering::Relaxed).to_string()
}
