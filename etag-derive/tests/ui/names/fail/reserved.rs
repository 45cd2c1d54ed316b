use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    number: i64,
    r#type: String,
    #[jsonapi(rename = "id")]
    code: String,
}

fn main() {}
