//! The keys of `#[jsonapi(…)]`, on the struct and on its fields, and the names of the operations.

/// The keys of a struct.
pub(super) const STRUCT: [&str; 16] = [
    "type",
    "id",
    "path",
    "table",
    "rename_all",
    "etag",
    "require_if_match",
    "guard",
    "scope",
    "cache_control",
    "vary",
    "may_leave",
    "soft_delete",
    "validate",
    "hooks",
    "computed",
];

/// The keys of a field.
pub(super) const FIELD: [&str; 29] = [
    "id",
    "skip",
    "relationship",
    "rename",
    "column",
    "read_only",
    "write_only",
    "hidden",
    "readable_by",
    "writable_by",
    "version",
    "last_modified",
    "filter",
    "sort",
    "default",
    "text",
    "json",
    "number",
    "stored",
    "required",
    "on_delete",
    "type_column",
    "stored_types",
    "through",
    "owner_column",
    "target_column",
    "inverse",
    "order",
    "linkage",
];

/// The operations as `etag(…)` names them, with their variants: `etag_fairing::resource::Operation`.
pub(super) const OPERATIONS: [(&str, &str); 8] = [
    ("list", "List"),
    ("create", "Create"),
    ("read", "Read"),
    ("update", "Update"),
    ("delete", "Delete"),
    ("related", "Related"),
    ("relationship", "Relationship"),
    ("update_relationship", "UpdateRelationship"),
];
