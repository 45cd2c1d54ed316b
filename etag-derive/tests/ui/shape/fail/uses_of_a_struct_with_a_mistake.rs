// One error, although every use needs the impl.
use etag_fairing::{JsonApiResource, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "tracks", colour)]
struct Track {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    track: ToOne<Track>,
}

fn main() {
    let _ = Track::routes();
    let _ = Session::description();
    let _ = Track { id: 1 }.to_record();
}
