use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    votes: Option<Option<i64>>,
    marks: Vec<Option<Option<i64>>>,
}

fn main() {}
