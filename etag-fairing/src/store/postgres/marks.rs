//! The highest version that a deleted row had, by table and column: no id has one version twice, whoever chose the id.
//!
//! Whoever deletes keeps the row of their own connection's shard locked until the commit, so that two seldom wait for
//! each other; the mark is the highest of all shards.

/// The name of the table of the marks.
pub(super) const TABLE: &str = "_etag_fairing_marks";

/// The table of the marks. It is made with the first table that has something to keep.
pub(super) const MARKS: &str = "CREATE TABLE IF NOT EXISTS _etag_fairing_marks (\
     table_name text NOT NULL, column_name text NOT NULL, shard integer NOT NULL, mark bigint NOT NULL, \
     PRIMARY KEY (table_name, column_name, shard))";

/// Reads a mark. Parameters: the names of the table and the column.
pub(super) const MARK: &str =
    "SELECT max(mark) FROM _etag_fairing_marks WHERE table_name = $1 AND column_name = $2";

/// Raises a mark. Parameters: the names, and the version.
pub(super) const RAISE: &str = "INSERT INTO _etag_fairing_marks AS m (table_name, column_name, shard, mark) \
     VALUES ($1, $2, pg_backend_pid() % 64, $3) \
     ON CONFLICT (table_name, column_name, shard) DO UPDATE SET mark = greatest(m.mark, excluded.mark)";
