use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "states")]
enum State {
    Draft,
    Accepted,
}

fn main() {}
