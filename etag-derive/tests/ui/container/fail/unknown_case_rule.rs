use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", rename_all = "camel_case")]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "speakers", rename_all = "Train-Case")]
struct Speaker {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
