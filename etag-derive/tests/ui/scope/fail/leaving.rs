//! Rows that leave no scope, and a key with a value.
use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "a", may_leave)]
struct A {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "b", scope = own, may_leave = true)]
struct B {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
