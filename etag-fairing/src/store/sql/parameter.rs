//! The parameters of statements.

use crate::schema::ValueRef;

/// A value for a statement, and its column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter<'a> {
    pub(crate) value: ValueRef<'a>,
    /// The column that the value is written to; empty if the value is only compared. An error of PostgreSQL
    /// names this column.
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
