use etag_fairing::{JsonApiResource, ToMany, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, required, on_delete = "set_null")]
    track: ToOne<Session>,
    #[jsonapi(relationship, on_delete = "cascde")]
    room: ToOne<Session>,
    #[jsonapi(relationship, on_delete)]
    stage: ToOne<Session>,
    #[jsonapi(relationship, inverse = "room", on_delete = "cascade")]
    sessions: ToMany<Session>,
    #[jsonapi(on_delete = "restrict")]
    title: String,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "talks")]
struct Talk {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, through = "speakers", owner_column = "a", on_delete = "restrict")]
    sessions: ToMany<Session>,
}

fn main() {}
