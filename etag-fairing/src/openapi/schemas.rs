//! The schemas of a resource: its object, its documents, and what requests send (JSON Schema, draft 2020-12).

use serde_json::{Map, Value, json};

use super::filters;
use super::names::{self, schema};
use crate::config::JsonApiConfig;
use crate::resource::behaviour::Behaviour;
use crate::schema::{
    Access, Attribute, AttributeId, Description, IdKind, Kind, Relationship, RelationshipId,
};

/// A reference to a schema that all resources share.
pub(super) fn common(name: &str) -> Value {
    schema(&names::common(name))
}

/// A resource together with what it does with requests.
#[derive(Clone, Copy)]
pub(super) struct Described {
    pub(super) resource: &'static Description,
    pub(super) behaviour: &'static Behaviour,
}

/// Adds the schemas of a resource.
pub(super) fn add(described: Described, config: &JsonApiConfig, schemas: &mut Map<String, Value>) {
    let resource = described.resource;
    let mut add = |ending: &str, schema: Value| {
        schemas.insert(names::of(resource, ending), schema);
    };
    add("", object(described));
    add("id", id(resource.id.kind, resource.docs.id));
    add("attributes", attributes(described));
    add("relationships", relationships(resource));
    add("identifier", identifier(resource));
    add("create", create(described, config));
    add("update", update(described));
    add(filters::LIST, filters::expression(resource));
    add("document", document(schema(&names::of(resource, "")), false));
    add("orNull", document(json!({"oneOf": [schema(&names::of(resource, "")), {"type": "null"}]}), false));
    let many = json!({"type": "array", "items": schema(&names::of(resource, ""))});
    add("collection", document(many, true));
    let (one, many) = (linkage(resource, false), linkage(resource, true));
    add("toOne", linkage_document(one, false));
    add("toMany", linkage_document(many, true));
    add(
        "changeToOne",
        json!({"type": "object", "required": ["data"], "properties": {
            "data": linkage(resource, false), "meta": common("meta"),
        }}),
    );
    add(
        "changeToMany",
        json!({"type": "object", "required": ["data"], "properties": {
            "data": linkage(resource, true), "meta": common("meta"),
        }}),
    );
    for (id, relationship) in resource.relationship_members().filter(|(_, it)| it.is_polymorphic()) {
        let mut add = |ending: &str, schema: Value| {
            schemas.insert(names::of_relationship(resource, relationship.name, ending), schema);
        };
        let related = resource.arms(id).map(|(_, arm)| schema(&names::of(arm.target(), "")));
        let related: Vec<Value> = related.chain([json!({"type": "null"})]).collect();
        let linkage = linkage_of(resource, id);
        add("orNull", document(json!({"oneOf": related}), false));
        add("toOne", linkage_document(linkage.clone(), false));
        add(
            "changeToOne",
            json!({"type": "object", "required": ["data"], "properties": {
                "data": linkage, "meta": common("meta"),
            }}),
        );
    }
}

/// An id, as documents and URLs have it: text (JSON:API §7.2.1).
pub(super) fn id(kind: IdKind, docs: &str) -> Value {
    let mut schema = match kind {
        IdKind::Integer { min, .. } if min >= 0 => json!({"type": "string", "pattern": "^(0|[1-9][0-9]*)$"}),
        IdKind::Integer { .. } => json!({"type": "string", "pattern": "^(0|-?[1-9][0-9]*)$"}),
        IdKind::Uuid => json!({"type": "string", "format": "uuid"}),
        IdKind::Text | IdKind::Composite(_) => json!({"type": "string"}),
    };
    describe(&mut schema, docs);
    schema
}

/// Adds a description, unless it is empty.
pub(super) fn describe(schema: &mut Value, text: &str) {
    if let (Some(schema), false) = (schema.as_object_mut(), text.is_empty()) {
        schema.insert("description".into(), text.into());
    }
}

/// A resource object (JSON:API §7.2).
fn object(described: Described) -> Value {
    let resource = described.resource;
    let mut properties = Map::new();
    properties.insert("type".into(), json!({"const": resource.type_name}));
    properties.insert("id".into(), schema(&names::of(resource, "id")));
    properties.insert("attributes".into(), schema(&names::of(resource, "attributes")));
    properties.insert("relationships".into(), schema(&names::of(resource, "relationships")));
    properties.insert("links".into(), common("links"));
    properties.insert("meta".into(), common("meta"));
    let mut object = json!({"type": "object", "required": ["type", "id"], "properties": properties});
    describe(&mut object, resource.docs.resource);
    object
}

/// The attributes that documents of answers have. None is required: a client may ask for some of them only, by
/// `fields`.
fn attributes(described: Described) -> Value {
    let resource = described.resource;
    let mut properties = Map::new();
    for (id, attribute) in resource.attributes_by_id().filter(|(_, attribute)| attribute.access.is_shown()) {
        let mut schema = value(attribute);
        let guarded = described.behaviour.attributes.readers().iter().any(|(known, _)| *known == id);
        let note = if guarded { "Not every caller sees it." } else { "" };
        describe(&mut schema, &paragraphs([resource.docs.attribute(id), note]));
        if attribute.access == Access::ReadOnly || is_kept(resource, id) {
            mark(&mut schema, "readOnly");
        }
        properties.insert(attribute.name.into(), schema);
    }
    for name in resource.computed.names {
        let schema =
            json!({"readOnly": true, "description": "Computed by the server from the other values."});
        properties.insert((*name).into(), schema);
    }
    json!({"type": "object", "properties": properties})
}

fn mark(schema: &mut Value, keyword: &str) {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert(keyword.into(), true.into());
    }
}

/// Texts with an empty line between them.
pub(super) fn paragraphs<const N: usize>(texts: [&str; N]) -> String {
    let texts: Vec<&str> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    texts.join("\n\n")
}

/// Whether the server itself sets the attribute, at each change.
fn is_kept(resource: &Description, id: AttributeId) -> bool {
    resource.kept().any(|(kept, _)| kept == id)
}

/// The values of an attribute.
pub(super) fn value(attribute: &Attribute) -> Value {
    let schema = (attribute.json_schema)();
    if !attribute.nullable || attribute.kind == Kind::Json {
        return schema;
    }
    or_null(schema)
}

/// A schema that also takes null.
pub(super) fn or_null(mut schema: Value) -> Value {
    let Some(object) = schema.as_object_mut() else { return schema };
    match object.get_mut("type") {
        Some(Value::String(name)) => {
            let name = std::mem::take(name);
            object.insert("type".into(), json!([name, "null"]));
        }
        _ => return json!({"anyOf": [schema, {"type": "null"}]}),
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.push(Value::Null);
    }
    schema
}

/// The relationship objects of a resource (JSON:API §7.2.2.2).
fn relationships(resource: &'static Description) -> Value {
    let mut properties = Map::new();
    for (id, relationship) in resource.relationship_members() {
        let mut object = json!({"type": "object", "properties": {
            "links": common("relationshipLinks"),
            "data": linkage_of(resource, id),
            "meta": common("meta"),
        }});
        describe(&mut object, resource.docs.relationship(id));
        properties.insert(relationship.name.into(), object);
    }
    json!({"type": "object", "properties": properties})
}

/// Resource linkage (JSON:API §7.2.2.4).
pub(super) fn linkage(target: &Description, is_to_many: bool) -> Value {
    let identifier = schema(&names::of(target, "identifier"));
    match is_to_many {
        true => json!({"type": "array", "items": identifier}),
        false => json!({"oneOf": [identifier, {"type": "null"}]}),
    }
}

/// The linkage of a relationship, which may lead to several types.
fn linkage_of(resource: &'static Description, id: RelationshipId) -> Value {
    match resource.relationship_at(id) {
        Some(relationship) if !relationship.is_polymorphic() => {
            linkage(relationship.target(), relationship.is_to_many())
        }
        _ => {
            json!({"oneOf": identifiers(resource, id).into_iter().chain([json!({"type": "null"})]).collect::<Vec<_>>()})
        }
    }
}

fn identifiers(resource: &'static Description, id: RelationshipId) -> Vec<Value> {
    resource.arms(id).map(|(_, arm)| schema(&names::of(arm.target(), "identifier"))).collect()
}

/// A resource identifier object (JSON:API §7.3).
fn identifier(resource: &Description) -> Value {
    json!({"type": "object", "required": ["type", "id"], "properties": {
        "type": {"const": resource.type_name},
        "id": schema(&names::of(resource, "id")),
        "meta": common("meta"),
    }})
}

/// What a POST sends.
fn create(described: Described, config: &JsonApiConfig) -> Value {
    let resource = described.resource;
    let mut required = vec!["type"];
    let (attributes, needs_attributes) = sent_attributes(described, Sent::ForNew);
    let (relationships, needs_relationships) = sent_relationships(resource, Sent::ForNew);
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
fn update(described: Described) -> Value {
    let resource = described.resource;
    sent(json!({"type": "object", "required": ["type", "id"], "properties": {
        "type": {"const": resource.type_name},
        "id": schema(&names::of(resource, "id")),
        "attributes": sent_attributes(described, Sent::ForChange).0,
        "relationships": sent_relationships(resource, Sent::ForChange).0,
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
        let guarded = described.behaviour.attributes.writers().iter().any(|(known, _)| *known == id);
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
fn sent_relationships(resource: &'static Description, sent: Sent) -> (Value, bool) {
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
            "data": data, "links": common("relationshipLinks"), "meta": common("meta"),
        }});
        describe(&mut object, resource.docs.relationship(id));
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

/// A document with this primary data.
fn document(data: Value, is_paged: bool) -> Value {
    json!({"type": "object", "required": ["data"], "properties": {
        "data": data,
        "included": {"type": "array", "items": common("resource")},
        "links": common(if is_paged { "pageLinks" } else { "links" }),
        "meta": common("meta"),
        "jsonapi": common("version"),
    }})
}

/// A document of linkage (JSON:API §8.3).
fn linkage_document(data: Value, is_paged: bool) -> Value {
    document(data, is_paged)
}

/// The schemas that all resources share.
pub(super) fn add_common(resources: &[Described], schemas: &mut Map<String, Value>) {
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
    add("meta", json!({"type": "object"}));
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
            "meta": common("meta"),
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
