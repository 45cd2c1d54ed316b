//! One stored value: checked against its description, then handed on.

use tokio_postgres::{Row, types::Type};

use super::decode::{Raw, decode};
use crate::{
    resource::{Corrupt, IdKind, Kind, Odd, ResourceId, Rows, Value, ValueRef},
    store::{
        StoreError,
        sql::select::{Cell, Content},
    },
};

/// Adds a row, whose columns begin at the `first`: as what is odd about it, where a column's member cannot have a value.
/// A row without an id is no resource.
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
        let (raw, ty) = name.raw(row, index)?;
        match decode(raw, ty, &mut text).and_then(|value| checked(cell.content, value)) {
            Ok(value) => rows.push(value),
            Err(detail) if matches!(cell.content, Content::Id(_)) => {
                log::warn!("{}; it is not shown", name.corrupt(detail));
                rows.skip_row();
                return Ok(());
            }
            Err(detail) => rows.push_odd(Odd::new(detail, raw.0.unwrap_or(b"null"))),
        }
        index += 1;
    }
    Ok(())
}

/// A stored id, of a row or at the other end of an edge; what can be none is told to the log, and passed over.
pub(super) fn known_id(
    table: &str,
    column: &str,
    kind: IdKind,
    row: &Row,
    index: usize,
) -> Result<Option<ResourceId>, StoreError> {
    match id(table, column, kind, row, index) {
        Ok(id) => Ok(Some(id)),
        Err(StoreError::Corrupt(corrupt)) => {
            log::warn!("{corrupt}; it is not shown");
            Ok(None)
        }
        Err(error) => Err(error),
    }
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
    match check_id(kind, value).map_err(|detail| name.corrupt(detail))? {
        ValueRef::Integer(id) => Ok(ResourceId::Integer(id)),
        ValueRef::Text(id) => Ok(ResourceId::Text(id.into())),
        other => Err(name.corrupt(expected("an id", other)).into()),
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
        other => Err(name.corrupt(expected("a whole number", other)).into()),
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

    fn raw<'a>(&self, row: &'a Row, index: usize) -> Result<(Raw<'a>, &'a Type), StoreError> {
        let raw = raw(row, index)?;
        match row.columns().get(index) {
            Some(column) => Ok((raw, column.type_())),
            None => Err(StoreError::Internal(format!("a row of `{}` without column {index}", self.table))),
        }
    }

    fn read<'a>(&self, row: &'a Row, index: usize, text: &'a mut String) -> Result<ValueRef<'a>, StoreError> {
        let (raw, ty) = self.raw(row, index)?;
        Ok(decode(raw, ty, text).map_err(|detail| self.corrupt(detail))?)
    }
}

fn expected(expected: &str, value: ValueRef<'_>) -> String {
    format!("expected {expected}, found {}", value.word())
}

fn checked(content: Content, value: ValueRef<'_>) -> Result<ValueRef<'_>, String> {
    match content {
        Content::Id(kind) => check_id(kind, value),
        Content::Link(_) if value.is_null() => Ok(value),
        Content::Link(kind) => check_id(kind, value),
        Content::Attribute { nullable, .. } if value.is_null() => match nullable {
            true => Ok(value),
            false => Err(expected("a value", value)),
        },
        Content::Attribute { check: Some(check), .. }
            if matches!(value, ValueRef::Integer(_)) && check(value).is_err() =>
        {
            Err(expected("a number within the range of its member", value))
        }
        Content::Attribute { kind, .. } => attribute(kind, value),
    }
}

fn check_id(kind: IdKind, value: ValueRef<'_>) -> Result<ValueRef<'_>, String> {
    match (kind, value) {
        (IdKind::Integer { min, max }, ValueRef::Integer(id)) if !(min..=max).contains(&id) => {
            Err(format!("the id {id} is not one from {min} to {max}"))
        }
        (IdKind::Integer { .. }, ValueRef::Integer(_)) | (IdKind::Text | IdKind::Uuid, ValueRef::Text(_)) => {
            Ok(value)
        }
        (IdKind::Integer { .. }, _) => Err(expected("an integer id", value)),
        (IdKind::Text | IdKind::Uuid, _) => Err(expected("a text id", value)),
    }
}

fn attribute(kind: Kind, value: ValueRef<'_>) -> Result<ValueRef<'_>, String> {
    match (kind, value) {
        (Kind::Bool, ValueRef::Bool(_)) | (Kind::Integer, ValueRef::Integer(_)) => Ok(value),
        (Kind::Bool, _) => Err(expected("a boolean", value)),
        (Kind::Integer, _) => Err(expected("an integer", value)),
        (Kind::Float, ValueRef::Float(number)) if number.is_finite() => Ok(value),
        (Kind::Float, _) => Err(expected("a finite float", value)),
        (_, ValueRef::Text(_)) => Ok(value),
        (_, _) => Err(expected("text", value)),
    }
}
