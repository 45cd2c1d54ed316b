use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(rename = "title!")]
    title: String,
    #[jsonapi(rename = "@at")]
    at: String,
    #[jsonapi(rename = "")]
    level: String,
}

fn main() {}
