//! The neutral form of an attribute between document and store.

use std::fmt;

/// One value, owned.
#[derive(Clone, Debug, PartialEq, Default)]
#[non_exhaustive]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// A truth value. Stores without such a type give it back as the integers 0 and 1.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A floating point number; finite.
    Float(f64),
    /// Text, and every kind that is written as text.
    Text(String),
}

/// One value, borrowed from wherever a store keeps it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ValueRef<'a> {
    /// No value.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Float(f64),
    /// Text, and every kind that is written as text.
    Text(&'a str),
}

impl Value {
    /// The same value, borrowed.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Bool(*value),
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Float(value) => ValueRef::Float(*value),
            Self::Text(value) => ValueRef::Text(value),
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
        }
    }

    /// Whether there is no value.
    pub fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// The word for what this is, for messages about stored data that doesn't fit.
    pub fn word(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) => "text",
        }
    }
}

/// Stored data that is not of the attribute's type: somebody else wrote to the table.
///
/// The log has this text. Clients see a 500, which names the resource and the member where they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrupt {
    detail: String,
    member: Option<Box<CorruptMember>>,
}

/// The member of a resource whose stored value doesn't fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CorruptMember {
    pub(crate) type_name: &'static str,
    pub(crate) id: String,
    pub(crate) member: &'static str,
}

impl Corrupt {
    /// Stored data that doesn't fit, in words.
    pub fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), member: None }
    }

    /// Found `value` where `expected` should be.
    pub fn expected(expected: &str, value: ValueRef<'_>) -> Self {
        Self::new(format!("expected {expected}, found {} in the store", value.word()))
    }

    /// The same, in this member of this resource.
    pub(crate) fn in_member(mut self, type_name: &'static str, id: String, member: &'static str) -> Self {
        self.member = Some(Box::new(CorruptMember { type_name, id, member }));
        self
    }

    /// The member that it stands in, where that is known.
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

/// A client's value that is not of the attribute's type, as a phrase that completes “must be …”.
///
/// Clients see it in the `detail` of a 422 whose `source.pointer` names the member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch(String);

impl Mismatch {
    /// `expected` completes the phrase “must be …”: `"a whole number from 0 to 255"`.
    pub fn new(expected: impl Into<String>) -> Self {
        Self(expected.into())
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "must be {}", self.0)
    }
}

impl std::error::Error for Mismatch {}
