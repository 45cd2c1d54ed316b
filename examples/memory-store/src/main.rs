//! A small library of books, kept in memory: `cargo run -p memory-store`, then `curl http://127.0.0.1:8000/api/books`.

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use memory_store::MemoryStore;
use rocket::figment::providers::Serialized;

/// A book.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "books", etag)]
struct Book {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(relationship)]
    author: ToOne<Author>,
}

/// Who wrote it.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "authors", etag)]
struct Author {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, inverse = "author")]
    books: ToMany<Book>,
}

/// Starts the server.
#[rocket::launch]
fn launch() -> _ {
    rocket::custom(rocket::Config::figment().join(Serialized::default("ETAG", true)))
        .attach(JsonApi::with_store(MemoryStore::new()))
        .attach(EtagFairing::new())
        .mount("/api", Book::routes())
        .mount("/api", Author::routes())
}
