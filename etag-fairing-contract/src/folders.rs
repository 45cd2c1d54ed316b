//! The resources that the rules of soft deletion are about.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use etag_fairing::{JsonApiResource, ToMany, ToOne, resource::Description};

type Resource = LazyLock<&'static Description>;

/// Folders: deleted softly, with a version and an inverse that shows.
pub(crate) static FOLDERS: Resource = LazyLock::new(Folder::description);
/// Files: deleted softly, too, and with their folder.
pub(crate) static FILES: Resource = LazyLock::new(File::description);
/// Marks: really deleted; the other end of a join table, which shows.
pub(crate) static MARKS: Resource = LazyLock::new(Mark::description);
/// Shortcuts: really deleted; their to-one relationship may be empty.
pub(crate) static SHORTCUTS: Resource = LazyLock::new(Shortcut::description);
/// Locks: deleted softly; while they are there, their file cannot be deleted.
pub(crate) static LOCKS: Resource = LazyLock::new(Lock::description);
/// Pages: really deleted, with their file.
pub(crate) static PAGES: Resource = LazyLock::new(Page::description);

#[derive(JsonApiResource)]
#[jsonapi(type = "folders", soft_delete = "deleted_at")]
struct Folder {
    #[jsonapi(id)]
    name: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship, inverse = "folder", linkage = true)]
    files: ToMany<File>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "files", soft_delete = "ended_at")]
struct File {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(version)]
    version: i64,
    ended_at: Option<DateTime<Utc>>,
    #[jsonapi(relationship, column = "folder_name", required, on_delete = "cascade")]
    folder: ToOne<Folder>,
    #[jsonapi(relationship, through = "file_marks", owner_column = "file_id", target_column = "mark_name")]
    marks: ToMany<Mark>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "marks")]
struct Mark {
    #[jsonapi(id)]
    name: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship, through = "file_marks", owner_column = "mark_name", target_column = "file_id")]
    files: ToMany<File>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "shortcuts")]
struct Shortcut {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship)]
    file: ToOne<File>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "locks", soft_delete = "deleted_at")]
struct Lock {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, required)]
    file: ToOne<File>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "pages")]
struct Page {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, required, on_delete = "cascade")]
    file: ToOne<File>,
}
