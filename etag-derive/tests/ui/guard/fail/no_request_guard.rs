//! A type that Rocket cannot ask, one that it can ask by reference alone, one that borrows for ever.
use etag_fairing::JsonApiResource;
use rocket::request::{FromRequest, Outcome};

struct Editor;

struct Account;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for &'r Account {
    type Error = ();

    async fn from_request(request: &'r rocket::Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(request.local_cache(|| Account))
    }
}

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", guard(update = Editor))]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tracks", guard = Account)]
struct Track {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
