//! No column, the column of another field, a field of another type, and a key on the wrong place.
use chrono::{DateTime, Utc};
use etag_fairing::{JsonApiResource, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "a", soft_delete)]
struct A {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "b", soft_delete = "id")]
struct B {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "c", soft_delete = "c_id")]
struct C {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    c: ToOne<C>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "d", soft_delete = "changed_at")]
struct D {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(last_modified)]
    changed_at: DateTime<Utc>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "e", soft_delete = "deleted_at")]
struct E {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(column = "gone_at")]
    deleted_at: Option<DateTime<Utc>>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "f")]
struct F {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(soft_delete)]
    deleted_at: Option<DateTime<Utc>>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "g", soft_delete = "")]
struct G {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
