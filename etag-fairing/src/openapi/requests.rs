//! The schemas of what requests send.

use serde_json::{Map, Value, json};

use super::names::{self, schema};
use super::schemas::{
    Described, common, describe, identifiers, is_kept, linkage_of, mark, paragraphs, value,
};
use crate::config::JsonApiConfig;
use crate::resource::guard::MemberAccess;
use crate::schema::{Access, Relationship};

/// What a POST sends.
pub(super) fn create(described: Described, config: &JsonApiConfig) -> Value {
    let resource = described.resource;
    let mut required = vec!["type"];
    let (attributes, needs_attributes) = sent_attributes(described, Sent::ForNew);
    let (relationships, needs_relationships) = sent_relationships(described, Sent::ForNew);
    let mut properties = Map::new();
    properties.insert("type".into(), json!({"const": resource.type_name}));
    if config.client_ids {
        properties.insert("id".into(), schema(&names::of(resource, "id")));
    }
    properties.insert("attributes".into(), attributes);
    properties.insert("relationships".into(), relationships);
    properties.insert("meta".into(), common("meta"));
    required.extend(needs_attributes.then_some("attributes"));
    required.extend(needs_relationships.then_some("relationships"));
    sent(json!({"type": "object", "required": required, "properties": properties}))
}

/// What a PATCH sends: what is left out stays as it is.
pub(super) fn update(described: Described) -> Value {
    let resource = described.resource;
    sent(json!({"type": "object", "required": ["type", "id"], "properties": {
        "type": {"const": resource.type_name},
        "id": schema(&names::of(resource, "id")),
        "attributes": sent_attributes(described, Sent::ForChange).0,
        "relationships": sent_relationships(described, Sent::ForChange).0,
        "meta": common("meta"),
    }}))
}

fn sent(data: Value) -> Value {
    json!({"type": "object", "required": ["data"], "properties": {"data": data, "meta": common("meta")}})
}

/// What a request's document is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    ForNew,
    ForChange,
}

/// The attributes that a request may send, and whether any must be sent.
fn sent_attributes(described: Described, sent: Sent) -> (Value, bool) {
    let resource = described.resource;
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (id, attribute) in resource.attributes_by_id() {
        let is_settable = matches!(attribute.access, Access::ReadWrite | Access::WriteOnly);
        let is_fixed = sent == Sent::ForChange && resource.is_attribute_of_key(id);
        if !is_settable || is_kept(resource, id) || is_fixed {
            continue;
        }
        let mut schema = value(attribute);
        let guarded = described.is_guarded(id, MemberAccess::Write);
        let note = if guarded { "Not every caller may set it." } else { "" };
        describe(&mut schema, &paragraphs([resource.docs.attribute(id), note]));
        if attribute.access == Access::WriteOnly {
            mark(&mut schema, "writeOnly");
        }
        properties.insert(attribute.name.into(), schema);
        if sent == Sent::ForNew && attribute.default.is_none() && !attribute.nullable {
            required.push(attribute.name);
        }
    }
    closed(properties, required)
}

/// The relationships that a request may send, and whether any must be sent.
fn sent_relationships(described: Described, sent: Sent) -> (Value, bool) {
    let resource = described.resource;
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (id, relationship) in resource.relationship_members() {
        let is_fixed = !is_replaceable(relationship) || resource.is_relationship_of_key(id);
        if sent == Sent::ForChange && is_fixed {
            continue;
        }
        let data = match relationship.is_required() {
            true if relationship.is_polymorphic() => json!({"oneOf": identifiers(resource, id)}),
            true => schema(&names::of(relationship.target(), "identifier")),
            false => linkage_of(resource, id),
        };
        let mut object = json!({"type": "object", "required": ["data"], "properties": {
            "data": data, "links": {"type": "object"}, "meta": common("meta"),
        }});
        let note =
            if described.is_guarded(id, MemberAccess::Write) { "Not every caller may set it." } else { "" };
        describe(&mut object, &paragraphs([resource.docs.relationship(id), note]));
        properties.insert(relationship.name.into(), object);
        if sent == Sent::ForNew && relationship.is_required() {
            required.push(relationship.name);
        }
    }
    closed(properties, required)
}

/// Whether a PATCH of the owner may replace the linkage: only what its documents show.
fn is_replaceable(relationship: &Relationship) -> bool {
    relationship.linkage
}

/// An object with no other members, and whether it needs any.
fn closed(properties: Map<String, Value>, required: Vec<&str>) -> (Value, bool) {
    let needs_any = !required.is_empty();
    let mut object = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if let (Some(object), true) = (object.as_object_mut(), needs_any) {
        object.insert("required".into(), required.into());
    }
    (object, needs_any)
}
