//! [`Kind`], and what hangs on each kind.

use super::{Corrupt, ValueRef};

/// What an attribute holds, in the words that JSON:API documents and databases share.
///
/// A kind decides how a [`Value`](super::Value) is written to a document and which column type a store gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number of at most 64 bits, signed.
    Integer,
    /// A finite IEEE 754 double.
    Float,
    /// Unicode text.
    Text,
    /// An instant. Value: text, RFC 3339 in UTC with six digits of fraction, so that text order is time order.
    Timestamp,
    /// A date and a time of no zone. Value: text, `2018-03-24T13:30:00.000000`.
    DateTime,
    /// A calendar date. Value: text, `2018-03-24`.
    Date,
    /// A time of day. Value: text, `13:30:00.000000`.
    Time,
    /// A UUID. Value: text, lower-case with hyphens.
    Uuid,
    /// Any JSON. Value: text, the JSON itself.
    Json,
    /// An exact decimal number. In documents a string of its digits: `"12.50"`.
    Decimal,
    /// An exact decimal number. In documents a number: `12.50`.
    DecimalNumber,
    /// Bytes. In documents a string: base64 with padding (RFC 4648 §4).
    Bytes,
    /// How long something takes. Value: an integer, microseconds. In documents a string: `"PT1H30M"` (ISO 8601).
    Duration,
    /// How long something takes, in whole seconds. Value: an integer, seconds. In documents as [`Kind::Duration`].
    Seconds,
    /// How long something takes, in whole milliseconds. Value: an integer, milliseconds. In documents as
    /// [`Kind::Duration`].
    Milliseconds,
    /// A list of values of one kind, without nulls. Value: text, a JSON array of what [`Element`] says.
    Array(Element),
    /// The same, in which elements may be null.
    ArrayWithNulls(Element),
}

/// What the elements of a [`Kind::Array`] are, and what each is in the JSON array that the list's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Element {
    /// `true` or `false`.
    Bool,
    /// Whole numbers of at most 64 bits, signed.
    Integer,
    /// Finite IEEE 754 doubles.
    Float,
    /// Unicode text.
    Text,
    /// UUIDs. In the array: a string, lower-case with hyphens.
    Uuid,
    /// Instants. In the array: a string, as a value of [`Kind::Timestamp`].
    Timestamp,
    /// Dates and times of no zone. In the array: a string, as a value of [`Kind::DateTime`].
    DateTime,
    /// Calendar dates. In the array: a string, as a value of [`Kind::Date`].
    Date,
    /// Times of day. In the array: a string, as a value of [`Kind::Time`].
    Time,
    /// Exact decimal numbers. In the array: a string of the digits.
    Decimal,
    /// The same, which documents show as numbers. In the array they are strings, too.
    DecimalNumber,
    /// Bytes. In the array: a string, base64 with padding.
    Bytes,
    /// How long something takes. In the array: a whole number, microseconds.
    Duration,
}

/// What hangs on a kind. The rest of the crate asks for these and matches on no kind.
pub(crate) struct KindTraits {
    /// What its values are.
    pub(crate) value: ValueType,
    /// The kind that stands for all whose values are compared with each other; `None` if no comparison means anything.
    pub(crate) family: Option<Kind>,
    pub(crate) operators: Operators,
    /// Whether equal values are always one and the same [`Value`].
    pub(crate) has_one_form: bool,
    /// A value for an attribute to which nobody has given one.
    pub(crate) empty: ValueRef<'static>,
    /// Whether a text is the form in which the crate itself holds a value; false for kinds whose values are no text.
    pub(crate) is_canonical: fn(&str) -> bool,
    /// Writes a value that is not null as JSON.
    pub(crate) write: fn(ValueRef<'_>, &mut Vec<u8>) -> Result<(), Corrupt>,
    /// What its values are in documents, as a JSON Schema.
    pub(crate) json_schema: fn() -> serde_json::Value,
    #[cfg_attr(not(feature = "sqlite"), allow(dead_code, reason = "SQLite asks"))]
    pub(crate) sqlite: ColumnTypes,
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "PostgreSQL asks"))]
    pub(crate) postgres: PostgresColumn,
}

/// Which variant of [`Value`] the values of a kind are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    Bool,
    Integer,
    Float,
    Text,
    Decimal,
    Bytes,
}

/// Which operators of filters a kind takes. Each takes those of the one before, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operators {
    /// Whether there is a value.
    None,
    /// Whether two values are the same.
    Equality,
    /// Which of two values comes first. The order goes by these kinds too.
    Order,
    /// What stands in a text.
    Text,
    /// What stands in a list. It takes none of the others but whether there is a value.
    Elements,
}

/// The types of columns for a kind in one database.
#[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code, reason = "stores ask"))]
pub(crate) struct ColumnTypes {
    /// The type of columns that the store makes.
    pub(crate) ours: &'static str,
    /// The types of other columns that give back what was put in: in SQLite affinities, in PostgreSQL type names.
    pub(crate) taken: &'static [&'static str],
}

/// What PostgreSQL needs to know of a kind.
#[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "PostgreSQL asks"))]
pub(crate) struct PostgresColumn {
    pub(crate) types: ColumnTypes,
    /// The type of a parameter.
    pub(crate) parameter: &'static str,
    /// The type of the values that a column is compared with.
    pub(crate) compared_as: &'static str,
    /// SQL that makes of a value (`$1`) the text that the crate holds of it; `None` if that needs nothing.
    pub(crate) as_text: Option<&'static str>,
}
