//! Functions of ours in SQL.

use rusqlite::{
    Connection, Result,
    functions::{Context, FunctionFlags},
    types::{ToSql, ToSqlOutput, Value, ValueRef as SqliteValue},
};

use super::decimals;
use crate::plan::fold::fold_case;
use crate::schema::decimal::sort_key;
use crate::schema::time::stored;
use crate::schema::{Kind, StoredTime, ValueRef};
use crate::store::sql::spelling;

/// The function that brings stored times into our own form. It takes the stored value, the kind ([`code`]), and how many
/// units a second has where the column holds numbers and says so; 0 if it says nothing.
const TIME: &str = "etag_fairing_time";

/// A call of it; `?` stands for the column.
pub(super) fn call(kind: Kind, declared: Option<StoredTime>) -> String {
    let per_second = match declared {
        Some(StoredTime::Unix { per_second }) => per_second,
        _ => 0,
    };
    format!("{TIME}(?, {}, {per_second})", code(kind))
}

/// The function that makes of a decimal number a text that sorts as the number does. It takes the stored value, and how
/// many digits its column declares behind the point, or -1.
const DECIMAL: &str = "etag_fairing_decimal";

/// A call of it; `?` stands for the column.
pub(super) fn decimal_call(scale: Option<usize>) -> String {
    match scale {
        Some(scale) => format!("{DECIMAL}(?, {scale})"),
        None => format!("{DECIMAL}(?, -1)"),
    }
}

/// The function that folds the case of a text. SQLite's `lower` knows ASCII alone.
pub(super) const FOLD_CASE: &str = "etag_fairing_fold_case";

/// The function that spells UUIDs as we do, however the column spells them. What is none stays as it is.
pub(super) const UUID: &str = "etag_fairing_uuid";

fn code(kind: Kind) -> i64 {
    match kind {
        Kind::Timestamp => 0,
        Kind::DateTime => 1,
        Kind::Date => 2,
        _ => 3,
    }
}

/// Gives them to a connection.
#[allow(clippy::redundant_closure, reason = "from 0.42 on they are given a context that can be changed")]
pub(super) fn install(sqlite: &Connection) -> Result<()> {
    // Deterministic, so that SQLite calls it once where once is enough; direct only, since no schema may rest on it:
    // other programs don't have it.
    let flags = || {
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY
    };
    // Flags are copied by some versions only.
    sqlite.create_scalar_function(TIME, 3, flags(), |context| time(context))?;
    sqlite.create_scalar_function(UUID, 1, flags(), |context| uuid(context))?;
    sqlite.create_scalar_function(DECIMAL, 2, flags(), |context| decimal(context))?;
    sqlite.create_scalar_function(FOLD_CASE, 1, flags(), |context| fold(context))
}

/// The first argument, if it may be read as text or a number.
fn argument<'a>(context: &'a Context<'_>) -> Option<ValueRef<'a>> {
    match context.get_raw(0) {
        SqliteValue::Null | SqliteValue::Blob(_) => None,
        SqliteValue::Integer(number) => Some(ValueRef::Integer(number)),
        SqliteValue::Real(number) => Some(ValueRef::Float(number)),
        SqliteValue::Text(text) => std::str::from_utf8(text).ok().map(ValueRef::Text),
    }
}

/// Null for what is no number, as for null.
fn decimal(context: &Context<'_>) -> Result<Option<String>> {
    let Some(value) = argument(context) else { return Ok(None) };
    let scale = usize::try_from(context.get::<i64>(1)?).ok();
    Ok(decimals::number_of(value, scale).and_then(|number| sort_key(&number)))
}

/// Null for what is no time, as for null.
fn time(context: &Context<'_>) -> Result<Option<Time>> {
    let Some(value) = argument(context) else { return Ok(None) };
    let kind = match context.get::<i64>(1)? {
        0 => Kind::Timestamp,
        1 => Kind::DateTime,
        2 => Kind::Date,
        _ => Kind::Time,
    };
    let per_second = context.get::<i64>(2)?;
    let declared = (per_second > 0).then_some(StoredTime::Unix { per_second });
    Ok(stored::read(kind, value, declared).map(|(moment, _)| Time(moment.canonical(kind))))
}

struct Time(crate::schema::time::Canonical);

impl ToSql for Time {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(SqliteValue::Text(self.0.as_str().as_bytes())))
    }
}

/// The value as one of its own.
fn own(value: SqliteValue<'_>) -> Result<Value> {
    Value::try_from(value).map_err(|error| rusqlite::Error::UserFunctionError(error.to_string().into()))
}

fn uuid(context: &Context<'_>) -> Result<ToSqlOutput<'static>> {
    Ok(ToSqlOutput::Owned(match context.get_raw(0) {
        SqliteValue::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(spelling::own(text).into_owned()),
            Err(_) => Value::try_from(SqliteValue::Text(bytes)).unwrap_or(Value::Null),
        },
        other => own(other)?,
    }))
}

/// The text with its case folded. What another program wrote may be no UTF-8: no more is found in it than what is.
fn fold(context: &Context<'_>) -> Result<ToSqlOutput<'static>> {
    Ok(ToSqlOutput::Owned(match context.get_raw(0) {
        SqliteValue::Text(text) => {
            let text = String::from_utf8_lossy(text);
            Value::Text(fold_case(&text).into_owned())
        }
        other => own(other)?,
    }))
}
