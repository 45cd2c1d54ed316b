//! No function, a list, twice.
use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "a", scope)]
struct A {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "b", scope(read = own))]
struct B {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "c", scope = own, scope = own)]
struct C {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
