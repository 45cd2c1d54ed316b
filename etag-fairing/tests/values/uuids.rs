//! UUIDs in every spelling that programs give them (RFC 9562 §4).

use etag_fairing::{JsonApiResource, ToOne};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::place::Place;
use crate::support::Server;

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "things", table = "things", etag)]
struct Thing {
    #[jsonapi(id)]
    id: Uuid,
    code: Option<Uuid>,
    #[jsonapi(relationship)]
    next: ToOne<Thing>,
}

const ID: &str = "0190163d-8694-739b-aea5-966c26f8ad91";

fn spellings() -> [String; 6] {
    let simple = ID.replace('-', "");
    [
        ID.into(),
        ID.to_uppercase(),
        simple.to_uppercase(),
        simple,
        format!("{{{ID}}}"),
        format!("urn:uuid:{ID}"),
    ]
}

fn each_spelling_is_taken_and_one_is_told(place: &Place) {
    let server = place.serve(|rocket| rocket.mount("/", Thing::routes()));
    place.run(&format!("INSERT INTO things (id, code) VALUES ('{ID}', '{ID}')"));
    let first = server.get(&format!("/things/{ID}"), &[]).is(200);
    for spelling in spellings() {
        let escaped = spelling.replace('{', "%7B").replace('}', "%7D");
        let found = server.get(&format!("/things/{escaped}"), &[]).is(200);
        assert_eq!((found.text(), found.tag()), (first.text(), first.tag()), "{spelling}");
        for query in ["filter[id]", "filter[code]", "filter[id][in]", "filter[code][in]"] {
            let found = server.get(&format!("/things?{query}={escaped}"), &[]).is(200).json();
            assert_eq!(found["data"][0]["id"], ID, "{query} {spelling}");
        }
        let data = json!({"type": "things", "id": spelling, "attributes": {"code": spelling}});
        let changed = server.write("PATCH", &format!("/things/{escaped}"), &json!({"data": data})).is(200);
        assert_eq!(changed.tag(), first.tag(), "{spelling}");
        let taken = server.write("POST", "/things", &json!({"data": data})).is(409);
        assert_eq!(taken.error().0, "id_exists", "{spelling}");
        let linkage = json!({"data": {"type": "things", "id": spelling}});
        let linked = server.write("PATCH", &format!("/things/{ID}/relationships/next"), &linkage).is(200);
        assert_eq!(linked.json()["data"]["id"], ID, "{spelling}");
        server
            .write("PATCH", &format!("/things/{ID}/relationships/next"), &json!({"data": Value::Null}))
            .is(200);
    }
}

#[test]
fn each_spelling_is_taken_and_one_is_told_on_sqlite() {
    each_spelling_is_taken_and_one_is_told(&Place::sqlite(
        "CREATE TABLE things (id TEXT PRIMARY KEY NOT NULL, code CHAR(32), next_id TEXT)",
    ));
}

#[cfg(feature = "postgres")]
#[test]
fn each_spelling_is_taken_and_one_is_told_on_postgresql() {
    let place = Place::postgres("CREATE TABLE things (id uuid PRIMARY KEY, code uuid, next_id uuid)");
    if let Some(place) = place {
        each_spelling_is_taken_and_one_is_told(&place);
    }
}

fn found(server: &Server, query: &str) -> Vec<String> {
    let document = server.get(&format!("/things?{query}"), &[]).is(200).json();
    let data = document["data"].as_array().unwrap();
    data.iter().map(|thing| thing["attributes"]["code"].as_str().unwrap_or("none").to_owned()).collect()
}

#[test]
fn an_attribute_is_found_in_whatever_spelling_its_column_has() {
    let place = Place::sqlite("CREATE TABLE things (id TEXT PRIMARY KEY NOT NULL, code TEXT, next_id TEXT)");
    let server = place.serve(|rocket| rocket.mount("/", Thing::routes()));
    for stored in spellings() {
        place.run(&format!("DELETE FROM things; INSERT INTO things (id, code) VALUES ('{ID}', '{stored}')"));
        for query in [format!("filter[code]={ID}"), format!("filter[code][in]={ID}"), String::new()] {
            assert_eq!(found(&server, &query), [ID], "{stored} {query}");
        }
        assert!(found(&server, &format!("filter[code][ne]={ID}")).is_empty(), "{stored}");
    }
}
