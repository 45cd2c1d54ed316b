use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(version)]
    version: String,
    #[jsonapi(last_modified)]
    changed_at: i64,
}

fn main() {}
