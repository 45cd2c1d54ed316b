//! Orders and their lines, on both databases, and the endpoint for operations.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use etag_fairing::document::error::ErrorObject;
use etag_fairing::own::ApiError;
use etag_fairing::resource::{Committed, HookError, Hooks, Write};
use etag_fairing::{EtagFairing, JsonApi, JsonApiFairing, JsonApiResource, ToMany, ToOne};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use serde_json::{Value, json};

use crate::support::{Answer, Server};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "orders", etag, hooks)]
pub(crate) struct Order {
    #[jsonapi(id)]
    id: i64,
    pub(crate) item: String,
    #[jsonapi(default)]
    amount: i64,
    #[jsonapi(relationship, through = "order_tags")]
    tags: ToMany<Tag>,
}

/// Its writes need a key.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "payments", etag, idempotent)]
pub(crate) struct Payment {
    #[jsonapi(id)]
    id: i64,
    sum: i64,
    #[jsonapi(relationship, on_delete = "set_null")]
    order: ToOne<Order>,
}

/// Nobody but those with a name.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tags", etag, guard(create = Named))]
pub(crate) struct Tag {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

struct Named;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Named {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("X-User").unwrap_or("") {
            "" => Outcome::Error((Status::Unauthorized, ())),
            "mallory" => Outcome::Error((Status::Forbidden, ())),
            _ => Outcome::Success(Named),
        }
    }
}

#[rocket::async_trait]
impl Hooks for Order {
    async fn before_create(&mut self, _: &mut Write<'_>) -> Result<(), HookError> {
        match self.item.as_str() {
            "refuse" => Err(ErrorObject::validation_failed("so it is not called").into()),
            // For whoever sends it once more meanwhile.
            "slow" => {
                rocket::tokio::time::sleep(std::time::Duration::from_millis(400)).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

pub(crate) const J: &str = "application/vnd.api+json";
const ATOMIC: &str = r#"application/vnd.api+json;ext="https://jsonapi.org/ext/atomic""#;

pub(crate) struct World {
    pub(crate) server: Server,
    /// How many changes of orders the application has heard of.
    pub(crate) heard: Arc<AtomicUsize>,
}

impl World {
    pub(crate) fn new(database: &str) -> Self {
        Self::start(database, "", |fairing| fairing)
    }

    pub(crate) fn start(
        database: &str,
        jsonapi: &str,
        build: impl FnOnce(JsonApiFairing) -> JsonApiFairing,
    ) -> Self {
        let toml = format!(
            "[default]\nETAG = true\n[default.databases.api]\nurl = '{database}'\nread_timeout = 60\n\
             [default.jsonapi]\nwrite_timeout = 30\n{jsonapi}\n"
        );
        let heard = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&heard);
        let fairing = build(JsonApi::fairing()).after_commit(move |_: Committed<Order>, _: JsonApi| {
            counter.fetch_add(1, Ordering::SeqCst);
            async { Ok::<_, ApiError>(()) }
        });
        let server = Server::start(&toml, |rocket| {
            rocket
                .attach(EtagFairing::new())
                .attach(fairing)
                .mount("/v1", Order::routes())
                .mount("/v1", Payment::routes())
                .mount("/v1", Tag::routes())
                .mount("/v1", JsonApi::operations())
        });
        Self { server, heard }
    }

    /// A write with this key and these other fields.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        key: &str,
        fields: &[(&str, &str)],
        document: &Value,
    ) -> Answer {
        let media_type = if path.ends_with("/operations") { ATOMIC } else { J };
        let mut all = vec![("Content-Type", media_type), ("Idempotency-Key", key)];
        all.extend_from_slice(fields);
        let body = if document.is_null() { String::new() } else { document.to_string() };
        self.server.send(method, path, &all, &body)
    }

    pub(crate) fn post(&self, path: &str, key: &str, document: &Value) -> Answer {
        self.send("POST", path, key, &[], document)
    }

    /// How many resources a list has.
    pub(crate) fn count(&self, path: &str) -> u64 {
        let answer = self.server.get(&format!("{path}?page[totals]"), &[]);
        answer.is(200).json()["meta"]["count"].as_u64().expect("a count")
    }
}

pub(crate) fn order(item: &str) -> Value {
    json!({ "data": { "type": "orders", "attributes": { "item": item } } })
}

/// Runs a test on SQLite, and on PostgreSQL where that is installed.
pub(crate) fn each_database(test: impl Fn(&str)) {
    test("sqlite::memory:");
    #[cfg(feature = "postgres")]
    if let Some(database) = postgres_server::Database::provide() {
        test(database.url());
    }
}

/// What an answer is made of, but for what is of this one alone: the date, and the id of the request.
pub(crate) fn essence(answer: &Answer) -> (u16, Vec<Option<String>>, String) {
    let names = ["content-type", "etag", "location", "preference-applied", "vary", "content-length"];
    let fields = names.map(|name| answer.field(name).map(str::to_owned));
    (answer.status, fields.to_vec(), String::from_utf8_lossy(&answer.body).into_owned())
}

/// The code of the first error, and what it points to.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    let document: Value = serde_json::from_slice(&answer.body).expect("errors");
    assert_eq!(document["errors"][0]["source"]["header"], "Idempotency-Key", "{document}");
    document["errors"][0]["code"].as_str().expect("a code").to_owned()
}
