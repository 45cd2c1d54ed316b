//! The values that a statement is run with.

use crate::schema::ValueRef;

/// A value for a statement, and the column it is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter<'a> {
    pub(crate) value: ValueRef<'a>,
    /// The column that it is written to; empty if it is only compared. An error of PostgreSQL names it so.
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "SQLite's errors name their columns"))]
    pub(crate) column: &'static str,
}

impl<'a> From<ValueRef<'a>> for Parameter<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        Self { value, column: "" }
    }
}

impl<'a> Parameter<'a> {
    /// A value that is written to a column.
    pub(crate) fn of(column: &'static str, value: ValueRef<'a>) -> Self {
        Self { value, column }
    }
}
