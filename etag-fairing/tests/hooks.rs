//! `#[jsonapi(hooks)]`: code before and after each operation, in its transaction.
#![cfg(feature = "sqlite")]

mod support;

use etag_fairing::document::error::ErrorObject;
use etag_fairing::resource::{HookError, Hooks, Operation, RelationshipChange, ResourceId, Write};
use etag_fairing::store::LinkageChange;
use etag_fairing::{JsonApiResource, ToMany, ToOne};
use rocket::Request;
use rocket::http::Status;
use serde_json::{Value, json};
use support::{Server, api};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions", etag, hooks)]
struct Session {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(read_only, default)]
    slug: String,
    #[jsonapi(write_only)]
    code: Option<String>,
    #[jsonapi(relationship)]
    track: ToOne<Track>,
    #[jsonapi(relationship, through = "session_tracks")]
    others: ToMany<Track>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tracks", etag, hooks)]
struct Track {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

/// What happened, one row an event.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "entries")]
struct Entry {
    #[jsonapi(id)]
    id: i64,
    what: String,
}

async fn log(write: &mut Write<'_>, what: String) -> Result<(), HookError> {
    write.insert(&Entry { id: 0, what }).await?;
    Ok(())
}

fn user<'a>(request: &'a Request<'_>) -> &'a str {
    request.headers().get_one("X-User").unwrap_or("nobody")
}

fn not_allowed() -> ErrorObject {
    ErrorObject::new(Status::Forbidden, "not_yours", "Not yours")
}

/// Refuses where the title says so, after having written: what was written must be undone.
async fn refuse(title: &str, here: &str, write: &mut Write<'_>) -> Result<(), HookError> {
    match title.strip_prefix("refuse ") {
        Some(place) if place == here => {
            log(write, "written in vain".into()).await?;
            Err(not_allowed().pointer("/data/attributes/title").into())
        }
        _ => Ok(()),
    }
}

#[rocket::async_trait]
impl Hooks for Session {
    async fn before_create(&mut self, write: &mut Write<'_>) -> Result<(), HookError> {
        assert_eq!(self.id, 0, "the store makes it");
        refuse(&self.title, "before", write).await?;
        if self.title == "for ever" {
            log(write, "written in vain".into()).await?;
            std::future::pending::<()>().await;
        }
        if self.title == "chosen" {
            self.id = 77;
        }
        if self.title == "linked" {
            self.track = ToOne::to(ResourceId::Integer(1));
            self.others = ToMany::to(vec![ResourceId::Integer(2), ResourceId::Integer(1)]);
        }
        self.slug = self.title.to_lowercase().replace(' ', "-");
        log(write, format!("{} makes {}", user(write.request()), self.title)).await
    }

    async fn after_create(&self, write: &mut Write<'_>) -> Result<(), HookError> {
        refuse(&self.title, "after", write).await?;
        log(write, format!("made {} {}", self.id, self.slug)).await
    }

    async fn before_update(&mut self, current: &Self, write: &mut Write<'_>) -> Result<(), HookError> {
        refuse(&self.title, "before", write).await?;
        self.slug = format!("{}-was-{}", self.title, current.title);
        log(write, format!("{} becomes {}", current.title, self.title)).await
    }

    async fn after_update(&self, previous: &Self, write: &mut Write<'_>) -> Result<(), HookError> {
        refuse(&self.title, "after", write).await?;
        log(write, format!("{} became {}", previous.title, self.title)).await
    }

    async fn before_delete(&self, write: &mut Write<'_>) -> Result<(), HookError> {
        if user(write.request()) == "nobody" {
            log(write, "written in vain".into()).await?;
            return Err(not_allowed().into());
        }
        log(write, format!("deleting {} (code {:?})", self.title, self.code)).await
    }

    async fn after_delete(&self, write: &mut Write<'_>) -> Result<(), HookError> {
        assert!(write.find::<Session>(&ResourceId::Integer(self.id)).await?.is_none());
        log(write, format!("deleted {}", self.title)).await
    }

    async fn before_relationship(
        &self,
        change: &mut RelationshipChange,
        write: &mut Write<'_>,
    ) -> Result<(), HookError> {
        if change.change == LinkageChange::One(None) {
            log(write, "written in vain".into()).await?;
            return Err(not_allowed().pointer("/data").into());
        }
        if let LinkageChange::Add(ids) = &mut change.change {
            ids.push(ResourceId::Integer(1));
        }
        log(write, format!("{} of {} changes", change.name, self.title)).await
    }

    async fn after_relationship(
        &self,
        change: &RelationshipChange,
        write: &mut Write<'_>,
    ) -> Result<(), HookError> {
        let others = self.others.ids().map_or(0, <[_]>::len);
        log(write, format!("{} changed, {others} others", change.name)).await
    }
}

#[rocket::async_trait]
impl Hooks for Track {
    async fn before_read(request: &Request<'_>, operation: Operation) -> Result<(), HookError> {
        match user(request) {
            "nobody" => Err(not_allowed().detail(operation.name()).into()),
            _ => Ok(()),
        }
    }

    async fn after_read(request: &Request<'_>, operation: Operation) -> Result<(), HookError> {
        match user(request) {
            "counted" => {
                READS.lock().unwrap().push(operation.name());
                Ok(())
            }
            "late" => Err(not_allowed().detail(operation.name()).into()),
            _ => Ok(()),
        }
    }

    async fn after_create(&self, write: &mut Write<'_>) -> Result<(), HookError> {
        if self.name == "renamed" {
            let mut track = write.find::<Track>(&ResourceId::Integer(self.id)).await?.expect("it was made");
            track.name = "renamed by its hook".into();
            write.update(&track).await?;
        }
        if self.name == "deletes the first" {
            write.delete::<Session>(&ResourceId::Integer(1)).await?;
        }
        if self.name == "clashes" {
            // Not there: the store refuses.
            write.delete::<Session>(&ResourceId::Integer(999)).await?;
        }
        Ok(())
    }
}

/// The reads of the user `counted`.
static READS: std::sync::Mutex<Vec<&str>> = std::sync::Mutex::new(Vec::new());

fn server() -> Server {
    let server = api::start_with("write_timeout = 1", |rocket| {
        rocket.mount("/", Session::routes()).mount("/", Track::routes()).mount("/", Entry::routes())
    });
    for name in ["Open", "Web"] {
        track(&server, name, 201);
    }
    server
}

fn track(server: &Server, name: &str, status: u16) -> Value {
    let document = json!({"data": {"type": "tracks", "attributes": {"name": name}}});
    server.write_as("POST", "/tracks", "ada", &document).is(status).json()
}

fn create(server: &Server, title: &str) -> support::Answer {
    let attributes = json!({"title": title, "code": "xyz"});
    server.write_as(
        "POST",
        "/sessions",
        "ada",
        &json!({"data": {"type": "sessions", "attributes": attributes}}),
    )
}

fn update(server: &Server, title: &str) -> support::Answer {
    let document = json!({"data": {"type": "sessions", "id": "1", "attributes": {"title": title}}});
    server.write_as("PATCH", "/sessions/1", "ada", &document)
}

fn entries(server: &Server) -> Vec<String> {
    let document = server.get("/entries", &[]).is(200).json();
    let rows = document["data"].as_array().unwrap();
    rows.iter().map(|row| row["attributes"]["what"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn hooks_change_what_is_made_and_write_beside_it() {
    let server = server();
    let made = create(&server, "Hello World").is(201).json();
    assert_eq!(made["data"]["attributes"]["slug"], "hello-world");
    assert_eq!(entries(&server), ["ada makes Hello World", "made 1 hello-world"]);
    assert_eq!(create(&server, "chosen").is(201).field("location"), Some("/sessions/77"));
    let linked = create(&server, "linked").is(201).json();
    assert_eq!(linked["data"]["relationships"]["track"]["data"]["id"], "1");
    assert_eq!(linked["data"]["relationships"]["others"]["data"].as_array().unwrap().len(), 2);
}

#[test]
fn hooks_see_and_change_an_update() {
    let server = server();
    create(&server, "One").is(201);
    let before = entries(&server).len();
    let changed = update(&server, "Two").is(200);
    assert_eq!(changed.json()["data"]["attributes"]["slug"], "Two-was-One");
    assert_eq!(entries(&server)[before..], ["One becomes Two", "One became Two"]);
    assert_eq!(changed.tag(), server.get("/sessions/1", &[]).tag(), "the tag of what was stored");
}

#[test]
fn a_refusal_undoes_what_hooks_have_written() {
    let server = server();
    create(&server, "One").is(201);
    let before = entries(&server);
    for title in ["refuse before", "refuse after"] {
        for refused in [create(&server, title), update(&server, title)] {
            let refused = refused.is(403);
            assert_eq!(refused.error(), ("not_yours".into(), json!({"pointer": "/data/attributes/title"})));
        }
    }
    server.write_as("DELETE", "/sessions/1", "nobody", &Value::Null).is(403);
    let none = json!({"data": null});
    server.write("PATCH", "/sessions/1/relationships/track", &none).is(403);
    assert_eq!(entries(&server), before);
    let sessions = server.get("/sessions", &[]).json();
    assert_eq!(sessions["data"].as_array().unwrap().len(), 1);
    assert_eq!(sessions["data"][0]["attributes"]["title"], "One");
}

#[test]
fn a_hook_that_takes_too_long_is_undone() {
    let server = server();
    let late = create(&server, "for ever").is(503);
    assert!(late.field("retry-after").is_some());
    assert_eq!(entries(&server), Vec::<String>::new());
    create(&server, "next").is(201);
    assert_eq!(server.get("/sessions", &[]).json()["data"].as_array().unwrap().len(), 1);
}

#[test]
fn hooks_see_what_is_deleted() {
    let server = server();
    create(&server, "One").is(201);
    let before = entries(&server).len();
    server.write_as("DELETE", "/sessions/1", "ada", &Value::Null).is(204);
    assert_eq!(entries(&server)[before..], ["deleting One (code Some(\"xyz\"))", "deleted One"]);
}

#[test]
fn hooks_see_and_change_linkage() {
    let server = server();
    create(&server, "One").is(201);
    let before = entries(&server).len();
    let second = json!({"data": [{"type": "tracks", "id": "2"}]});
    let linkage = server.write("POST", "/sessions/1/relationships/others", &second).is(200).json();
    let ids: Vec<_> = linkage["data"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    assert_eq!(ids, ["1", "2"], "the hook has added one");
    assert_eq!(entries(&server)[before..], ["others of One changes", "others changed, 2 others"]);
}

#[test]
fn a_read_is_refused_on_every_way_to_it() {
    let server = server();
    create(&server, "linked").is(201);
    for (path, operation) in [
        ("/tracks", "list"),
        ("/tracks/1", "read"),
        ("/sessions/1/track", "related"),
        ("/sessions/1/others", "related"),
        ("/sessions/1?include=track", "list"),
        ("/sessions?include=others", "list"),
        ("/sessions?filter[track.name]=Open", "list"),
        ("/sessions?sort=track.name", "list"),
    ] {
        let refused = server.get(path, &[]).is(403).json();
        assert_eq!(refused["errors"][0]["detail"], operation, "{path}");
        server.get_as(path, "ada").is(200);
    }
    server.get("/sessions/1", &[]).is(200);
}

#[test]
fn hooks_reach_other_resources_through_the_transaction() {
    let server = server();
    create(&server, "One").is(201);
    assert_eq!(track(&server, "renamed", 201)["data"]["attributes"]["name"], "renamed by its hook");
    track(&server, "deletes the first", 201);
    server.get("/sessions/1", &[]).is(404);
    let tracks = || server.get_as("/tracks", "ada").json()["data"].as_array().unwrap().len();
    let before = tracks();
    let refused = track(&server, "clashes", 500);
    assert!(refused["errors"][0]["detail"].is_null(), "the store's words are for the log: {refused}");
    assert_eq!(tracks(), before);
}

#[test]
fn a_stale_tag_is_told_before_any_hook_runs() {
    let server = server();
    create(&server, "One").is(201);
    let before = entries(&server);
    let document =
        json!({"data": {"type": "sessions", "id": "1", "attributes": {"title": "Two"}}}).to_string();
    let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", "\"old\"")];
    server.send("PATCH", "/sessions/1", &fields, &document).is(412);
    assert_eq!(entries(&server), before);
}

#[test]
fn after_read_knows_what_was_read_and_may_refuse() {
    let server = server();
    let first = server.get_as("/tracks/1", "counted").is(200);
    let fields = [("X-User", "counted"), ("If-None-Match", &first.tag())];
    server.get("/tracks/1", &fields).is(304);
    server.get_as("/tracks", "counted").is(200);
    server.get_as("/tracks/99", "counted").is(404);
    server.get_as("/tracks?sort=nothing", "counted").is(400);
    assert_eq!(*READS.lock().unwrap(), ["read", "read", "list"]);

    let refused = server.get_as("/tracks/1", "late").is(403);
    assert_eq!(refused.json()["errors"][0]["detail"], "read");
    assert_eq!(refused.field("etag"), None);
}
