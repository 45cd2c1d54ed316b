//! Cursors of the pagination profile: opaque tokens, each for a position in an order.
//!
//! A token is base64url of `["type","sort",[values],"id"]`. It names the order, so that a cursor of another order is
//! refused. It holds the values of a row and not a number of rows, so that it stays valid when rows are added or deleted.
//! It is neither secret nor signed: what a client writes into it is checked like the value of a filter, and shows nothing
//! that `filter` would not show.
//!
//! In a relationship's own order the value is the position, and the name of the order is one that no `sort` has.
//!
//! A column may hold a value that its attribute can't have, such as a word that an enum has lost, or a UUID in another
//! spelling. Rows with such values have cursors, too: the value then stands as it is stored in a list of its own. Times
//! are different, since they are compared in one form only, whatever form the column holds.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD};
use serde_json::Value as JsonValue;

use super::{DefaultOrder, sort};
use crate::plan::{Field, Member, Place, SortKey};
use crate::schema::kind::ValueType;
use crate::schema::{Attribute, Corrupt, Description, IdKind, ResourceId, Row, Value, ValueRef};

/// The kind of a sort key's values.
#[derive(Clone, Copy)]
enum KeyKind {
    Attribute(&'static Attribute),
    Id(IdKind),
}

/// The name of the order by positions.
const BY_POSITION: &str = "(position)";

/// The token of a position in the order `sort` of a resource.
pub(crate) fn encode(resource: &'static Description, sort: &[SortKey], place: &Place) -> String {
    let id = place.id.to_string();
    if let ([], [position]) = (sort, place.keys.as_slice()) {
        let position = match position {
            Value::Integer(position) => (*position).into(),
            _ => JsonValue::Null,
        };
        let token = serde_json::json!([resource.type_name, BY_POSITION, [position], id]);
        return URL_SAFE_NO_PAD.encode(token.to_string());
    }
    let keys: Vec<JsonValue> = sort
        .iter()
        .zip(&place.keys)
        .map(|(key, value)| match kind_of(resource, &key.member) {
            Some(kind) => written(kind, value),
            None => JsonValue::Null,
        })
        .collect();
    let token = serde_json::json!([resource.type_name, sort::print(sort, resource), keys, id]);
    URL_SAFE_NO_PAD.encode(token.to_string())
}

/// The position that a token names in this order.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn decode(
    token: &str,
    resource: &'static Description,
    sort: &[SortKey],
    default: DefaultOrder,
) -> Result<Place, &'static str> {
    const NONE: &str = "not a cursor of this server";
    let json = URL_SAFE_NO_PAD.decode(token).map_err(|_| NONE)?;
    let (type_name, order, values, id): (String, String, Vec<JsonValue>, String) =
        serde_json::from_slice(&json).map_err(|_| NONE)?;
    let by_position = sort.is_empty() && default == DefaultOrder::Positions;
    let expected = if by_position { BY_POSITION.to_owned() } else { sort::print(sort, resource) };
    if type_name != resource.type_name || order != expected {
        return Err("a cursor of another order: page with the same sort that it came from");
    }
    let keys: Option<Vec<Value>> = match values.as_slice() {
        [position] if by_position => position_of(position).map(|position| vec![position]),
        values if !by_position && values.len() == sort.len() => {
            let read = |(key, value): (&SortKey, _)| read(kind_of(resource, &key.member)?, value);
            sort.iter().zip(values).map(read).collect()
        }
        _ => None,
    };
    // The order goes by the id as it is stored, even if it has another spelling than in URLs, or could stand in none.
    let id = match resource.id.kind {
        IdKind::Integer { .. } => resource.id.kind.parse(&id),
        kind @ IdKind::Composite(_) if !id.contains('\0') => {
            kind.id_of_value(ValueRef::Text(&id)).ok().flatten()
        }
        IdKind::Composite(_) => None,
        _ => Some(ResourceId::Text(id)),
    };
    match (keys, id) {
        (Some(keys), Some(id)) => Ok(Place { keys, id }),
        _ => Err(NONE),
    }
}

/// The position in a token.
fn position_of(json: &JsonValue) -> Option<Value> {
    match json {
        JsonValue::Null => Some(Value::Null),
        json => json.as_i64().map(Value::Integer),
    }
}

/// A stored value as JSON that reads back as the same.
fn written(kind: KeyKind, value: &Value) -> JsonValue {
    let (value, json) = match (kind, value) {
        (_, Value::Null) => return JsonValue::Null,
        // A store may return an equal value of another type: 1 for true, 2 for 2.0. Both are written alike.
        (KeyKind::Attribute(attribute), Value::Integer(value)) => match attribute.kind.value_type() {
            ValueType::Bool => (Value::Bool(*value != 0), (*value != 0).into()),
            ValueType::Float => (Value::Float(*value as f64), (*value as f64).to_string().into()),
            ValueType::Integer | ValueType::Text | ValueType::Decimal | ValueType::Bytes => {
                (Value::Integer(*value), (*value).into())
            }
        },
        (_, Value::Bool(value)) => (Value::Bool(*value), (*value).into()),
        (_, Value::Integer(value)) => (Value::Integer(*value), (*value).into()),
        // Numbers with a fraction stand as text: a JSON parser may change the last bit, and with it the position.
        (_, Value::Float(value)) => (Value::Float(*value), value.to_string().into()),
        (_, Value::Text(value)) => (Value::Text(value.clone()), value.as_str().into()),
        (_, Value::Decimal(value)) => (Value::Decimal(value.clone()), value.as_str().into()),
        (_, Value::Bytes(value)) => (Value::Bytes(value.clone()), BASE64.encode(value).into()),
    };
    if read(kind, &json) == Some(value) { json } else { JsonValue::Array(vec![json]) }
}

fn read(kind: KeyKind, json: &JsonValue) -> Option<Value> {
    match (kind, json) {
        // Where a relationship is empty, the members behind it are null, even if the attribute can't be null.
        (_, JsonValue::Null) => Some(Value::Null),
        (kind, JsonValue::Array(stored)) => match stored.as_slice() {
            [stored] => as_stored(kind, stored),
            _ => None,
        },
        (KeyKind::Attribute(attribute), json) => {
            let number = match attribute.kind.value_type() {
                ValueType::Float => Some(json.as_str()?.parse::<f64>().ok()?.into()),
                _ => None,
            };
            (attribute.parse)(number.as_ref().unwrap_or(json)).ok().filter(|value| !value.is_null())
        }
        (KeyKind::Id(IdKind::Integer { min, max }), json) => {
            json.as_i64().filter(|id| (min..=max).contains(id)).map(Value::Integer)
        }
        (KeyKind::Id(kind @ IdKind::Composite(_)), json) => {
            let id = json.as_str().filter(|id| !id.contains('\0'))?;
            kind.id_of_value(ValueRef::Text(id)).ok()?.map(|id| id.to_value())
        }
        (KeyKind::Id(_), json) => {
            json.as_str().filter(|id| !id.contains('\0')).map(|id| Value::Text(id.into()))
        }
    }
}

/// A value that the attribute can't have, but that its column may hold.
fn as_stored(kind: KeyKind, json: &JsonValue) -> Option<Value> {
    let text = || json.as_str().map(|text| Value::Text(text.into()));
    match kind {
        KeyKind::Attribute(attribute) => match attribute.kind.value_type() {
            ValueType::Bool => None,
            ValueType::Integer => json.as_i64().map(Value::Integer),
            ValueType::Float => {
                let value: f64 = json.as_str()?.parse().ok()?;
                value.is_finite().then_some(Value::Float(value))
            }
            // Whatever a column holds, a store gives times in one form.
            ValueType::Text if attribute.kind.is_time() => {
                let time = json.as_str().filter(|time| attribute.kind.is_canonical(time))?;
                Some(Value::Text(time.into()))
            }
            ValueType::Text => text(),
            ValueType::Decimal => Value::decimal(json.as_str()?),
            ValueType::Bytes => BASE64.decode(json.as_str()?).ok().map(Value::Bytes),
        },
        KeyKind::Id(IdKind::Integer { .. }) => None,
        KeyKind::Id(_) => text(),
    }
}

fn kind_of(resource: &'static Description, member: &Member) -> Option<KeyKind> {
    let mut here = resource;
    for id in &member.path {
        here = here.relationship_at(*id)?.target();
    }
    match member.field {
        Field::Id => Some(KeyKind::Id(here.id.kind)),
        Field::Attribute(id) => Some(KeyKind::Attribute(here.attribute_at(id)?)),
        Field::ToOne(id) => Some(KeyKind::Id(here.relationship_at(id)?.target().id.kind)),
    }
}

/// The place of a row in the order that `sort` makes of a resource.
///
/// `far` gives the value of a member at the end of a path, which doesn't stand in the row itself. The row needs
/// all attributes that the order goes by.
///
/// # Errors
/// If the row has no id, or `far` has no value to give.
pub(crate) fn place_of(
    resource: &'static Description,
    sort: &[SortKey],
    row: Row<'_>,
    mut far: impl FnMut(&Member) -> Result<Value, Corrupt>,
) -> Result<Place, Corrupt> {
    let keys = sort.iter().map(|key| match (key.member.path.as_slice(), key.member.field) {
        ([], Field::Id) => Ok(row.id().to_owned()),
        ([], Field::Attribute(id)) => Ok(row.attribute(id).to_owned()),
        ([], Field::ToOne(id)) => Ok(row.to_one(resource, id).to_owned()),
        _ => far(&key.member),
    });
    let keys = keys.collect::<Result<_, _>>()?;
    Ok(Place { keys, id: row.resource_id()? })
}
