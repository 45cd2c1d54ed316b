//! The server that `load.py` puts under load: three constants and one resource, with and without the fairing.
//!
//! | variable | |
//! |---|---|
//! | `LOAD_FAIRING` | `attached` or, by default, `none` |
//! | `LOAD_CHUNKS` | `large`: constants go out in chunks of up to 64 KiB; by default in Rocket's own of 4 KiB |
//! | `ROCKET_…` | as everywhere: `ROCKET_PORT`, `ROCKET_ETAG`, `ROCKET_DATABASES` |

use std::io::Cursor;

use chrono::{DateTime, Utc};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, etagged};
use rocket::http::ContentType;
use rocket::response::{Responder, Result};
use rocket::{Request, Response, State, get, routes};

/// A record of a size that is common in practice: its document has about 700 bytes.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "articles", etag)]
struct Article {
    #[jsonapi(id)]
    id: i64,
    title: String,
    language: String,
    summary: Option<String>,
    published: bool,
    words: u32,
    rating: f64,
    written_at: DateTime<Utc>,
}

static BODY: [u8; 1 << 20] = [b'a'; 1 << 20];

/// How much of a body goes out at once.
#[derive(Clone, Copy)]
enum Chunks {
    AsRocketDoes,
    Large,
}

/// The first so many bytes of [`BODY`]: a constant of the program, so that nothing but sending it costs.
struct Constant(usize, Chunks);

impl<'r> Responder<'r, 'static> for Constant {
    fn respond_to(self, _: &'r Request<'_>) -> Result<'static> {
        let Constant(size, chunks) = self;
        let body = BODY.get(..size).unwrap_or(&BODY);
        let mut response = Response::build();
        response.header(ContentType::Plain).sized_body(body.len(), Cursor::new(body));
        if let Chunks::Large = chunks {
            response.max_chunk_size(body.len().min(64 << 10));
        }
        response.ok()
    }
}

#[get("/b0")]
fn one_kibibyte(chunks: &State<Chunks>) -> Constant {
    Constant(1 << 10, **chunks)
}

#[get("/b1")]
fn sixty_four_kibibytes(chunks: &State<Chunks>) -> Constant {
    Constant(64 << 10, **chunks)
}

#[get("/b2")]
fn one_mebibyte(chunks: &State<Chunks>) -> Constant {
    Constant(1 << 20, **chunks)
}

fn says(variable: &str, word: &str) -> bool {
    std::env::var(variable).is_ok_and(|value| value == word)
}

/// Starts the server.
#[rocket::launch]
fn launch() -> _ {
    let chunks = if says("LOAD_CHUNKS", "large") { Chunks::Large } else { Chunks::AsRocketDoes };
    let server = rocket::build()
        .manage(chunks)
        .attach(JsonApi::fairing())
        .mount("/", etagged(routes![one_kibibyte, sixty_four_kibibytes, one_mebibyte]))
        .mount("/", Article::routes());
    if says("LOAD_FAIRING", "attached") { server.attach(EtagFairing::new()) } else { server }
}
