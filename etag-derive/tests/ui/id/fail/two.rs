use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    number: i64,
    #[jsonapi(id)]
    slug: String,
}

fn main() {}
