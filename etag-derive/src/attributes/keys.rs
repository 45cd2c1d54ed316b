//! The keys of `#[jsonapi(…)]`, on the struct and on its fields.

/// The keys of a struct.
pub(super) const STRUCT: [&str; 11] = [
    "type",
    "path",
    "table",
    "rename_all",
    "etag",
    "require_if_match",
    "guard",
    "scope",
    "validate",
    "hooks",
    "computed",
];

/// The keys of a field.
pub(super) const FIELD: [&str; 24] = [
    "id",
    "skip",
    "relationship",
    "rename",
    "column",
    "read_only",
    "write_only",
    "hidden",
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
    "through",
    "owner_column",
    "target_column",
    "inverse",
    "linkage",
];
