use etag_fairing::JsonApiResource;
use etag_fairing::resource::Operation;
use rocket::request::{FromRequest, Outcome};

struct Editor;
struct Role<const NUMBER: usize>;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Editor {
    type Error = ();

    async fn from_request(_: &'r rocket::Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(Editor)
    }
}

#[rocket::async_trait]
impl<'r, const NUMBER: usize> FromRequest<'r> for Role<NUMBER> {
    type Error = ();

    async fn from_request(_: &'r rocket::Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(Role)
    }
}

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", guard = Editor)]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tracks", guard(update = crate::Editor, delete = "Role<1>", create = Role::<2>))]
struct Track {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "rooms", guard(others = Editor, update = Role<1>))]
struct Room {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "notes", guard = "Self")]
struct Note {
    #[jsonapi(id)]
    id: i64,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Note {
    type Error = ();

    async fn from_request(_: &'r rocket::Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(Note { id: 1 })
    }
}

fn main() {
    let guarded = |of: &dyn Fn(Operation) -> bool| Operation::ALL.map(of);
    assert_eq!(guarded(&|it| Session::behaviour().guards.has(it)), [true; 8]);
    assert_eq!(guarded(&|it| Note::behaviour().guards.has(it)), [true; 8]);
    assert_eq!(guarded(&|it| Room::behaviour().guards.has(it)), [true; 8]);
    let some = [Operation::Update, Operation::Delete, Operation::Create];
    assert_eq!(
        guarded(&|it| Track::behaviour().guards.has(it)),
        Operation::ALL.map(|operation| some.contains(&operation))
    );
}
