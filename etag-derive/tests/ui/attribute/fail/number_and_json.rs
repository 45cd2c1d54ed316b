use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "prices")]
struct Price {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(json, number)]
    amount: Vec<i64>,
    #[jsonapi(text, number)]
    rate: String,
    #[jsonapi(json, stored = "seconds")]
    length: Vec<i64>,
    #[jsonapi(stored = "minutes")]
    pause: i64,
}

fn main() {}
