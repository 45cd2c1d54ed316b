//! That a document in a repository shows each change of the API, and nothing else.

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use rocket::Route;
use serde_json::{Value, json};

use crate::support::{self, Server};

mod before {
    use super::{JsonApiResource, ToOne, Writer};

    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "letters", etag)]
    pub(super) struct Letter {
        #[jsonapi(id)]
        id: i64,
        text: String,
        #[jsonapi(relationship)]
        writer: ToOne<Writer>,
    }
}

mod after {
    use super::{JsonApiResource, ToOne, Writer};

    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "letters", etag)]
    pub(super) struct Letter {
        #[jsonapi(id)]
        id: i64,
        text: String,
        /// How much it is worth.
        stamps: Option<u8>,
        #[jsonapi(relationship)]
        writer: ToOne<Writer>,
    }
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "writers", etag)]
struct Writer {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, through = "friends", target_column = "friend_id")]
    friends: ToMany<Writer>,
}

const TOML: &str = "[default]\nETAG = true\n[default.databases.api]\nurl = 'sqlite::memory:'\n";

fn document(letters: Vec<Route>) -> Value {
    let rocket = rocket::custom(support::figment(TOML))
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/v1", letters)
        .mount("/v1", Writer::routes());
    JsonApi::openapi().document(&rocket, "/v1").expect("a document")
}

/// The places at which two documents differ: members that only one has, and values.
fn differences(before: &Value, after: &Value, at: &str, found: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
            for name in names {
                let at = format!("{at}/{name}");
                match (before.get(name), after.get(name)) {
                    (Some(before), Some(after)) => differences(before, after, &at, found),
                    _ => found.push(at),
                }
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            // Lists are added to at any place.
            found.extend(
                before.iter().filter(|one| !after.contains(one)).map(|one| format!("{at}: without {one}")),
            );
            found.extend(after.iter().filter(|one| !before.contains(one)).map(|one| format!("{at}: {one}")));
        }
        (before, after) if before != after => found.push(at.to_owned()),
        _ => {}
    }
}

#[test]
fn a_new_field_changes_its_own_places_and_nothing_else() {
    let (before, after) = (document(before::Letter::routes()), document(after::Letter::routes()));
    let mut found = Vec::new();
    differences(&before, &after, "", &mut found);
    assert!(!found.is_empty());
    for place in &found {
        // Its parameters, its places in schemas, and what lists the members by their names.
        let is_its_own = place.contains("stamps");
        // The lists of fields have an element more.
        let is_a_length = place == "/components/parameters/letters.fields/schema/maxItems";
        // Expressions of filters are one list of forms, in which a form of a kind may have a name more.
        let is_a_form = place.starts_with("/components/schemas/letters.filter/anyOf: without");
        let is_example = place.contains("/examples: without");
        assert!(is_its_own || is_a_length || is_a_form || is_example, "{place} in {found:#?}");
    }
    let added = |place: &str| found.iter().any(|found| found == place);
    assert!(added("/components/schemas/letters.attributes/properties/stamps"), "{found:#?}");
    assert!(added(
        "/components/schemas/letters.create/properties/data/properties/attributes/properties/stamps"
    ));
    assert!(added("/components/parameters/letters.filter.stamps.ge"));
}

/// Rocket keeps the routes of a launched server in no order.
#[test]
fn the_bytes_are_the_same_at_each_launch_and_without_one() {
    let build = |rocket: rocket::Rocket<rocket::Build>| {
        rocket
            .attach(JsonApi::fairing())
            .attach(EtagFairing::new())
            .mount("/v1", Writer::routes())
            .mount("/v1", after::Letter::routes())
            .mount("/v1", JsonApi::openapi().routes())
    };
    let bytes = || Server::start(TOML, build).get("/v1/openapi.json", &[]).body;
    let first = bytes();
    assert!((0..4).all(|_| bytes() == first));
    assert_eq!(document(after::Letter::routes()).to_string().as_bytes(), first);
}

/// Of each resource, and of what a POST and a PATCH send: by its schema, the members all there.
#[test]
fn examples_are_valid_and_whole() {
    let document = document(after::Letter::routes());
    let schemas = &document["components"]["schemas"];
    let mut number = 0;
    for (name, schema) in schemas.as_object().unwrap() {
        for example in schema["examples"].as_array().into_iter().flatten() {
            let whole =
                json!({"$ref": format!("#/components/schemas/{name}"), "components": {"schemas": schemas}});
            let validator = jsonschema::validator_for(&whole).unwrap();
            let faults: Vec<String> = validator.iter_errors(example).map(|error| error.to_string()).collect();
            assert!(faults.is_empty(), "{name}: {faults:?} in {example}");
            number += 1;
        }
    }
    assert_eq!(number, 6);
    assert_eq!(
        schemas["letters.create"]["examples"],
        json!([{"data": {"type": "letters", "attributes": {"text": "text", "stamps": 1}}}])
    );
    assert_eq!(
        schemas["letters"]["examples"][0]["relationships"]["writer"]["data"],
        json!({"type": "writers", "id": "1"})
    );
}
