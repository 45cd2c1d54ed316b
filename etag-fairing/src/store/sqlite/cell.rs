//! One value as SQLite holds it.
//!
//! SQLite types values, not columns: what somebody else wrote may be of any type, and its text of any bytes.

use std::fmt::Write;

use rusqlite::{Row, types::ValueRef as SqliteValue};

use super::decimals;
use super::error::store_error;
use crate::schema::decimal;
use crate::schema::time::stored;
use crate::schema::{Kind, Odd, StoredTime, ValueRef};
use crate::store::StoreError;
use crate::store::sql::cell::{Cells, Unreadable};

impl Cells for Row<'_> {
    fn value<'a>(&'a self, index: usize, _: &'a mut String) -> Result<ValueRef<'a>, Unreadable> {
        plain(raw(self, index)?)
    }

    fn attribute<'a>(
        &'a self,
        index: usize,
        kind: Kind,
        stored: Option<StoredTime>,
        scale: Option<usize>,
        text: &'a mut String,
    ) -> Result<ValueRef<'a>, Unreadable> {
        let raw = raw(self, index)?;
        if kind == Kind::Bytes {
            return bytes(raw);
        }
        match plain(raw)? {
            ValueRef::Null => Ok(ValueRef::Null),
            value if kind.is_decimal() => decimal(value, scale, text),
            value if kind.is_time() => time(kind, value, stored, text),
            value => attribute(kind, value, text),
        }
    }

    fn is_null(&self, index: usize) -> Result<bool, StoreError> {
        Ok(raw(self, index)? == SqliteValue::Null)
    }

    fn odd(&self, index: usize, detail: String) -> Odd {
        match self.get_ref(index).unwrap_or(SqliteValue::Null) {
            SqliteValue::Null => Odd::new(detail, b"null"),
            SqliteValue::Integer(value) => Odd::new(detail, format!("i{value}").as_bytes()),
            SqliteValue::Real(value) => Odd::new(detail, format!("r{value:?}").as_bytes()),
            SqliteValue::Text(bytes) => Odd::new(detail, &[b"t", bytes].concat()),
            SqliteValue::Blob(bytes) => Odd::new(detail, &[b"b", bytes].concat()),
        }
    }
}

fn raw<'a>(row: &'a Row<'_>, index: usize) -> Result<SqliteValue<'a>, StoreError> {
    row.get_ref(index).map_err(store_error)
}

#[inline]
fn plain(value: SqliteValue<'_>) -> Result<ValueRef<'_>, Unreadable> {
    match value {
        SqliteValue::Null => Ok(ValueRef::Null),
        SqliteValue::Integer(value) => Ok(ValueRef::Integer(value)),
        SqliteValue::Real(value) => Ok(ValueRef::Float(value)),
        SqliteValue::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(ValueRef::Text(text)),
            Err(error) => Err(Unreadable::Odd(format!("text that is not UTF-8 ({error})"))),
        },
        SqliteValue::Blob(_) => Err(Unreadable::Odd("expected text or a number, found a blob".into())),
    }
}

fn bytes(value: SqliteValue<'_>) -> Result<ValueRef<'_>, Unreadable> {
    match value {
        SqliteValue::Null => Ok(ValueRef::Null),
        SqliteValue::Blob(bytes) => Ok(ValueRef::Bytes(bytes)),
        other => Err(Unreadable::Odd(format!("expected a blob, found {}", other.data_type()))),
    }
}

/// A decimal number, whatever the column holds.
fn decimal<'a>(
    value: ValueRef<'a>,
    scale: Option<usize>,
    text: &'a mut String,
) -> Result<ValueRef<'a>, Unreadable> {
    if let (ValueRef::Text(number), None) = (value, scale)
        && decimal::is_plain(number)
    {
        return Ok(ValueRef::Decimal(number));
    }
    match decimals::number_of(value, scale) {
        Some(number) => {
            *text = number;
            Ok(ValueRef::Decimal(text))
        }
        None => Err(Unreadable::Odd(match value {
            ValueRef::Float(number) => {
                format!(
                    "the float {number}, which is no decimal number of at most {} digits",
                    decimal::KEPT_BY_FLOAT
                )
            }
            other => format!("expected a decimal number, found {}", other.word()),
        })),
    }
}

/// A time in our own form, whatever the column holds.
fn time<'a>(
    kind: Kind,
    value: ValueRef<'a>,
    declared: Option<StoredTime>,
    text: &'a mut String,
) -> Result<ValueRef<'a>, Unreadable> {
    if let ValueRef::Text(time) = value
        && stored::is_own(kind, time)
    {
        return Ok(value);
    }
    let time =
        stored::canonical(kind, value, declared).map_err(|corrupt| Unreadable::Odd(corrupt.to_string()))?;
    text.clear();
    text.push_str(time.as_str());
    Ok(ValueRef::Text(text))
}

fn attribute<'a>(kind: Kind, value: ValueRef<'a>, text: &'a mut String) -> Result<ValueRef<'a>, Unreadable> {
    text.clear();
    match (kind, value) {
        (Kind::Bool, ValueRef::Integer(value @ (0 | 1))) => Ok(ValueRef::Bool(value == 1)),
        (Kind::Bool, _) => Err(Unreadable::expected("0 or 1", value)),
        (kind, ValueRef::Integer(_)) if kind.is_whole() || kind == Kind::Duration => Ok(value),
        (kind, _) if kind.is_whole() || kind == Kind::Duration => {
            Err(Unreadable::expected("an integer", value))
        }
        (Kind::Float, ValueRef::Float(number)) if number.is_finite() => Ok(value),
        // In a NUMERIC column of the user's, SQLite keeps whole floats as integers, …
        (Kind::Float, ValueRef::Integer(number)) => Ok(ValueRef::Float(number as f64)),
        (Kind::Float, _) => Err(Unreadable::expected("a finite float", value)),
        // … and JSON that is a number as that number.
        (Kind::Json, ValueRef::Integer(number)) => {
            text.push_str(itoa::Buffer::new().format(number));
            Ok(ValueRef::Text(text))
        }
        (Kind::Json, ValueRef::Float(number)) if number.is_finite() => {
            // Writing to a string does not fail.
            let _ = write!(text, "{number:?}");
            Ok(ValueRef::Text(text))
        }
        (_, ValueRef::Text(_)) => Ok(value),
        (_, _) => Err(Unreadable::expected("text", value)),
    }
}
