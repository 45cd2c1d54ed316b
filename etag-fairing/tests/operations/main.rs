//! What an operator asks of a server: health, request ids, slow statements, traces, timings. Over both databases.
#![cfg(feature = "sqlite")]

#[cfg(feature = "postgres")]
mod databases;
mod health;
mod logged;
mod observed;
#[path = "../support/mod.rs"]
mod support;
#[cfg(all(feature = "compression", feature = "metrics"))]
mod together;
#[cfg(feature = "tracing")]
mod traces;

use etag_fairing::{EtagFairing, Health, JsonApi, JsonApiResource, Observer, ToOne, etagged};
use rocket::http::Status;
use rocket::{Build, Rocket, get, routes};

use support::Server;

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "authors", etag)]
struct Author {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship)]
    author: ToOne<Author>,
}

#[get("/motto")]
fn motto() -> &'static str {
    "one write, one winner"
}

#[get("/fails")]
fn fails() -> Result<(), etag_fairing::document::error::Errors> {
    Err(etag_fairing::document::error::ErrorObject::validation_failed("as a test wants").into())
}

#[get("/teapot")]
fn teapot() -> Status {
    Status::ImATeapot
}

/// An empty database of a test's own.
enum Database {
    Sqlite(tempfile::TempDir),
    #[cfg(feature = "postgres")]
    Postgres(postgres_server::Database),
}

impl Database {
    /// One of each kind that there is.
    fn each() -> Vec<Self> {
        logged::listen();
        let mut all = vec![Self::Sqlite(tempfile::tempdir().expect("a folder"))];
        #[cfg(feature = "postgres")]
        all.extend(postgres_server::Database::provide().map(Self::Postgres));
        all
    }

    fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("api.db").display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => database.url().into(),
        }
    }

    /// Runs SQL past the server.
    fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(folder) => {
                let sqlite = rusqlite::Connection::open(folder.path().join("api.db")).expect("a database");
                sqlite.busy_timeout(std::time::Duration::from_secs(10)).expect("patience");
                sqlite.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => drop(database.run(sql)),
        }
    }

    /// A server over it, with an observer; with these lines of the database's section and of the observer's.
    fn serve(&self, database: &str, observer: &str) -> Server {
        self.serve_with(database, observer, Observer::fairing(), |rocket| rocket)
    }

    fn serve_with(
        &self,
        database: &str,
        observer: &str,
        fairing: Observer,
        build: impl FnOnce(Rocket<Build>) -> Rocket<Build>,
    ) -> Server {
        let toml = format!(
            "[default]\nETAG = true\n[default.databases.api]\nurl = '{}'\n{database}\n[default.observer]\n{observer}\n",
            self.url()
        );
        Server::start(&toml, |rocket| {
            build(
                rocket
                    .attach(fairing)
                    .attach(JsonApi::fairing())
                    .attach(EtagFairing::new())
                    .mount("/api", Note::routes())
                    .mount("/api", Author::routes())
                    .mount("/health", Health::routes())
                    .mount("/", etagged(routes![motto]))
                    .mount("/", routes![fails, teapot]),
            )
        })
    }
}

/// Makes an author with two notes.
fn fill(server: &Server) {
    let author = serde_json::json!({"data": {"type": "authors", "attributes": {"name": "Ada"}}});
    server.write("POST", "/api/authors", &author).is(201);
    for text in ["geheim", "two"] {
        let note = serde_json::json!({"data": {"type": "notes", "attributes": {"text": text},
            "relationships": {"author": {"data": {"type": "authors", "id": "1"}}}}});
        server.write("POST", "/api/notes", &note).is(201);
    }
}
