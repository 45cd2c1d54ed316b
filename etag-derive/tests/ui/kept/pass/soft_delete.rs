use chrono::{DateTime, Utc};
use etag_fairing::JsonApiResource;
use etag_fairing::resource::{Access, Description};

/// The column is in no field.
#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", soft_delete = "deleted_at")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    title: String,
}

/// A field has it, and is hidden then.
#[derive(JsonApiResource)]
#[jsonapi(type = "tracks", soft_delete = "gone")]
struct Track {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(column = "gone")]
    deleted_at: Option<DateTime<Utc>>,
    title: String,
}

fn deletion(resource: &Description) -> (usize, &str, &str) {
    let deletion = resource.soft_delete.expect("deleted softly");
    let attribute = resource.attribute_at(deletion).expect("an attribute");
    assert!(attribute.access == Access::Hidden && attribute.nullable && !attribute.filter && !attribute.sort);
    (deletion.place(), attribute.name, attribute.column)
}

fn main() {
    assert_eq!(deletion(Session::description()), (1, "deletedAt", "deleted_at"));
    assert_eq!(deletion(Track::description()), (0, "deletedAt", "gone"));
    let session = Session { id: 1, title: "one".into() };
    let record = session.to_record().expect("a record");
    assert_eq!(record.attributes.len(), 2);
    let _ = Session::from_record(&record).expect("a session").title;
    let _ = Track { id: 1, deleted_at: None, title: String::new() }.to_record();
}
