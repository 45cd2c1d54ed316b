use etag_fairing::{JsonApiResource, ToMany, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    track_id: i64,
    #[jsonapi(relationship)]
    follows: Option<ToOne<Session>>,
    #[jsonapi(relationship)]
    similar: Option<ToMany<Session>>,
    #[jsonapi(relationship)]
    others: Vec<ToOne<Session>>,
}

fn main() {}
