use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", hooks)]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
