use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", path = "/v1/sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
