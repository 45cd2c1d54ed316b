//! [`Kind::Bool`]: `true` or `false`.

use serde_json::Value as JsonValue;

use crate::schema::kind::{ColumnTypes, KindTraits, Operators, PostgresColumn, ValueType};
use crate::schema::{AttributeType, Corrupt, Kind, Mismatch, Value, ValueRef};

pub(super) static TRAITS: KindTraits = KindTraits {
    value: ValueType::Bool,
    family: Some(Kind::Bool),
    operators: Operators::Equality,
    has_one_form: true,
    empty: ValueRef::Bool(false),
    is_canonical: |_| false,
    write,
    json_schema: || serde_json::json!({"type": "boolean"}),
    sqlite: ColumnTypes { ours: "INTEGER", taken: &["INTEGER", "NUMERIC", "ANY"] },
    postgres: PostgresColumn {
        parameter: "boolean",
        compared_as: "boolean",
        types: ColumnTypes { ours: "boolean", taken: &["bool"] },
        as_text: None,
    },
};

/// A store without booleans returns 0 or 1.
fn write(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    match value {
        ValueRef::Bool(true) | ValueRef::Integer(1) => out.extend_from_slice(b"true"),
        ValueRef::Bool(false) | ValueRef::Integer(0) => out.extend_from_slice(b"false"),
        other => return Err(Corrupt::expected("Bool", other)),
    }
    Ok(())
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
