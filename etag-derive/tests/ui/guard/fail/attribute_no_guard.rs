//! A type that is no request guard.
use etag_fairing::JsonApiResource;

struct NoGuard;

#[derive(JsonApiResource)]
#[jsonapi(type = "a")]
struct A {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(readable_by = NoGuard)]
    one: i64,
}

fn main() {}
