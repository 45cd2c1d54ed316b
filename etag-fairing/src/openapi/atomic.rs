//! `POST /operations`: several changes in one request (<https://jsonapi.org/ext/atomic>).

use serde_json::{Map, Value, json};

use super::names::{self, schema};
use super::responses::{Refusals, Responses};
use super::schemas::{Described, common};
use crate::config::JsonApiConfig;
use crate::error::MEDIA_TYPE;
use crate::negotiate::ATOMIC;

/// The tag of the operation.
pub(super) const TAG: &str = "operations";

/// The media type of requests and answers, which names the extension.
pub(super) fn media_type() -> String {
    format!("{MEDIA_TYPE};ext=\"{ATOMIC}\"")
}

/// Adds the schemas of the extension's documents.
pub(super) fn add(resources: &[Described], config: &JsonApiConfig, schemas: &mut Map<String, Value>) {
    let of_each = |ending: &str| -> Vec<Value> {
        resources.iter().map(|known| schema(&names::of(known.resource, ending))).collect()
    };
    let identifier = json!({"anyOf": of_each("identifier")});
    let resource = json!({
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": {"enum": resources.iter().map(|known| known.resource.type_name).collect::<Vec<_>>()},
            "id": {"type": "string"},
            "lid": {"type": "string", "description": "A name within this request, where there is no id yet."},
            "attributes": {"type": "object"},
            "relationships": {"type": "object"},
            "meta": common("meta"),
        },
    });
    let reference = json!({
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": {"type": "string"}, "id": {"type": "string"}, "lid": {"type": "string"},
            "relationship": {"type": "string", "description": "The relationship that is changed."},
        },
    });
    let preconditions = json!({
        "type": "object",
        "properties": {
            "ifMatch": {
                "description": "The entity tag of the state that the operation is meant for, with its quotes; several; or `*`.",
                "anyOf": [
                    {"type": "string"},
                    {"type": "array", "items": {"type": "string"}, "minItems": 1},
                ],
            },
            "ifUnmodifiedSince": {"type": "string", "description": "A date as HTTP has it (RFC 9110 §5.6.7)."},
        },
    });
    schemas.insert(
        names::common("operation"),
        json!({
            "type": "object",
            "required": ["op"],
            "properties": {
                "op": {"enum": ["add", "update", "remove"]},
                "ref": reference,
                "href": {"type": "string", "format": "uri-reference", "description": "In place of `ref`."},
                "data": {"description": "A resource object, or linkage where a relationship is named.", "anyOf": [
                    resource, identifier, {"type": "array", "items": reference_to(resources)}, {"type": "null"},
                ]},
                "meta": preconditions,
            },
        }),
    );
    schemas.insert(
        names::common("operations"),
        json!({
            "type": "object",
            "required": ["atomic:operations"],
            "properties": {"atomic:operations": {
                "type": "array",
                "minItems": 1,
                "maxItems": config.max_operations,
                "items": common("operation"),
            }},
        }),
    );
    let result = json!({"type": "object", "properties": {
        "data": {"anyOf": [common("resource"), {"type": "null"}]},
        "meta": {"type": "object", "properties": {"etag": {"type": "string"}}},
    }});
    schemas.insert(
        names::common("results"),
        json!({
            "type": "object",
            "required": ["atomic:results"],
            "properties": {
                "atomic:results": {"type": "array", "items": result},
                "links": common("links"),
                "meta": common("meta"),
                "jsonapi": common("version"),
            },
        }),
    );
}

/// An identifier of whatever type, which may have a local id.
fn reference_to(resources: &[Described]) -> Value {
    json!({"type": "object", "required": ["type"], "properties": {
        "type": {"enum": resources.iter().map(|known| known.resource.type_name).collect::<Vec<_>>()},
        "id": {"type": "string"},
        "lid": {"type": "string"},
        "meta": common("meta"),
    }})
}

/// The operation of the endpoint of this number, from 0: each part of an application with a database of its own has one.
pub(super) fn operation(number: usize, refusals: &mut Refusals) -> Value {
    let mut responses = Responses::of_media_type(media_type());
    responses.success(
        200,
        "All of them are made. The results stand in the order of the operations.",
        Some(&names::common("results")),
        &Map::new(),
    );
    responses.success(204, "All of them are made, and there is nothing to tell.", None, &Map::new());
    // All that single requests are refused by may come, and what guards, hooks and scopes answer.
    responses.any_error();
    json!({
        "operationId": if number == 0 { TAG.to_owned() } else { format!("{TAG}.{}", number + 1) },
        "tags": [TAG],
        "summary": "Make several changes at once",
        "description": "All operations are made in one transaction, in their order, or none is. Each may name the state that \
                        it is meant for, in `meta.ifMatch`: then it is refused by 412 if its resource has another one.",
        "requestBody": {"required": true, "content": {
            media_type(): {"schema": common("operations")},
        }},
        "responses": responses.into_value("operations", refusals),
    })
}
