//! The highest version that a deleted row had, by table and column: no id has one version twice, whoever chose the id.

/// The name of the table of the marks.
pub(super) const TABLE: &str = "_etag_fairing_marks";

/// The table of the marks. It is made with the first table that has something to keep.
pub(super) const MARKS: &str = "CREATE TABLE IF NOT EXISTS _etag_fairing_marks (\
     table_name TEXT NOT NULL, column_name TEXT NOT NULL, mark INTEGER NOT NULL, \
     PRIMARY KEY (table_name, column_name)) STRICT, WITHOUT ROWID";

/// Reads a mark. Parameters: the names of the table and the column.
pub(super) const MARK: &str =
    "SELECT mark FROM _etag_fairing_marks WHERE table_name = ?1 AND column_name = ?2";

/// Raises a mark. Parameters: the names, and the version.
pub(super) const RAISE: &str = "INSERT INTO _etag_fairing_marks (table_name, column_name, mark) \
     VALUES (?1, ?2, ?3) \
     ON CONFLICT (table_name, column_name) DO UPDATE SET mark = max(mark, excluded.mark)";
