// The key that says what a field is: no further errors about what it then seems to be.
use etag_fairing::{JsonApiResource, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(typ = "sessions")]
struct Session {
    #[jsonapi(di)]
    id: i64,
    #[jsonapi(relationshp)]
    follows: ToOne<Session>,
    #[jsonapi(column "title")]
    title: String,
}

fn main() {}
