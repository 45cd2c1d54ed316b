//! `POST /operations`: several changes in one request (<https://jsonapi.org/ext/atomic>).

use serde_json::{Map, Value, json};

use super::names::{self, schema};
use super::operations::keeps_answers;
use super::responses::{Refusals, Responses};
use super::schemas::{Described, common};
use crate::config::JsonApiConfig;
use crate::error::MEDIA_TYPE;
use crate::idempotency::{IDEMPOTENCY_KEY, REPLAYED};
use crate::negotiate::ATOMIC;
use crate::resource::endpoint::{Endpoint, LinkageUpdate};
use crate::schema::Description;

/// The tag of the operation.
pub(super) const TAG: &str = "operations";

/// The media type of requests and answers, which names the extension.
pub(super) fn media_type() -> String {
    format!("{MEDIA_TYPE};ext=\"{ATOMIC}\"")
}

/// Adds the schemas of operations and results.
///
/// `serves` says whether a resource has the route that does the same.
pub(super) fn add(
    resources: &[Described],
    serves: &dyn Fn(&Description, Endpoint) -> bool,
    config: &JsonApiConfig,
    schemas: &mut Map<String, Value>,
) {
    let mut of_resources = Vec::new();
    for described in resources {
        let resource = described.resource;
        schemas.insert(names::of(resource, "reference"), reference(resource));
        let operations = operations_of(resource, serves, schemas);
        if !operations.is_empty() {
            schemas.insert(names::of(resource, "operation"), json!({"anyOf": operations}));
            of_resources.push(schema(&names::of(resource, "operation")));
        }
    }
    let shown: Vec<Value> = resources.iter().map(|known| schema(&names::of(known.resource, ""))).collect();
    let operations = json!({"type": "object", "required": ["atomic:operations"], "properties": {
        "atomic:operations": {"type": "array", "minItems": 1, "maxItems": config.max_operations,
            "items": {"anyOf": of_resources}},
        "meta": common("meta"),
        "jsonapi": common("version"),
    }});
    let results = json!({"type": "object", "required": ["atomic:results"], "properties": {
        "atomic:results": {"type": "array", "minItems": 1, "items": {"type": "object", "properties": {
            "data": {"anyOf": shown},
            "meta": {"type": "object", "properties": {"etag": {"type": "string"}}},
        }, "additionalProperties": false}},
        "meta": common("meta"),
        "jsonapi": common("version"),
    }});
    let tag = json!({"type": "string", "description": "An entity tag with its quotes, or `*`."});
    let conditions = json!({"type": "object", "properties": {
        "ifMatch": {"anyOf": [tag, {"type": "array", "minItems": 1, "items": {"type": "string"}}]},
        "ifUnmodifiedSince": {"type": "string", "description": "An HTTP date."},
    }});
    for (name, schema) in [("operations", operations), ("results", results), ("conditions", conditions)] {
        schemas.insert(names::common(name), schema);
    }
}

/// A resource that is there, by its id, or one that this request makes, by its local id.
fn reference(resource: &Description) -> Value {
    json!({"type": "object", "required": ["type"], "properties": {
        "type": {"const": resource.type_name},
        "id": schema(&names::of(resource, "id")),
        "lid": {"type": "string"},
        "meta": common("meta"),
    }, "oneOf": [{"required": ["id"]}, {"required": ["lid"]}]})
}

/// What operations may do with a resource.
fn operations_of(
    resource: &'static Description,
    serves: &dyn Fn(&Description, Endpoint) -> bool,
    schemas: &Map<String, Value>,
) -> Vec<Value> {
    let serves = |endpoint| serves(resource, endpoint);
    let data = |ending: &str| {
        let document = schemas.get(&names::of(resource, ending))?;
        Some(with_local_ids(document.get("properties")?.get("data")?.clone()))
    };
    let operation = |title: String, required: &[&str], mut properties: Value| {
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("href".into(), json!({"type": "string", "format": "uri-reference"}));
        }
        json!({"title": title, "type": "object", "required": required, "properties": properties})
    };
    let (type_name, own) = (resource.type_name, schema(&names::of(resource, "reference")));
    let mut operations = Vec::new();
    if let Some(data) = data("create").filter(|_| serves(Endpoint::Create)) {
        let properties = json!({"op": {"const": "add"}, "data": data});
        operations.push(operation(format!("Create one of {type_name}"), &["op", "data"], properties));
    }
    if let Some(data) = data("update").filter(|_| serves(Endpoint::Update)) {
        let properties =
            json!({"op": {"const": "update"}, "ref": own, "data": data, "meta": common("conditions")});
        operations.push(operation(format!("Change one of {type_name}"), &["op", "data"], properties));
    }
    if serves(Endpoint::Delete) {
        let properties = json!({"op": {"const": "remove"}, "ref": own, "meta": common("conditions")});
        operations.push(operation(format!("Delete one of {type_name}"), &["op"], properties));
    }
    for endpoint in Endpoint::of(resource) {
        let Endpoint::UpdateRelationship(relationship, LinkageUpdate::Replace) = endpoint else { continue };
        let ending = if relationship.is_to_many() { "changeToMany" } else { "changeToOne" };
        let document = match relationship.is_polymorphic() {
            true => names::of_relationship(resource, relationship.name, ending),
            false => names::of(relationship.target(), ending),
        };
        let Some(linkage) =
            schemas.get(&document).and_then(|document| document.get("properties")?.get("data"))
        else {
            continue;
        };
        let codes = [
            ("add", LinkageUpdate::Add),
            ("update", LinkageUpdate::Replace),
            ("remove", LinkageUpdate::Remove),
        ];
        let is_served = |update| serves(Endpoint::UpdateRelationship(relationship, update));
        let codes: Vec<&str> =
            codes.into_iter().filter(|(_, update)| is_served(*update)).map(|(code, _)| code).collect();
        if codes.is_empty() {
            continue;
        }
        let target = json!({"allOf": [own, {"required": ["relationship"],
            "properties": {"relationship": {"const": relationship.name}}}]});
        let properties = json!({"op": {"enum": codes}, "ref": target, "data": with_local_ids(linkage.clone()),
            "meta": common("conditions")});
        let title = format!("Change the {} of one of {type_name}", relationship.name);
        operations.push(operation(title, &["op", "data"], properties));
    }
    operations
}

/// The same schema, in which new resources may have local ids, and linkage may name them.
fn with_local_ids(mut schema: Value) -> Value {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut)
        && properties.contains_key("attributes")
    {
        properties.insert("lid".into(), json!({"type": "string"}));
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| name != "id");
    }
    refer_by_local_ids(&mut schema);
    schema
}

fn refer_by_local_ids(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(at) if name == "$ref" => {
                        if let Some(owner) = at.strip_suffix(".identifier") {
                            *at = format!("{owner}.reference");
                        }
                    }
                    member => refer_by_local_ids(member),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(refer_by_local_ids),
        _ => {}
    }
}

/// The operation of the endpoint of this number, from 0: each part of an application with a database of its own has one.
pub(super) fn operation(number: usize, config: &JsonApiConfig, refusals: &mut Refusals) -> Value {
    let mut responses = Responses::of_media_type(media_type());
    let mut parameters = vec![json!({
        "name": "Prefer",
        "in": "header",
        "schema": {"type": "string"},
        "description": "`return=representation`: after a 412 its `meta.current` is the resource of the operation as it is now \
                        (RFC 7240 §4.2).",
    })];
    let mut headers = Map::new();
    if keeps_answers(config) {
        parameters.push(names::parameter(IDEMPOTENCY_KEY));
        headers.insert(REPLAYED.into(), names::header(REPLAYED));
    }
    responses.success(
        200,
        "All of them are made. The results stand in the order of the operations.",
        Some(&names::common("results")),
        &headers,
    );
    responses.success(204, "All of them are made, and there is nothing to tell.", None, &headers);
    responses.of_keys(true, keeps_answers(config));
    for (status, codes) in REFUSALS {
        responses.error(*status, codes);
    }
    // And what guards, hooks and scopes answer.
    responses.any_error();
    json!({
        "operationId": if number == 0 { TAG.to_owned() } else { format!("{TAG}.{}", number + 1) },
        "tags": [TAG],
        "summary": "Make several changes at once",
        "description": "All operations are made in one transaction, in their order, or none is. Each may name the state that \
                        it is meant for, in `meta.ifMatch`: then it is refused by 412 if its resource has another one. A request that changes a resource whose single writes need an \
                        `Idempotency-Key` needs one, too.",
        "parameters": parameters,
        "requestBody": {"required": true, "content": {
            media_type(): {"schema": common("operations")},
        }},
        "responses": responses.into_value("operations", refusals),
    })
}

/// The statuses with the codes of their errors.
const REFUSALS: &[(u16, &[&str])] = &[
    (
        400,
        &[
            "malformed_json",
            "invalid_document",
            "missing_type",
            "missing_id",
            "invalid_linkage",
            "unknown_local_id",
            "invalid_precondition",
            "unknown_parameter",
            "invalid_parameter_name",
            "limit_exceeded",
        ],
    ),
    (401, &["unauthorized"]),
    (
        403,
        &[
            "forbidden",
            "operation_not_allowed",
            "client_id_not_allowed",
            "full_replacement_not_allowed",
            "part_of_id",
            "outside_scope",
        ],
    ),
    (404, &["resource_not_found", "relationship_not_found", "related_not_found"]),
    (406, &["not_acceptable"]),
    (409, &["type_mismatch", "id_mismatch", "id_exists", "unique_violation", "foreign_key_violation"]),
    (412, &["precondition_failed"]),
    (413, &["body_too_large"]),
    (415, &["unsupported_media_type"]),
    (422, &["validation_failed"]),
    (428, &["precondition_required"]),
    (500, &["internal", "unreadable_value"]),
    (503, &["unavailable"]),
    (504, &["outcome_unknown"]),
    (507, &["storage_full"]),
];
