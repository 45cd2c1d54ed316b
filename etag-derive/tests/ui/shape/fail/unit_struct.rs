use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "nothings")]
struct Nothing;

fn main() {}
