//! One stored value: checked against its description, then handed on.
//!
//! SQLite types values, not columns: what somebody else wrote may be of any type, and its text of any bytes.

use rusqlite::types::ValueRef as SqliteValue;

use crate::{
    resource::{Corrupt, IdKind, Kind, ResourceId, Rows, ValueRef},
    store::sql::select::{Cell, Content},
};

/// Adds a stored value to the rows.
pub(super) fn push(table: &str, cell: &Cell, value: SqliteValue<'_>, rows: &mut Rows) -> Result<(), Corrupt> {
    let name = Name { table, column: cell.column };
    let value = name.plain(value)?;
    match cell.content {
        Content::Id(kind) => rows.push(name.id(kind, value)?),
        Content::Link(_) if value.is_null() => rows.push(value),
        Content::Link(kind) => rows.push(name.id(kind, value)?),
        Content::Attribute { nullable, .. } if value.is_null() => match nullable {
            true => rows.push(value),
            false => return Err(name.expected("a value", value)),
        },
        Content::Attribute { kind, .. } => name.attribute(kind, value, rows)?,
    }
    Ok(())
}

/// A stored id.
pub(super) fn id(
    table: &str,
    column: &str,
    kind: IdKind,
    value: SqliteValue<'_>,
) -> Result<ResourceId, Corrupt> {
    let name = Name { table, column };
    match name.id(kind, name.plain(value)?)? {
        ValueRef::Integer(id) => Ok(ResourceId::Integer(id)),
        ValueRef::Text(id) => Ok(ResourceId::Text(id.into())),
        other => Err(name.expected("an id", other)),
    }
}

/// A stored value of whatever kind.
pub(super) fn plain<'v>(table: &str, column: &str, value: SqliteValue<'v>) -> Result<ValueRef<'v>, Corrupt> {
    Name { table, column }.plain(value)
}

struct Name<'a> {
    table: &'a str,
    column: &'a str,
}

impl Name<'_> {
    fn corrupt(&self, detail: impl std::fmt::Display) -> Corrupt {
        Corrupt::new(format!("table `{}`, column `{}`: {detail}", self.table, self.column))
    }

    fn expected(&self, expected: &str, value: ValueRef<'_>) -> Corrupt {
        self.corrupt(format_args!("expected {expected}, found {}", value.word()))
    }

    fn plain<'v>(&self, value: SqliteValue<'v>) -> Result<ValueRef<'v>, Corrupt> {
        match value {
            SqliteValue::Null => Ok(ValueRef::Null),
            SqliteValue::Integer(value) => Ok(ValueRef::Integer(value)),
            SqliteValue::Real(value) => Ok(ValueRef::Float(value)),
            SqliteValue::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(ValueRef::Text(text)),
                Err(error) => Err(self.corrupt(format_args!("text that is not UTF-8 ({error})"))),
            },
            SqliteValue::Blob(_) => Err(self.corrupt("expected text or a number, found a blob")),
        }
    }

    fn id<'v>(&self, kind: IdKind, value: ValueRef<'v>) -> Result<ValueRef<'v>, Corrupt> {
        match (kind, value) {
            (IdKind::Integer { min, max }, ValueRef::Integer(id)) if !(min..=max).contains(&id) => {
                Err(self.corrupt(format_args!("the id {id} is not one from {min} to {max}")))
            }
            (IdKind::Integer { .. }, ValueRef::Integer(_))
            | (IdKind::Text | IdKind::Uuid, ValueRef::Text(_)) => Ok(value),
            (IdKind::Integer { .. }, _) => Err(self.expected("an integer id", value)),
            (IdKind::Text | IdKind::Uuid, _) => Err(self.expected("a text id", value)),
        }
    }

    fn attribute(&self, kind: Kind, value: ValueRef<'_>, rows: &mut Rows) -> Result<(), Corrupt> {
        match (kind, value) {
            (Kind::Bool, ValueRef::Integer(value @ (0 | 1))) => rows.push(ValueRef::Bool(value == 1)),
            (Kind::Bool, _) => return Err(self.expected("0 or 1", value)),
            (Kind::Integer, ValueRef::Integer(_)) => rows.push(value),
            (Kind::Integer, _) => return Err(self.expected("an integer", value)),
            (Kind::Float, ValueRef::Float(number)) if number.is_finite() => rows.push(value),
            // In a NUMERIC column of the user's, SQLite keeps whole floats as integers, …
            (Kind::Float, ValueRef::Integer(number)) => rows.push(ValueRef::Float(number as f64)),
            (Kind::Float, _) => return Err(self.expected("a finite float", value)),
            // … and JSON that is a number as that number.
            (Kind::Json, ValueRef::Integer(number)) => {
                rows.push(ValueRef::Text(itoa::Buffer::new().format(number)));
            }
            (Kind::Json, ValueRef::Float(number)) if number.is_finite() => {
                rows.push(ValueRef::Text(&format!("{number:?}")));
            }
            (_, ValueRef::Text(_)) => rows.push(value),
            (_, _) => return Err(self.expected("text", value)),
        }
        Ok(())
    }
}
