use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", etag(list, items))]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
