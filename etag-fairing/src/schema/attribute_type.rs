//! The types that an attribute can have.

use std::marker::PhantomData;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as JsonValue;

use super::number::with_all_digits;
use super::time::{self, Moment};
use super::{Corrupt, Kind, Mismatch, Value, ValueRef};

/// A way to carry a field's type through documents and stores.
///
/// `bool`, integers, floats, `String`, `chrono`'s UTC timestamp, dates and times, `uuid::Uuid`,
/// `serde_json::Value`, and `Option` of each, carry themselves. A type of your own that serde can read and
/// write goes by [`Text`] (an enum: its name is stored) or [`Json`] (anything), which `#[jsonapi(text)]` and
/// `#[jsonapi(json)]` on the field choose.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an attribute as it is",
    label = "not an attribute type",
    note = "an enum with `Serialize` and `Deserialize`: put `#[jsonapi(text)]` on the field",
    note = "any other type with `Serialize` and `Deserialize`: put `#[jsonapi(json)]` on the field",
    note = "a field that is no attribute: put `#[jsonapi(skip)]` on it"
)]
pub trait AttributeType {
    /// The field's type.
    type Field;

    /// What it holds.
    const KIND: Kind;

    /// Whether null is a value of it.
    const NULLABLE: bool = false;

    /// Reads a client's value.
    ///
    /// # Errors
    /// If the value is of another type or out of range.
    fn from_json(json: &JsonValue) -> Result<Self::Field, Mismatch>;

    /// The value to store of a client's JSON text, some of whose numbers have more digits than
    /// [`from_json`](Self::from_json) would see.
    ///
    /// # Errors
    /// If the value is of another type or out of range.
    fn from_digits(text: &str) -> Result<Value, Mismatch> {
        let json = serde_json::from_str(text).map_err(|error| Mismatch::new(format!("JSON: {error}")))?;
        Self::to_value(&Self::from_json(&json)?)
    }

    /// Reads a stored value.
    ///
    /// # Errors
    /// If the store holds something else.
    fn from_value(value: ValueRef<'_>) -> Result<Self::Field, Corrupt>;

    /// The value to store.
    ///
    /// # Errors
    /// If the field's value cannot be stored.
    fn to_value(field: &Self::Field) -> Result<Value, Mismatch>;
}

/// Carries a `T` through serde as text: the type must serialize as a string. For enums.
pub struct Text<T>(PhantomData<fn() -> T>);

/// Carries a `T` through serde as JSON.
pub struct Json<T>(PhantomData<fn() -> T>);

impl<A: AttributeType> AttributeType for Option<A> {
    type Field = Option<A::Field>;

    const KIND: Kind = A::KIND;
    const NULLABLE: bool = true;

    fn from_json(json: &JsonValue) -> Result<Self::Field, Mismatch> {
        if json.is_null() { Ok(None) } else { A::from_json(json).map(Some) }
    }

    fn from_value(value: ValueRef<'_>) -> Result<Self::Field, Corrupt> {
        if value.is_null() { Ok(None) } else { A::from_value(value).map(Some) }
    }

    fn from_digits(text: &str) -> Result<Value, Mismatch> {
        A::from_digits(text)
    }

    fn to_value(field: &Self::Field) -> Result<Value, Mismatch> {
        field.as_ref().map_or(Ok(Value::Null), A::to_value)
    }
}

impl AttributeType for bool {
    type Field = Self;

    const KIND: Kind = Kind::Bool;

    fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
        json.as_bool().ok_or_else(|| Mismatch::new("true or false"))
    }

    fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
        match value {
            ValueRef::Bool(value) => Ok(value),
            ValueRef::Integer(0) => Ok(false),
            ValueRef::Integer(1) => Ok(true),
            other => Err(Corrupt::expected("a boolean", other)),
        }
    }

    fn to_value(field: &Self) -> Result<Value, Mismatch> {
        Ok(Value::Bool(*field))
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl AttributeType for $integer {
            type Field = Self;

            const KIND: Kind = Kind::Integer;

            fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
                // Of what a client sends, `1.0` and `1e2` are integers by now (`Numbers`). A float may be the rounded
                // value of a number that is not whole.
                json.as_i64().and_then(|value| Self::try_from(value).ok()).ok_or_else(|| {
                    // Stores hold signed 64 bits: a u64 ends there.
                    let max = i64::try_from(Self::MAX).unwrap_or(i64::MAX);
                    Mismatch::new(format!("a whole number from {} to {max}", Self::MIN))
                })
            }

            fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
                match value {
                    ValueRef::Integer(value) => Self::try_from(value)
                        .map_err(|_| Corrupt::new(format!("{value} is out of range for {}", stringify!($integer)))),
                    other => Err(Corrupt::expected("an integer", other)),
                }
            }

            fn to_value(field: &Self) -> Result<Value, Mismatch> {
                i64::try_from(*field)
                    .map(Value::Integer)
                    .map_err(|_| Mismatch::new(format!("at most {}", i64::MAX)))
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 u8 u16 u32 u64 }

impl AttributeType for f64 {
    type Field = Self;

    const KIND: Kind = Kind::Float;

    fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
        json.as_f64().filter(|value| value.is_finite()).ok_or_else(|| Mismatch::new("a number"))
    }

    fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
        match value {
            ValueRef::Float(value) => Ok(value),
            // Databases with flexible typing give whole floats back as integers.
            ValueRef::Integer(value) => Ok(value as Self),
            other => Err(Corrupt::expected("a float", other)),
        }
    }

    fn to_value(field: &Self) -> Result<Value, Mismatch> {
        field.is_finite().then_some(Value::Float(*field)).ok_or_else(|| Mismatch::new("a finite number"))
    }
}

impl AttributeType for f32 {
    type Field = Self;

    const KIND: Kind = Kind::Float;

    fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
        f64::from_json(json).map(|value| value as Self).and_then(|value| {
            value.is_finite().then_some(value).ok_or_else(|| Mismatch::new("a 32-bit number"))
        })
    }

    fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
        f64::from_value(value).map(|value| value as Self)
    }

    fn to_value(field: &Self) -> Result<Value, Mismatch> {
        // By its shortest text: 0.1 stays 0.1 and does not become 0.10000000149011612.
        let wide = field.to_string().parse().unwrap_or(f64::from(*field));
        <f64 as AttributeType>::to_value(&wide)
    }
}

impl AttributeType for String {
    type Field = Self;

    const KIND: Kind = Kind::Text;

    fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
        text_of(json, "text").map(Into::into)
    }

    fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
        match value {
            ValueRef::Text(value) => Ok(value.into()),
            other => Err(Corrupt::expected("text", other)),
        }
    }

    fn to_value(field: &Self) -> Result<Value, Mismatch> {
        Ok(Value::Text(field.clone()))
    }
}

impl AttributeType for uuid::Uuid {
    type Field = Self;

    const KIND: Kind = Kind::Uuid;

    fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
        let text = text_of(json, "a UUID")?;
        Self::try_parse(text).map_err(|_| Mismatch::new("a UUID"))
    }

    fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
        match value {
            ValueRef::Text(text) => {
                Self::try_parse(text).map_err(|_| Corrupt::new(format!("{text:?} is not a UUID")))
            }
            other => Err(Corrupt::expected("a UUID", other)),
        }
    }

    fn to_value(field: &Self) -> Result<Value, Mismatch> {
        Ok(Value::Text(field.hyphenated().to_string()))
    }
}

impl AttributeType for JsonValue {
    type Field = Self;

    const KIND: Kind = Kind::Json;

    fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
        Ok(json.clone())
    }

    fn from_digits(text: &str) -> Result<Value, Mismatch> {
        with_all_digits(text).map(Value::Text).map_err(|error| Mismatch::new(format!("JSON: {error}")))
    }

    fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
        stored_json(value)
    }

    fn to_value(field: &Self) -> Result<Value, Mismatch> {
        Ok(Value::Text(field.to_string()))
    }
}

impl<T: Serialize + DeserializeOwned> AttributeType for Json<T> {
    type Field = T;

    const KIND: Kind = Kind::Json;

    fn from_json(json: &JsonValue) -> Result<T, Mismatch> {
        T::deserialize(json).map_err(|error| Mismatch::new(format!("valid: {error}")))
    }

    fn from_digits(text: &str) -> Result<Value, Mismatch> {
        let valid = |error: serde_json::Error| Mismatch::new(format!("valid: {error}"));
        let value: T = serde_json::from_str(text).map_err(valid)?;
        // A type that keeps all of it, such as serde_json's own, has rounded numbers at most: the text has their digits.
        let plain: JsonValue = serde_json::from_str(text).map_err(valid)?;
        match serde_json::to_value(&value).is_ok_and(|kept| kept == plain) {
            true => with_all_digits(text).map(Value::Text).map_err(valid),
            false => Self::to_value(&value),
        }
    }

    fn from_value(value: ValueRef<'_>) -> Result<T, Corrupt> {
        stored_json(value)
    }

    fn to_value(field: &T) -> Result<Value, Mismatch> {
        serde_json::to_string(field)
            .map(Value::Text)
            .map_err(|error| Mismatch::new(format!("serializable: {error}")))
    }
}

impl<T: Serialize + DeserializeOwned> AttributeType for Text<T> {
    type Field = T;

    const KIND: Kind = Kind::Text;

    fn from_json(json: &JsonValue) -> Result<T, Mismatch> {
        text_of(json, "text")?;
        // serde's words name the variants: “unknown variant `x`, expected `draft` or `accepted`”.
        T::deserialize(json).map_err(|error| Mismatch::new(format!("valid: {error}")))
    }

    fn from_value(value: ValueRef<'_>) -> Result<T, Corrupt> {
        match value {
            ValueRef::Text(text) => {
                T::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text))
                    .map_err(|error| Corrupt::new(error.to_string()))
            }
            other => Err(Corrupt::expected("text", other)),
        }
    }

    fn to_value(field: &T) -> Result<Value, Mismatch> {
        match serde_json::to_value(field) {
            Ok(JsonValue::String(text)) => Ok(Value::Text(text)),
            Ok(_) => {
                Err(Mismatch::new("of a type that serializes as a string; use #[jsonapi(json)] for others"))
            }
            Err(error) => Err(Mismatch::new(format!("serializable: {error}"))),
        }
    }
}

macro_rules! times {
    ($($time:ty, $kind:ident, $make:expr, $take:expr;)*) => {$(
        impl AttributeType for $time {
            type Field = Self;

            const KIND: Kind = Kind::$kind;

            fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
                const EXPECTED: &str = time::client::expected(Kind::$kind);
                let text = text_of(json, EXPECTED)?;
                time::client::read(Kind::$kind, text).and_then($take).ok_or_else(|| Mismatch::new(EXPECTED))
            }

            fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
                time::stored::read(Kind::$kind, value, None)
                    .and_then(|(moment, _)| $take(moment))
                    .ok_or_else(|| time::stored::unreadable(Kind::$kind, value))
            }

            fn to_value(field: &Self) -> Result<Value, Mismatch> {
                $make(*field)
                    .map(|moment: Moment| Value::Text(moment.canonical(Kind::$kind).as_str().into()))
                    .ok_or_else(|| Mismatch::new("of a year from 0 to 9999"))
            }
        }
    )*};
}

times! {
    DateTime<Utc>, Timestamp, |time: DateTime<Utc>| Moment::of_date_time(time.naive_utc()), Moment::to_utc;
    NaiveDateTime, DateTime, Moment::of_date_time, Moment::to_date_time;
    NaiveDate, Date, Moment::of_date, |moment: Moment| Some(moment.date());
    NaiveTime, Time, Moment::of_time, Moment::to_time;
}

/// U+0000 is refused: PostgreSQL cannot store it, and C libraries end a text there.
fn text_of<'a>(json: &'a JsonValue, expected: &str) -> Result<&'a str, Mismatch> {
    let text = json.as_str().ok_or_else(|| Mismatch::new(expected))?;
    match text.contains('\0') {
        true => Err(Mismatch::new(format!("{expected}, without the character U+0000"))),
        false => Ok(text),
    }
}

fn stored_json<T: DeserializeOwned>(value: ValueRef<'_>) -> Result<T, Corrupt> {
    match value {
        ValueRef::Text(text) => serde_json::from_str(text).map_err(|error| Corrupt::new(error.to_string())),
        other => Err(Corrupt::expected("JSON", other)),
    }
}

/// What a description's `parse` does: a client's value to a value to store.
#[doc(hidden)]
pub fn parse<A: AttributeType>(json: &JsonValue) -> Result<Value, Mismatch> {
    A::to_value(&A::from_json(json)?)
}

/// What a description's `parse_digits` does: a client's JSON text to a value to store, to the last digit.
#[doc(hidden)]
pub fn parse_digits<A: AttributeType>(text: &str) -> Result<Value, Mismatch> {
    A::from_digits(text)
}

/// What a description's `check` does: whether a stored value is one that the attribute can have.
#[doc(hidden)]
pub fn check<A: AttributeType>(value: ValueRef<'_>) -> Result<(), Corrupt> {
    A::from_value(value).map(drop)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn round<A: AttributeType>(json: JsonValue) -> Result<Value, String> {
        parse::<A>(&json).map_err(|error| error.to_string())
    }

    #[test]
    fn integers_keep_their_range() {
        assert_eq!(round::<u8>(json!(255)), Ok(Value::Integer(255)));
        assert_eq!(round::<u8>(json!(256)), Err("must be a whole number from 0 to 255".into()));
        assert_eq!(
            round::<i64>(json!(1.5)),
            Err(format!("must be a whole number from {} to {}", i64::MIN, i64::MAX))
        );
        assert!(round::<u8>(json!(1.0)).is_err(), "it may have been rounded");
        assert_eq!(round::<i64>(json!(i64::MIN)), Ok(Value::Integer(i64::MIN)));
        assert!(round::<i64>(json!(9_223_372_036_854_775_808.0)).is_err());
        assert!(round::<u64>(json!(u64::MAX)).is_err());
        assert!(round::<i32>(json!("1")).is_err());
        assert!(round::<i32>(json!(null)).is_err());
        assert_eq!(round::<Option<i32>>(json!(null)), Ok(Value::Null));
    }

    #[test]
    fn timestamps_are_utc_with_six_digits() {
        let stored = |text: &str| round::<DateTime<Utc>>(json!(text));
        assert_eq!(
            stored("2018-03-24T13:30:00+08:00"),
            Ok(Value::Text("2018-03-24T05:30:00.000000Z".into()))
        );
        assert_eq!(
            stored("2018-03-24T13:30:00.1234567Z"),
            Ok(Value::Text("2018-03-24T13:30:00.123456Z".into()))
        );
        assert!(stored("2018-03-24T13:30:00").is_err());
        assert!(stored("9999-12-31T23:30:00-05:00").is_err(), "year 10000 in UTC");
    }

    #[test]
    fn f32_keeps_its_shortest_text() {
        assert_eq!(<f32 as AttributeType>::to_value(&0.1), Ok(Value::Float(0.1)));
        assert!(<f64 as AttributeType>::to_value(&f64::NAN).is_err());
    }

    #[test]
    fn enums_go_by_their_names() {
        #[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
        #[serde(rename_all = "kebab-case")]
        enum State {
            Accepted,
            InReview,
        }
        assert_eq!(round::<Text<State>>(json!("in-review")), Ok(Value::Text("in-review".into())));
        assert!(round::<Text<State>>(json!("gone")).unwrap_err().contains("`in-review`"));
        assert_eq!(<Text<State>>::from_value(ValueRef::Text("accepted")), Ok(State::Accepted));
        assert!(<Text<State>>::from_value(ValueRef::Text("x")).is_err());
    }

    #[test]
    fn text_holds_no_nul() {
        assert!(round::<String>(json!("a\0b")).is_err());
    }
}
