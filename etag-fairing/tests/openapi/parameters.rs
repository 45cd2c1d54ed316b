//! That the server takes each parameter that the document has, and has those that it takes.

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne, ToOneOf};
use rocket::{Build, Rocket};
use serde_json::{Value, json};

use crate::support::{self, Server};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "songs", etag)]
struct Song {
    #[jsonapi(id)]
    id: i64,
    title: String,
    seconds: Option<i32>,
    live: bool,
    tags: Vec<String>,
    #[jsonapi(default)]
    played: chrono::DateTime<chrono::Utc>,
    #[jsonapi(last_modified)]
    changed: chrono::DateTime<chrono::Utc>,
    #[jsonapi(relationship)]
    band: ToOne<Band>,
    #[jsonapi(relationship, inverse = "on")]
    remarks: ToMany<Remark>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "bands", etag)]
struct Band {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, inverse = "band")]
    songs: ToMany<Song>,
    #[jsonapi(relationship, inverse = "on")]
    remarks: ToMany<Remark>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "remarks", etag)]
struct Remark {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship)]
    on: ToOneOf<(Song, Band)>,
}

const TOML: &str = "[default]\nETAG = true\n[default.databases.api]\nurl = 'sqlite::memory:'\n";

fn build(rocket: Rocket<Build>) -> Rocket<Build> {
    rocket
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/v1", Song::routes())
        .mount("/v1", Band::routes())
        .mount("/v1", Remark::routes())
        .mount("/v1", JsonApi::operations())
}

fn document() -> Value {
    JsonApi::openapi().document(&build(rocket::custom(support::figment(TOML))), "/v1").expect("a document")
}

/// What a reference leads to.
fn followed<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|at| at.strip_prefix('#'));
    pointer.map_or(value, |pointer| document.pointer(pointer).expect("a place"))
}

/// The parameters of an operation in the query of a URL.
fn queries<'a>(document: &'a Value, operation: &'a Value) -> impl Iterator<Item = &'a Value> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.map(|parameter| followed(document, parameter)).filter(|parameter| parameter["in"] == "query")
}

/// Text for each value that a parameter lists, or for one that its schema allows.
fn values(document: &Value, schema: &Value) -> Vec<String> {
    let schema = followed(document, schema);
    if let Some(listed) = schema["enum"].as_array() {
        return listed.iter().map(|value| value.as_str().map_or(value.to_string(), str::to_owned)).collect();
    }
    if let Some(forms) = schema["anyOf"].as_array() {
        return values(document, &forms[0]);
    }
    let name = schema["type"].as_str().or(schema["type"][0].as_str()).unwrap_or_default();
    vec![match (name, schema["format"].as_str()) {
        ("array", _) => {
            let of_items = values(document, &schema["items"]);
            if schema["minItems"].as_u64() < Some(2) {
                return of_items;
            }
            format!("{0},{0}", of_items[0])
        }
        ("string", Some("date-time")) => "2030-05-17T09:30:00Z".into(),
        ("string", _) => "1".into(),
        ("boolean", _) => "true".into(),
        ("integer" | "number", _) => schema["minimum"].as_i64().unwrap_or(1).max(1).to_string(),
        other => panic!("{other:?}: {schema}"),
    }]
}

/// The path of `include` that a window belongs to.
fn window(name: &str) -> Option<&str> {
    let (family, rest) = name.split_once('[')?;
    let brackets: Vec<&str> = rest.trim_end_matches(']').split("][").collect();
    match (family, brackets.as_slice()) {
        ("page", [path, _]) | ("sort", [path]) | ("filterIncluded", [path, ..]) => Some(path),
        _ => None,
    }
}

#[test]
fn the_server_takes_each_parameter_that_the_document_has() {
    let server = Server::start(TOML, build);
    let band = json!({"type": "bands", "attributes": {"name": "A"}});
    let song = json!({"type": "songs", "attributes": {"title": "B", "live": true, "tags": ["c"]},
        "relationships": {"band": {"data": {"type": "bands", "id": "1"}}}});
    let remark = json!({"type": "remarks", "attributes": {"text": "D"},
        "relationships": {"on": {"data": {"type": "songs", "id": "1"}}}});
    for (path, data) in [("/v1/bands", band), ("/v1/songs", song), ("/v1/remarks", remark)] {
        server.write("POST", path, &json!({"data": data})).is(201);
    }
    let document = document();
    let mut connection = server.connect();
    let mut number = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let url = path.replace("{id}", "1");
        for parameter in queries(&document, &item["get"]) {
            let name = parameter["name"].as_str().unwrap();
            // A cursor is text of a link. And what is related to a remark is a song here: it takes what songs take.
            if matches!(name, "page[after]" | "page[before]")
                || (path.ends_with("/on") && name != "fields[songs]")
            {
                continue;
            }
            let values = match parameter.get("content") {
                Some(_) => vec!["[{\"name\":\"id\",\"op\":\"eq\",\"val\":\"1\"}]".into()],
                None => values(&document, &parameter["schema"]),
            };
            for value in values {
                let counts = value.rsplit_once('.').filter(|_| name == "withCount").map(|(path, _)| path);
                let include = window(name).or(counts);
                let include = include.map_or(String::new(), |path| format!("&include={path}"));
                let query = format!("{name}={value}{include}");
                let query = query.replace('[', "%5B").replace(']', "%5D").replace('"', "%22");
                let query = query.replace('{', "%7B").replace('}', "%7D");
                let answer = connection.send("GET", &format!("{url}?{query}"), &[], "");
                assert_eq!(answer.status, 200, "{url}?{query}: {}", answer.text());
                number += 1;
            }
        }
    }
    assert!(number > 500, "{number}");
}

#[test]
fn what_only_some_urls_take_stands_there() {
    let document = document();
    let named = |path: &str| -> Vec<&str> {
        queries(&document, &document["paths"][path]["get"]).map(|one| one["name"].as_str().unwrap()).collect()
    };
    for (path, name) in [
        // Windows: each key, deeper paths, and filters.
        ("/v1/bands/{id}", "page[songs][size]"),
        ("/v1/bands/{id}", "page[songs][number]"),
        ("/v1/bands/{id}", "page[songs][offset]"),
        ("/v1/bands/{id}", "page[songs][limit]"),
        ("/v1/bands/{id}", "page[songs][totals]"),
        ("/v1/bands/{id}", "sort[songs]"),
        ("/v1/bands/{id}", "filterIncluded[songs]"),
        ("/v1/songs", "page[band.songs][size]"),
        // Numbers of related resources.
        ("/v1/bands", "filter[songs][count]"),
        ("/v1/bands", "filter[songs][count][ge]"),
        ("/v1/bands", "filter[songs][count][between]"),
        // What leads to one of several types takes what one of them takes.
        ("/v1/remarks/{id}/on", "include"),
        ("/v1/remarks/{id}/on", "withCount"),
        ("/v1/remarks/{id}/on", "fields[bands]"),
        // Linkage comes with the resources, if a client asks for them.
        ("/v1/bands/{id}/relationships/songs", "include"),
        ("/v1/songs/{id}/relationships/band", "include"),
        ("/v1/remarks/{id}/relationships/on", "include"),
    ] {
        assert!(named(path).contains(&name), "{path} without {name}: {:?}", named(path));
    }
    let values = |path: &str, name: &str| {
        let mut found = queries(&document, &document["paths"][path]["get"]).filter(|one| one["name"] == name);
        found.next().expect("a parameter")["schema"]["items"]["enum"].clone()
    };
    assert_eq!(values("/v1/songs/{id}/relationships/band", "include")[0], "band");
    let of_any = values("/v1/remarks/{id}/on", "include");
    let has = |path: &str| of_any.as_array().unwrap().iter().any(|known| known == path);
    assert!(has("band") && has("songs"), "{of_any}");
    assert_eq!(
        document["components"]["parameters"]["page.number"]["x-excludes"],
        json!(["page[offset]", "page[limit]", "page[after]", "page[before]"])
    );
}

#[test]
fn each_precondition_stands_where_it_changes_the_answer() {
    let document = document();
    let fields = |path: &str, method: &str| -> Vec<&str> {
        let parameters = document["paths"][path][method]["parameters"].as_array().into_iter().flatten();
        let parameters = parameters.map(|parameter| followed(&document, parameter));
        parameters.filter(|one| one["in"] == "header").map(|one| one["name"].as_str().unwrap()).collect()
    };
    let all = ["If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since"];
    assert_eq!(fields("/v1/songs/{id}", "get"), all);
    assert_eq!(
        fields("/v1/songs/{id}", "patch"),
        ["If-Match", "If-Unmodified-Since", "If-None-Match", "Prefer", "Idempotency-Key"]
    );
    assert_eq!(
        fields("/v1/bands/{id}", "delete"),
        ["If-Match", "If-None-Match", "Prefer", "Idempotency-Key"]
    );
    assert_eq!(fields("/v1/operations", "post"), ["Prefer", "Idempotency-Key"]);
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "orders", etag, idempotent)]
struct Order {
    #[jsonapi(id)]
    id: i64,
    amount: i64,
}

/// Each write takes a key, says what becomes of it, and needs one where its resource is `idempotent`.
#[test]
fn keys_stand_in_it_where_answers_are_kept() {
    let document_of =
        |rocket: Rocket<Build>| JsonApi::openapi().document(&rocket, "/v1").expect("a document");
    let kept = document_of(build(rocket::custom(support::figment(TOML))).mount("/v1", Order::routes()));
    let toml = format!("{TOML}[default.jsonapi]\nidempotency_keep = 0\n");
    let none = document_of(build(rocket::custom(support::figment(&toml))));
    let codes_of = |document: &Value, operation: &Value, status: &str| -> Vec<String> {
        let response = followed(document, &operation["responses"][status]);
        let codes = response["x-error-codes"].as_array().into_iter().flatten();
        codes
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .filter(|code| code.contains("idempotency"))
            .collect()
    };
    let key_of = |document: &Value, operation: &Value| -> Option<Value> {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let mut parameters = parameters.map(|parameter| followed(document, parameter));
        parameters.find(|one| one["name"] == "Idempotency-Key").cloned()
    };
    for (path, item) in kept["paths"].as_object().expect("paths") {
        for method in ["get", "post", "patch", "delete"] {
            let operation = &item[method];
            if operation.is_null() {
                continue;
            }
            let key = key_of(&kept, operation);
            assert_eq!(key.is_some(), method != "get", "{method} {path}");
            let other = &none["paths"][path][method];
            assert_eq!(key_of(&none, other), None, "{method} {path}");
            if !other.is_null() && method != "get" {
                let said = codes_of(&none, other, "400");
                assert_eq!(
                    said,
                    ["invalid_idempotency_key", "idempotency_key_not_supported"],
                    "{method} {path}"
                );
            }
            let Some(key) = key else { continue };
            let is_required = path.starts_with("/v1/orders");
            assert_eq!(key["required"] == true, is_required, "{method} {path}");
            let mut bad = vec!["idempotency_key_not_supported", "invalid_idempotency_key"];
            // Operations may be on orders.
            bad.extend((is_required || path == "/v1/operations").then_some("idempotency_key_required"));
            let mut said = codes_of(&kept, operation, "400");
            said.sort();
            bad.sort();
            assert_eq!(said, bad, "{method} {path}");
            assert_eq!(codes_of(&kept, operation, "409"), ["idempotency_key_in_use"], "{method} {path}");
            assert_eq!(codes_of(&kept, operation, "422"), ["idempotency_key_reused"], "{method} {path}");
            let answers = operation["responses"].as_object().expect("responses");
            for (status, answer) in answers.iter().filter(|(status, _)| status.starts_with('2')) {
                assert!(answer["headers"]["Idempotency-Replayed"].is_object(), "{method} {path} {status}");
            }
            let in_use = followed(&kept, &operation["responses"]["409"]);
            assert!(in_use["headers"]["Retry-After"].is_object(), "{method} {path}");
        }
    }
}

/// Where resources have tags, the document says where to find them, and by which profile.
#[test]
fn resource_objects_have_their_tags_in_meta() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let meta = followed(&document, &schemas["songs"]["properties"]["meta"]);
    let told = meta["properties"]["etag"]["description"].as_str().expect("a description");
    let profiles = document["x-jsonapi"]["profiles"].as_array().expect("profiles");
    let concurrency = profiles.iter().filter_map(Value::as_str).find(|uri| uri.ends_with("/concurrency.md"));
    assert!(told.contains(concurrency.expect("the profile")), "{told}");
    let error = followed(&document, &schemas["jsonapi..error"]["properties"]["meta"]);
    assert!(error["properties"]["current"].is_object() && error["properties"]["etag"].is_object(), "{error}");
}

/// The pattern of the document is that of the keys which the server takes.
#[test]
fn keys_of_the_pattern_are_taken() {
    let document = document();
    let key = &document["components"]["parameters"]["Idempotency-Key"]["schema"];
    let validator = jsonschema::validator_for(key).expect("a schema");
    let server = Server::start(TOML, build);
    let keys = [
        "\"8e03978e-40d5\"",
        "8e03978e-40d6",
        "\"a b, c\"",
        r#""a\"b\\c""#,
        "dGVzdA==",
        "\"",
        "a b",
        "\"\"",
        "a,b",
        &"k".repeat(255),
        &"k".repeat(256),
    ];
    for key in keys {
        let body = json!({"data": {"type": "bands", "attributes": {"name": key}}}).to_string();
        let fields = [("Content-Type", "application/vnd.api+json"), ("Idempotency-Key", key)];
        let response = server.send("POST", "/v1/bands", &fields, &body);
        let expected = if validator.is_valid(&json!(key)) { 201 } else { 400 };
        assert_eq!(response.status, expected, "{key}: {response:?}");
    }
}

#[test]
fn operations_stand_in_it_where_they_are_mounted() {
    let document = document();
    let operation = &document["paths"]["/v1/operations"]["post"];
    let media_type = "application/vnd.api+json;ext=\"https://jsonapi.org/ext/atomic\"";
    assert_eq!(
        operation["requestBody"]["content"][media_type]["schema"]["$ref"],
        "#/components/schemas/jsonapi..operations"
    );
    assert!(operation["responses"]["200"]["content"][media_type].is_object());
    assert_eq!(document["x-jsonapi"]["extensions"], json!(["https://jsonapi.org/ext/atomic"]));
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["jsonapi..operations"]["properties"]["atomic:operations"]["maxItems"], 100);
    let schema =
        json!({"$ref": "#/components/schemas/jsonapi..operations", "components": {"schemas": schemas}});
    let validator = jsonschema::validator_for(&schema).unwrap();
    let valid = json!({"atomic:operations": [
        {"op": "add", "data": {"type": "bands", "lid": "b", "attributes": {"name": "Rust"}}},
        {"op": "add", "data": {"type": "songs", "attributes": {"title": "Ferris", "live": true, "tags": []},
            "relationships": {"band": {"data": {"type": "bands", "lid": "b"}}}}},
        {"op": "update", "data": {"type": "songs", "id": "7", "attributes": {}}, "meta": {"ifMatch": "\"5b1f\""}},
        {"op": "add", "ref": {"type": "bands", "id": "7", "relationship": "songs"},
            "data": [{"type": "songs", "id": "3"}]},
        {"op": "update", "ref": {"type": "songs", "id": "7", "relationship": "band"}, "data": null},
        {"op": "remove", "href": "/v1/songs/8"},
    ]});
    let faults: Vec<String> = validator.iter_errors(&valid).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}");
    assert!(!validator.is_valid(&json!({"atomic:operations": [{"op": "erase"}]})));
}
