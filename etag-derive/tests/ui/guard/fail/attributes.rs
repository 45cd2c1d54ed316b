//! No type, a type that is no guard, where nobody reads or writes anyway, and on what is no member.
use etag_fairing::JsonApiResource;

struct NoGuard;

#[derive(JsonApiResource)]
#[jsonapi(type = "a")]
struct A {
    #[jsonapi(id, readable_by = NoGuard)]
    id: i64,
    #[jsonapi(readable_by)]
    one: i64,
    #[jsonapi(writable_by = "no type")]
    two: i64,
    #[jsonapi(hidden, readable_by = NoGuard)]
    three: Option<i64>,
    #[jsonapi(read_only, writable_by = NoGuard)]
    four: Option<i64>,
    #[jsonapi(write_only, readable_by = NoGuard)]
    five: i64,
    #[jsonapi(version, readable_by = NoGuard)]
    six: i64,
    #[jsonapi(skip, readable_by = NoGuard)]
    seven: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "b", cache_control = "public, max-age=60")]
struct B {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(readable_by = NoGuard)]
    one: i64,
}

fn main() {}
