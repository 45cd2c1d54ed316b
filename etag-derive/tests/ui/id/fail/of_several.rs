use etag_fairing::{JsonApiResource, ToMany, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "orders")]
struct Order {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "order")]
    lines: ToMany<Unknown>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "unknown", id(oder, product))]
struct Unknown {
    #[jsonapi(relationship)]
    order: ToOne<Order>,
    product: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "one", id(order))]
struct One {
    #[jsonapi(relationship)]
    order: ToOne<Order>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "flag", id)]
struct Flag {
    number: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "twice", id(order, order))]
struct Twice {
    #[jsonapi(relationship)]
    order: ToOne<Order>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "both", id(order, number))]
struct Both {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    order: ToOne<Order>,
    number: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "parts", id(null, many, hidden, skipped, word, version, emptied))]
struct Parts {
    null: Option<i64>,
    #[jsonapi(relationship, inverse = "x")]
    many: ToMany<Order>,
    #[jsonapi(hidden, default)]
    hidden: i64,
    #[jsonapi(skip)]
    skipped: i64,
    #[jsonapi(text)]
    word: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship, on_delete = "set_null")]
    emptied: ToOne<Order>,
}

fn main() {}
