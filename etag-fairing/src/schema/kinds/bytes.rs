//! [`Kind::Bytes`]: bytes, which documents show as base64 (RFC 4648 §4).

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value as JsonValue;

use super::text::text_of;
use crate::schema::kind::{ColumnTypes, KindTraits, Operators, PostgresColumn, ValueType};
use crate::schema::{AttributeType, Corrupt, Kind, Mismatch, Value, ValueRef};

pub(super) static TRAITS: KindTraits = KindTraits {
    value: ValueType::Bytes,
    family: Some(Kind::Bytes),
    operators: Operators::Equality,
    has_one_form: true,
    empty: ValueRef::Bytes(&[]),
    is_canonical: |_| false,
    write,
    json_schema: || serde_json::json!({"type": "string", "contentEncoding": "base64"}),
    sqlite: ColumnTypes { ours: "BLOB", taken: &["BLOB", "ANY"] },
    postgres: PostgresColumn {
        parameter: "bytea",
        compared_as: "bytea",
        types: ColumnTypes { ours: "bytea", taken: &["bytea"] },
        as_text: None,
    },
};

/// Padding is written; on reading it may be missing.
pub(in crate::schema) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn write(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let ValueRef::Bytes(bytes) = value else { return Err(Corrupt::expected("Bytes", value)) };
    out.push(b'"');
    out.extend_from_slice(BASE64.encode(bytes).as_bytes());
    out.push(b'"');
    Ok(())
}

impl AttributeType for Vec<u8> {
    type Field = Self;

    const KIND: Kind = Kind::Bytes;

    fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
        const EXPECTED: &str = "bytes in base64, such as \"aGVsbG8=\"";
        let text = text_of(json, EXPECTED)?;
        BASE64.decode(text).map_err(|error| Mismatch::new(format!("{EXPECTED} ({error})")))
    }

    fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
        match value {
            ValueRef::Bytes(bytes) => Ok(bytes.into()),
            other => Err(Corrupt::expected("bytes", other)),
        }
    }

    fn to_value(field: &Self) -> Result<Value, Mismatch> {
        Ok(Value::Bytes(field.clone()))
    }
}
