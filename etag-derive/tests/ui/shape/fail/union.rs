use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "bits")]
union Bits {
    number: i64,
    float: f64,
}

fn main() {}
