use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "open/events")]
struct Event {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
