use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "pairs")]
struct Pair(i64, String);

fn main() {}
