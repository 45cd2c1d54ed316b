use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", tabel = "talks", primary_key = "id")]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
