//! `filter=[…]`: the JSON list of flask-rest-jsonapi.
//!
//! `expr := leaf | {"and":[expr+]} | {"or":[expr+]} | {"not":expr}`,
//! `leaf := {"name":path,"op":operator,("val":value|"field":path)}`; `val` of `any` and `has` is an `expr` about the
//! related resource, or null for any resource at all.

use serde_json::{Map, Value as JsonValue};

use super::compare::FilterPath;
use super::given::FilterValue;
use super::operator::Operator;
use super::{Fault, Nodes};
use crate::plan::Filter;
use crate::query::limits::MAX_FILTER_DEPTH;
use crate::schema::Description;
use crate::schema::number::Numbers;

/// Reads the value of `filter`. A single object is a list of one; all of the list must hold.
pub(super) fn parse(
    resource: &'static Description,
    value: &str,
    nodes: &mut Nodes<'_>,
) -> Result<Vec<Filter>, Fault> {
    // serde_json itself stops at 128 levels, long before the stack ends.
    let json: JsonValue = serde_json::from_str(&Numbers::of(value).text)
        .map_err(|error| Fault::new(format!("not JSON: {error}")))?;
    match &json {
        JsonValue::Array(list) => list_of(resource, list, 1, nodes),
        JsonValue::Object(_) => Ok(vec![expression(resource, &json, 1, nodes)?]),
        _ => Err(Fault::new("must be a list of filters")),
    }
}

fn list_of(
    resource: &'static Description,
    list: &[JsonValue],
    depth: usize,
    nodes: &mut Nodes<'_>,
) -> Result<Vec<Filter>, Fault> {
    let one = |(index, json)| {
        expression(resource, json, depth, nodes).map_err(|fault| fault.within(&format!("/{index}")))
    };
    list.iter().enumerate().map(one).collect()
}

fn expression(
    resource: &'static Description,
    json: &JsonValue,
    depth: usize,
    nodes: &mut Nodes<'_>,
) -> Result<Filter, Fault> {
    nodes.count()?;
    if depth > MAX_FILTER_DEPTH {
        return Err(Fault::limit(format!("filters may be nested {MAX_FILTER_DEPTH} deep")));
    }
    let Some(object) = json.as_object() else { return Err(Fault::new("must be an object")) };
    let mut list = |name: &str, json: &JsonValue| {
        let parts = match json.as_array() {
            Some(list) if !list.is_empty() => list_of(resource, list, depth + 1, nodes),
            _ => Err(Fault::new("must be a list with something in it")),
        };
        parts.map_err(|fault| fault.within(&format!("/{name}")))
    };
    let mut members = object.iter();
    match (members.next(), members.next()) {
        (Some((name, json)), None) if name == "and" => Ok(Filter::And(list(name, json)?)),
        (Some((name, json)), None) if name == "or" => Ok(Filter::Or(list(name, json)?)),
        (Some((name, json)), None) if name == "not" => expression(resource, json, depth + 1, nodes)
            .map(|filter| Filter::Not(Box::new(filter)))
            .map_err(|fault| fault.within("/not")),
        _ => leaf(resource, object, depth, nodes),
    }
}

fn leaf(
    resource: &'static Description,
    object: &Map<String, JsonValue>,
    depth: usize,
    nodes: &mut Nodes<'_>,
) -> Result<Filter, Fault> {
    if let Some(name) = object.keys().find(|name| !matches!(name.as_str(), "name" | "op" | "val" | "field")) {
        return Err(match name.as_str() {
            "and" | "or" | "not" => Fault::new(format!("{name:?} stands alone in its object")),
            _ => Fault::new(format!("{name:?} is not name, op, val or field")),
        });
    }
    let text = |name: &str| match object.get(name) {
        Some(JsonValue::String(text)) => Ok(text.as_str()),
        Some(_) => Err(Fault::new("must be text").at(&format!("/{name}"))),
        None => Err(Fault::new(format!("{name:?} is missing"))),
    };
    let target =
        FilterPath::follow(resource, text("name")?, nodes.unreadable).map_err(|fault| fault.at("/name"))?;
    let operator = target.operator(text("op")?).map_err(|fault| fault.at("/op"))?;
    match (object.get("val"), object.get("field"), operator) {
        (Some(_), Some(_), _) => Err(Fault::new("val and field don't go together").at("/field")),
        (val, None, Operator::Any | Operator::Has) if target.element().is_none() => {
            let inner = match (val, target.related()) {
                (None | Some(JsonValue::Null), _) => None,
                (Some(json), None) if target.is_polymorphic() => {
                    let condition = target.compare(operator, &FilterValue::json(json));
                    return condition.map_err(|fault| fault.at("/val"));
                }
                (_, None) => None,
                (Some(json), Some(related)) => {
                    Some(expression(related, json, depth + 1, nodes).map_err(|fault| fault.within("/val"))?)
                }
            };
            Ok(target.related_to(inner))
        }
        (Some(val), None, operator) => {
            target.compare(operator, &FilterValue::json(val)).map_err(|fault| fault.at("/val"))
        }
        (None, Some(_), operator) => {
            let other = FilterPath::follow(resource, text("field")?, nodes.unreadable)
                .map_err(|fault| fault.at("/field"))?;
            target.compare_with(operator, other)
        }
        // Nothing to say: is_null and is_empty alone mean that it is so.
        (None, None, Operator::IsNull | Operator::IsEmpty) => {
            target.compare(operator, &FilterValue::json(&JsonValue::Bool(true)))
        }
        (None, None, _) => Err(Fault::new("val or field is missing")),
    }
}
