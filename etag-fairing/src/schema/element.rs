//! The elements of lists: what each is in the JSON array that a list's value is.

use base64::Engine;
use serde_json::Value as JsonValue;
use serde_json::value::RawValue;

use super::decimal::{self, Digits, KEPT_BY_FLOAT};
use super::kind::ValueType;
use super::kinds::BASE64;
use super::{Corrupt, Element, Kind, Value, ValueRef};

/// The bytes of an element of [`Element::Bytes`]; `None` if it is no base64.
#[cfg_attr(
    not(feature = "postgres"),
    allow(dead_code, reason = "PostgreSQL's arrays hold the bytes themselves")
)]
pub(crate) fn bytes_of(base64: &str) -> Option<Vec<u8>> {
    BASE64.decode(base64).ok()
}

impl Element {
    /// The kind that an element has as a value of its own.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Bool => Kind::Bool,
            Self::Integer => Kind::Integer,
            Self::Float => Kind::Float,
            Self::Text => Kind::Text,
            Self::Uuid => Kind::Uuid,
            Self::Timestamp => Kind::Timestamp,
            Self::DateTime => Kind::DateTime,
            Self::Date => Kind::Date,
            Self::Time => Kind::Time,
            Self::Decimal => Kind::Decimal,
            Self::DecimalNumber => Kind::DecimalNumber,
            Self::Bytes => Kind::Bytes,
            Self::Duration => Kind::Duration,
        }
    }

    /// What the elements of lists of this kind are; `None` if there are no such lists.
    pub const fn of(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::Bool => Self::Bool,
            Kind::Integer => Self::Integer,
            Kind::Float => Self::Float,
            Kind::Text => Self::Text,
            Kind::Uuid => Self::Uuid,
            Kind::Timestamp => Self::Timestamp,
            Kind::DateTime => Self::DateTime,
            Kind::Date => Self::Date,
            Kind::Time => Self::Time,
            Kind::Decimal => Self::Decimal,
            Kind::DecimalNumber => Self::DecimalNumber,
            Kind::Bytes => Self::Bytes,
            Kind::Duration => Self::Duration,
            Kind::Json | Kind::Seconds | Kind::Milliseconds | Kind::Array(_) | Kind::ArrayWithNulls(_) => {
                return None;
            }
        })
    }

    /// A value as it stands in a list; `None` for one of another kind, which no list of these has.
    pub(crate) fn to_json(self, value: ValueRef<'_>) -> Option<JsonValue> {
        let kind = self.kind();
        Some(match (kind.value_type(), value) {
            (_, ValueRef::Null) => JsonValue::Null,
            (ValueType::Bool, ValueRef::Bool(value)) => value.into(),
            (ValueType::Integer | ValueType::Float, ValueRef::Integer(value)) => value.into(),
            (ValueType::Float, ValueRef::Float(value)) => serde_json::Number::from_f64(value)?.into(),
            (ValueType::Integer, ValueRef::Float(value)) => {
                let whole = value as i64;
                return (whole as f64 == value).then(|| whole.into());
            }
            // PostgreSQL takes no U+0000.
            (ValueType::Text, ValueRef::Text(text)) if !text.contains('\0') && kind.is_canonical(text) => {
                text.into()
            }
            (ValueType::Decimal, ValueRef::Decimal(number)) => number.into(),
            (ValueType::Bytes, ValueRef::Bytes(bytes)) => BASE64.encode(bytes).into(),
            _ => return None,
        })
    }

    /// The value that stands in a list. Times and UUIDs may be spelled as another program has spelled them.
    ///
    /// # Errors
    /// If it is of another kind.
    pub(crate) fn read(self, json: &RawValue) -> Result<Value, Corrupt> {
        let kind = self.kind();
        let text = json.get();
        let unfit = || {
            let shown: String = text.chars().take(40).collect();
            Corrupt::new(format!("expected {kind:?} in a list, found {shown}"))
        };
        let number = || text.starts_with(|sign: char| sign == '-' || sign.is_ascii_digit());
        if text == "null" {
            return Ok(Value::Null);
        }
        if kind.is_decimal() && number() {
            // What reads JSON in a database makes a float of it.
            let number = decimal::parse(text).filter(|number| {
                text.parse::<i64>().is_ok() || Digits::of(number).significant <= KEPT_BY_FLOAT
            });
            return number.map(|number| Value::Decimal(number.into_owned())).ok_or_else(unfit);
        }
        let json: JsonValue = serde_json::from_str(text).map_err(|_| unfit())?;
        let value = match (kind.value_type(), json) {
            (ValueType::Bool, JsonValue::Bool(value)) => Some(Value::Bool(value)),
            (ValueType::Integer, JsonValue::Number(number)) => number.as_i64().map(Value::Integer),
            (ValueType::Float, JsonValue::Number(number)) => {
                number.as_f64().filter(|number| number.is_finite()).map(Value::Float)
            }
            (ValueType::Text, JsonValue::String(text)) => Some(Value::Text(text)),
            (ValueType::Decimal, JsonValue::String(number)) => {
                decimal::parse(&number).map(|number| Value::Decimal(number.into_owned()))
            }
            (ValueType::Bytes, JsonValue::String(text)) => bytes_of(&text).map(Value::Bytes),
            _ => None,
        };
        value.ok_or_else(unfit)
    }

    /// The elements of a list.
    ///
    /// # Errors
    /// If the text is no JSON array, or one of the elements is of another kind.
    pub(crate) fn read_all(self, list: &str) -> Result<Vec<Value>, Corrupt> {
        let elements: Vec<&RawValue> =
            serde_json::from_str(list).map_err(|_| super::json_text::unfit("a list", list))?;
        elements.into_iter().map(|json| self.read(json)).collect()
    }
}
