//! A notice board: entity tags on routes that you write yourself.
//!
//! ```sh
//! cargo run -p hand-written
//! curl -i -X PUT -d 'Lunch at noon' localhost:8000/notices/lunch     # 201, with the notice's ETag
//! curl -i localhost:8000/notices/lunch                               # 200, the same ETag
//! curl -i -H 'If-None-Match: "…"' localhost:8000/notices/lunch       # 304, nothing is sent again
//! curl -i -X PUT -H 'If-Match: "…"' -d 'Lunch at one' localhost:8000/notices/lunch
//! ```
//!
//! - Reading: [`Tagged`] opts one responder in, [`etagged`] whole routes. A [`TaggedFile`] is a file with a tag, which
//!   is read only where it has changed; [`Files`](etag_fairing::Files) is a whole folder of them.
//! - Changing: a handler asks [`Preconditions`] **while it holds the lock**, so that nobody else's
//!   change comes between the check and its own. With a database, the lock is the transaction in which
//!   you have read the row for update. Of two people who saw the same notice and both change it, one
//!   gets 200 and the other 412 with the current tag.

use std::collections::BTreeMap;

use etag_fairing::document::error::{ErrorObject, Errors};
use etag_fairing::{EntityTag, EtagFairing, Preconditions, Tagged, TaggedFile, etagged};
use rocket::figment::Figment;
use rocket::figment::providers::Serialized;
use rocket::fs::relative;
use rocket::http::{Header, Status};
use rocket::tokio::sync::Mutex;
use rocket::{Build, Responder, Rocket, State, delete, get, put, routes};

/// The notices by name.
type Board = Mutex<BTreeMap<String, String>>;

/// The notice board, not yet launched. Entity tags are on unless the configuration says otherwise.
pub fn notice_board(figment: Figment) -> Rocket<Build> {
    rocket::custom(figment.join(Serialized::default("etag", true)))
        .attach(EtagFairing::new())
        .manage(Board::default())
        .mount("/", etagged(routes![list]))
        .mount("/", routes![front_page, read, write, remove])
}

/// A file, opted in by its type: once its tag is known, a 304 doesn't read it.
#[get("/")]
async fn front_page() -> Option<TaggedFile> {
    TaggedFile::open(relative!("static/index.html")).await.ok()
}

/// All names. The route is opted in where it is mounted.
#[get("/notices")]
async fn list(board: &State<Board>) -> String {
    board.lock().await.keys().map(|name| format!("{name}\n")).collect()
}

/// One notice, opted in here. The fairing hashes what this returns.
#[get("/notices/<name>")]
async fn read(name: &str, board: &State<Board>) -> Result<Tagged<String>, Errors> {
    match board.lock().await.get(name) {
        Some(text) => Ok(Tagged(text.clone())),
        None => Err(ErrorObject::not_found().into()),
    }
}

/// Writes a notice. `If-None-Match: *` creates and never replaces; `If-Match` replaces only what the
/// client has seen.
#[put("/notices/<name>", data = "<text>")]
async fn write(
    name: &str,
    text: String,
    preconditions: Preconditions<'_>,
    board: &State<Board>,
) -> Result<(Status, Written), Errors> {
    // From here to the end of the function nobody else can change the board.
    let mut board = board.lock().await;
    let current = board.get(name).map(|text| EntityTag::of(text.as_bytes()));
    preconditions.check(&current)?;

    let status = if current.is_some() { Status::Ok } else { Status::Created };
    let tag = EntityTag::of(text.as_bytes());
    board.insert(name.to_owned(), text.clone());
    // The tag of what the next GET returns: the client can go on editing without reading again.
    Ok((status, Written { text, tag: Header::new("ETag", tag.to_string()) }))
}

/// Removes a notice, if it is still the one that the client has seen.
#[delete("/notices/<name>")]
async fn remove(
    name: &str,
    preconditions: Preconditions<'_>,
    board: &State<Board>,
) -> Result<Status, Errors> {
    let mut board = board.lock().await;
    // What isn't there is 404, whatever the preconditions say.
    let text = board.get(name).ok_or_else(ErrorObject::not_found)?;
    preconditions.check(&EntityTag::of(text.as_bytes()))?;
    board.remove(name);
    Ok(Status::NoContent)
}

/// A notice as it was written.
#[derive(Responder)]
struct Written {
    text: String,
    tag: Header<'static>,
}
