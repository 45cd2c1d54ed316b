use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", etag(items, read, items))]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
