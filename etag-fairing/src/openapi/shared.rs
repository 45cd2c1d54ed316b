//! The schemas that all resources share.

use serde_json::{Map, Value, json};

use super::names::{self, schema};
use super::schemas::{Described, common};
use crate::negotiate::CONCURRENCY;

/// The schemas that all resources share.
pub(super) fn add(resources: &[Described], schemas: &mut Map<String, Value>) {
    let link = json!({"oneOf": [
        {"type": "string", "format": "uri-reference"},
        {"type": "object", "required": ["href"], "properties": {"href": {"type": "string", "format": "uri-reference"}}},
        {"type": "null"},
    ]});
    let links = |names: &[&str]| {
        let properties: Map<String, Value> =
            names.iter().map(|name| ((*name).into(), common("link"))).collect();
        json!({"type": "object", "properties": properties})
    };
    let mut add = |name: &str, schema: Value| {
        schemas.insert(names::common(name), schema);
    };
    add("link", link);
    add("links", links(&["self", "related", "describedby"]));
    add("relationshipLinks", links(&["self", "related", "first", "last", "prev", "next"]));
    add("pageLinks", links(&["self", "related", "describedby", "first", "last", "prev", "next"]));
    // Said in full: generators of TypeScript take a bare object for one that has no members.
    add("meta", json!({"type": "object", "additionalProperties": true}));
    let tag = |description: String| json!({"type": "string", "description": description});
    add(
        "resourceMeta",
        json!({"type": "object", "additionalProperties": true, "properties": {"etag": tag(format!(
            "The entity tag of the resource, as `If-Match` of a change takes it, and `meta.ifMatch` of an operation. It is there if \
             `Accept` names the profile `{CONCURRENCY}`, and in results of operations.",
        ))}}),
    );
    add(
        "errorMeta",
        json!({"type": "object", "additionalProperties": true, "properties": {
            "etag": tag("After a 412 to operations: a tag of the state that is there now.".into()),
            "current": {"description": "After a 412 with `Prefer: return=representation`: what is there now."},
        }}),
    );
    add(
        "version",
        json!({"type": "object", "properties": {
            "version": {"type": "string"},
            "ext": {"type": "array", "items": {"type": "string", "format": "uri"}},
            "profile": {"type": "array", "items": {"type": "string", "format": "uri"}},
            "meta": common("meta"),
        }}),
    );
    add(
        "error",
        json!({"type": "object", "required": ["status", "code", "title"], "properties": {
            "id": {"type": "string", "description": "Names this occurrence, in the server's log too."},
            "status": {"type": "string", "pattern": "^[45][0-9]{2}$"},
            "code": {"type": "string", "description": "For programs; it doesn't change."},
            "title": {"type": "string"},
            "detail": {"type": "string"},
            "source": {"type": "object", "properties": {
                "pointer": {"type": "string"}, "parameter": {"type": "string"}, "header": {"type": "string"},
            }},
            "links": {"type": "object", "properties": {"about": common("link"), "type": common("link")}},
            "meta": common("errorMeta"),
        }}),
    );
    add(
        "errors",
        json!({"type": "object", "required": ["errors"], "properties": {
            "errors": {"type": "array", "minItems": 1, "items": common("error")},
            "meta": common("meta"),
            "jsonapi": common("version"),
        }}),
    );
    let names: Vec<String> = resources.iter().map(|known| names::of(known.resource, "")).collect();
    let mapping: Map<String, Value> = resources
        .iter()
        .zip(&names)
        .map(|(known, name)| (known.resource.type_name.into(), format!("#/components/schemas/{name}").into()))
        .collect();
    let any: Vec<Value> = names.iter().map(|name| schema(name)).collect();
    add("resource", json!({"oneOf": any, "discriminator": {"propertyName": "type", "mapping": mapping}}));
}
