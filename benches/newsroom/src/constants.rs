//! Bodies that cost nothing to make.

use std::io::Cursor;

use rocket::http::ContentType;
use rocket::response::{self, Responder};
use rocket::{Request, Response, Route, State, get, routes};

/// The bodies: 1 KiB, 64 KiB, 1 MiB.
pub(crate) struct Constants([&'static [u8]; 3]);

impl Constants {
    /// They live as long as the program.
    pub(crate) fn new() -> Self {
        Self([1 << 10, 64 << 10, 1 << 20].map(|size| &*json(size).leak()))
    }
}

/// A JSON document of exactly this size.
fn json(size: usize) -> Vec<u8> {
    let mut body = b"{\"data\":\"".to_vec();
    let letters = (b'a'..=b'z').cycle().take(size.saturating_sub(body.len() + 2));
    body.extend(letters);
    body.extend(b"\"}");
    body
}

/// A body, answered as the servers beside this one answer theirs: Rocket's `(ContentType, &[u8])` makes three responses.
struct Body(&'static [u8]);

impl<'r> Responder<'r, 'static> for Body {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build().header(ContentType::JSON).sized_body(self.0.len(), Cursor::new(self.0)).ok()
    }
}

#[get("/b0")]
fn one_kibibyte(constants: &State<Constants>) -> Body {
    Body(constants.0[0])
}

#[get("/b1")]
fn sixty_four_kibibytes(constants: &State<Constants>) -> Body {
    Body(constants.0[1])
}

#[get("/b2")]
fn one_mebibyte(constants: &State<Constants>) -> Body {
    Body(constants.0[2])
}

/// Their routes.
pub(crate) fn routes() -> Vec<Route> {
    routes![one_kibibyte, sixty_four_kibibytes, one_mebibyte]
}
