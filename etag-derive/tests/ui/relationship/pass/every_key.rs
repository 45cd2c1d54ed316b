use etag_fairing::{JsonApiResource, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", etag)]
#[allow(dead_code)]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, required, rename = "in-track", column = "track", linkage = true)]
    track: ToOne<Track>,
    #[jsonapi(relationship)]
    follows: ToOne<Self>,
    #[jsonapi(relationship, inverse = "follows", linkage = true)]
    followed_by: etag_fairing::ToMany<Self>,
    #[jsonapi(relationship, through = "similar", order = "position", owner_column = "one_id", target_column = "other_id")]
    similar: etag_fairing::ToMany<Session>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tracks")]
#[allow(dead_code)]
struct Track {
    #[jsonapi(id)]
    id: String,
    #[jsonapi(relationship, inverse = "in-track")]
    sessions: etag_fairing::ToMany<Session>,
    #[jsonapi(relationship, through = "track_sessions", linkage = false)]
    others: etag_fairing::resource::ToMany<self::Session>,
}

fn main() {}
