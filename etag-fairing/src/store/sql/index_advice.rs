//! What is said of indexes that a table lacks, where it has so many rows that they matter.

use super::definitions::{Definitions, NewIndex, order_index};
use super::prepare::quoted;
use super::schema::{Column, Table};
use crate::schema::Kind;

/// Whether a launch gives advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum IndexAdvice {
    /// It does.
    Given,
    /// The configuration says `index_advice = false`.
    Off,
}

impl IndexAdvice {
    pub(in crate::store) fn of(is_given: bool) -> Self {
        if is_given { Self::Given } else { Self::Off }
    }
}

/// A table with more rows than these is large.
pub(in crate::store) const LARGE: u64 = 10_000;

/// Whether a table is large: a statement that returns a row then. It reads no more rows than these.
pub(in crate::store) fn is_large(table: &Table) -> String {
    format!("SELECT 1 FROM {} LIMIT 1 OFFSET {LARGE}", quoted(table.name))
}

/// The columns by which clients may filter or sort, and of which nothing asks for an index. An index of truth values finds too
/// many rows to be of use.
pub(in crate::store) fn open_columns(table: &Table) -> impl Iterator<Item = &Column> {
    let key = table.key.columns();
    table.columns.iter().filter(move |column| {
        column.is_open
            && !column.is_indexed
            && !column.has_trigrams
            && column.kind != Kind::Bool
            && key.first() != Some(&column.name)
            && table.references.iter().all(|reference| reference.columns.first() != column.name)
    })
}

/// What the log says of an index that a struct asks for and a table doesn't have. `before` is what must be run first.
pub(in crate::store) fn warn_of(table: &Table, index: &NewIndex, before: Option<&str>) {
    log::warn!(
        "table `{}` has over {LARGE} rows, and no index that is of use for `{}`, although its struct asks for one: {}{};",
        table.name,
        index.column,
        before.map(|before| format!("{before}; ")).unwrap_or_default(),
        index.statement
    );
}

/// What the log says of columns without an index by which clients may filter and sort, with the statements that make one.
pub(in crate::store) fn warn_of_open<D: Definitions>(dialect: D, table: &Table, columns: &[&Column]) {
    let indexes = columns.iter().filter_map(|column| order_index(dialect, table, column));
    let (names, statements): (Vec<_>, Vec<_>) =
        indexes.map(|index| (format!("`{}`", index.column), format!("{};", index.statement))).unzip();
    if names.is_empty() {
        return;
    }
    log::warn!(
        "table `{}` has over {LARGE} rows, and clients may filter and sort by columns without an index ({}), each time by \
         reading all rows: where they do, write #[jsonapi(index)] on the attribute; where they need not, #[jsonapi(filter = \
         false, sort = false)]; `index_advice = false` in the database's configuration ends this line. The indexes: {}",
        table.name,
        names.join(", "),
        statements.join(" ")
    );
}

/// What the log says of an index of trigrams that was not made.
#[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "only PostgreSQL has such"))]
pub(in crate::store) fn warn_of_extension(table: &Table, index: &NewIndex, extension: &str) {
    log::warn!(
        "table `{}`: the index of the trigrams of `{}` was not made, since the database lacks the extension. Filters find the \
         same without it, and read each row. Whoever may CREATE in the database can make both: {extension}; {};",
        table.name,
        index.column,
        index.statement
    );
}

/// What is said of trigrams where the database has no index of them.
pub(in crate::store) fn no_trigrams(table: &Table, column: &Column, instead: &str) -> String {
    format!(
        "table {}, column {}: {} asks for an index of trigrams, and there is none here, so that what looks into the text reads \
         each row; {instead}",
        quoted(table.name),
        quoted(column.name),
        column.needed_by
    )
}

/// What a list of differences says of columns without an index.
pub(in crate::store) fn remark(table: &Table, columns: &[&str]) -> String {
    let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    format!(
        "table {}: it has over {LARGE} rows, and clients may filter and sort by columns without an index ({}): where they \
         do, write #[jsonapi(index)] on the attribute; where they need not, #[jsonapi(filter = false, sort = false)]",
        quoted(table.name),
        columns.join(", ")
    )
}
