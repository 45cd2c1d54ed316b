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

/// Guarded writes don't matter to caches.
#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", guard(update = User), cache_control = "public, max-age=60, stale-while-revalidate=600")]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tracks", guard(read = User), vary = "X-User, accept, Cookie")]
#[jsonapi(cache_control(list = "max-age=60", read = "private, no-cache", related = "no-cache", relationship = "no-store"))]
struct Track {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "rooms", scope = own, cache_control = "no-store", vary = "*")]
struct Room {
    #[jsonapi(id)]
    id: i64,
}

async fn own(_: &Request<'_>) -> Result<Scope, HookError> {
    Ok(Scope::None)
}

macro_rules! of {
    ($control:literal) => {
        #[derive(JsonApiResource)]
        #[jsonapi(type = "notes", cache_control = $control)]
        struct Note {
            #[jsonapi(id)]
            id: i64,
        }
    };
}

of!("no-cache");

fn main() {
    let _ = (Session::routes(), Track::routes(), Room::routes(), Note::routes());
}
