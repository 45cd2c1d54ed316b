use etag_fairing::{JsonApiResource, ToMany, ToOne};

struct Track;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    track: ToOne<Track>,
    #[jsonapi(relationship, through = "session_speakers")]
    speakers: ToMany<String>,
}

fn main() {}
