use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "séances")]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
