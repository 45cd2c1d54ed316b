use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", table = "")]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
