use etag_fairing::{JsonApiResource, ToMany};

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    similar: ToMany<Session>,
}

fn main() {}
