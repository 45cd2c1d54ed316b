//! A programme of talks, on both databases, and the endpoint for operations.

use etag_fairing::document::error::ErrorObject;
use etag_fairing::resource::{HookError, Hooks, Scope, Write, member};
use etag_fairing::{EtagFairing, JsonApi, JsonApiFairing, JsonApiResource, ToMany, ToOne};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use serde_json::{Value, json};

use crate::support::{Answer, Server};

/// Its tag is the digest of what it shows.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "talks", etag)]
pub(crate) struct Talk {
    #[jsonapi(id)]
    id: i64,
    pub(crate) title: String,
    #[jsonapi(default)]
    stars: i64,
    #[jsonapi(read_only, default)]
    slug: String,
    #[jsonapi(relationship)]
    room: ToOne<Room>,
    #[jsonapi(relationship, through = "talk_speakers", linkage = true)]
    speakers: ToMany<Speaker>,
    /// Its tag says nothing of them.
    #[jsonapi(relationship, through = "talk_helpers", linkage = false)]
    helpers: ToMany<Speaker>,
}

/// Its linkage has a tag, and it has none where it is changed.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "kits", etag(read, relationship, update_relationship), require_if_match)]
pub(crate) struct Kit {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, through = "kit_speakers", linkage = true)]
    speakers: ToMany<Speaker>,
}

/// Its tag is a version, which the talks in it raise.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "rooms", etag)]
pub(crate) struct Room {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship, inverse = "room", linkage = true)]
    talks: ToMany<Talk>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "speakers", etag)]
pub(crate) struct Speaker {
    #[jsonapi(id)]
    id: String,
    name: String,
}

/// Nobody but `ada` deletes one; each needs its talk; a hook looks at each.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "reviews", etag, hooks, guard(delete = Ada), scope = own_reviews)]
pub(crate) struct Review {
    #[jsonapi(id)]
    id: i64,
    author: String,
    text: String,
    #[jsonapi(relationship, required, on_delete = "restrict")]
    talk: ToOne<Talk>,
    #[jsonapi(last_modified, column = "changed_at")]
    changed: chrono::DateTime<chrono::Utc>,
}

struct Ada;

fn user<'r>(request: &'r Request<'_>) -> &'r str {
    request.headers().get_one("X-User").unwrap_or("")
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Ada {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        if user(request) == "ada" { Outcome::Success(Ada) } else { Outcome::Error((Status::Forbidden, ())) }
    }
}

/// `ada` sees all of them, others their own.
async fn own_reviews(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match user(request) {
        "" | "ada" => Scope::All,
        user => Scope::rows(member("author").equals(user)),
    })
}

#[rocket::async_trait]
impl Hooks for Review {
    async fn before_create(&mut self, write: &mut Write<'_>) -> Result<(), HookError> {
        if self.text == "refuse" {
            let error = ErrorObject::validation_failed("so it is not called");
            return Err(error.pointer("/data/attributes/text").into());
        }
        if self.text == "with a speaker" {
            write.insert(&Speaker { id: "hooked".into(), name: "By a hook".into() }).await?;
        }
        Ok(())
    }
}

pub(crate) const J: &str = "application/vnd.api+json";
pub(crate) const EXT: &str = "https://jsonapi.org/ext/atomic";
pub(crate) const ATOMIC: &str = r#"application/vnd.api+json;ext="https://jsonapi.org/ext/atomic""#;
pub(crate) const URL: &str = "/v1/operations";

pub(crate) struct World {
    pub(crate) server: Server,
}

impl World {
    fn start(database: &str, etag: &str, jsonapi: &str, fairing: JsonApiFairing) -> Self {
        let toml = format!(
            "[default.etag]\n{etag}\n[default.databases.api]\nurl = '{database}'\nread_timeout = \
             60\n[default.jsonapi]\nwrite_timeout = 30\n{jsonapi}\n"
        );
        let server = Server::start(&toml, |rocket| {
            rocket
                .attach(EtagFairing::new())
                .attach(fairing)
                .mount("/v1", Talk::routes())
                .mount("/v1", Room::routes())
                .mount("/v1", Speaker::routes())
                .mount("/v1", Review::routes())
                .mount("/v1", Kit::routes())
                .mount("/v1", JsonApi::operations())
                .mount("/v1", JsonApi::openapi().routes())
        });
        Self { server }
    }

    /// Sends operations.
    pub(crate) fn send(&self, operations: &Value) -> Answer {
        self.send_document(&json!({ "atomic:operations": operations }))
    }

    pub(crate) fn send_document(&self, document: &Value) -> Answer {
        self.send_text(&document.to_string())
    }

    pub(crate) fn send_text(&self, body: &str) -> Answer {
        self.send_with(&[("Content-Type", ATOMIC)], body)
    }

    pub(crate) fn send_with(&self, fields: &[(&str, &str)], body: &str) -> Answer {
        self.server.send("POST", URL, fields, body)
    }

    /// The results of operations, which are made.
    #[track_caller]
    pub(crate) fn make(&self, operations: &Value) -> Vec<Value> {
        let answer = self.send(operations).is(200);
        results(&answer)
    }

    /// The errors of operations, of which none is made.
    #[track_caller]
    pub(crate) fn refuse(&self, status: u16, operations: &Value) -> Vec<Value> {
        self.refuse_document(status, &json!({ "atomic:operations": operations }))
    }

    #[track_caller]
    pub(crate) fn refuse_document(&self, status: u16, document: &Value) -> Vec<Value> {
        self.refuse_text(status, &document.to_string())
    }

    #[track_caller]
    pub(crate) fn refuse_text(&self, status: u16, body: &str) -> Vec<Value> {
        let before = self.all();
        let answer = self.send_text(body).is(status);
        assert_eq!(self.all(), before, "nothing has changed");
        let errors = errors(&answer);
        let sent: Value = serde_json::from_str(body).unwrap_or_default();
        for error in &errors {
            // RFC 6901, and JSON:API §10.2: it points to something that is there.
            if let Some(pointer) = error["source"]["pointer"].as_str().filter(|_| !sent.is_null()) {
                assert!(sent.pointer(pointer).is_some(), "{pointer} in {sent}");
            }
        }
        errors
    }

    /// Refused with this status, pointing there.
    #[track_caller]
    pub(crate) fn refuses_at(&self, status: u16, pointer: &str, operations: &Value) {
        let errors = self.refuse(status, operations);
        assert_eq!(pointers(&errors), [pointer], "{errors:#?}");
    }

    /// All that is stored, as documents.
    pub(crate) fn all(&self) -> Vec<Vec<u8>> {
        let lists = ["/v1/talks?include=speakers", "/v1/rooms", "/v1/speakers", "/v1/reviews"];
        lists.map(|list| self.server.get(list, &[]).is(200).body).into()
    }

    pub(crate) fn read(&self, path: &str) -> Value {
        self.server.get(path, &[]).is(200).json()["data"].clone()
    }

    pub(crate) fn tag(&self, path: &str) -> String {
        self.server.get(path, &[]).is(200).tag()
    }

    /// A new resource; returns its id.
    pub(crate) fn id_of(&self, data: &Value) -> String {
        let made = self.make(&json!([{ "op": "add", "data": data }]));
        made[0]["data"]["id"].as_str().expect("an id").to_owned()
    }

    /// A talk of this title; returns its id.
    pub(crate) fn talk(&self, title: &str) -> String {
        self.id_of(&talk(title))
    }

    pub(crate) fn room(&self, name: &str) -> String {
        self.id_of(&json!({ "type": "rooms", "attributes": { "name": name } }))
    }

    pub(crate) fn speaker(&self, name: &str) -> String {
        self.id_of(&json!({ "type": "speakers", "attributes": { "name": name } }))
    }

    pub(crate) fn review(&self, author: &str, talk: &str) -> String {
        self.id_of(&review(author, "good", talk))
    }
}

/// The resource object of a new talk.
pub(crate) fn talk(title: &str) -> Value {
    json!({ "type": "talks", "attributes": { "title": title } })
}

pub(crate) fn review(author: &str, text: &str, talk: &str) -> Value {
    json!({ "type": "reviews", "attributes": { "author": author, "text": text },
            "relationships": { "talk": { "data": { "type": "talks", "id": talk } } } })
}

pub(crate) fn add(data: Value) -> Value {
    json!({ "op": "add", "data": data })
}

pub(crate) fn add_talk(title: &str) -> Value {
    add(talk(title))
}

/// Another title for a talk.
pub(crate) fn retitle(id: &str, title: &str) -> Value {
    json!({ "op": "update", "data": { "type": "talks", "id": id, "attributes": { "title": title } } })
}

/// An operation with a precondition.
pub(crate) fn if_match(mut operation: Value, tag: impl Into<Value>) -> Value {
    operation["meta"] = json!({ "ifMatch": tag.into() });
    operation
}

pub(crate) fn remove(type_name: &str, id: &str) -> Value {
    json!({ "op": "remove", "ref": { "type": type_name, "id": id } })
}

/// A change to a relationship.
pub(crate) fn link(op: &str, (type_name, id): (&str, &str), relationship: &str, data: Value) -> Value {
    json!({ "op": op, "ref": { "type": type_name, "id": id, "relationship": relationship }, "data": data })
}

/// Over SQLite: where no database takes part in what is tested.
pub(crate) fn on_sqlite(test: impl Fn(&World)) {
    test(&World::start("sqlite::memory:", "", "", JsonApi::fairing()));
}

pub(crate) fn on_both(test: impl Fn(&World)) {
    on_both_with("", "", test);
}

/// The same, with more in `[default.etag]` and `[default.jsonapi]`.
pub(crate) fn on_both_with(etag: &str, jsonapi: &str, test: impl Fn(&World)) {
    each_database(|database| test(&World::start(database, etag, jsonapi, JsonApi::fairing())));
}

/// The same over an application with a fairing of its own.
pub(crate) fn on_both_by(fairing: impl Fn() -> JsonApiFairing, test: impl Fn(&World)) {
    each_database(|database| test(&World::start(database, "", "", fairing())));
}

pub(crate) fn each_database(test: impl Fn(&str)) {
    test("sqlite::memory:");
    #[cfg(feature = "postgres")]
    if let Some(database) = postgres_server::Database::provide() {
        test(database.url());
    }
}

/// The body as JSON, whatever its media type.
#[track_caller]
pub(crate) fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

#[track_caller]
pub(crate) fn results(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.field("content-type"), Some(ATOMIC), "{answer:?}");
    json_of(answer)["atomic:results"].as_array().expect("results").clone()
}

#[track_caller]
pub(crate) fn errors(answer: &Answer) -> Vec<Value> {
    let document = json_of(answer);
    assert!(document.get("atomic:results").is_none(), "{document}");
    document["errors"].as_array().unwrap_or_else(|| panic!("no errors: {document}")).clone()
}

/// The pointers of errors.
pub(crate) fn pointers(errors: &[Value]) -> Vec<&str> {
    errors.iter().map(|error| error["source"]["pointer"].as_str().unwrap_or("none")).collect()
}
