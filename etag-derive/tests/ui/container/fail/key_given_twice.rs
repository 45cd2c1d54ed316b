use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
#[jsonapi(type = "talks")]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
