//! Testing an application: a client over its routes, a database of each test's own, and documents as typed values.
//!
//! For the tests of an application, so that all of it panics where a test would fail, and says why. Put the feature
//! into the dev-dependencies; what is shipped has nothing of it.
//!
//! ```toml
//! [dev-dependencies]
//! etag-fairing = { version = "0.1", features = ["testing"] }
//! ```
//!
//! ```
//! use etag_fairing::testing::{Client, Document};
//! # use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
//! # use rocket::{Build, Rocket};
//!
//! #[derive(Debug, PartialEq, JsonApiResource)]
//! #[jsonapi(type = "notes", etag, require_if_match)]
//! struct Note {
//!     #[jsonapi(id)]
//!     id: i64,
//!     text: String,
//! }
//!
//! # fn application() -> Rocket<Build> {
//! #     rocket::build()
//! #         .configure(rocket::Config::figment().merge(("etag", true)))
//! #         .attach(JsonApi::fairing())
//! #         .attach(EtagFairing::new())
//! #         .mount("/v1", Note::routes())
//! # }
//! // Launched without a socket, over an empty database in memory.
//! let client = Client::new(application());
//! client.seed(&Note { id: 1, text: "Milk".into() });
//!
//! let note = client.get("/v1/notes/1").send().expect(200);
//! assert_eq!(note.one::<Note>(), Note { id: 1, text: "Milk".into() });
//!
//! let edit = Document::new("notes").id(1).attribute("text", "Bread");
//! client.patch("/v1/notes/1").document(&edit).send().expect_error(428, "precondition_required");
//! let edited = client.patch("/v1/notes/1").if_match(note.tag()).document(&edit).send().expect(200);
//! assert_eq!(edited.one::<Note>().text, "Bread");
//!
//! // Two who have both seen the same state: one of them is refused.
//! let edit = || client.patch("/v1/notes/1").if_match(edited.tag()).document(&Document::of(&Note { id: 1, text: "Tea".into() }));
//! client.race([edit(), edit()]);
//! ```
//!
//! What a test is not: it uses no socket, so that nothing of HTTP/2, of keep-alive and of proxies is in it.

mod answer;
mod application;
pub mod asynchronous;
mod client;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod database;
mod document;
mod error_object;
mod race;
mod request;
mod resource;
mod seed;
mod setup;

pub use answer::Answer;
pub use client::Client;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use database::Database;
pub use document::Document;
pub use error_object::AnsweredError;
pub use race::Race;
pub use request::Request;
pub use resource::{Identifier, Resource};
pub use setup::Setup;
