use etag_fairing::{JsonApiResource, ToMany, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    follows: ToOne<Session>,
    #[jsonapi(inverse = "follows")]
    followed_by: ToMany<Session>,
}

fn main() {}
