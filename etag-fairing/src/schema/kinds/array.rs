//! [`Kind::Array`]: a list of values of one kind, without nulls. Its value is the text of a JSON array.

use serde_json::Value as JsonValue;

use crate::schema::json_text::unfit;
use crate::schema::kind::{ColumnTypes, Element, KindTraits, Operators, PostgresColumn, ValueType};
use crate::schema::sealed::Sealed;
use crate::schema::{AttributeType, Corrupt, Kind, Mismatch, Value, ValueRef};

pub(super) fn traits_of(element: Element) -> &'static KindTraits {
    match element {
        Element::Bool => &BOOLS,
        Element::Integer => &INTEGERS,
        Element::Float => &FLOATS,
        Element::Text => &TEXTS,
        Element::Uuid => &UUIDS,
    }
}

static BOOLS: KindTraits =
    traits(write::<bool>, <Vec<bool> as AttributeType>::json_schema, "boolean[]", "boolean[]", &["_bool"]);
static INTEGERS: KindTraits = traits(
    write::<i64>,
    <Vec<i64> as AttributeType>::json_schema,
    "bigint[]",
    "bigint[]",
    &["_int8", "_int4", "_int2"],
);
static FLOATS: KindTraits = traits(
    write::<f64>,
    <Vec<f64> as AttributeType>::json_schema,
    "double precision[]",
    "double precision[]",
    &["_float8", "_float4"],
);
static TEXTS: KindTraits = traits(
    write::<String>,
    <Vec<String> as AttributeType>::json_schema,
    "text[]",
    "text[] COLLATE \"C\"",
    &["_text", "_varchar", "_bpchar"],
);
static UUIDS: KindTraits = traits(
    write::<uuid::Uuid>,
    <Vec<uuid::Uuid> as AttributeType>::json_schema,
    "uuid[]",
    "uuid[]",
    &["_uuid"],
);

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

/// Another program may have written other blanks, or no array at all.
fn write<T: ArrayElement>(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let list = Vec::<T>::from_value(value)?;
    let Ok(Value::Text(text)) = Vec::<T>::to_value(&list) else {
        return Err(Corrupt::expected("Array", value));
    };
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

/// A type whose lists are attributes: `Vec<String>`, `Vec<i64>`, `Vec<f64>`, `Vec<bool>`, `Vec<Uuid>` and the like.
/// (A `Vec<u8>` is bytes.)
pub trait ArrayElement: AttributeType<Field = Self> + Sealed + Sized {
    /// What the elements are.
    const ELEMENT: Element;
}

macro_rules! elements {
    ($($element:ident: $($type:ty)*;)*) => {$($(
        impl ArrayElement for $type {
            const ELEMENT: Element = Element::$element;
        }
    )*)*};
}

elements! {
    Bool: bool;
    Integer: i8 i16 i32 i64 u16 u32 u64;
    Float: f32 f64;
    Text: String;
    Uuid: uuid::Uuid;
}

impl<T: ArrayElement> AttributeType for Vec<T> {
    type Field = Self;

    const KIND: Kind = Kind::Array(T::ELEMENT);

    fn json_schema() -> JsonValue {
        serde_json::json!({"type": "array", "items": T::json_schema()})
    }

    fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
        let list = json.as_array().ok_or_else(|| Mismatch::new("a list"))?;
        let elements = list.iter().enumerate().map(|(index, json)| {
            T::from_json(json)
                .map_err(|mismatch| Mismatch::new(format!("a list, whose element {index} {mismatch}")))
        });
        elements.collect()
    }

    fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
        let ValueRef::Text(text) = value else { return Err(Corrupt::expected("a list", value)) };
        let list: Vec<JsonValue> = serde_json::from_str(text).map_err(|_| unfit("a list", text))?;
        list.iter()
            .map(|json| T::from_json(json).map_err(|_| unfit("a list of values of one kind", text)))
            .collect()
    }

    fn to_value(field: &Self) -> Result<Value, Mismatch> {
        let elements = field.iter().map(|element| T::to_value(element).map(|value| json_of(&value)));
        let list = JsonValue::Array(elements.collect::<Result<_, _>>()?);
        Ok(Value::Text(list.to_string()))
    }
}

fn json_of(value: &Value) -> JsonValue {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(value) => value.as_str().into(),
        Value::Null | Value::Decimal(_) | Value::Bytes(_) => JsonValue::Null,
    }
}
