use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(default = 0)]
    votes: i64,
    #[jsonapi(default = "two words")]
    likes: i64,
    #[jsonapi(default = zero())]
    stars: i64,
}

fn main() {}
