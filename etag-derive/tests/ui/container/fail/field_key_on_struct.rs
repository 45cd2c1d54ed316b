use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", read_only)]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
