use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id, rename = "number", read_only, required)]
    id: i64,
}

fn main() {}
