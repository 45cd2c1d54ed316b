//! [`Kind::Array`] and [`Kind::ArrayWithNulls`]: a list of values of one kind. Its value is the text of a JSON array.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as JsonValue;
use serde_json::value::RawValue;

use super::{Number, Text};
use crate::schema::attribute_type::or_null;
use crate::schema::json_text::unfit;
use crate::schema::kind::{ColumnTypes, KindTraits, Operators, PostgresColumn, ValueType};
use crate::schema::{AttributeType, Corrupt, Element, Kind, Mismatch, Value, ValueRef};

/// Whether elements of a list may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nulls {
    Never,
    Maybe,
}

/// The traits of lists, by their elements. An element's columns in PostgreSQL are: the type of those that the store makes;
/// the type of parameters and of what is compared; and the types of others' columns.
macro_rules! lists {
    ($($element:ident: $ours:literal, $parameter:literal, $taken:expr;)*) => {
        pub(super) fn traits_of(element: Element, nulls: Nulls) -> &'static KindTraits {
            match (element, nulls) {$(
                (Element::$element, Nulls::Never) => {
                    static TRAITS: KindTraits = traits(
                        |value, out| write(Element::$element, Nulls::Never, value, out),
                        || json_schema(Element::$element.kind().json_schema()),
                        $parameter, $ours, $taken,
                    );
                    &TRAITS
                }
                (Element::$element, Nulls::Maybe) => {
                    static TRAITS: KindTraits = traits(
                        |value, out| write(Element::$element, Nulls::Maybe, value, out),
                        || json_schema(or_null(Element::$element.kind().json_schema())),
                        $parameter, $ours, $taken,
                    );
                    &TRAITS
                }
            )*}
        }
    };
}

lists! {
    Bool: "boolean[]", "boolean[]", &["_bool"];
    Integer: "bigint[]", "bigint[]", &["_int8", "_int4", "_int2"];
    Float: "double precision[]", "double precision[]", &["_float8", "_float4"];
    Text: "text[] COLLATE \"C\"", "text[]", &["_text", "_varchar", "_bpchar"];
    Uuid: "uuid[]", "uuid[]", &["_uuid"];
    Timestamp: "timestamptz[]", "timestamptz[]", &["_timestamptz"];
    DateTime: "timestamp[]", "timestamp[]", &["_timestamp"];
    Date: "date[]", "date[]", &["_date"];
    Time: "time[]", "time[]", &["_time"];
    Decimal: "numeric[]", "numeric[]", &["_numeric"];
    DecimalNumber: "numeric[]", "numeric[]", &["_numeric"];
    Bytes: "bytea[]", "bytea[]", &["_bytea"];
    Duration: "interval[]", "interval[]", &["_interval"];
}

const fn traits(
    write: fn(ValueRef<'_>, &mut Vec<u8>) -> Result<(), Corrupt>,
    json_schema: fn() -> JsonValue,
    parameter: &'static str,
    ours: &'static str,
    taken: &'static [&'static str],
) -> KindTraits {
    KindTraits {
        value: ValueType::Text,
        family: None,
        operators: Operators::Elements,
        has_one_form: false,
        empty: ValueRef::Text("[]"),
        is_canonical: |_| true,
        write,
        json_schema,
        sqlite: ColumnTypes { ours: "TEXT", taken: &["TEXT", "NUMERIC", "ANY"] },
        postgres: PostgresColumn {
            parameter,
            compared_as: parameter,
            types: ColumnTypes { ours, taken },
            as_text: None,
        },
    }
}

fn json_schema(items: JsonValue) -> JsonValue {
    serde_json::json!({"type": "array", "items": items})
}

/// Writes each element as a value of its kind is written. Another program may have written other spellings, or no array at
/// all.
fn write(element: Element, nulls: Nulls, value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let (kind, start, list) = (element.kind(), out.len(), elements(value)?);
    out.push(b'[');
    let written = list.into_iter().enumerate().try_for_each(|(index, json)| {
        if index > 0 {
            out.push(b',');
        }
        match element.read(json)? {
            Value::Null if nulls == Nulls::Never => {
                Err(Corrupt::new(format!("expected {kind:?} in a list, found null")))
            }
            value => kind.write(value.as_ref(), out),
        }
    });
    match written {
        Ok(()) => out.push(b']'),
        // Nothing is written of a list with one wrong element.
        Err(_) => out.truncate(start),
    }
    written
}

/// The elements of a stored list, which are yet to be read.
fn elements(value: ValueRef<'_>) -> Result<Vec<&RawValue>, Corrupt> {
    let ValueRef::Text(text) = value else { return Err(Corrupt::expected("a list", value)) };
    serde_json::from_str(text).map_err(|_| unfit("a list", text))
}

/// A type whose lists are attributes: `Vec<String>`, `Vec<i64>`, `Vec<Decimal>`, `Vec<DateTime<Utc>>` and the like; and with
/// `Option` lists that have nulls: `Vec<Option<i64>>`. (A `Vec<u8>` is bytes.)
///
/// Implement it for an [`AttributeType`] of your own, and a list of them is one, too. It has nothing to implement. The kind
/// of the type must be one that [`Element`] has.
#[diagnostic::on_unimplemented(
    message = "a list of `{Self}` cannot be an attribute as it is",
    label = "no element of lists",
    note = "an enum with `Serialize` and `Deserialize`: put `#[jsonapi(text)]` on the field",
    note = "any other type with `Serialize` and `Deserialize`: put `#[jsonapi(json)]` on the field",
    note = "a type with `AttributeType`: implement `ArrayElement` for it, too"
)]
pub trait ArrayElement: AttributeType {}

macro_rules! elements {
    ($($type:ty)*) => {$(impl ArrayElement for $type {})*};
}

elements! {
    bool i8 i16 i32 i64 u16 u32 u64 f32 f64 String uuid::Uuid Vec<u8>
    DateTime<Utc> NaiveDateTime NaiveDate NaiveTime TimeDelta std::time::Duration
}
#[cfg(feature = "time")]
elements! { time::OffsetDateTime time::PrimitiveDateTime time::Date time::Time time::Duration }
#[cfg(feature = "decimal")]
elements! { rust_decimal::Decimal }

impl<T: ArrayElement> ArrayElement for Option<T> {}
impl<T: Serialize + DeserializeOwned> ArrayElement for Text<T> {}
impl<T: AttributeType> ArrayElement for Number<T> {}

impl<T: ArrayElement> AttributeType for Vec<T> {
    type Field = Vec<T::Field>;

    const KIND: Kind = match (Element::of(T::KIND), T::NULLABLE) {
        (Some(element), false) => Kind::Array(element),
        (Some(element), true) => Kind::ArrayWithNulls(element),
        (None, _) => panic!("there are no lists of this kind: write `#[jsonapi(json)]` on the field"),
    };

    fn json_schema() -> JsonValue {
        let items = T::json_schema();
        json_schema(if T::NULLABLE { or_null(items) } else { items })
    }

    fn from_json(json: &JsonValue) -> Result<Self::Field, Mismatch> {
        let list = json.as_array().ok_or_else(|| Mismatch::new("a list"))?;
        let elements = list.iter().enumerate();
        elements
            .map(|(index, json)| T::from_json(json).map_err(|mismatch| mismatch.of_element(index)))
            .collect()
    }

    fn from_digits(text: &str) -> Result<Value, Mismatch> {
        let list: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| Mismatch::new("a list"))?;
        let values = list.iter().enumerate().map(|(index, json)| {
            let text = json.get();
            let value = if text.starts_with(|sign: char| sign == '-' || sign.is_ascii_digit()) {
                T::from_digits(text)
            } else {
                serde_json::from_str(text)
                    .map_err(|error| Mismatch::new(format!("JSON: {error}")))
                    .and_then(|json| T::to_value(&T::from_json(&json)?))
            };
            value.map_err(|mismatch| mismatch.of_element(index))
        });
        list_of::<T>(values)
    }

    fn from_value(value: ValueRef<'_>) -> Result<Self::Field, Corrupt> {
        let Some(element) = Self::KIND.element() else { return Err(Corrupt::expected("a list", value)) };
        elements(value)?.into_iter().map(|json| T::from_value(element.read(json)?.as_ref())).collect()
    }

    fn to_value(field: &Self::Field) -> Result<Value, Mismatch> {
        let values = field.iter().enumerate();
        list_of::<T>(
            values
                .map(|(index, element)| T::to_value(element).map_err(|mismatch| mismatch.of_element(index))),
        )
    }
}

/// The value of a list with these elements.
fn list_of<T: ArrayElement>(
    values: impl Iterator<Item = Result<Value, Mismatch>>,
) -> Result<Value, Mismatch> {
    let element = Vec::<T>::KIND.element();
    let elements = values.enumerate().map(|(index, value)| {
        let value = value?;
        let json = element.and_then(|element| element.to_json(value.as_ref()));
        json.ok_or_else(|| Mismatch::new("a value of its own kind").of_element(index))
    });
    Ok(Value::Text(JsonValue::Array(elements.collect::<Result<_, _>>()?).to_string()))
}
