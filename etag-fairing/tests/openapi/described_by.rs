//! `links.describedby` (JSON:API §6.1): the JSON Schema of the document that has it, in the file of its type.

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne, ToOneOf};
use rocket::{Build, Rocket};
use serde_json::{Value, json};

use crate::support::{Answer, Server};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "photos", etag)]
struct Photo {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(version)]
    version: i64,
    title: String,
    #[jsonapi(relationship)]
    place: ToOne<Place>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "good places", path = "places", etag)]
struct Place {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, inverse = "place")]
    photos: ToMany<Photo>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "comments", etag)]
struct Comment {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship, rename = "said_about")]
    subject: ToOneOf<(Photo, Place)>,
}

const TOML: &str = "[default]\nETAG = true\n[default.databases.api]\nurl = 'sqlite::memory:'\n";

fn build(rocket: Rocket<Build>) -> Rocket<Build> {
    rocket
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/v1", Photo::routes())
        .mount("/v1", Place::routes())
        .mount("/v1", Comment::routes())
}

fn filled(toml: &str, build: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Server {
    let server = Server::start(toml, build);
    let place = json!({"type": "good places", "attributes": {"name": "Here"}});
    let photo = |place: Value| json!({"type": "photos", "attributes": {"title": "A"}, "relationships": {"place": {"data": place}}});
    let comment = |subject: Value| {
        json!({"type": "comments", "attributes": {"text": "B"},
            "relationships": {"said_about": {"data": subject}}})
    };
    for (path, data) in [
        ("/v1/places", place),
        ("/v1/photos", photo(json!({"type": "good places", "id": "1"}))),
        ("/v1/photos", photo(Value::Null)),
        ("/v1/comments", comment(json!({"type": "photos", "id": "1"}))),
        ("/v1/comments", comment(Value::Null)),
    ] {
        server.write("POST", path, &json!({"data": data})).is(201);
    }
    server
}

/// The link of a document to its schema, which the document is valid by.
fn description(server: &Server, answer: &Answer) -> String {
    let document = answer.json();
    let link = document["links"]["describedby"].as_str().unwrap_or_else(|| panic!("{document}")).to_owned();
    let (file, pointer) = link.split_once('#').expect("a fragment");
    let mut schema: Value = serde_json::from_slice(&server.get(file, &[]).is(200).body).unwrap();
    assert!(schema.pointer(pointer).is_some(), "{link} leads nowhere");
    // What the file itself describes is a resource object.
    let definitions = schema["$defs"].take();
    let validator = jsonschema::validator_for(&json!({"$ref": format!("#{pointer}"), "$defs": definitions}));
    let validator = validator.unwrap_or_else(|error| panic!("{link}: {error}"));
    let faults: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{link}: {faults:?}");
    assert!(!validator.is_valid(&json!({"data": {"type": "others", "id": "1"}})), "{link} refuses something");
    link
}

#[test]
fn each_document_says_which_schema_is_its_own() {
    let server = filled(TOML, |rocket| build(rocket).mount("/v1", JsonApi::openapi().routes()));
    for (path, file, schema) in [
        ("/v1/photos/1", "photos", "photos.document"),
        ("/v1/photos/1?include=place&fields[photos]=place", "photos", "photos.document"),
        ("/v1/photos?page[size]=1", "photos", "photos.collection"),
        ("/v1/places/1/photos", "photos", "photos.collection"),
        ("/v1/places/1/relationships/photos", "photos", "photos.toMany"),
        ("/v1/places/1/relationships/photos?page[size]=1", "photos", "photos.toMany"),
        // One that is not there is described, too, and a name with other characters.
        ("/v1/photos/1/place", "good%20places", "good.20.places.document"),
        ("/v1/photos/2/place", "good%20places", "good.20.places.orNull"),
        ("/v1/photos/2/relationships/place", "good%20places", "good.20.places.toOne"),
        ("/v1/photos/1/relationships/place?include=place", "good%20places", "good.20.places.toOne"),
        // Where a relationship leads to several types, the resource that there is says which it has.
        ("/v1/comments/1/said_about", "photos", "photos.document"),
        ("/v1/comments/2/said_about", "photos", "photos.orNull"),
        ("/v1/comments/1/relationships/said_about", "comments", "comments.relationship.said_about.toOne"),
        (
            "/v1/comments/1/relationships/said_about?include=said_about",
            "comments",
            "comments.relationship.said_about.toOne",
        ),
    ] {
        let answer = server.get(path, &[]).is(200);
        let expected = format!("/v1/schemas/{file}.json#/$defs/{schema}");
        assert_eq!(description(&server, &answer), expected, "{path}");
    }
    let changed = json!({"data": {"type": "photos", "id": "1", "attributes": {"title": "C"}}});
    let changed = server.write("PATCH", "/v1/photos/1", &changed).is(200);
    assert_eq!(description(&server, &changed), "/v1/schemas/photos.json#/$defs/photos.document");
    let missing = server.get("/v1/photos/9", &[]).is(404).json();
    assert_eq!(missing.get("links"), None, "errors are described by the OpenAPI document alone");
}

#[test]
fn without_served_schemas_nothing_is_said_of_them() {
    for (path, with_tag) in [("/v2", true), ("/v1/photos", true), ("/v1", false)] {
        let server = filled(TOML, |rocket| {
            // Mounted where it describes none of these resources: beside them, or below.
            let openapi = JsonApi::openapi().routes();
            if with_tag { build(rocket).mount(path, openapi) } else { build(rocket) }
        });
        let photo = server.get("/v1/photos/1", &[]).is(200).json();
        assert_eq!(photo["links"], json!({"self": "/v1/photos/1"}));
    }
}

#[test]
fn the_link_begins_with_the_base_of_links() {
    let toml = format!("{TOML}[default.jsonapi]\nbase_url = 'https://api.example.com/x'\n");
    let server = filled(&toml, |rocket| build(rocket).mount("/", JsonApi::openapi().routes()));
    let photo = server.get("/v1/photos/1", &[]).is(200).json();
    assert_eq!(
        photo["links"]["describedby"],
        "https://api.example.com/x/schemas/photos.json#/$defs/photos.document"
    );
}

/// A version says nothing of the members of a document, so that switching on must change the tag by itself.
#[test]
fn tags_change_when_it_is_switched_on_and_not_again() {
    let tags = |describe: fn(Rocket<Build>) -> Rocket<Build>| {
        let server = filled(TOML, |rocket| describe(build(rocket)));
        ["/v1/photos/1", "/v1/places/1", "/v1/photos"].map(|path| server.get(path, &[]).is(200).tag())
    };
    let off = tags(|rocket| rocket);
    let on = tags(|rocket| rocket.mount("/v1", JsonApi::openapi().routes()));
    let again = tags(|rocket| rocket.mount("/v1", JsonApi::openapi().title("Another").routes()));
    for (off, on) in off.iter().zip(&on) {
        assert_ne!(off, on);
    }
    assert_eq!(on, again);
}
