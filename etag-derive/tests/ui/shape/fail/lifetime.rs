use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "notes")]
struct Note<'a> {
    #[jsonapi(id)]
    id: i64,
    text: &'a str,
}

fn main() {}
