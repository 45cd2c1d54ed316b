//! Values as PostgreSQL takes them: in the binary form of whatever type the statement has at that place.
//!
//! The type of a parameter comes from the table's column, so that a resource of `i64` stands over an `int4` and one of
//! `f64` over a `numeric`, without a cast that would keep an index from being used.

use std::{error::Error, fmt};

use bytes::{BufMut, BytesMut};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use super::numeric;
use crate::schema::ValueRef;
use crate::schema::decimal;
use crate::schema::element::bytes_of;
use crate::store::sql::parameter::Parameter;

/// A value that its column cannot hold.
#[derive(Debug)]
pub(super) struct Unfit {
    /// The column; empty if the value is for none.
    pub(super) column: &'static str,
    detail: String,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column `{}`: {}", self.column, self.detail)
    }
}

impl Error for Unfit {}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        if self.value.is_null() {
            return Ok(IsNull::Yes);
        }
        // What is compared with a narrow float lies on one side of all of them, where it is none.
        if let ValueRef::Float(value) = self.value
            && self.column.is_empty()
            && *base(ty) == Type::FLOAT4
        {
            out.put_f32(value as f32);
            return Ok(IsNull::No);
        }
        match encode(self.value, ty, out) {
            Ok(()) => Ok(IsNull::No),
            Err(detail) => Err(Box::new(Unfit { column: self.column, detail })),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The type below domains.
pub(super) fn base(ty: &Type) -> &Type {
    let mut ty = ty;
    while let Kind::Domain(inner) = ty.kind() {
        ty = inner;
    }
    ty
}

/// Microseconds from the Unix epoch to PostgreSQL's, 2000-01-01.
pub(super) const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

/// The day 2000-01-01, counted as chrono does.
pub(super) const EPOCH_DAY: i32 = 730_120;

fn encode(value: ValueRef<'_>, ty: &Type, out: &mut BytesMut) -> Result<(), String> {
    let ty = base(ty);
    if let (Kind::Array(element), ValueRef::Text(list)) = (ty.kind(), value) {
        return encode_list(list, element, out);
    }
    let unfit = || format!("`{}` cannot be {}", ty.name(), value.word());
    match value {
        ValueRef::Null => Err(unfit()),
        ValueRef::Bool(value) => match *ty {
            Type::BOOL => {
                out.put_u8(value.into());
                Ok(())
            }
            _ => Err(unfit()),
        },
        ValueRef::Integer(value) => encode_integer(value, ty, out).ok_or_else(unfit),
        ValueRef::Float(value) => encode_float(value, ty, out).ok_or_else(unfit),
        ValueRef::Text(text) | ValueRef::Decimal(text) => encode_text(text, ty, out).ok_or_else(unfit),
        ValueRef::Bytes(bytes) if *ty == Type::BYTEA => {
            out.put_slice(bytes);
            Ok(())
        }
        ValueRef::Bytes(_) => Err(unfit()),
    }
}

fn encode_integer(value: i64, ty: &Type, out: &mut BytesMut) -> Option<()> {
    match *ty {
        Type::INT8 => out.put_i64(value),
        Type::INT4 => out.put_i32(value.try_into().ok()?),
        Type::INT2 => out.put_i16(value.try_into().ok()?),
        // Microseconds, days, months.
        Type::INTERVAL => {
            out.put_i64(value);
            out.put_i64(0);
        }
        Type::NUMERIC => return encode_text(&value.to_string(), ty, out),
        Type::FLOAT8 | Type::FLOAT4 => return encode_float(value as f64, ty, out),
        _ => return None,
    }
    Some(())
}

fn encode_float(value: f64, ty: &Type, out: &mut BytesMut) -> Option<()> {
    match *ty {
        Type::FLOAT8 => out.put_f64(value),
        Type::FLOAT4 => out.put_f32(Some(value as f32).filter(|narrow| narrow.is_finite())?),
        Type::NUMERIC if value.is_finite() => {
            let mut bytes = Vec::new();
            numeric::encode(value, &mut bytes);
            out.put_slice(&bytes);
        }
        _ => return None,
    }
    Some(())
}

fn encode_text(text: &str, ty: &Type, out: &mut BytesMut) -> Option<()> {
    match *ty {
        Type::TIMESTAMPTZ => out.put_i64(microseconds(DateTime::parse_from_rfc3339(text).ok()?.naive_utc())?),
        Type::TIMESTAMP => {
            out.put_i64(microseconds(NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?)?);
        }
        Type::DATE => {
            use chrono::Datelike;
            let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            out.put_i32(date.num_days_from_ce() - EPOCH_DAY);
        }
        Type::TIME => {
            let time = NaiveTime::parse_from_str(text, "%H:%M:%S%.f").ok()?;
            let microseconds =
                u64::from(time.num_seconds_from_midnight()) * 1_000_000 + u64::from(time.nanosecond() / 1000);
            out.put_i64(i64::try_from(microseconds).ok()?);
        }
        Type::NUMERIC if decimal::is_plain(text) => {
            let mut bytes = Vec::new();
            numeric::encode_text(text, &mut bytes);
            out.put_slice(&bytes);
        }
        Type::UUID => out.put_slice(uuid::Uuid::try_parse(text).ok()?.as_bytes()),
        // The first byte is the version of its binary form.
        Type::JSONB => {
            out.put_u8(1);
            out.put_slice(text.as_bytes());
        }
        _ if !is_textual(ty) || text.contains('\0') => return None,
        _ => out.put_slice(text.as_bytes()),
    }
    Some(())
}

/// Whether the binary form of a type is text.
pub(super) fn is_textual(ty: &Type) -> bool {
    let known = [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME, Type::JSON, Type::UNKNOWN];
    known.contains(ty) || ty.name() == "citext" || matches!(ty.kind(), Kind::Enum(_))
}

fn microseconds(time: NaiveDateTime) -> Option<i64> {
    time.and_utc().timestamp_micros().checked_sub(EPOCH_MICROSECONDS)
}

/// A JSON array as an array of one dimension.
fn encode_list(list: &str, element: &Type, out: &mut BytesMut) -> Result<(), String> {
    let values: Vec<serde_json::Value> = serde_json::from_str(list).map_err(|error| error.to_string())?;
    out.put_i32(if values.is_empty() { 0 } else { 1 });
    // Whether there are nulls.
    out.put_i32(values.iter().any(serde_json::Value::is_null).into());
    out.put_u32(element.oid());
    if !values.is_empty() {
        out.put_i32(i32::try_from(values.len()).map_err(|error| error.to_string())?);
        out.put_i32(1);
    }
    let mut bytes = BytesMut::new();
    for value in &values {
        let decoded;
        let value = match value {
            serde_json::Value::Null => {
                out.put_i32(-1);
                continue;
            }
            serde_json::Value::String(base64) if *base(element) == Type::BYTEA => {
                decoded = bytes_of(base64).ok_or("text in a list that is no base64")?;
                ValueRef::Bytes(&decoded)
            }
            serde_json::Value::String(text) => ValueRef::Text(text),
            serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => ValueRef::Integer(whole),
                (None, Some(float)) => ValueRef::Float(float),
                (None, None) => return Err("a number in a list that is too large".into()),
            },
            serde_json::Value::Bool(value) => ValueRef::Bool(*value),
            other => return Err(format!("{other} in a list")),
        };
        bytes.clear();
        encode(value, element, &mut bytes)?;
        out.put_i32(i32::try_from(bytes.len()).map_err(|error| error.to_string())?);
        out.put_slice(&bytes);
    }
    Ok(())
}
