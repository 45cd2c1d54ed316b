//! The schemas of a resource: its object, its documents, and what requests send (JSON Schema, draft 2020-12).

use serde_json::{Map, Value, json};

use super::filters;
use super::names::{self, schema};
use super::requests;
use crate::config::JsonApiConfig;
use crate::resource::behaviour::Behaviour;
use crate::resource::guard::MemberAccess;
pub(super) use crate::schema::attribute_type::or_null;
use crate::schema::{Access, Attribute, AttributeId, Description, IdKind, Kind, MemberId, RelationshipId};

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

impl Described {
    /// Whether not every caller may read or write a member.
    pub(super) fn is_guarded(self, member: impl Into<MemberId>, access: MemberAccess) -> bool {
        let member = member.into();
        self.behaviour.members.of(access).iter().any(|(known, _)| *known == member)
    }
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
    add("relationships", relationships(described));
    add("identifier", identifier(resource));
    add("create", requests::create(described, config));
    add("update", requests::update(described));
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
        if relationship.is_to_many() {
            let related: Vec<Value> = related.collect();
            let linkage = linkage_of(resource, id);
            add("collection", document(json!({"type": "array", "items": {"oneOf": related}}), true));
            add("toMany", linkage_document(linkage.clone(), false));
            add(
                "changeToMany",
                json!({"type": "object", "required": ["data"], "properties": {
                    "data": linkage, "meta": common("meta"),
                }}),
            );
            continue;
        }
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
    let meta = if resource.has_state_tag() { "resourceMeta" } else { "meta" };
    properties.insert("meta".into(), common(meta));
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
        let guarded = described.is_guarded(id, MemberAccess::Read);
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

pub(super) fn mark(schema: &mut Value, keyword: &str) {
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
pub(super) fn is_kept(resource: &Description, id: AttributeId) -> bool {
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

/// The relationship objects of a resource (JSON:API §7.2.2.2).
fn relationships(described: Described) -> Value {
    let resource = described.resource;
    let mut properties = Map::new();
    for (id, relationship) in resource.relationship_members() {
        let mut object = json!({"type": "object", "properties": {
            "links": common("relationshipLinks"),
            "data": linkage_of(resource, id),
            "meta": common("meta"),
        }});
        let note =
            if described.is_guarded(id, MemberAccess::Read) { "Not every caller sees it." } else { "" };
        describe(&mut object, &paragraphs([resource.docs.relationship(id), note]));
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
pub(super) fn linkage_of(resource: &'static Description, id: RelationshipId) -> Value {
    match resource.relationship_at(id) {
        Some(relationship) if !relationship.is_polymorphic() => {
            linkage(relationship.target(), relationship.is_to_many())
        }
        Some(relationship) if relationship.is_to_many() => {
            json!({"type": "array", "items": {"oneOf": identifiers(resource, id)}})
        }
        _ => {
            json!({"oneOf": identifiers(resource, id).into_iter().chain([json!({"type": "null"})]).collect::<Vec<_>>()})
        }
    }
}

pub(super) fn identifiers(resource: &'static Description, id: RelationshipId) -> Vec<Value> {
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
