use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi = "sessions"]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
