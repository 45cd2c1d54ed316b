// JSON:API 1.1 §7.2.2: attributes and relationships share one namespace.
use etag_fairing::{JsonApiResource, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    starts_at: String,
    #[jsonapi(rename = "startsAt")]
    begin: String,
    track: String,
    #[jsonapi(relationship, rename = "track")]
    in_track: ToOne<Session>,
}

fn main() {}
