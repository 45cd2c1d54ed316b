use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", validate)]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
