use etag_fairing::{JsonApiResource, ToMany, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    follows: ToOne<Session>,
    #[jsonapi(relationship, inverse = "sessions.follows")]
    followed_by: ToMany<Session>,
}

fn main() {}
