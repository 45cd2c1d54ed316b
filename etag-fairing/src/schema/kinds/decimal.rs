//! [`Kind::Decimal`]: an exact decimal number. [`Kind::DecimalNumber`]: the same, which documents show as a number.

use std::marker::PhantomData;

use serde_json::Value as JsonValue;

use crate::schema::decimal::{self, Digits, KEPT_BY_FLOAT};
use crate::schema::json_text::unfit;
use crate::schema::kind::{ColumnTypes, KindTraits, Operators, PostgresColumn, ValueType};
use crate::schema::{AttributeType, Corrupt, Kind, Mismatch, Value, ValueRef};

pub(super) static TEXT: KindTraits =
    traits(write_text, || serde_json::json!({"type": "string", "pattern": r"^[+-]?[0-9]+(\.[0-9]+)?$"}));
pub(super) static NUMBER: KindTraits = traits(write_number, || serde_json::json!({"type": "number"}));

const fn traits(
    write: fn(ValueRef<'_>, &mut Vec<u8>) -> Result<(), Corrupt>,
    json_schema: fn() -> JsonValue,
) -> KindTraits {
    KindTraits {
        value: ValueType::Decimal,
        family: Some(Kind::Decimal),
        operators: Operators::Order,
        has_one_form: false,
        empty: ValueRef::Decimal("0"),
        is_canonical: decimal::is_plain,
        write,
        json_schema,
        // Text, since SQLite's own numbers have no more than 15 digits.
        sqlite: ColumnTypes { ours: "TEXT", taken: &["TEXT", "NUMERIC", "REAL", "ANY"] },
        postgres: PostgresColumn {
            parameter: "numeric",
            compared_as: "numeric",
            types: ColumnTypes { ours: "numeric", taken: &["numeric"] },
            as_text: None,
        },
    }
}

fn number_of(value: ValueRef<'_>) -> Result<&str, Corrupt> {
    let ValueRef::Decimal(number) = value else { return Err(Corrupt::expected("Decimal", value)) };
    if decimal::is_plain(number) { Ok(number) } else { Err(unfit("a decimal number", number)) }
}

/// A string: what reads JSON may make a float of each number in it.
fn write_text(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let number = number_of(value)?;
    out.push(b'"');
    out.extend_from_slice(number.as_bytes());
    out.push(b'"');
    Ok(())
}

fn write_number(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    out.extend_from_slice(number_of(value)?.as_bytes());
    Ok(())
}

/// Shows a decimal number of type `T` as a JSON number, with all its digits. Clients may send it as a number or as a
/// string.
///
/// `T` is `rust_decimal::Decimal`, or a type of your own of [`Kind::Decimal`]. On a field, write
/// `#[jsonapi(number)]`.
#[derive(Debug)]
pub struct Number<T>(PhantomData<fn() -> T>);

impl<T: AttributeType> AttributeType for Number<T> {
    type Field = T::Field;

    const KIND: Kind = match T::KIND {
        Kind::Decimal => Kind::DecimalNumber,
        _ => panic!(
            "`#[jsonapi(number)]` is for decimal numbers: other types are numbers already, or cannot be"
        ),
    };
    const NULLABLE: bool = T::NULLABLE;

    fn from_json(json: &JsonValue) -> Result<T::Field, Mismatch> {
        let JsonValue::Number(number) = json else { return T::from_json(json) };
        let text = number.to_string();
        // Reading JSON has made a float of it, which may have rounded it.
        let number = decimal::parse(&text).filter(|number| {
            json.is_i64() || json.is_u64() || Digits::of(number).significant <= KEPT_BY_FLOAT
        });
        let number = number.ok_or_else(|| {
            Mismatch::new(format!("a decimal number of at most {KEPT_BY_FLOAT} digits, or one in a string"))
        })?;
        T::from_json(&JsonValue::String(number.into_owned()))
    }

    fn from_digits(text: &str) -> Result<Value, Mismatch> {
        let number = decimal::parse(text.trim()).ok_or_else(|| Mismatch::new("a decimal number"))?;
        Self::to_value(&T::from_json(&JsonValue::String(number.into_owned()))?)
    }

    fn from_value(value: ValueRef<'_>) -> Result<T::Field, Corrupt> {
        T::from_value(value)
    }

    fn to_value(field: &T::Field) -> Result<Value, Mismatch> {
        T::to_value(field)
    }
}

#[cfg(feature = "decimal")]
mod of_rust_decimal {
    use rust_decimal::Decimal;

    use super::*;
    use crate::schema::kinds::text::text_of;

    const EXPECTED: &str = "a decimal number in a string, such as \"12.50\", of at most 28 digits";

    /// The number with all its digits: what has more than it can keep is refused, and never rounded. Zeros at the end
    /// are none that count.
    fn exact(number: &str) -> Option<Decimal> {
        let without_zeros = || match number.split_once('.') {
            Some(_) => number.trim_end_matches('0').trim_end_matches('.'),
            None => number,
        };
        Decimal::from_str_exact(number).or_else(|_| Decimal::from_str_exact(without_zeros())).ok()
    }

    impl AttributeType for Decimal {
        type Field = Self;

        const KIND: Kind = Kind::Decimal;

        fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
            let text = decimal::parse(text_of(json, EXPECTED)?).ok_or_else(|| Mismatch::new(EXPECTED))?;
            exact(&text).ok_or_else(|| Mismatch::new(EXPECTED))
        }

        fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
            let number = number_of(value)?;
            exact(number).ok_or_else(|| unfit("a decimal number of at most 28 digits", number))
        }

        fn to_value(field: &Self) -> Result<Value, Mismatch> {
            Value::decimal(&field.to_string()).ok_or_else(|| Mismatch::new(EXPECTED))
        }
    }
}
