//! Decimal numbers in SQLite, which has no type for them.
//!
//! In a table of the store's own they are text, with all their digits. In somebody else's `NUMERIC` or `REAL` column
//! SQLite itself makes integers and floats of them: a float keeps 15 digits, so that what has more is refused, and what
//! another program has computed in floats is read as the number that it stands for, or not at all.

use super::table::{Affinity, Found};
use crate::schema::ValueRef;
use crate::schema::decimal::{self, DeclaredDigits};
use crate::store::sql::forms::ColumnDecimals;
use crate::store::sql::prepare::FoundTable;
use crate::store::sql::schema::{Column, Table};

/// How a column holds decimal numbers; `None` if as text, or if it holds others.
pub(super) fn of_column(table: &Table, column: &Column, found: &Found) -> Option<ColumnDecimals> {
    if !column.kind.is_decimal() {
        return None;
    }
    let declared = &found.column(column.name)?.declared_type;
    let holds_numbers = matches!(Affinity::of(declared), Affinity::Numeric | Affinity::Real);
    holds_numbers.then(|| ColumnDecimals {
        table: table.name,
        column: column.name,
        declared: DeclaredDigits::of(declared),
    })
}

/// The decimal number that a stored value is, with at least so many digits behind the point; `None` if it is none.
pub(super) fn number_of(value: ValueRef<'_>, scale: Option<usize>) -> Option<String> {
    let number = match value {
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Float(number) => decimal::of_float(number, scale)?,
        ValueRef::Text(number) => decimal::parse(number)?.into_owned(),
        _ => return None,
    };
    Some(decimal::with_scale(number, scale.unwrap_or(0)))
}
