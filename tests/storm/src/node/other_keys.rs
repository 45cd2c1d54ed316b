//! Other ways to keep keys, with the faults that the judge must find.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{Header, Method, Status, uri::Origin};
use rocket::response::{Responder, Result};
use rocket::{Data, Request, Response, get};

/// Takes each request for a new one.
pub(super) struct ForgetKeys;

#[rocket::async_trait]
impl Fairing for ForgetKeys {
    fn info(&self) -> Info {
        Info { name: "forget keys", kind: Kind::Request }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        rename(request);
    }
}

/// Gives a request a key that nobody else has. The key that it had.
fn rename(request: &mut Request<'_>) -> Option<String> {
    let key = request.headers().get_one("Idempotency-Key")?.to_owned();
    request.replace_header(Header::new("Idempotency-Key", format!("\"{:032x}\"", fastrand::u128(..))));
    Some(key)
}

/// Remembers answers once they are made, and gives them again: two at the same time are both made, and whoever asks another
/// server, or this one after a restart, is not known.
#[derive(Default)]
pub(super) struct KeysBesideTheWrite {
    answers: Mutex<HashMap<String, Remembered>>,
}

/// An answer.
#[derive(Clone, Default)]
struct Remembered {
    status: Status,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

/// The key that a request had.
struct Key(Option<String>);

#[rocket::async_trait]
impl Fairing for KeysBesideTheWrite {
    fn info(&self) -> Info {
        Info { name: "keys beside the write", kind: Kind::Request | Kind::Response }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let Some(key) = rename(request) else { return };
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = answers.get(&key).cloned() {
            request.local_cache(|| Some(answer));
            request.set_method(Method::Get);
            if let Ok(uri) = Origin::parse("/replay") {
                request.set_uri(uri);
            }
        } else {
            request.local_cache(|| Key(Some(key)));
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Key(Some(key)) = request.local_cache(|| Key(None)) else { return };
        let status = response.status();
        if status.code >= 300 {
            return;
        }
        let Ok(body) = response.body_mut().to_bytes().await else { return };
        let fields = response.headers().iter();
        let fields = fields.map(|field| (field.name().to_string(), field.value().to_owned())).collect();
        if status != Status::NoContent {
            response.set_sized_body(body.len(), std::io::Cursor::new(body.clone()));
        }
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(key.clone(), Remembered { status, fields, body });
    }
}

/// Gives the answer that is remembered.
#[get("/replay")]
pub(super) fn replay() -> Replay {
    Replay
}

/// The answer of the request that this one repeats.
pub(super) struct Replay;

impl<'r> Responder<'r, 'static> for Replay {
    fn respond_to(self, request: &'r Request<'_>) -> Result<'static> {
        let answer: &Option<Remembered> = request.local_cache(|| None);
        let Remembered { status, fields, body } = answer.clone().ok_or(Status::NotFound)?;
        let mut response = Response::new();
        response.set_status(status);
        for (name, value) in fields {
            response.set_raw_header(name, value);
        }
        response.set_raw_header("Idempotency-Replayed", "true");
        if status != Status::NoContent {
            response.set_sized_body(body.len(), std::io::Cursor::new(body));
        }
        Ok(response)
    }
}
