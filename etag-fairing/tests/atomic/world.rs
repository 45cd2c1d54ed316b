//! Talks with speakers and a room, on both databases, and the endpoint for operations.

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use serde_json::{Value, json};

use crate::support::{Answer, Server};

/// Its tag is the digest of what it shows.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "talks", etag)]
pub(crate) struct Talk {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(default)]
    stars: i64,
    #[jsonapi(relationship)]
    room: ToOne<Room>,
    #[jsonapi(relationship, through = "talk_speakers", linkage = true)]
    speakers: ToMany<Speaker>,
}

/// Its tag is a version.
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

pub(crate) const ATOMIC: &str = r#"application/vnd.api+json;ext="https://jsonapi.org/ext/atomic""#;

pub(crate) struct World {
    pub(crate) server: Server,
}

impl World {
    fn start(database: &str, etag: &str, jsonapi: &str) -> Self {
        let toml = format!(
            "[default]\nETAG = true\n[default.etag]\n{etag}\n[default.databases.api]\nurl = '{database}'\nread_timeout = \
             60\n[default.jsonapi]\nwrite_timeout = 30\nclient_ids = true\n{jsonapi}\n"
        );
        let server = Server::start(&toml, |rocket| {
            rocket
                .attach(EtagFairing::new())
                .attach(JsonApi::fairing())
                .mount("/v1", Talk::routes())
                .mount("/v1", Room::routes())
                .mount("/v1", Speaker::routes())
                .mount("/v1", JsonApi::operations())
        });
        Self { server }
    }

    /// Sends operations.
    pub(crate) fn send(&self, operations: &Value) -> Answer {
        self.send_document(&json!({ "atomic:operations": operations }))
    }

    pub(crate) fn send_document(&self, document: &Value) -> Answer {
        self.server.send("POST", "/v1/operations", &[("Content-Type", ATOMIC)], &document.to_string())
    }

    /// The results of operations, which are made.
    #[track_caller]
    pub(crate) fn make(&self, operations: &Value) -> Vec<Value> {
        let answer = self.send(operations).is(200);
        assert_eq!(answer.field("content-type"), Some(ATOMIC));
        let document: Value = serde_json::from_slice(&answer.body).expect("JSON");
        document["atomic:results"].as_array().expect("results").clone()
    }

    /// The errors of operations, of which none is made.
    #[track_caller]
    pub(crate) fn refuse(&self, status: u16, operations: &Value) -> Vec<Value> {
        self.refuse_document(status, &json!({ "atomic:operations": operations }))
    }

    #[track_caller]
    pub(crate) fn refuse_document(&self, status: u16, document: &Value) -> Vec<Value> {
        let before = self.all();
        let answer = self.send_document(document).is(status);
        assert_eq!(self.all(), before, "nothing has changed");
        let document: Value = serde_json::from_slice(&answer.body).expect("JSON");
        document["errors"].as_array().expect("errors").clone()
    }

    /// All that is stored, as documents.
    pub(crate) fn all(&self) -> Vec<Vec<u8>> {
        let lists = ["/v1/talks?include=speakers", "/v1/rooms", "/v1/speakers"];
        lists.map(|list| self.server.get(list, &[]).is(200).body).into()
    }

    pub(crate) fn read(&self, path: &str) -> Value {
        self.server.get(path, &[]).is(200).json()["data"].clone()
    }

    pub(crate) fn tag(&self, path: &str) -> String {
        self.server.get(path, &[]).is(200).tag()
    }

    /// A talk of this title; returns its id.
    pub(crate) fn talk(&self, title: &str) -> String {
        let made = self.make(&json!([add_talk(title)]));
        made[0]["data"]["id"].as_str().expect("an id").to_owned()
    }
}

pub(crate) fn add_talk(title: &str) -> Value {
    json!({ "op": "add", "data": { "type": "talks", "attributes": { "title": title } } })
}

pub(crate) fn on_both(test: impl Fn(&World)) {
    on_both_with("", "", test);
}

/// The same, with more in `[default.etag]` and `[default.jsonapi]`.
pub(crate) fn on_both_with(etag: &str, jsonapi: &str, test: impl Fn(&World)) {
    test(&World::start("sqlite::memory:", etag, jsonapi));
    #[cfg(feature = "postgres")]
    if let Some(database) = postgres_server::Database::provide() {
        test(&World::start(database.url(), etag, jsonapi));
    }
}

/// The pointers of errors.
pub(crate) fn pointers(errors: &[Value]) -> Vec<&str> {
    errors.iter().map(|error| error["source"]["pointer"].as_str().unwrap_or("none")).collect()
}
