use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", hooks = true, validate(title))]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(hooks)]
    title: String,
}

fn main() {}
