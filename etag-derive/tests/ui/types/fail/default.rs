use chrono::{DateTime, Utc};
use etag_fairing::JsonApiResource;

struct Cache;

fn no_votes() -> &'static str {
    "0"
}

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(default = "no_votes")]
    votes: i64,
    #[jsonapi(default = "nowhere::to_be_found")]
    likes: i64,
    starts_at: DateTime<Utc>,
    #[jsonapi(skip)]
    cache: Cache,
}

fn main() {}
