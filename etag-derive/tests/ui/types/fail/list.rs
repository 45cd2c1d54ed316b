use std::path::PathBuf;

use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    slides: Vec<PathBuf>,
    more: Vec<Option<PathBuf>>,
}

fn main() {}
