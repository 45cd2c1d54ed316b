//! [`Kind::Json`]: any JSON.

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as JsonValue;
use serde_json::value::RawValue;

use crate::schema::json_text::unfit;
use crate::schema::kind::{ColumnTypes, KindTraits, Operators, PostgresColumn, ValueType};
use crate::schema::number::with_all_digits;
use crate::schema::{AttributeType, Corrupt, Kind, Mismatch, Value, ValueRef};

pub(super) static TRAITS: KindTraits = KindTraits {
    value: ValueType::Text,
    family: None,
    operators: Operators::None,
    has_one_form: false,
    empty: ValueRef::Text("null"),
    is_canonical: |_| true,
    write,
    json_schema: || serde_json::json!({}),
    sqlite: ColumnTypes { ours: "TEXT", taken: &["TEXT", "NUMERIC", "ANY"] },
    postgres: PostgresColumn {
        parameter: "json",
        compared_as: "text",
        types: ColumnTypes { ours: "json", taken: &["json", "jsonb"] },
        as_text: None,
    },
};

/// Other programs may write to the table. A text that is not JSON must not break the document.
fn write(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let ValueRef::Text(text) = value else { return Err(Corrupt::expected("Json", value)) };
    let raw: &RawValue = serde_json::from_str(text).map_err(|_| unfit("JSON", text))?;
    out.extend_from_slice(raw.get().as_bytes());
    Ok(())
}

/// Reads and writes a `T` through serde as JSON.
#[derive(Debug)]
pub struct Json<T>(PhantomData<fn() -> T>);

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
        // If the type keeps all members, as serde_json's own does, it can only have rounded numbers. So the
        // text itself is stored, which has all digits.
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

fn stored_json<T: DeserializeOwned>(value: ValueRef<'_>) -> Result<T, Corrupt> {
    match value {
        ValueRef::Text(text) => serde_json::from_str(text).map_err(|error| Corrupt::new(error.to_string())),
        other => Err(Corrupt::expected("JSON", other)),
    }
}
