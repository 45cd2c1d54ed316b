use etag_fairing::{JsonApiResource, ToMany, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "-tracks", etag(reed))]
struct Track {
    #[jsonapi(id)]
    id: Option<i64>,
    #[jsonapi(read_only)]
    votes: i64,
    #[jsonapi(colum = "n")]
    name: String,
    room: ToOne<Track>,
    #[jsonapi(relationship)]
    sessions: ToMany<Track>,
}

fn main() {}
