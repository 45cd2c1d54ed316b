//! [`Kind::Float`]: a finite IEEE 754 double.

use serde_json::Value as JsonValue;

use crate::schema::kind::{ColumnTypes, KindTraits, Operators, PostgresColumn, ValueType};
use crate::schema::{AttributeType, Corrupt, Kind, Mismatch, Value, ValueRef};

pub(super) static TRAITS: KindTraits = KindTraits {
    value: ValueType::Float,
    family: Some(Kind::Integer),
    operators: Operators::Order,
    has_one_form: false,
    empty: ValueRef::Float(0.0),
    is_canonical: |_| false,
    write,
    json_schema: || serde_json::json!({"type": "number", "format": "double"}),
    sqlite: ColumnTypes { ours: "REAL", taken: &["REAL", "NUMERIC", "ANY"] },
    postgres: PostgresColumn {
        parameter: "double precision",
        compared_as: "double precision",
        types: ColumnTypes { ours: "double precision", taken: &["float8", "float4", "numeric"] },
        as_text: None,
    },
};

fn write(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let value = match value {
        ValueRef::Float(value) => value,
        // Databases with flexible typing return whole floats as integers.
        ValueRef::Integer(value) => value as f64,
        other => return Err(Corrupt::expected("Float", other)),
    };
    if !value.is_finite() {
        return Err(Corrupt::new(format!("{value} cannot be written as JSON")));
    }
    serde_json::to_writer(out, &value).map_err(|error| Corrupt::new(error.to_string()))
}

impl AttributeType for f64 {
    type Field = Self;

    const KIND: Kind = Kind::Float;

    fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
        json.as_f64().filter(|value| value.is_finite()).ok_or_else(|| Mismatch::new("a number"))
    }

    fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
        match value {
            ValueRef::Float(value) => Ok(value),
            // Databases with flexible typing return whole floats as integers.
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
        // Converted by its shortest text: 0.1 stays 0.1 and does not become 0.10000000149011612.
        let wide = field.to_string().parse().unwrap_or(f64::from(*field));
        <f64 as AttributeType>::to_value(&wide)
    }
}
