use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "users")]
struct User {
    #[jsonapi(id, filter = false)]
    id: i64,
    #[jsonapi(write_only, filter = true, sort = true)]
    password: String,
    #[jsonapi(filter)]
    name: String,
    #[jsonapi(sort = "no")]
    email: String,
    #[jsonapi(skip, sort = false)]
    cache: String,
}

fn main() {}
