//! The OpenAPI document: that it is valid, and that it says what the routes do.
//!
//! Beside these tests, every answer that any test of this package receives is checked by it (`support`).
#![cfg(feature = "sqlite")]

mod described_by;
#[cfg(feature = "explorer")]
mod explorer;
mod merging;
mod parameters;
mod stability;
#[path = "../support/mod.rs"]
mod support;

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, OpenApi, ToMany, ToOne};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Build, Rocket};
use serde_json::{Value, json};
use support::Server;

/// How far a talk is.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Draft,
    InReview,
}

/// A talk.
///
/// It has *speakers*.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "talks", etag, guard(delete = Admin))]
struct Talk {
    /// Made by the server.
    #[jsonapi(id)]
    id: i64,
    /// What it is called.
    title: String,
    abstract_: Option<String>,
    minutes: u8,
    #[jsonapi(text)]
    state: State,
    tags: Vec<String>,
    #[jsonapi(write_only, default)]
    secret: String,
    #[jsonapi(read_only, default)]
    votes: i32,
    #[jsonapi(version)]
    version: i64,
    /// Where it is.
    #[jsonapi(relationship, required)]
    room: ToOne<Room>,
    #[jsonapi(relationship, through = "talk_speakers")]
    speakers: ToMany<Speaker>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "rooms", etag, require_if_match)]
struct Room {
    #[jsonapi(id)]
    id: uuid::Uuid,
    name: String,
    #[jsonapi(relationship, inverse = "room")]
    talks: ToMany<Talk>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "speakers")]
struct Speaker {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

struct Admin;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Admin {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("X-User") {
            Some("admin") => Outcome::Success(Self),
            _ => Outcome::Error((Status::Unauthorized, ())),
        }
    }
}

fn described() -> OpenApi {
    JsonApi::openapi()
        .title("Talks")
        .version("1.2.3")
        .security_scheme("bearer", json!({"type": "http", "scheme": "bearer"}))
        .guard::<Admin>("bearer")
        .merge(json!({
            "paths": {"/v1/health": {"get": {"responses": {"200": {"description": "Well."}}}}},
            "components": {"schemas": {"health": {"type": "object"}}},
            "tags": [{"name": "by hand"}],
        }))
}

fn build(rocket: Rocket<Build>) -> Rocket<Build> {
    rocket
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/v1", Talk::routes())
        .mount("/v1", Room::routes())
        .mount("/v1", Speaker::routes())
        .mount("/v1", described().routes())
}

const TOML: &str = "[default]\nETAG = true\n[default.databases.api]\nurl = 'sqlite::memory:'\n";

fn document() -> Value {
    let rocket = build(rocket::custom(support::figment(TOML)));
    described().document(&rocket, "/v1").expect("a document")
}

/// <https://spec.openapis.org/oas/3.1/schema/2022-10-07>
#[test]
fn the_document_is_valid_by_the_schema_of_openapi() {
    let schema: Value = serde_json::from_str(include_str!("../../../tests/schema/openapi-3.1.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let document = document();
    let faults: Vec<String> =
        validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(!validator.is_valid(&json!({"openapi": "3.1.0"})), "the schema refuses something");
}

#[test]
fn each_reference_leads_somewhere() {
    fn walk(value: &Value, document: &Value, found: &mut usize) {
        match value {
            Value::Object(members) => {
                if let Some(at) = members.get("$ref").and_then(Value::as_str) {
                    let pointer = at.strip_prefix('#').expect("a reference into the document");
                    assert!(document.pointer(pointer).is_some(), "{at} leads nowhere");
                    *found += 1;
                }
                members.values().for_each(|member| walk(member, document, found));
            }
            Value::Array(elements) => elements.iter().for_each(|element| walk(element, document, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = 0;
    walk(&document, &document, &mut found);
    assert!(found > 100, "{found}");
}

#[test]
fn doc_comments_are_descriptions() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["talks"]["description"], "A talk.\n\nIt has *speakers*.");
    assert_eq!(schemas["talks.id"]["description"], "Made by the server.");
    assert_eq!(schemas["talks.attributes"]["properties"]["title"]["description"], "What it is called.");
    assert_eq!(schemas["talks.relationships"]["properties"]["room"]["description"], "Where it is.");
    assert_eq!(schemas["rooms"].get("description"), None);
    assert_eq!(document["tags"][2]["description"], "A talk.\n\nIt has *speakers*.");
}

#[test]
fn the_schemas_say_what_requests_may_send() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let create = &schemas["talks.create"]["properties"]["data"];
    assert_eq!(create["required"], json!(["type", "attributes", "relationships"]));
    let attributes = &create["properties"]["attributes"];
    let text = json!({"type": "string", "pattern": r"^[^\u0000]*$"});
    assert_eq!(attributes["required"], json!(["title", "minutes", "state", "tags"]));
    assert_eq!(attributes["properties"]["minutes"], json!({"type": "integer", "minimum": 0, "maximum": 255}));
    assert_eq!(attributes["properties"]["state"], json!({"type": "string", "enum": ["draft", "in-review"]}));
    assert_eq!(attributes["properties"]["tags"], json!({"type": "array", "items": text}));
    assert_eq!(
        attributes["properties"]["secret"],
        json!({"type": "string", "pattern": r"^[^\u0000]*$", "writeOnly": true})
    );
    for server_side in ["votes", "version"] {
        assert_eq!(attributes["properties"].get(server_side), None, "{server_side}");
    }
    assert_eq!(create["properties"]["relationships"]["required"], json!(["room"]));
    assert_eq!(create["properties"].get("id"), None, "the server makes the ids");
    let shown = &schemas["talks.attributes"]["properties"];
    assert_eq!(shown.get("secret"), None);
    assert_eq!(shown["votes"]["readOnly"], true);
    assert_eq!(shown["version"]["readOnly"], true);
    let update = &schemas["talks.update"]["properties"]["data"];
    assert_eq!(update["required"], json!(["type", "id"]));
    assert_eq!(update["properties"]["attributes"].get("required"), None);
    let inverse = &schemas["rooms.update"]["properties"]["data"]["properties"]["relationships"]["properties"];
    assert_eq!(inverse.get("talks"), None, "linkage that is not shown cannot be replaced");
}

#[test]
fn parameters_have_types() {
    let document = document();
    let parameters = &document["components"]["parameters"];
    assert_eq!(parameters["page.size"]["schema"], json!({"type": "integer", "minimum": 1, "maximum": 100}));
    assert_eq!(
        parameters["talks.filter.minutes.ge"],
        json!({"name": "filter[minutes][ge]", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": 255}})
    );
    assert_eq!(parameters["talks.filter.state.in"]["schema"]["items"]["enum"], json!(["draft", "in-review"]));
    assert_eq!(
        parameters["talks.filter.tags.any"]["schema"]["items"],
        json!({"type": "string", "pattern": r"^[^,\u0000]+$"})
    );
    assert_eq!(parameters.get("talks.filter.secret"), None);
    assert_eq!(parameters.get("talks.filter.tags.like"), None);
    let include = &parameters["talks.include"]["schema"]["items"]["enum"];
    let paths: Vec<&str> = include.as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    assert!(paths.starts_with(&["room", "speakers", "room.talks"]), "{paths:?}");
    assert_eq!(parameters.get("speakers.include"), None);
    // What is included has pages and an order of its own.
    assert_eq!(
        parameters["rooms.window.talks.size"]["schema"],
        json!({"type": "integer", "minimum": 1, "maximum": 100})
    );
    let sort = &parameters["rooms.window.talks.sort"];
    assert_eq!(sort["name"], "sort[talks]");
    assert_eq!(sort["schema"], parameters["talks.sort"]["schema"]);
    let sorted = sort["schema"]["items"]["enum"].as_array().unwrap();
    assert!(["-id", "title", "room.name"].iter().all(|path| sorted.contains(&json!(path))), "{sorted:?}");
    assert_eq!(parameters.get("talks.window.room.size"), None);
    let named = |path: &str| document["paths"][path]["get"]["parameters"].to_string();
    assert!(named("/v1/rooms/{id}").contains("rooms.window.talks.totals"));
    let linkage = named("/v1/rooms/{id}/relationships/talks");
    assert!(linkage.contains("talks.sort") && linkage.contains("talks.filter.minutes.ge"), "{linkage}");
}

#[test]
fn filters_in_json_have_a_schema() {
    let document = document();
    let items = &document["components"]["parameters"]["talks.filter"]["content"]["application/json"]["schema"]
        ["items"];
    assert_eq!(items["$ref"], "#/components/schemas/talks.filter");
    let schema = json!({"$ref": items["$ref"], "components": document["components"]});
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (expression, fits) in [
        (json!({"name": "title", "op": "like", "val": "a%"}), true),
        (json!({"name": "title", "op": "like", "val": r"a\"}), false),
        (json!({"name": "title", "op": "like", "val": "%a%b%c%d%e%f%g%h%i"}), false),
        (json!({"name": "title", "op": "contains", "val": "é".repeat(512)}), true),
        (json!({"name": "title", "op": "contains", "val": "e".repeat(513)}), false),
        (json!({"name": "minutes", "op": "ge", "val": 3}), true),
        (json!({"name": "minutes", "op": "ge", "val": 300}), false),
        (json!({"name": "minutes", "op": "ge", "val": null}), false),
        (json!({"name": "minutes", "op": "ne", "val": null}), true),
        (json!({"name": "minutes", "op": "in_", "val": [1, 2]}), true),
        (json!({"name": "minutes", "op": "between", "val": [1, 2, 3]}), false),
        (json!({"name": "tags", "op": "any", "val": ["a"]}), true),
        (json!({"name": "minutes", "op": "gt", "field": "id"}), true),
        (json!({"name": "minutes", "op": "gt", "field": "title"}), false),
        (json!({"name": "room", "op": "has", "val": {"name": "name", "op": "eq", "val": "Hall"}}), true),
        (json!({"name": "room", "op": "has", "val": {"name": "minutes", "op": "eq", "val": 1}}), false),
        (json!({"name": "speakers", "op": "count", "val": {"ge": 2}}), true),
        (json!({"name": "room.name", "op": "eq", "val": "Hall"}), true),
        (json!({"name": "secret", "op": "eq", "val": "x"}), false),
        (json!({"or": [{"not": {"name": "id", "op": "eq", "val": "1"}}]}), true),
        (json!({"or": []}), false),
        (json!({"or": [], "and": []}), false),
    ] {
        assert_eq!(validator.is_valid(&expression), fits, "{expression}");
    }
    // What fits is accepted.
    let server = Server::start(TOML, build);
    for expression in [
        json!([{"name": "title", "op": "contains", "val": "é".repeat(512)}]),
        json!([{"name": "speakers", "op": "count", "val": {"ge": 2}}, {"name": "minutes", "op": "gt", "field": "id"}]),
        json!([]),
    ] {
        let bytes = expression.to_string().into_bytes();
        let filter: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
        server.get(&format!("/v1/talks?filter={filter}"), &[]).is(200);
    }
}

#[test]
fn tags_and_preconditions_stand_where_they_apply() {
    let document = document();
    let responses = |path: &str, method: &str| document["paths"][path][method]["responses"].clone();
    let read = responses("/v1/talks/{id}", "get");
    assert!(
        read["200"]["headers"].get("ETag").is_some()
            && read.get("304").is_some()
            && read.get("412").is_some()
    );
    assert_eq!(responses("/v1/talks/{id}", "patch").get("428"), None);
    assert!(responses("/v1/rooms/{id}", "patch").get("428").is_some());
    let untagged = responses("/v1/speakers/{id}", "get");
    assert!(untagged.get("304").is_none() && untagged["200"].get("headers").is_none());
    let fields = |path: &str, method: &str| document["paths"][path][method]["parameters"].to_string();
    assert!(fields("/v1/talks/{id}", "patch").contains("If-Match"));
    assert!(!fields("/v1/speakers/{id}", "patch").contains("If-Match"));
    assert!(fields("/v1/rooms/{id}", "patch").contains("If-Match.required"));
    assert!(!fields("/v1/talks/{id}", "patch").contains("If-Match.required"));
    assert_eq!(document["components"]["parameters"]["If-Match.required"]["required"], true);
}

#[test]
fn answers_lead_to_the_next_operations() {
    let document = document();
    let links = |path: &str, method: &str, status: &str| -> Vec<String> {
        let links = document["paths"][path][method]["responses"][status]["links"].as_object();
        links.into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let created = links("/v1/talks", "post", "201");
    for next in ["read", "update", "delete", "related.speakers", "relationship.room"] {
        assert!(created.contains(&format!("talks.{next}")), "{next}: {created:?}");
    }
    let update = &document["components"]["links"]["talks.update"];
    assert_eq!(
        update["parameters"],
        json!({"id": "$response.body#/data/id", "If-Match": "$response.header.ETag"})
    );
    // Linkage has a tag of its own.
    assert!(!created.iter().any(|next| next.contains("_relationship.")), "{created:?}");
    let linkage = links("/v1/talks/{id}/relationships/speakers", "get", "200");
    assert_eq!(linkage.len(), 3, "{linkage:?}");
    let add = &document["components"]["links"]["talks.add_to_relationship.speakers"];
    assert_eq!(add["parameters"], json!({"id": "$request.path.id", "If-Match": "$response.header.ETag"}));
    // What has no tags takes none.
    assert_eq!(
        document["components"]["links"]["speakers.update"]["parameters"],
        json!({"id": "$response.body#/data/id"})
    );
    let operations: Vec<&Value> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| {
            item.as_object().unwrap().values().filter_map(|operation| operation.get("operationId"))
        })
        .collect();
    for (name, link) in document["components"]["links"].as_object().unwrap() {
        assert!(operations.contains(&&link["operationId"]), "{name}");
    }
}

#[test]
fn guards_name_their_security_scheme() {
    let document = document();
    let delete = &document["paths"]["/v1/talks/{id}"]["delete"];
    assert_eq!(delete["security"], json!([{"bearer": []}]));
    assert_eq!(delete["description"], "Only for requests that the server's guard lets through: Admin.");
    assert_eq!(document["paths"]["/v1/talks/{id}"]["get"].get("security"), None);
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

#[test]
fn hand_written_routes_join() {
    let document = document();
    assert_eq!(document["paths"]["/v1/health"]["get"]["responses"]["200"]["description"], "Well.");
    assert_eq!(document["components"]["schemas"]["health"]["type"], "object");
    assert!(document["tags"].as_array().unwrap().contains(&json!({"name": "by hand"})));
}

#[test]
fn it_is_served_with_a_tag_and_the_same_as_without_a_server() {
    let server = Server::start(TOML, build);
    let first = server.get("/v1/openapi.json", &[]).is(200);
    assert_eq!(first.field("content-type"), Some("application/json"));
    assert_eq!(serde_json::from_slice::<Value>(&first.body).unwrap(), document());
    let again = server.get("/v1/openapi.json", &[("If-None-Match", &first.tag())]).is(304);
    assert_eq!(again.tag(), first.tag());
    let schema = server.get("/v1/schemas/talks.json", &[]).is(200);
    assert_eq!(
        server.get("/v1/schemas/talks.json", &[("If-None-Match", &schema.tag())]).is(304).tag(),
        schema.tag()
    );
    let schema: Value = serde_json::from_slice(&schema.body).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&json!({"type": "talks", "id": "1", "attributes": {"minutes": 3}})));
    assert!(!validator.is_valid(&json!({"type": "talks", "id": "1", "attributes": {"minutes": 300}})));
    assert!(!validator.is_valid(&json!({"type": "rooms", "id": "1"})));
    for unknown in ["/v1/schemas/nothing.json", "/v1/schemas/talks", "/v1/schemas/jsonapi..error.json"] {
        server.get(unknown, &[]).is(404);
    }
}

#[test]
fn nothing_mounted_and_a_wrong_configuration_are_said() {
    let rocket = build(rocket::custom(support::figment(TOML)));
    let error = described().document(&rocket, "/v2").unwrap_err();
    assert_eq!(error.to_string(), "no resource is mounted at \"/v2\" or below it");
    let rocket = build(rocket::custom(support::figment("[default.jsonapi]\npage_size = 0\n")));
    let error = described().document(&rocket, "/v1").unwrap_err().to_string();
    assert!(error.contains("page_size"), "{error}");
}
