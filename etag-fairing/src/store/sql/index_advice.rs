//! What is said of indexes that a table lacks, where it has so many rows that they matter.

use super::definitions::NewIndex;
use super::prepare::quoted;
use super::schema::{Column, Table};

/// A table with more rows than these is large.
pub(in crate::store) const LARGE: u64 = 10_000;

/// Whether a table is large: a statement that returns a row then.
pub(in crate::store) fn is_large(table: &Table) -> String {
    format!("SELECT 1 FROM {} LIMIT 1 OFFSET {LARGE}", quoted(table.name))
}

/// The columns by which clients may filter or sort, and of which nothing asks for an index.
pub(in crate::store) fn open_columns(table: &Table) -> impl Iterator<Item = &Column> {
    let key = table.key.columns();
    table.columns.iter().filter(move |column| {
        column.is_open
            && !column.is_indexed
            && key.first() != Some(&column.name)
            && table.references.iter().all(|reference| reference.columns.first() != column.name)
    })
}

/// What the log says of an index that a struct asks for and a table doesn't have.
pub(in crate::store) fn warn_of(table: &Table, index: &NewIndex) {
    log::warn!(
        "table `{}` has over {LARGE} rows, and no index that is of use for `{}`, although its struct asks for one: {};",
        table.name,
        index.column,
        index.statement
    );
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
