//! Documents of the application's own, for routes that are written by hand.

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, OpenApi};
use rocket::error::ErrorKind;
use rocket::local::blocking::Client;
use rocket::{Build, Rocket};
use serde_json::{Value, json};

use crate::support;

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

const TOML: &str =
    "[default]\nlog_level = 'off'\nETAG = true\n[default.databases.api]\nurl = 'sqlite::memory:'\n";

fn rocket(openapi: OpenApi) -> Rocket<Build> {
    rocket::custom(support::figment(TOML))
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/v1", Note::routes())
        .mount("/v1", openapi.routes())
}

fn merged(other: &Value) -> Result<Value, String> {
    let openapi = JsonApi::openapi().merge(other.clone());
    openapi.document(&rocket(JsonApi::openapi()), "/v1").map_err(|error| error.to_string())
}

/// As utoipa 5 writes it of
/// `#[utoipa::path(post, path = "/v1/notes/{id}/print", tag = "printer", request_body = Job, params(("id" = i64, Path)))]`.
fn by_utoipa() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "printer", "description": "", "license": {"name": "MIT"}, "version": "0.1.0"},
        "paths": {"/v1/notes/{id}/print": {"post": {
            "tags": ["printer"],
            "summary": "Prints a note.",
            "operationId": "print",
            "parameters": [
                {"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "format": "int64"}},
            ],
            "requestBody": {
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}},
                "required": true,
            },
            "responses": {"202": {"description": "It is in the queue."}},
        }}},
        "components": {"schemas": {"Job": {
            "type": "object",
            "required": ["copies"],
            "properties": {"copies": {"type": "integer", "format": "int32", "minimum": 0}},
        }}},
        "tags": [{"name": "printer", "description": "On the second floor."}],
    })
}

#[test]
fn a_document_by_utoipa_joins_and_the_whole_is_valid() {
    let document = merged(&by_utoipa()).expect("a document");
    let own = by_utoipa();
    assert_eq!(document["paths"]["/v1/notes/{id}/print"], own["paths"]["/v1/notes/{id}/print"]);
    assert_eq!(document["components"]["schemas"]["Job"], own["components"]["schemas"]["Job"]);
    assert!(document["tags"].as_array().unwrap().contains(&own["tags"][0]));
    // Its title and version are not the API's.
    assert_eq!(document["info"]["title"], "JSON:API");
    let schema: Value = serde_json::from_str(include_str!("../../../tests/schema/openapi-3.1.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&document));
}

#[test]
fn another_method_of_a_path_joins_beside_the_generated_ones() {
    let put = json!({"responses": {"204": {"description": "Done."}}});
    let document = merged(&json!({"paths": {"/v1/notes/{id}": {
        "put": put, "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}],
    }}}));
    let item = &document.expect("a document")["paths"]["/v1/notes/{id}"];
    assert_eq!(item["put"], put);
    assert_eq!(item["get"]["operationId"], "notes.read");
    assert_eq!(item["parameters"][0]["schema"]["$ref"], "#/components/schemas/notes.id");
}

#[test]
fn what_is_said_twice_must_be_the_same() {
    let known = merged(&json!({})).unwrap();
    let same = json!({"paths": {"/v1/notes": {"get": known["paths"]["/v1/notes"]["get"]}},
        "components": {"schemas": {"notes": known["components"]["schemas"]["notes"]}}});
    // The same operation at the same place is no second one.
    assert_eq!(merged(&same).as_ref(), Ok(&known));
    for (other, told) in [
        (json!({"paths": {"/v1/notes": {"get": {"responses": {}}}}}), "GET /v1/notes"),
        (json!({"components": {"schemas": {"notes": {"type": "object"}}}}), "components/schemas/notes"),
        (json!({"components": {"headers": {"ETag": {}}}}), "components/headers/ETag"),
        (
            json!({"paths": {"/v1/print": {"post": {"operationId": "notes.list", "responses": {}}}}}),
            "the operationId \"notes.list\" of POST /v1/print",
        ),
    ] {
        let refused = merged(&other).expect_err(told);
        assert!(refused.contains(told), "{refused}");
    }
}

#[test]
fn a_contradiction_stops_the_launch() {
    let other = json!({"components": {"schemas": {"notes": {"type": "object"}}}});
    let refused = Client::tracked(rocket(JsonApi::openapi().merge(other))).expect_err("a refusal");
    assert!(matches!(refused.kind(), ErrorKind::FailedFairings(_)), "{refused}");
    assert!(Client::tracked(rocket(JsonApi::openapi().merge(by_utoipa()))).is_ok());
}
