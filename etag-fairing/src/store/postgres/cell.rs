//! One stored value: checked against its description, then handed on.

use tokio_postgres::Row;

use super::decode::{Raw, decode};
use crate::{
    resource::{Corrupt, IdKind, Kind, ResourceId, Rows, Value, ValueRef},
    store::{
        StoreError,
        sql::select::{Cell, Content},
    },
};

/// Adds a row, whose columns begin at the `first`.
pub(super) fn push_row(
    row: &Row,
    first: usize,
    cells: &[Option<Cell>],
    table: &str,
    rows: &mut Rows,
) -> Result<(), StoreError> {
    let mut text = String::new();
    let mut index = first;
    for cell in cells {
        let Some(cell) = cell else {
            rows.push(ValueRef::Null);
            continue;
        };
        let name = Name { table, column: cell.column };
        let value = name.read(row, index, &mut text)?;
        rows.push(name.checked(cell.content, value)?);
        index += 1;
    }
    Ok(())
}

/// A stored id.
pub(super) fn id(
    table: &str,
    column: &str,
    kind: IdKind,
    row: &Row,
    index: usize,
) -> Result<ResourceId, StoreError> {
    let name = Name { table, column };
    let mut text = String::new();
    let value = name.read(row, index, &mut text)?;
    match name.id(kind, value)? {
        ValueRef::Integer(id) => Ok(ResourceId::Integer(id)),
        ValueRef::Text(id) => Ok(ResourceId::Text(id.into())),
        other => Err(name.expected("an id", other).into()),
    }
}

/// Whether there is no value.
pub(super) fn is_null(row: &Row, index: usize) -> Result<bool, StoreError> {
    raw(row, index).map(|raw| raw.0.is_none())
}

/// A value of any kind.
pub(super) fn value(row: &Row, index: usize) -> Result<Value, StoreError> {
    let name = Name { table: "", column: "" };
    name.read(row, index, &mut String::new()).map(ValueRef::to_owned)
}

/// A stored value of whatever kind.
pub(super) fn plain(table: &str, column: &str, row: &Row, index: usize) -> Result<Value, StoreError> {
    Name { table, column }.read(row, index, &mut String::new()).map(ValueRef::to_owned)
}

/// A number that the statement made: a count, a place in a list.
pub(super) fn number(row: &Row, index: usize) -> Result<Option<i64>, StoreError> {
    let name = Name { table: "", column: "" };
    match name.read(row, index, &mut String::new())? {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(number) => Ok(Some(number)),
        other => Err(name.expected("a whole number", other).into()),
    }
}

fn raw(row: &Row, index: usize) -> Result<Raw<'_>, StoreError> {
    row.try_get(index).map_err(|error| StoreError::Internal(error.to_string()))
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

    fn read<'a>(&self, row: &'a Row, index: usize, text: &'a mut String) -> Result<ValueRef<'a>, StoreError> {
        let raw = raw(row, index)?;
        let Some(column) = row.columns().get(index) else {
            return Err(StoreError::Internal(format!("a row of `{}` without column {index}", self.table)));
        };
        Ok(decode(raw, column.type_(), text).map_err(|detail| self.corrupt(detail))?)
    }

    fn checked<'v>(&self, content: Content, value: ValueRef<'v>) -> Result<ValueRef<'v>, Corrupt> {
        match content {
            Content::Id(kind) => self.id(kind, value),
            Content::Link(_) if value.is_null() => Ok(value),
            Content::Link(kind) => self.id(kind, value),
            Content::Attribute { nullable, .. } if value.is_null() => match nullable {
                true => Ok(value),
                false => Err(self.expected("a value", value)),
            },
            Content::Attribute { kind, .. } => self.attribute(kind, value),
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

    fn attribute<'v>(&self, kind: Kind, value: ValueRef<'v>) -> Result<ValueRef<'v>, Corrupt> {
        match (kind, value) {
            (Kind::Bool, ValueRef::Bool(_)) | (Kind::Integer, ValueRef::Integer(_)) => Ok(value),
            (Kind::Bool, _) => Err(self.expected("a boolean", value)),
            (Kind::Integer, _) => Err(self.expected("an integer", value)),
            (Kind::Float, ValueRef::Float(number)) if number.is_finite() => Ok(value),
            (Kind::Float, _) => Err(self.expected("a finite float", value)),
            (_, ValueRef::Text(_)) => Ok(value),
            (_, _) => Err(self.expected("text", value)),
        }
    }
}
