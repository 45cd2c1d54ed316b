use etag_fairing::JsonApiResource;

struct Editor;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", guard(update = Editor))]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
