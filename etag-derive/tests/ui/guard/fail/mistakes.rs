use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", guard)]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tracks", guard())]
struct Track {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "rooms", guard(patch = Editor, update = 1, delete, read = Editor, read = Admin))]
struct Room {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "notes", guard = "not a type")]
struct Note {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
