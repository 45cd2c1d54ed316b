//! A type, a function that isn't async, one with another outcome.
use etag_fairing::JsonApiResource;
use etag_fairing::resource::{HookError, Scope};
use rocket::Request;

struct Own;

fn at_once(_: &Request<'_>) -> Result<Scope, HookError> {
    Ok(Scope::All)
}

async fn truth(_: &Request<'_>) -> bool {
    true
}

#[derive(JsonApiResource)]
#[jsonapi(type = "a", scope = Own)]
struct A {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "b", scope = at_once)]
struct B {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "c", scope = truth)]
struct C {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
