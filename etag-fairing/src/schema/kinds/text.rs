//! [`Kind::Text`]: Unicode text.

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as JsonValue;

use crate::schema::json_text::write_string;
use crate::schema::kind::{ColumnTypes, KindTraits, Operators, PostgresColumn, ValueType};
use crate::schema::{AttributeType, Corrupt, Kind, Mismatch, Value, ValueRef, variants};

pub(super) static TRAITS: KindTraits = KindTraits {
    value: ValueType::Text,
    family: Some(Kind::Text),
    operators: Operators::Text,
    has_one_form: true,
    empty: ValueRef::Text(""),
    is_canonical: |_| true,
    write,
    json_schema: || serde_json::json!({"type": "string", "pattern": TEXT_PATTERN}),
    sqlite: ColumnTypes { ours: "TEXT", taken: &["TEXT", "ANY"] },
    postgres: PostgresColumn {
        parameter: "text",
        compared_as: "text",
        types: ColumnTypes {
            ours: "text COLLATE \"C\"",
            taken: &["text", "varchar", "bpchar", "name", "citext"],
        },
        as_text: None,
    },
};

fn write(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let ValueRef::Text(text) = value else { return Err(Corrupt::expected("Text", value)) };
    write_string(text, out);
    Ok(())
}

/// Reads and writes a `T` through serde as text. The type must serialize as a string. It is meant for enums.
#[derive(Debug)]
pub struct Text<T>(PhantomData<fn() -> T>);

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

impl<T: Serialize + DeserializeOwned> AttributeType for Text<T> {
    type Field = T;

    const KIND: Kind = Kind::Text;

    fn from_json(json: &JsonValue) -> Result<T, Mismatch> {
        let of_variants =
            || variants::of::<T>().map(|names| format!("one of {}", variants::in_words(&names)));
        text_of(json, "text").map_err(|mismatch| of_variants().map_or(mismatch, Mismatch::new))?;
        T::deserialize(json)
            .map_err(|error| Mismatch::new(of_variants().unwrap_or_else(|| format!("valid: {error}"))))
    }

    fn variants() -> Option<Vec<&'static str>> {
        variants::of::<T>()
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

/// The form of a text as a regular expression (ECMA-262, as JSON Schema has them): any but with U+0000.
pub(crate) const TEXT_PATTERN: &str = r"^[^\u0000]*$";

/// U+0000 is refused: PostgreSQL cannot store it, and for C libraries it ends the text.
pub(super) fn text_of<'a>(json: &'a JsonValue, expected: &str) -> Result<&'a str, Mismatch> {
    let text = json.as_str().ok_or_else(|| Mismatch::new(expected))?;
    match text.contains('\0') {
        true => Err(Mismatch::new(format!("{expected}, without the character U+0000"))),
        false => Ok(text),
    }
}
