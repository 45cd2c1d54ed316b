use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(required)]
    title: String,
    #[jsonapi(through = "session_levels")]
    level: String,
    #[jsonapi(skip, rename = "cached")]
    cache: i64,
    #[jsonapi(table = "notes")]
    notes: String,
    #[jsonapi(renam = "noise")]
    sound: String,
    #[jsonapi(validate)]
    valid: bool,
}

fn main() {}
