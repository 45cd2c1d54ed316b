use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "boxes")]
struct Boxed<T> {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(json)]
    content: T,
}

fn main() {}
