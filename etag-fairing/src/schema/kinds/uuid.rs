//! [`Kind::Uuid`]: a UUID.

use serde_json::Value as JsonValue;

use super::text::text_of;
use crate::schema::json_text::unfit;
use crate::schema::kind::{ColumnTypes, KindTraits, Operators, PostgresColumn, ValueType};
use crate::schema::{AttributeType, Corrupt, Kind, Mismatch, Value, ValueRef};

pub(super) static TRAITS: KindTraits = KindTraits {
    value: ValueType::Text,
    family: Some(Kind::Uuid),
    operators: Operators::Equality,
    has_one_form: false,
    empty: ValueRef::Text("00000000-0000-0000-0000-000000000000"),
    is_canonical,
    write,
    json_schema: || serde_json::json!({"type": "string", "format": "uuid"}),
    sqlite: ColumnTypes { ours: "TEXT", taken: &["TEXT", "NUMERIC", "ANY"] },
    postgres: PostgresColumn {
        parameter: "uuid",
        compared_as: "uuid",
        types: ColumnTypes { ours: "uuid", taken: &["uuid"] },
        as_text: Some("CAST($1 AS text)"),
    },
};

fn is_canonical(text: &str) -> bool {
    let mut buffer = uuid::Uuid::encode_buffer();
    uuid::Uuid::try_parse(text).is_ok_and(|id| id.hyphenated().encode_lower(&mut buffer) == text)
}

/// RFC 9562 §4: a UUID is read in several spellings, and written in one.
fn write(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let ValueRef::Text(text) = value else { return Err(Corrupt::expected("Uuid", value)) };
    let id = uuid::Uuid::try_parse(text).map_err(|_| unfit("a UUID", text))?;
    out.push(b'"');
    out.extend_from_slice(id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).as_bytes());
    out.push(b'"');
    Ok(())
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
