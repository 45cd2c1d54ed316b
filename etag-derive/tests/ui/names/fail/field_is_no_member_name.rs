use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", rename_all = "snake_case")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    _title: String,
}

fn main() {}
