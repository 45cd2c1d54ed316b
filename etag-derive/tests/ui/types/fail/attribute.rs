use std::path::PathBuf;

use etag_fairing::JsonApiResource;

enum Level {
    Beginner,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    level: Level,
    tags: Option<Vec<String>>,
    #[jsonapi(default)]
    slides: PathBuf,
}

fn main() {}
