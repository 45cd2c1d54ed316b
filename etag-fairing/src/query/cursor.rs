//! Cursors of the pagination profile: a place in an order as an opaque token.
//!
//! A token is base64url of `["type","sort",[values],"id"]`. It says in which order it is a place, so that a cursor of
//! another order is refused and not misread, and it holds values, not a position, so that it stays a place when
//! rows come and go (P9). It is no secret and no proof: what a client writes into it is checked like any value
//! of a query, and shows nothing that `filter` would not.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as JsonValue;

use super::sort;
use crate::resource::{Corrupt, Description, IdKind, Kind, ResourceId, Row, Value};
use crate::store::{Field, Member, Place, SortKey};

/// What a sort key's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyKind {
    Attribute(Kind),
    Id(IdKind),
}

/// The token of a place in the order that `sort` makes of a resource.
pub(crate) fn encode(resource: &'static Description, sort: &[SortKey], place: &Place) -> String {
    let keys: Vec<JsonValue> = sort
        .iter()
        .zip(&place.keys)
        .map(|(key, value)| match (kind_of(resource, &key.member), value) {
            // Stores without booleans or with whole floats give back what is equal, and it is written alike.
            (Some(KeyKind::Attribute(Kind::Bool)), Value::Integer(value)) => (*value != 0).into(),
            (Some(KeyKind::Attribute(Kind::Float)), Value::Integer(value)) => {
                (*value as f64).to_string().into()
            }
            (_, Value::Null) => JsonValue::Null,
            (_, Value::Bool(value)) => (*value).into(),
            (_, Value::Integer(value)) => (*value).into(),
            // As text: a JSON reader may miss the last bit of a number, and with it the place.
            (_, Value::Float(value)) => value.to_string().into(),
            (_, Value::Text(value)) => value.as_str().into(),
        })
        .collect();
    let token =
        serde_json::json!([resource.type_name, sort::print(sort, resource), keys, place.id.to_string(),]);
    URL_SAFE_NO_PAD.encode(token.to_string())
}

/// The place that a token names in this order.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn decode(
    token: &str,
    resource: &'static Description,
    sort: &[SortKey],
) -> Result<Place, &'static str> {
    const NONE: &str = "not a cursor of this server";
    let json = URL_SAFE_NO_PAD.decode(token).map_err(|_| NONE)?;
    let (type_name, order, values, id): (String, String, Vec<JsonValue>, String) =
        serde_json::from_slice(&json).map_err(|_| NONE)?;
    if type_name != resource.type_name || order != sort::print(sort, resource) {
        return Err("a cursor of another order: page with the same sort that it came from");
    }
    if values.len() != sort.len() {
        return Err(NONE);
    }
    let keys: Option<Vec<Value>> =
        sort.iter().zip(&values).map(|(key, value)| read(kind_of(resource, &key.member)?, value)).collect();
    // As it is stored, whatever its spelling: the order goes by that.
    let id = match resource.id.kind {
        IdKind::Uuid => uuid::Uuid::try_parse(&id).ok().map(|_| ResourceId::Text(id)),
        kind => kind.parse(&id),
    };
    match (keys, id) {
        (Some(keys), Some(id)) => Ok(Place { keys, id }),
        _ => Err(NONE),
    }
}

fn read(kind: KeyKind, json: &JsonValue) -> Option<Value> {
    let text = || json.as_str().filter(|text| !text.contains('\0')).map(|text| Value::Text(text.into()));
    match kind {
        // Behind an empty relationship there is no value, whatever the attribute allows.
        _ if json.is_null() => Some(Value::Null),
        KeyKind::Attribute(Kind::Bool) => json.as_bool().map(Value::Bool),
        KeyKind::Attribute(Kind::Integer) => json.as_i64().map(Value::Integer),
        KeyKind::Attribute(Kind::Float) => {
            let value: f64 = json.as_str()?.parse().ok()?;
            value.is_finite().then_some(Value::Float(value))
        }
        // Not by the attribute's own parser: a column may hold what it no longer takes.
        KeyKind::Attribute(_) => text(),
        KeyKind::Id(IdKind::Integer { min, max }) => {
            json.as_i64().filter(|id| (min..=max).contains(id)).map(Value::Integer)
        }
        KeyKind::Id(_) => text(),
    }
}

fn kind_of(resource: &'static Description, member: &Member) -> Option<KeyKind> {
    let mut here = resource;
    for place in &member.path {
        here = here.relationships.get(*place)?.target();
    }
    match member.field {
        Field::Id => Some(KeyKind::Id(here.id.kind)),
        Field::Attribute(place) => Some(KeyKind::Attribute(here.attributes.get(place)?.kind)),
        Field::ToOne(place) => Some(KeyKind::Id(here.relationships.get(place)?.target().id.kind)),
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
        ([], Field::Attribute(place)) => Ok(row.attribute(place).to_owned()),
        ([], Field::ToOne(place)) => Ok(row.to_one(resource, place).to_owned()),
        _ => far(&key.member),
    });
    let keys = keys.collect::<Result<_, _>>()?;
    Ok(Place {
        keys,
        id: ResourceId::from_value(row.id())?.ok_or_else(|| Corrupt::new("a row without an id"))?,
    })
}
