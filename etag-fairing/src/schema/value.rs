//! The values of attributes between documents and stores.

use std::fmt;

use super::decimal;

/// A value that owns its text.
#[derive(Clone, Debug, PartialEq, Default)]
#[non_exhaustive]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// A boolean. A store without booleans returns it as the integer 0 or 1.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A floating point number, always finite.
    Float(f64),
    /// Text. All kinds that are written as text use it, such as dates.
    Text(String),
    /// An exact decimal number: its digits, without an exponent ([`Value::decimal`]).
    Decimal(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A value that borrows its text from the store's memory.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ValueRef<'a> {
    /// No value.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Float(f64),
    /// Text. All kinds that are written as text use it, such as dates.
    Text(&'a str),
    /// An exact decimal number: its digits, without an exponent.
    Decimal(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl Value {
    /// An exact decimal number: `12.50`, `-3`, `1e2`. The digits behind the point are kept as they are; `None` if the
    /// text is no such number.
    pub fn decimal(number: &str) -> Option<Self> {
        decimal::parse(number).map(|number| Self::Decimal(number.into_owned()))
    }

    /// The same value, borrowed.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Bool(*value),
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Float(value) => ValueRef::Float(*value),
            Self::Text(value) => ValueRef::Text(value),
            Self::Decimal(value) => ValueRef::Decimal(value),
            Self::Bytes(value) => ValueRef::Bytes(value),
        }
    }

    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl ValueRef<'_> {
    /// The same value, owned.
    pub fn to_owned(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Integer(value) => Value::Integer(value),
            Self::Float(value) => Value::Float(value),
            Self::Text(value) => Value::Text(value.into()),
            Self::Decimal(value) => Value::Decimal(value.into()),
            Self::Bytes(value) => Value::Bytes(value.into()),
        }
    }

    /// Whether there is no value.
    pub fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// The name of the value's type, for messages about stored data of the wrong type.
    pub fn word(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) => "text",
            Self::Decimal(_) => "a decimal number",
            Self::Bytes(_) => "bytes",
        }
    }
}

/// Stored data that is not of the attribute's type: another program wrote it to the table.
///
/// The log shows this text. The client gets a 500 that names the resource and the member, if they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrupt {
    detail: String,
    member: Option<Box<CorruptMember>>,
}

/// The member of a resource whose stored value has the wrong type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CorruptMember {
    pub(crate) type_name: &'static str,
    pub(crate) id: String,
    pub(crate) member: &'static str,
}

impl Corrupt {
    /// Stored data of the wrong type, described by this text.
    pub fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), member: None }
    }

    /// The store has `value` where `expected` should be.
    pub fn expected(expected: &str, value: ValueRef<'_>) -> Self {
        Self::new(format!("expected {expected}, found {} in the store", value.word()))
    }

    /// The same error, with the resource and the member that have the value.
    pub(crate) fn in_member(mut self, type_name: &'static str, id: String, member: &'static str) -> Self {
        self.member = Some(Box::new(CorruptMember { type_name, id, member }));
        self
    }

    /// The member that has the value, if it is known.
    pub(crate) fn member(&self) -> Option<&CorruptMember> {
        self.member.as_deref()
    }
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Corrupt {}

/// A client's value that is not of the attribute's type. The text completes the phrase “must be …”.
///
/// The client gets a 422 with this text as its `detail`, and the member or the element of a list in its
/// `source.pointer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    expected: String,
    /// The place in a list of the element that it is about.
    element: Option<usize>,
}

impl Mismatch {
    /// `expected` completes the phrase “must be …”: `"a whole number from 0 to 255"`.
    pub fn new(expected: impl Into<String>) -> Self {
        Self { expected: expected.into(), element: None }
    }

    /// The same of an element of a list, by its place from 0 on.
    #[must_use]
    pub fn of_element(mut self, place: usize) -> Self {
        self.element = Some(place);
        self
    }

    /// The place in a list of the element that it is about.
    pub fn element(&self) -> Option<usize> {
        self.element
    }

    /// What the value, or the element, must be: it completes the phrase “must be …”.
    pub fn expected(&self) -> &str {
        &self.expected
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.element {
            Some(place) => write!(f, "must be a list, whose element {place} must be {}", self.expected),
            None => write!(f, "must be {}", self.expected),
        }
    }
}

impl std::error::Error for Mismatch {}
