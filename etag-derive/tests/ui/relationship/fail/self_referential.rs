use etag_fairing::{JsonApiResource, ToMany};

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, through = "session_similar")]
    similar: ToMany<Self>,
    #[jsonapi(relationship, through = "session_rivals", owner_column = "a_id", target_column = "A_id")]
    rivals: ToMany<Session>,
    #[jsonapi(relationship, through = "sessions", target_column = "next_id")]
    next: ToMany<Session>,
}

fn main() {}
