//! One value as PostgreSQL sends it.

use tokio_postgres::{Row, types::Type};

use super::decode::{Raw, decode, decode_decimal, decode_list};
use crate::schema::{Kind, Odd, StoredTime, ValueRef};
use crate::store::StoreError;
use crate::store::sql::cell::{Cells, Unreadable};

impl Cells for Row {
    fn value<'a>(&'a self, index: usize, text: &'a mut String) -> Result<ValueRef<'a>, Unreadable> {
        let (raw, ty) = typed(self, index)?;
        decode(raw, ty, text).map_err(Unreadable::Odd)
    }

    fn attribute<'a>(
        &'a self,
        index: usize,
        kind: Kind,
        _: Option<StoredTime>,
        _: Option<usize>,
        text: &'a mut String,
    ) -> Result<ValueRef<'a>, Unreadable> {
        if kind.is_decimal() {
            let (raw, ty) = typed(self, index)?;
            return decode_decimal(raw, ty, text).map_err(Unreadable::Odd);
        }
        if let Some(element) = kind.element() {
            let (raw, ty) = typed(self, index)?;
            return decode_list(raw, ty, element, text).map_err(Unreadable::Odd);
        }
        let value = self.value(index, text)?;
        let expected = match (kind, value) {
            (_, ValueRef::Null) | (Kind::Bool, ValueRef::Bool(_)) => return Ok(value),
            (kind, ValueRef::Integer(_)) if kind.is_whole() => return Ok(value),
            (Kind::Float, ValueRef::Float(number)) if number.is_finite() => return Ok(value),
            (Kind::Bytes, ValueRef::Bytes(_)) | (Kind::Duration, ValueRef::Integer(_)) => return Ok(value),
            (Kind::Duration, _) => "an interval, or microseconds",
            (Kind::Bytes, _) => "bytes",
            (Kind::Bool, _) => "a boolean",
            (kind, _) if kind.is_whole() => "an integer",
            (Kind::Float, _) => "a finite float",
            (_, ValueRef::Text(_)) => return Ok(value),
            (_, _) => "text",
        };
        Err(Unreadable::expected(expected, value))
    }

    fn is_null(&self, index: usize) -> Result<bool, StoreError> {
        raw(self, index).map(|raw| raw.0.is_none())
    }

    fn odd(&self, index: usize, detail: String) -> Odd {
        let raw = raw(self, index).ok().and_then(|raw| raw.0);
        Odd::new(detail, raw.unwrap_or(b"null"))
    }
}

fn raw(row: &Row, index: usize) -> Result<Raw<'_>, StoreError> {
    row.try_get(index).map_err(|error| StoreError::Internal(error.to_string()))
}

fn typed(row: &Row, index: usize) -> Result<(Raw<'_>, &Type), StoreError> {
    let raw = raw(row, index)?;
    match row.columns().get(index) {
        Some(column) => Ok((raw, column.type_())),
        None => Err(StoreError::Internal(format!("a row without column {index}"))),
    }
}
