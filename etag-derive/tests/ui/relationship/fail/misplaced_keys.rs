use etag_fairing::{JsonApiResource, ToMany, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "followed_by", default)]
    follows: ToOne<Session>,
    #[jsonapi(relationship, inverse = "follows", required, column = "x", target_column = "y")]
    followed_by: ToMany<Session>,
    #[jsonapi(relationship, read_only, json)]
    similar: ToOne<Session>,
}

fn main() {}
