//! Not a timestamp, and one that can't be null.
use chrono::{DateTime, Utc};
use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "a", soft_delete = "deleted")]
struct A {
    #[jsonapi(id)]
    id: i64,
    deleted: bool,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "b", soft_delete = "deleted_at")]
struct B {
    #[jsonapi(id)]
    id: i64,
    deleted_at: DateTime<Utc>,
}

fn main() {}
