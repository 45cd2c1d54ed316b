//! PostgreSQL's values as ours, from the binary form of whatever type they have.

use std::{error::Error, fmt::Write};

use chrono::{Datelike, NaiveDate};
use tokio_postgres::types::{FromSql, Kind, Type};

use super::{
    encode::{EPOCH_DAY, base, is_textual},
    numeric,
};
use crate::schema::{Element, ValueRef};

/// A value as it came.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a>(pub(super) Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Reads a value. What has no text of its own is written to `text`.
///
/// # Errors
/// With a phrase, if the type is not one that attributes and ids have, or the value is beyond what they can be.
pub(super) fn decode<'a>(raw: Raw<'a>, ty: &Type, text: &'a mut String) -> Result<ValueRef<'a>, String> {
    let Some(bytes) = raw.0 else { return Ok(ValueRef::Null) };
    let ty = base(ty);
    let short = || format!("a value of type `{}` that is cut short", ty.name());
    let number = || bytes.try_into().map(i64::from_be_bytes).map_err(|_| short());
    text.clear();
    match *ty {
        Type::BOOL => Ok(ValueRef::Bool(bytes.first().is_some_and(|byte| *byte != 0))),
        Type::INT8 => Ok(ValueRef::Integer(number()?)),
        Type::INT4 => {
            Ok(ValueRef::Integer(bytes.try_into().map(i32::from_be_bytes).map_err(|_| short())?.into()))
        }
        Type::INT2 => {
            Ok(ValueRef::Integer(bytes.try_into().map(i16::from_be_bytes).map_err(|_| short())?.into()))
        }
        Type::FLOAT8 => Ok(ValueRef::Float(bytes.try_into().map(f64::from_be_bytes).map_err(|_| short())?)),
        Type::FLOAT4 => {
            let narrow = bytes.try_into().map(f32::from_be_bytes).map_err(|_| short())?;
            // By its shortest text: 0.1 stays 0.1 and does not become 0.10000000149011612.
            Ok(ValueRef::Float(narrow.to_string().parse().unwrap_or(f64::from(narrow))))
        }
        Type::NUMERIC => {
            let number = numeric::decode(bytes).ok_or("a `numeric` that is no finite number")?;
            Ok(ValueRef::Float(number))
        }
        Type::TIMESTAMPTZ | Type::TIMESTAMP => {
            let microseconds = number()?;
            let day = i32::try_from(microseconds.div_euclid(DAY)).map_err(|_| beyond(ty))?;
            write_date(day, text).ok_or_else(|| beyond(ty))?;
            text.push('T');
            write_time(microseconds.rem_euclid(DAY), text);
            if *ty == Type::TIMESTAMPTZ {
                text.push('Z');
            }
            Ok(ValueRef::Text(text))
        }
        Type::DATE => {
            let day = bytes.try_into().map(i32::from_be_bytes).map_err(|_| short())?;
            write_date(day, text).ok_or_else(|| beyond(ty))?;
            Ok(ValueRef::Text(text))
        }
        Type::TIME => {
            // PostgreSQL knows a 24:00, which is no time of day.
            let microseconds = Some(number()?).filter(|number| (0..DAY).contains(number));
            write_time(microseconds.ok_or("a `time` that is not before 24:00")?, text);
            Ok(ValueRef::Text(text))
        }
        Type::INTERVAL => {
            let parts = bytes.split_first_chunk::<8>().zip(bytes.get(8..16));
            let ((microseconds, _), rest) = parts.ok_or_else(short)?;
            let word = |at: usize| Some(i32::from_be_bytes(rest.get(at..at + 4)?.try_into().ok()?));
            let (days, months) = (word(0).ok_or_else(short)?, word(4).ok_or_else(short)?);
            if months != 0 {
                return Err("an `interval` with months, whose length is not fixed".into());
            }
            let days = i128::from(days) * i128::from(DAY);
            let sum = i64::try_from(days + i128::from(i64::from_be_bytes(*microseconds)));
            Ok(ValueRef::Integer(sum.map_err(|_| "an `interval` that is too long")?))
        }
        Type::UUID => {
            let id = uuid::Uuid::from_slice(bytes).map_err(|_| short())?;
            text.push_str(id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()));
            Ok(ValueRef::Text(text))
        }
        Type::BYTEA => Ok(ValueRef::Bytes(bytes)),
        Type::JSONB => match bytes.split_first() {
            Some((1, json)) => utf8(json),
            _ => Err("`jsonb` of a version that is not known".into()),
        },
        _ if is_textual(ty) => utf8(bytes),
        _ => Err(format!("a value of type `{}`", ty.name())),
    }
}

/// Reads an exact decimal number.
///
/// # Errors
/// With a phrase, if the type is another one, or the value no finite number.
pub(super) fn decode_decimal<'a>(
    raw: Raw<'a>,
    ty: &Type,
    text: &'a mut String,
) -> Result<ValueRef<'a>, String> {
    let Some(bytes) = raw.0 else { return Ok(ValueRef::Null) };
    match *base(ty) {
        Type::NUMERIC => {
            numeric::decode_text(bytes, text).ok_or("a `numeric` that is no finite number")?;
            Ok(ValueRef::Decimal(text))
        }
        _ => Err(format!("a value of type `{}`", ty.name())),
    }
}

/// Reads a list as JSON.
///
/// # Errors
/// With a phrase, if it has more than one dimension, or an element of another kind.
pub(super) fn decode_list<'a>(
    raw: Raw<'a>,
    ty: &Type,
    element: Element,
    text: &'a mut String,
) -> Result<ValueRef<'a>, String> {
    let Some(bytes) = raw.0 else { return Ok(ValueRef::Null) };
    let Kind::Array(element_type) = base(ty).kind() else {
        return Err(format!("a value of type `{}`", ty.name()));
    };
    let decode = if element.kind().is_decimal() { decode_decimal } else { decode };
    let short = || format!("a value of type `{}` that is cut short", ty.name());
    let mut rest = bytes;
    let mut number = || {
        let (head, tail) = rest.split_at_checked(4)?;
        rest = tail;
        head.try_into().ok().map(i32::from_be_bytes)
    };
    let (dimensions, _, _) =
        (number().ok_or_else(short)?, number().ok_or_else(short)?, number().ok_or_else(short)?);
    let count = match dimensions {
        0 => 0,
        1 => {
            let (count, _) = (number().ok_or_else(short)?, number().ok_or_else(short)?);
            count
        }
        more => return Err(format!("a list of {more} dimensions")),
    };
    let (mut json, mut scratch) = (Vec::new(), String::new());
    json.push(b'[');
    for index in 0..count {
        if index > 0 {
            json.push(b',');
        }
        let (length, tail) = rest.split_at_checked(4).ok_or_else(short)?;
        let length = i32::from_be_bytes(length.try_into().map_err(|_| short())?);
        let bytes = match usize::try_from(length) {
            Ok(length) => {
                let (bytes, behind) = tail.split_at_checked(length).ok_or_else(short)?;
                rest = behind;
                Some(bytes)
            }
            // Null, whose length is -1.
            Err(_) => {
                rest = tail;
                None
            }
        };
        let value = decode(Raw(bytes), element_type, &mut scratch)?;
        let of_kind = element.to_json(value).ok_or_else(|| format!("a list with {} in it", value.word()))?;
        serde_json::to_writer(&mut json, &of_kind).map_err(|error| error.to_string())?;
    }
    json.push(b']');
    *text = String::from_utf8(json).map_err(|error| error.to_string())?;
    Ok(ValueRef::Text(text))
}

fn utf8(bytes: &[u8]) -> Result<ValueRef<'_>, String> {
    std::str::from_utf8(bytes)
        .map(ValueRef::Text)
        .map_err(|error| format!("text that is not UTF-8 ({error})"))
}

fn beyond(ty: &Type) -> String {
    format!("a `{}` that is infinite, or not of a year from 0 to 9999", ty.name())
}

/// Microseconds.
const DAY: i64 = 86_400_000_000;

fn write_date(day: i32, text: &mut String) -> Option<()> {
    let date = NaiveDate::from_num_days_from_ce_opt(day.checked_add(EPOCH_DAY)?)?;
    if !(0..=9999).contains(&date.year()) {
        return None;
    }
    write!(text, "{:04}-{:02}-{:02}", date.year(), date.month(), date.day()).ok()
}

fn write_time(microseconds: i64, text: &mut String) {
    let seconds = microseconds / 1_000_000;
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "{:02}:{:02}:{:02}.{:06}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        microseconds % 1_000_000
    );
}
