//! Rocket alone, with the constants that the newsroom has: what a connection takes where nothing is added. At the port in `PORT`.

use std::io::Cursor;

use newsroom_peers::port;
use rocket::http::ContentType;
use rocket::request::Request;
use rocket::response::{Responder, Response, Result as Answer};
use rocket::{get, routes};

/// Rocket's default is 4 KiB; the newsroom has this.
const CHUNK: usize = 64 << 10;

struct Constant(&'static [u8]);

impl<'r> Responder<'r, 'static> for Constant {
    fn respond_to(self, _: &'r Request<'_>) -> Answer<'static> {
        Response::build()
            .header(ContentType::JSON)
            .sized_body(self.0.len(), Cursor::new(self.0))
            .max_chunk_size(CHUNK)
            .ok()
    }
}

#[get("/b0")]
fn one_kibibyte() -> Constant {
    Constant(&[b' '; 1 << 10])
}

#[get("/b1")]
fn sixty_four_kibibytes() -> Constant {
    Constant(&[b' '; 64 << 10])
}

#[rocket::launch]
fn launch() -> _ {
    let figment = rocket::Config::figment()
        .merge(("log_level", "off"))
        .merge(("workers", 2))
        .merge(("address", "127.0.0.1"))
        .merge(("keep_alive", 60))
        .merge(("port", port()));
    rocket::custom(figment).mount("/", routes![one_kibibyte, sixty_four_kibibytes])
}
