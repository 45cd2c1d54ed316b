//! The logical data abstraction: members that are not columns, several types over one table, one type at several
//! URLs.
#![cfg(feature = "sqlite")]

mod support;

use etag_fairing::{JsonApiResource, ToMany, ToOne};
use serde_json::{Value, json};
use support::{Server, api};

/// The table as it is, for those who keep it.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "people", etag)]
struct Person {
    #[jsonapi(id)]
    id: i64,
    given_name: String,
    family_name: String,
    birth_year: Option<i32>,
    #[jsonapi(relationship, inverse = "owner")]
    computers: ToMany<Computer>,
}

/// The same rows for everybody: one name, which two columns make, and no year of birth.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "contacts", table = "people", etag, computed(display_name = Self::display_name))]
struct Contact {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(column = "given_name", rename = "first")]
    given: String,
    #[jsonapi(column = "family_name", rename = "last")]
    family: String,
}

impl Contact {
    fn display_name(&self) -> String {
        format!("{} {}", self.family.to_uppercase(), self.given)
    }
}

/// Its owner is a person here, and `support` is a contact.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "computers", table = "machines", etag)]
struct Computer {
    #[jsonapi(id, column = "number")]
    id: i64,
    #[jsonapi(column = "label")]
    serial: String,
    #[jsonapi(relationship, column = "person_id")]
    owner: ToOne<Person>,
    #[jsonapi(relationship, column = "supporter_id")]
    support: ToOne<Contact>,
}

fn server() -> Server {
    let server = api::start(|rocket| {
        rocket
            .mount("/", Person::routes())
            .mount("/", Contact::routes())
            .mount("/", Computer::routes())
            .mount("/intern", Computer::routes())
    });
    let ada = json!({"givenName": "Ada", "familyName": "Lovelace", "birthYear": 1815});
    server.write("POST", "/people", &json!({"data": {"type": "people", "attributes": ada}})).is(201);
    let person = |kind: &str| json!({"data": {"type": kind, "id": "1"}});
    let computer = json!({
        "type": "computers",
        "attributes": {"serial": "Engine"},
        "relationships": {"owner": person("people"), "support": person("contacts")},
    });
    server.write("POST", "/computers", &json!({"data": computer})).is(201);
    server
}

fn read(server: &Server, url: &str) -> Value {
    server.get(url, &[]).is(200).json()
}

#[test]
fn two_types_show_one_row_each_in_its_way() {
    let server = server();
    let person = read(&server, "/people/1");
    assert_eq!(
        person["data"]["attributes"],
        json!({"givenName": "Ada", "familyName": "Lovelace", "birthYear": 1815})
    );
    let contact = read(&server, "/contacts/1");
    assert_eq!(contact["data"]["type"], "contacts");
    assert_eq!(
        contact["data"]["attributes"],
        json!({"first": "Ada", "last": "Lovelace", "displayName": "LOVELACE Ada"})
    );
    // Each is queried by its own members.
    assert_eq!(read(&server, "/contacts?filter[last]=Lovelace&sort=first")["data"][0]["id"], "1");
    assert_eq!(server.get("/contacts?filter[birthYear]=1815", &[]).status, 400);
    assert_eq!(server.get("/people?filter[last]=Lovelace", &[]).status, 400);
}

#[test]
fn what_one_type_changes_the_other_knows() {
    let server = server();
    let (of_person, of_contact) = (server.get("/people/1", &[]), server.get("/contacts/1", &[]));
    let edit = |attributes: Value| json!({"data": {"type": "contacts", "id": "1", "attributes": attributes}});
    server.write("PATCH", "/contacts/1", &edit(json!({"last": "King"}))).is(200);
    assert_eq!(read(&server, "/people/1")["data"]["attributes"]["familyName"], "King");
    // Who has read the row as a person does not overwrite what was changed as a contact.
    for (url, kind, seen) in
        [("/people/1", "people", of_person.tag()), ("/contacts/1", "contacts", of_contact.tag())]
    {
        let again = server.get(url, &[("If-None-Match", &seen)]);
        assert_eq!(again.status, 200, "{url}");
        let document = json!({"data": {"type": kind, "id": "1"}}).to_string();
        let fields = [("If-Match", seen.as_str()), ("Content-Type", "application/vnd.api+json")];
        assert_eq!(server.send("PATCH", url, &fields, &document).status, 412, "{url}");
    }
}

#[test]
fn one_document_has_a_row_as_each_type_that_leads_to_it() {
    let server = server();
    let document = read(&server, "/computers/1?include=owner,support");
    let included = document["included"].as_array().expect("included");
    let names: Vec<_> = included.iter().map(|one| (one["type"].as_str(), one["id"].as_str())).collect();
    assert_eq!(names, [(Some("people"), Some("1")), (Some("contacts"), Some("1"))]);
    assert_eq!(read(&server, "/computers?filter[support.last]=Lovelace")["data"][0]["id"], "1");
    assert_eq!(read(&server, "/computers?filter[support.last]=King")["data"], json!([]));
}

#[test]
fn one_type_stands_at_several_urls() {
    let server = server();
    // By its relationships, and by its mounts: the same resource, with one URL of its own.
    let own = read(&server, "/computers/1");
    assert_eq!(own["data"]["links"]["self"], "/computers/1");
    for url in ["/intern/computers/1", "/people/1/computers", "/intern/computers"] {
        let found = read(&server, url);
        let resource = if found["data"].is_array() { &found["data"][0] } else { &found["data"] };
        assert_eq!(resource, &own["data"], "{url}");
    }
    assert_eq!(read(&server, "/computers/1/owner")["data"], read(&server, "/people/1")["data"]);
    assert_eq!(read(&server, "/computers/1/support")["data"], read(&server, "/contacts/1")["data"]);
    // And it is written at each of them.
    let document = json!({"data": {"type": "computers", "id": "1", "attributes": {"serial": "Difference"}}});
    server.write("PATCH", "/intern/computers/1", &document).is(200);
    assert_eq!(read(&server, "/computers/1")["data"]["attributes"]["serial"], "Difference");
    // A mount below another one answers what its own paths lack.
    for url in ["/computers/1", "/intern/computers/1"] {
        let refused = server.send("PUT", url, &[], "").is(405);
        assert_eq!(refused.field("allow"), Some("GET, HEAD, PATCH, DELETE, OPTIONS"), "{url}");
    }
}
