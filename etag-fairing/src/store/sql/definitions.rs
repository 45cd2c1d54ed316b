//! Definitions of tables, columns and indexes, as text.
//!
//! What a launch runs, what a message shows and what is printed for migrations is the same text.

use super::prepare::{indexes, on_delete, quoted};
use super::schema::{Column, Key, Reference, Table, kind_of_id};
use crate::schema::{IdKind, Kind, Value};

/// How a database spells definitions.
pub(in crate::store) trait Definitions: Copy {
    /// Whether the foreign keys of a table stand in its definition, or follow it.
    const FOREIGN_KEYS: ForeignKeys;

    /// The type of a column.
    fn column_type(self, column: &Column) -> &'static str;

    /// The type of an id, and that it is the primary key.
    fn id_type(self, kind: IdKind) -> String;

    /// What follows the last parenthesis of a table.
    fn table_end(self, key: Key) -> &'static str;

    /// A column as an index must have it, so that comparisons and orders by it use the index; `None` if none could be used.
    fn index_part(self, name: &str, kind: Kind) -> Option<String>;

    /// What an index of trigrams needs.
    const TRIGRAMS: Trigrams;

    /// How an index of a column's trigrams is made; `None` where there is none.
    fn trigram_part(self, name: &str) -> Option<String>;

    /// Whether an index of another column finds the rows of a value in the order of their ids, by itself.
    fn indexes_end_with(self, id: IdKind) -> bool;

    /// A default as the column stores it; `None` for null.
    fn literal(self, table: &Table, column: &Column, value: Value) -> Option<String>;
}

/// What an index of trigrams needs.
#[cfg_attr(
    not(all(feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "each database has its way")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Trigrams {
    /// An extension: what is said of it, and the statement that makes it.
    Extension(&'static str, &'static str),
    /// There is no such index: what there is in its place.
    Nowhere(&'static str),
}

/// Where the foreign keys of a new table stand.
#[cfg_attr(
    not(all(feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "each database has its way")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum ForeignKeys {
    /// In the table's definition. The tables that they refer to need not be there yet.
    Within,
    /// Behind the definitions of all tables, since the tables that they refer to must be there.
    Behind,
}

/// How a definition is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Layout {
    /// In one line, for messages.
    Line,
    /// A line for each column, for files.
    Lines,
}

/// The definition of a new table, without its indexes.
pub(in crate::store) fn create_table<D: Definitions>(dialect: D, table: &Table, layout: Layout) -> String {
    let mut parts = Vec::new();
    let key = table.key.parts();
    if let (Key::Id { column, kind }, []) = (table.key, key) {
        parts.push(format!("{} {}", quoted(column), dialect.id_type(kind)));
    }
    for column in &table.columns {
        let required = if table.is_required(column) { " NOT NULL" } else { "" };
        parts.push(format!("{} {}{required}", quoted(column.name), dialect.column_type(column)));
    }
    let of_several = table.key.columns();
    if !of_several.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", all_quoted(of_several.into_iter())));
    }
    if D::FOREIGN_KEYS == ForeignKeys::Within {
        parts.extend(table.foreign_keys().map(foreign_key));
    }
    let (name, end) = (quoted(table.name), dialect.table_end(table.key));
    match layout {
        Layout::Line => format!("CREATE TABLE {name} ({}){end}", parts.join(", ")),
        Layout::Lines => format!("CREATE TABLE {name} (\n    {}\n){end}", parts.join(",\n    ")),
    }
}

/// A foreign key as a statement of its own.
#[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "SQLite's stand in the definition"))]
pub(in crate::store) fn add_foreign_key(table: &Table, reference: &Reference) -> String {
    format!("ALTER TABLE {} ADD {}", quoted(table.name), foreign_key(reference))
}

fn foreign_key(reference: &Reference) -> String {
    format!("FOREIGN KEY ({}) {}", all_quoted(reference.columns.names()), references(reference))
}

fn references(Reference { table, key, on_delete: action, .. }: &Reference) -> String {
    format!("REFERENCES {} ({}) ON DELETE {}", quoted(table), all_quoted(key.names()), on_delete(*action))
}

fn all_quoted(names: impl Iterator<Item = &'static str>) -> String {
    names.map(quoted).collect::<Vec<_>>().join(", ")
}

/// An index that a table needs.
pub(in crate::store) struct NewIndex {
    #[cfg_attr(
        not(feature = "postgres"),
        allow(dead_code, reason = "SQLite asks by itself whether it is there")
    )]
    pub(in crate::store) name: String,
    /// The column whose rows it finds.
    pub(in crate::store) column: &'static str,
    pub(in crate::store) order: IndexOrder,
    pub(in crate::store) statement: String,
}

/// What an index must have of a column to be of use: its order, or its trigrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum IndexOrder {
    /// That of the column itself, by which references are compared.
    OfColumn,
    /// By code points, as attributes are compared, whatever collation the column has.
    ByCodePoints,
    /// None: it has the trigrams of the column's text, by which filters look into it.
    Trigrams,
}

/// The indexes of a table.
pub(in crate::store) fn create_indexes<D: Definitions>(dialect: D, table: &Table) -> Vec<NewIndex> {
    let of_references = indexes(table).into_iter().map(|(name, reference)| {
        // Of a polymorphic relationship, an id means something only with its type.
        let of_type = reference.only.map(|only| only.column);
        let columns = all_quoted(of_type.into_iter().chain(reference.columns.names()));
        let (index, of) = (quoted(&name), quoted(table.name));
        let statement = format!("CREATE INDEX IF NOT EXISTS {index} ON {of} ({columns})");
        NewIndex { name, column: reference.columns.first(), order: IndexOrder::OfColumn, statement }
    });
    let mut indexes: Vec<NewIndex> = of_references.collect();
    let key = table.key.columns();
    for column in table.columns.iter().filter(|column| column.is_indexed) {
        let Some(index) = order_index(dialect, table, column) else { continue };
        if key.first() != Some(&column.name) && indexes.iter().all(|known| known.name != index.name) {
            indexes.push(index);
        }
    }
    indexes.extend(trigram_indexes(dialect, table));
    indexes
}

/// The index of an attribute in its order; `None` where none could be used.
pub(in crate::store) fn order_index<D: Definitions>(
    dialect: D,
    table: &Table,
    column: &Column,
) -> Option<NewIndex> {
    let name = format!("{}_{}_index", table.name, column.name);
    let parts = index_parts(dialect, table, column)?;
    let (index, of) = (quoted(&name), quoted(table.name));
    let statement = format!("CREATE INDEX IF NOT EXISTS {index} ON {of} ({parts})");
    Some(NewIndex { name, column: column.name, order: IndexOrder::ByCodePoints, statement })
}

/// The indexes of trigrams that a table needs, where the database has such.
fn trigram_indexes<D: Definitions>(dialect: D, table: &Table) -> impl Iterator<Item = NewIndex> {
    table.columns.iter().filter(|column| column.has_trigrams).filter_map(move |column| {
        let name = format!("{}_{}_trigram_index", table.name, column.name);
        let (index, of, part) = (quoted(&name), quoted(table.name), dialect.trigram_part(column.name)?);
        let statement = format!("CREATE INDEX IF NOT EXISTS {index} ON {of} {part}");
        Some(NewIndex { name, column: column.name, order: IndexOrder::Trigrams, statement })
    })
}

/// What an index of an attribute has: the column, and then the id, so that the rows of one value are found in the order of a
/// list, without a sort.
fn index_parts<D: Definitions>(dialect: D, table: &Table, column: &Column) -> Option<String> {
    let mut parts = vec![dialect.index_part(column.name, column.kind)?];
    match table.key {
        Key::Id { kind, .. } if dialect.indexes_end_with(kind) => {}
        Key::Id { column: id, kind } if kind.parts().is_empty() => {
            parts.extend(dialect.index_part(id, kind_of_id(kind)));
        }
        Key::Id { kind, .. } => {
            let others = kind.parts().iter().filter(|part| part.column != column.name);
            parts.extend(others.map(|part| quoted(part.column)));
        }
        Key::Pair { .. } => {}
    }
    Some(parts.join(", "))
}

/// The statement that adds a column.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::store) enum NewColumn {
    /// All rows have a value in it then, or may have none.
    Whole(String),
    /// The rows that there are need a value, and nothing says which: the column that it adds may be null.
    WithoutValues(String),
}

impl NewColumn {
    pub(in crate::store) fn statement(&self) -> &str {
        match self {
            Self::Whole(statement) | Self::WithoutValues(statement) => statement,
        }
    }
}

/// Whether adding the column depends on whether the table has rows.
///
/// # Errors
/// If the attribute's default is none of its values.
pub(in crate::store) fn asks_for_rows(table: &Table, column: &Column) -> Result<bool, String> {
    Ok(table.is_required(column) && default_of(table, column)?.is_null())
}

/// The statement that adds a column to a table that is there. `has_rows` says whether the table has any.
///
/// # Errors
/// If the attribute's default is none of its values.
pub(in crate::store) fn add_column<D: Definitions>(
    dialect: D,
    table: &Table,
    column: &Column,
    has_rows: bool,
) -> Result<NewColumn, String> {
    let default = dialect.literal(table, column, default_of(table, column)?);
    let mut text = format!(
        "ALTER TABLE {} ADD COLUMN {} {}",
        quoted(table.name),
        quoted(column.name),
        dialect.column_type(column)
    );
    let lacks_values = table.is_required(column) && default.is_none() && has_rows;
    if table.is_required(column) && !lacks_values {
        text.push_str(" NOT NULL");
    }
    if let Some(default) = default {
        text.push_str(&format!(" DEFAULT {default}"));
    }
    // Of several columns it is a definition of its own.
    if let Some((reference, _)) = table.refers(column.name).filter(|(it, _)| it.columns.number() == 1) {
        text.push_str(&format!(" {}", references(reference)));
    }
    Ok(if lacks_values { NewColumn::WithoutValues(text) } else { NewColumn::Whole(text) })
}

/// The value of a new column in existing rows; null if there is no default.
fn default_of(table: &Table, column: &Column) -> Result<Value, String> {
    let Some(default) = column.default else { return Ok(Value::Null) };
    default().map_err(|mismatch| {
        format!(
            "table `{}`, column `{}`: the default of {} {mismatch}",
            table.name, column.name, column.needed_by
        )
    })
}

/// A text as SQL has it.
pub(in crate::store) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
