//! A cache that many share must not keep what depends on the caller.
use etag_fairing::JsonApiResource;
use etag_fairing::resource::{HookError, Scope};
use rocket::request::{FromRequest, Outcome, Request};

struct User;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for User {
    type Error = ();

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(User)
    }
}

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", guard = User, cache_control = "public, max-age=60")]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

/// Without `public`, a shared cache keeps it, too.
#[derive(JsonApiResource)]
#[jsonapi(type = "tracks", guard(read = User), cache_control(list = "max-age=60", read = "max-age=60"))]
struct Track {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "rooms", scope = own, cache_control = "no-cache")]
struct Room {
    #[jsonapi(id)]
    id: i64,
}

async fn own(_: &Request<'_>) -> Result<Scope, HookError> {
    Ok(Scope::None)
}

fn main() {}
