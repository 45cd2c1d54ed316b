use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", etag(read, update, read))]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
