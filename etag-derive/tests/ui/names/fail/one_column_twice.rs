use etag_fairing::{JsonApiResource, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    track_id: i64,
    #[jsonapi(relationship)]
    track: ToOne<Session>,
    #[jsonapi(column = "ID")]
    code: String,
}

fn main() {}
