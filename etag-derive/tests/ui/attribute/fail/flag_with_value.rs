use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id = true)]
    id: i64,
    #[jsonapi(skip("always"))]
    cache: i64,
}

fn main() {}
