//! The trait of the types that an attribute can have. The implementations are in `kinds`, one file for each
//! kind.

use serde_json::Value as JsonValue;

use super::{Corrupt, Kind, Mismatch, Value, ValueRef};

/// A way to read and write a field's type in documents and stores.
///
/// `bool`, integers, floats, `String`, `chrono`'s UTC timestamp, dates, times and durations, `uuid::Uuid`,
/// `serde_json::Value`, `Vec<u8>` (bytes), lists of each but JSON, and `Option` of each, implement it for themselves; with the features `decimal` and `time` also `rust_decimal::Decimal` and the types of
/// the crate time. For your own types that implement serde's traits, write `#[jsonapi(text)]` on the field to use
/// [`Text`](super::Text) (for enums: the name is stored), or `#[jsonapi(json)]` to use [`Json`](super::Json) (for all
/// other types). Or implement this trait: the guide's page "Types of your own" says how.
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

    /// The kind of its values.
    const KIND: Kind;

    /// Whether the attribute may be null.
    const NULLABLE: bool = false;

    /// Reads a client's value.
    ///
    /// # Errors
    /// If the value is of another type or out of range.
    fn from_json(json: &JsonValue) -> Result<Self::Field, Mismatch>;

    /// Converts a client's JSON text to the value to store. The text has numbers with more digits than
    /// [`from_json`](Self::from_json) would see.
    ///
    /// # Errors
    /// If the value is of another type or out of range.
    fn from_digits(text: &str) -> Result<Value, Mismatch> {
        let json = serde_json::from_str(text).map_err(|error| Mismatch::new(format!("JSON: {error}")))?;
        Self::to_value(&Self::from_json(&json)?)
    }

    /// The texts that it can be, if they are a closed set: the variants of an enum, in their order.
    fn variants() -> Option<Vec<&'static str>> {
        None
    }

    /// What its values are in documents, as a JSON Schema (draft 2020-12), such as `{"type": "integer", "minimum": 0}`.
    /// It stands in descriptions for clients. Null is not in it: whether an attribute may be null is said elsewhere.
    fn json_schema() -> JsonValue {
        let mut schema = Self::KIND.json_schema();
        if let (Some(variants), Some(schema)) = (Self::variants(), schema.as_object_mut()) {
            // They are the form, whatever that of the kind is.
            schema.remove("pattern");
            schema.insert("enum".into(), variants.into());
        }
        schema
    }

    /// Reads a stored value.
    ///
    /// # Errors
    /// If the stored value is of another type.
    fn from_value(value: ValueRef<'_>) -> Result<Self::Field, Corrupt>;

    /// The value to store.
    ///
    /// # Errors
    /// If the field's value cannot be stored.
    fn to_value(field: &Self::Field) -> Result<Value, Mismatch>;
}

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
        if text.trim() == "null" { Ok(Value::Null) } else { A::from_digits(text) }
    }

    fn variants() -> Option<Vec<&'static str>> {
        A::variants()
    }

    fn json_schema() -> JsonValue {
        A::json_schema()
    }

    fn to_value(field: &Self::Field) -> Result<Value, Mismatch> {
        field.as_ref().map_or(Ok(Value::Null), A::to_value)
    }
}

/// A JSON Schema that also takes null.
pub(crate) fn or_null(mut schema: JsonValue) -> JsonValue {
    let Some(object) = schema.as_object_mut() else { return schema };
    match object.get_mut("type") {
        Some(JsonValue::String(name)) => {
            let name = std::mem::take(name);
            object.insert("type".into(), serde_json::json!([name, "null"]));
        }
        _ => return serde_json::json!({"anyOf": [schema, {"type": "null"}]}),
    }
    if let Some(JsonValue::Array(values)) = object.get_mut("enum") {
        values.push(JsonValue::Null);
    }
    schema
}

/// The `parse` function of a description: converts a client's value to the value to store.
#[doc(hidden)]
pub fn parse<A: AttributeType>(json: &JsonValue) -> Result<Value, Mismatch> {
    A::to_value(&A::from_json(json)?)
}

/// The `parse_digits` function of a description: converts a client's JSON text to the value to store, with
/// all digits of its numbers.
#[doc(hidden)]
pub fn parse_digits<A: AttributeType>(text: &str) -> Result<Value, Mismatch> {
    A::from_digits(text)
}

/// The `check` function of a description: checks that a stored value is one that the attribute can have.
#[doc(hidden)]
pub fn check<A: AttributeType>(value: ValueRef<'_>) -> Result<(), Corrupt> {
    A::from_value(value).map(drop)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use serde_json::json;

    use super::super::Text;
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
        assert!(
            round::<Text<State>>(json!("gone")) == Err(r#"must be one of "accepted" or "in-review""#.into())
        );
        assert_eq!(<Text<State>>::from_value(ValueRef::Text("accepted")), Ok(State::Accepted));
        assert!(<Text<State>>::from_value(ValueRef::Text("x")).is_err());
    }

    #[test]
    fn text_holds_no_nul() {
        assert!(round::<String>(json!("a\0b")).is_err());
    }
}
