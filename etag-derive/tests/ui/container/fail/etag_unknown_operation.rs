use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", etag(read, patch))]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
