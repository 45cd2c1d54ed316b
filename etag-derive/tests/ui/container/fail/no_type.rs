use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
struct SessionType {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
