//! What a client has given to compare with: one value or a list, in JSON or as text of a URL.

use serde_json::Value as JsonValue;

use super::Fault;
use crate::query::limits::MAX_FILTER_LIST;
use crate::schema::json_text::scalar_of;
use crate::schema::kind::ValueType;
use crate::schema::number::Numbers;
use crate::schema::{Attribute, Element, Kind, Value};

/// One value that a client has sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scalar<'a> {
    Json(&'a JsonValue),
    /// Text of a URL, where values have no types.
    Text(&'a str),
}

/// The value or values that a member is compared with.
#[derive(Clone, Debug)]
pub(super) enum FilterValue<'a> {
    One(Scalar<'a>),
    List(Vec<Scalar<'a>>),
}

impl<'a> FilterValue<'a> {
    pub(super) fn json(value: &'a JsonValue) -> Self {
        match value {
            JsonValue::Array(values) => Self::List(values.iter().map(Scalar::Json).collect()),
            value => Self::One(Scalar::Json(value)),
        }
    }

    pub(super) fn one(&self) -> Result<&Scalar<'a>, Fault> {
        match self {
            Self::One(scalar) => Ok(scalar),
            Self::List(_) => Err(Fault::new("must be one value, not a list")),
        }
    }

    pub(super) fn list(&self) -> Result<Vec<Scalar<'a>>, Fault> {
        let list = match self {
            Self::One(Scalar::Text(text)) => {
                let parts: Vec<&str> = text.split(',').collect();
                if parts.len() > 1 && parts.contains(&"") {
                    return Err(Fault::new("has an empty value between commas"));
                }
                parts.into_iter().map(Scalar::Text).collect()
            }
            Self::One(Scalar::Json(_)) => return Err(Fault::new("must be a list")),
            Self::List(list) => list.clone(),
        };
        if list.len() > MAX_FILTER_LIST {
            return Err(Fault::limit(format!("at most {MAX_FILTER_LIST} values in a list")));
        }
        Ok(list)
    }

    /// The names of types: one, or several with commas between, or a list.
    pub(super) fn names(&self) -> Result<Vec<String>, Fault> {
        match self {
            Self::One(json @ Scalar::Json(_)) => Ok(vec![json.text()?]),
            Self::One(Scalar::Text(_)) | Self::List(_) => self.list()?.iter().map(Scalar::text).collect(),
        }
    }

    pub(super) fn truth(&self) -> Result<bool, Fault> {
        self.one()?.json(Kind::Bool).as_bool().ok_or_else(|| Fault::new("must be true or false"))
    }
}

impl Scalar<'_> {
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Json(JsonValue::Null))
    }

    /// The value as it would stand in a document. Text of a URL that is no value of the kind stays text, so that the
    /// attribute's own parser says what is wrong with it.
    pub(super) fn json(&self, kind: Kind) -> JsonValue {
        match (self, kind.value_type()) {
            (Self::Json(json), _) => (*json).clone(),
            (Self::Text("true"), ValueType::Bool) => true.into(),
            (Self::Text("false"), ValueType::Bool) => false.into(),
            (Self::Text(text), ValueType::Integer | ValueType::Float) => {
                match serde_json::from_str(&Numbers::of(text).text) {
                    Ok(number @ JsonValue::Number(_)) => number,
                    _ => (*text).into(),
                }
            }
            (Self::Text(text), _) => (*text).into(),
        }
    }

    pub(super) fn value(&self, attribute: &Attribute) -> Result<Value, Fault> {
        (attribute.parse)(&self.json(attribute.kind)).map_err(|mismatch| Fault::new(mismatch.to_string()))
    }

    /// The value as an element of a list, which the attribute's own parser reads.
    pub(super) fn element(&self, attribute: &Attribute, element: Element) -> Result<Value, Fault> {
        let list = JsonValue::Array(vec![self.json(element.kind())]);
        let read = (attribute.parse)(&list)
            .map_err(|mismatch| Fault::new(format!("must be {}", mismatch.expected())))?;
        let value = match &read {
            Value::Text(list) => element.read_all(list).ok().and_then(|mut list| list.pop()),
            _ => None,
        };
        value.ok_or_else(|| Fault::new("is no element of a list"))
    }

    /// What the value may be inside of JSON: in JSON it has a type, and in a URL `3` is the number or the text.
    pub(super) fn possible(&self) -> Result<Vec<Value>, Fault> {
        match self {
            Self::Json(json) => Ok(vec![scalar_of(json).ok_or_else(Fault::no_scalar)?]),
            Self::Text(text) if text.contains('\0') => Err(Fault::no_scalar()),
            Self::Text(text) => {
                let other = serde_json::from_str(&Numbers::of(text).text).ok();
                let other = other.as_ref().filter(|json: &&JsonValue| json.is_number() || json.is_boolean());
                let mut possible = vec![Value::Text((*text).into())];
                possible.extend(other.and_then(scalar_of));
                Ok(possible)
            }
        }
    }

    /// What the value most likely is, where an order is meant: a number if it reads as one.
    pub(super) fn likely(&self) -> Result<Value, Fault> {
        let mut possible = self.possible()?;
        possible.retain(|value| matches!(value, Value::Text(_) | Value::Integer(_) | Value::Float(_)));
        possible.pop().ok_or_else(|| Fault::new("must be text or a number"))
    }

    pub(super) fn text(&self) -> Result<String, Fault> {
        match self.json(Kind::Text) {
            // PostgreSQL takes no U+0000.
            JsonValue::String(text) if !text.contains('\0') => Ok(text),
            _ => Err(Fault::new("must be text, without the character U+0000")),
        }
    }

    /// A number of resources.
    pub(super) fn count(&self) -> Result<u32, Fault> {
        let number = match self.json(Kind::Integer) {
            JsonValue::Number(number) => number.as_u64(),
            _ => None,
        };
        let number = number.and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| Fault::new(format!("must be a whole number from 0 to {}", u32::MAX)))
    }

    /// The id as text. In JSON it may also be a number.
    pub(super) fn id(&self) -> Result<String, Fault> {
        match self.json(Kind::Text) {
            JsonValue::String(text) if !text.contains('\0') => Ok(text),
            JsonValue::Number(number) if number.is_i64() => Ok(number.to_string()),
            _ => Err(Fault::new("must be an id")),
        }
    }
}
