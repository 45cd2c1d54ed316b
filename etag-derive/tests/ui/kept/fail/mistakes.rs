use chrono::{DateTime, Utc};
use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", etag(update, delete), require_if_match)]
struct Session {
    #[jsonapi(id, version)]
    id: i64,
    #[jsonapi(version, default)]
    version: i64,
    #[jsonapi(version = 2)]
    other: i64,
    #[jsonapi(last_modified, read_only, hidden)]
    changed_at: DateTime<Utc>,
    #[jsonapi(last_modified)]
    changed_again_at: Option<DateTime<Utc>>,
    #[jsonapi(hidden, write_only, default)]
    secret: String,
    #[jsonapi(hidden)]
    token: String,
    #[jsonapi(hidden, default, sort = true)]
    rank: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tracks", require_if_match)]
struct Track {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
