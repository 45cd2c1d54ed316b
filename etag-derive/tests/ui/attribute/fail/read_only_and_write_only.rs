use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "users")]
struct User {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(read_only, write_only)]
    password: String,
}

fn main() {}
