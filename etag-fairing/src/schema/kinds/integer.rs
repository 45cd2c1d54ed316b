//! [`Kind::Integer`]: a signed whole number of at most 64 bits.

use serde_json::Value as JsonValue;

use crate::schema::kind::{ColumnTypes, KindTraits, Operators, PostgresColumn, ValueType};
use crate::schema::{AttributeType, Corrupt, Kind, Mismatch, Value, ValueRef};

pub(super) static TRAITS: KindTraits = KindTraits {
    value: ValueType::Integer,
    family: Some(Kind::Integer),
    operators: Operators::Order,
    has_one_form: true,
    empty: ValueRef::Integer(0),
    is_canonical: |_| false,
    write,
    json_schema: || serde_json::json!({"type": "integer", "format": "int64"}),
    sqlite: ColumnTypes { ours: "INTEGER", taken: &["INTEGER", "NUMERIC", "ANY"] },
    postgres: PostgresColumn {
        parameter: "bigint",
        compared_as: "bigint",
        types: ColumnTypes { ours: "bigint", taken: &["int8", "int4", "int2"] },
        as_text: None,
    },
};

fn write(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let ValueRef::Integer(value) = value else { return Err(Corrupt::expected("Integer", value)) };
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    Ok(())
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl AttributeType for $integer {
            type Field = Self;

            const KIND: Kind = Kind::Integer;

            fn json_schema() -> JsonValue {
                let max = i64::try_from(Self::MAX).unwrap_or(i64::MAX);
                serde_json::json!({"type": "integer", "minimum": Self::MIN, "maximum": max})
            }

            fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
                // `Numbers` has already written `1.0` and `1e2` as integers. A remaining float may be the
                // rounded value of a number that is not whole.
                json.as_i64().and_then(|value| Self::try_from(value).ok()).ok_or_else(|| {
                    // Stores hold signed integers of 64 bits, so that a u64 ends at the same maximum.
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
