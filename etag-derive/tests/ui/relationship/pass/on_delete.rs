use etag_fairing::resource::{OnDelete, RelationshipKind};
use etag_fairing::{JsonApiResource, ToMany, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    a: ToOne<Session>,
    #[jsonapi(relationship, required)]
    b: ToOne<Session>,
    #[jsonapi(relationship, on_delete = "restrict")]
    c: ToOne<Session>,
    #[jsonapi(relationship, required, on_delete = "cascade")]
    d: ToOne<Session>,
    #[jsonapi(relationship, on_delete = "cascade")]
    e: ToOne<Session>,
    #[jsonapi(relationship, on_delete = "set_null")]
    f: ToOne<Session>,
    #[jsonapi(relationship, through = "g", owner_column = "one", target_column = "other", on_delete = "cascade")]
    g: ToMany<Session>,
}

fn main() {
    use OnDelete::{Cascade, Restrict, SetNull};
    let expected = [SetNull, Restrict, Restrict, Cascade, Cascade, SetNull];
    for (relationship, expected) in Session::description().relationships.iter().zip(expected) {
        assert!(
            matches!(relationship.kind, RelationshipKind::ToOne { on_delete, .. } if on_delete == expected),
            "{relationship:?}"
        );
    }
    // Also where it says what is the default.
    let decided: Vec<bool> = Session::description().relationships_by_id().map(|(id, _)| Session::description().decides_deletion(id)).collect();
    assert_eq!(decided, [false, false, true, true, true, true, true]);
}
