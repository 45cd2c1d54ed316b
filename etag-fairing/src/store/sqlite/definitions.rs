//! How SQLite spells definitions of tables.

use super::dialect::Sqlite;
use crate::schema::kind::ValueType;
use crate::schema::{IdKind, Kind, Value};
use crate::store::sql::definitions::{Definitions, ForeignKeys, Trigrams, literal};
use crate::store::sql::forms::{ColumnForm, Form};
use crate::store::sql::prepare::quoted;
use crate::store::sql::schema::{Column, Key, Table, kind_of_id};

impl Definitions for Sqlite {
    const FOREIGN_KEYS: ForeignKeys = ForeignKeys::Within;
    const TRIGRAMS: Trigrams = Trigrams::Nowhere(
        "what SQLite has is `index` for how a text begins, where case matters, and FTS5 tables for words, which are asked by SQL \
         of your own",
    );

    fn column_type(self, column: &Column) -> &'static str {
        match column.stored {
            Some(form) if form.is_number() => "INTEGER",
            _ => column.kind.sqlite().ours,
        }
    }

    fn id_type(self, kind: IdKind) -> String {
        let key = match kind {
            // AUTOINCREMENT: the id of a deleted resource is never used again, or a tag of the old one could match the
            // new one.
            IdKind::Integer { .. } => "PRIMARY KEY AUTOINCREMENT",
            IdKind::Text | IdKind::Uuid => "NOT NULL PRIMARY KEY",
            // Its columns are those of members, and the key stands behind them.
            IdKind::Composite(_) => "NOT NULL",
        };
        format!("{} {key}", kind_of_id(kind).sqlite().ours)
    }

    fn table_end(self, key: Key) -> &'static str {
        // STRICT: no program can put text where a number belongs.
        match key {
            Key::Id { kind: IdKind::Composite(_), .. } | Key::Pair { .. } => " STRICT, WITHOUT ROWID",
            Key::Id { .. } => " STRICT",
        }
    }

    /// Decimal numbers are compared by a function of ours, which other programs that write to the table don't have.
    fn index_part(self, name: &str, kind: Kind) -> Option<String> {
        // The column may be declared `COLLATE NOCASE`.
        let of_text = kind.value_type() == ValueType::Text;
        let collation = if of_text { " COLLATE BINARY" } else { "" };
        (!kind.is_decimal()).then(|| format!("{}{collation}", quoted(name)))
    }

    /// SQLite finds what stands anywhere in a text only by a table of its own (FTS5), which has its words or trigrams.
    fn trigram_part(self, _: &str) -> Option<String> {
        None
    }

    /// With the rowid.
    fn indexes_end_with(self, id: IdKind) -> bool {
        matches!(id, IdKind::Integer { .. })
    }

    fn literal(self, table: &Table, column: &Column, value: Value) -> Option<String> {
        match as_stored(table, column, value) {
            Value::Null => None,
            Value::Bool(value) => Some(i64::from(value).to_string()),
            Value::Integer(value) => Some(value.to_string()),
            Value::Float(value) => Some(format!("{value:?}")),
            Value::Text(value) | Value::Decimal(value) => Some(literal(&value)),
            Value::Bytes(value) => Some(format!("x'{}'", hex::encode(value))),
        }
    }
}

/// A default in the form that the column declares.
fn as_stored(table: &Table, column: &Column, value: Value) -> Value {
    let Some(form) = column.stored else { return value };
    let form =
        ColumnForm { table: table.name, column: column.name, kind: column.kind, form: Form::Declared(form) };
    form.write_floor(value.as_ref()).unwrap_or(value)
}
