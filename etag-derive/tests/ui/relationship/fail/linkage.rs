use etag_fairing::{JsonApiResource, ToMany, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, linkage = false)]
    follows: ToOne<Session>,
    #[jsonapi(relationship, inverse = "follows", linkage)]
    followed_by: ToMany<Session>,
}

fn main() {}
