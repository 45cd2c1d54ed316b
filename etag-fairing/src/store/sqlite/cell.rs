//! One stored value: checked against its description, then handed on.
//!
//! SQLite types values, not columns: what somebody else wrote may be of any type, and its text of any bytes.

use rusqlite::types::ValueRef as SqliteValue;

use crate::{
    resource::{Corrupt, IdKind, Kind, Odd, ResourceId, Rows, StoredTime, ValueRef, time::stored},
    store::sql::select::{Cell, Content},
};

/// Adds a stored value to the rows: as what is odd about it, if the column's member cannot have it.
///
/// # Errors
/// If it should be the id and is none: then the row is no resource.
pub(super) fn push(cell: &Cell, value: SqliteValue<'_>, rows: &mut Rows) -> Result<(), String> {
    let pushed = match (cell.content, plain(value)) {
        (_, Err(odd)) => Err(odd),
        (Content::Link(_) | Content::Attribute { nullable: true, .. }, Ok(ValueRef::Null)) => {
            rows.push(ValueRef::Null);
            Ok(())
        }
        (Content::Id(kind) | Content::Link(kind), Ok(value)) => {
            check_id(kind, value).map(|value| rows.push(value))
        }
        (Content::Attribute { .. }, Ok(ValueRef::Null)) => Err(expected("a value", ValueRef::Null)),
        (Content::Attribute { kind, stored, .. }, Ok(value)) if kind.is_time() => {
            time(kind, value, stored, rows)
        }
        (Content::Attribute { check: Some(check), .. }, Ok(value @ ValueRef::Integer(_)))
            if check(value).is_err() =>
        {
            Err(expected("a number within the range of its member", value))
        }
        (Content::Attribute { kind, .. }, Ok(value)) => attribute(kind, value, rows),
    };
    match pushed {
        Err(detail) if matches!(cell.content, Content::Id(_)) => return Err(detail),
        Err(detail) => rows.push_odd(odd(detail, value)),
        Ok(()) => {}
    }
    Ok(())
}

/// What is odd about a value.
fn odd(detail: String, value: SqliteValue<'_>) -> Odd {
    match value {
        SqliteValue::Null => Odd::new(detail, b"null"),
        SqliteValue::Integer(value) => Odd::new(detail, format!("i{value}").as_bytes()),
        SqliteValue::Real(value) => Odd::new(detail, format!("r{value:?}").as_bytes()),
        SqliteValue::Text(bytes) => Odd::new(detail, &[b"t", bytes].concat()),
        SqliteValue::Blob(bytes) => Odd::new(detail, &[b"b", bytes].concat()),
    }
}

/// A stored id, of a row or at the other end of an edge; what can be none is told to the log, and passed over.
pub(super) fn known_id(
    table: &str,
    column: &str,
    kind: IdKind,
    value: SqliteValue<'_>,
) -> Option<ResourceId> {
    id(table, column, kind, value).inspect_err(|corrupt| log::warn!("{corrupt}; it is not shown")).ok()
}

/// A stored id.
pub(super) fn id(
    table: &str,
    column: &str,
    kind: IdKind,
    value: SqliteValue<'_>,
) -> Result<ResourceId, Corrupt> {
    let found = plain(value).and_then(|value| match check_id(kind, value)? {
        ValueRef::Integer(id) => Ok(ResourceId::Integer(id)),
        ValueRef::Text(id) => Ok(ResourceId::Text(id.into())),
        other => Err(expected("an id", other)),
    });
    found.map_err(|detail| corrupt(table, column, &detail))
}

/// A stored value of whatever kind.
pub(super) fn any<'v>(table: &str, column: &str, value: SqliteValue<'v>) -> Result<ValueRef<'v>, Corrupt> {
    plain(value).map_err(|detail| corrupt(table, column, &detail))
}

fn corrupt(table: &str, column: &str, detail: &str) -> Corrupt {
    Corrupt::new(format!("table `{table}`, column `{column}`: {detail}"))
}

fn expected(expected: &str, value: ValueRef<'_>) -> String {
    format!("expected {expected}, found {}", value.word())
}

fn plain(value: SqliteValue<'_>) -> Result<ValueRef<'_>, String> {
    match value {
        SqliteValue::Null => Ok(ValueRef::Null),
        SqliteValue::Integer(value) => Ok(ValueRef::Integer(value)),
        SqliteValue::Real(value) => Ok(ValueRef::Float(value)),
        SqliteValue::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(ValueRef::Text(text)),
            Err(error) => Err(format!("text that is not UTF-8 ({error})")),
        },
        SqliteValue::Blob(_) => Err("expected text or a number, found a blob".into()),
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

/// Rows hold times in our own form, whatever the column holds.
fn time(
    kind: Kind,
    value: ValueRef<'_>,
    declared: Option<StoredTime>,
    rows: &mut Rows,
) -> Result<(), String> {
    match value {
        ValueRef::Text(text) if stored::is_own(kind, text) => rows.push(value),
        value => {
            let time = stored::canonical(kind, value, declared).map_err(|error| error.to_string())?;
            rows.push(ValueRef::Text(time.as_str()));
        }
    }
    Ok(())
}

fn attribute(kind: Kind, value: ValueRef<'_>, rows: &mut Rows) -> Result<(), String> {
    match (kind, value) {
        (Kind::Bool, ValueRef::Integer(value @ (0 | 1))) => rows.push(ValueRef::Bool(value == 1)),
        (Kind::Bool, _) => return Err(expected("0 or 1", value)),
        (Kind::Integer, ValueRef::Integer(_)) => rows.push(value),
        (Kind::Integer, _) => return Err(expected("an integer", value)),
        (Kind::Float, ValueRef::Float(number)) if number.is_finite() => rows.push(value),
        // In a NUMERIC column of the user's, SQLite keeps whole floats as integers, …
        (Kind::Float, ValueRef::Integer(number)) => rows.push(ValueRef::Float(number as f64)),
        (Kind::Float, _) => return Err(expected("a finite float", value)),
        // … and JSON that is a number as that number.
        (Kind::Json, ValueRef::Integer(number)) => {
            rows.push(ValueRef::Text(itoa::Buffer::new().format(number)));
        }
        (Kind::Json, ValueRef::Float(number)) if number.is_finite() => {
            rows.push(ValueRef::Text(&format!("{number:?}")));
        }
        (_, ValueRef::Text(_)) => rows.push(value),
        (_, _) => return Err(expected("text", value)),
    }
    Ok(())
}
