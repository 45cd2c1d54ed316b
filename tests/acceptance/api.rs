//! What the tests know of the example: its URLs, its resources, its errors.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};

use crate::support::{Connection, MEDIA_TYPE, Response};

/// The collections.
pub(crate) const COLLECTIONS: [&str; 5] =
    ["/v1/sessions", "/v1/speakers", "/v1/tracks", "/v1/microlocations", "/v1/session-types"];

/// A tag that no representation has.
pub(crate) const OTHER: &str = "\"0000000000000000000000000000000000000000\"";

/// A resource as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) tag: String,
    pub(crate) body: Vec<u8>,
}

/// Reads a resource that is there and carries a tag.
pub(crate) fn read(connection: &mut Connection, path: &str) -> Record {
    let response = connection.get(path, &[]);
    assert_eq!(response.status, 200, "{path}: {response:?}");
    let id = response.json()["data"]["id"].as_str().expect("an id is a string").to_owned();
    Record { path: path.to_owned(), id, tag: response.etag().to_owned(), body: response.body }
}

/// The document that creates a resource.
pub(crate) fn new_document(type_name: &str, attributes: Value) -> Value {
    json!({"data": {"type": type_name, "attributes": attributes}})
}

/// The document that changes a session.
pub(crate) fn session_document(id: &str, attributes: Value) -> Value {
    json!({"data": {"type": "sessions", "id": id, "attributes": attributes}})
}

/// Creates a session and reads it back.
pub(crate) fn new_session(connection: &mut Connection, title: &str) -> Record {
    let path = create(connection, "/v1/sessions", &new_document("sessions", json!({"title": title})));
    read(connection, &path)
}

/// Creates a resource; its path.
pub(crate) fn create(connection: &mut Connection, collection: &str, document: &Value) -> String {
    let created = connection.post(collection, &[], document);
    assert_eq!(created.status, 201, "{document}: {created:?}");
    created.header("Location").expect("201 has a Location").to_owned()
}

/// How many resources a collection has.
pub(crate) fn count(connection: &mut Connection, collection: &str) -> u64 {
    let page = connection.get(&format!("{collection}?page[size]=1&page[totals]=true"), &[]);
    page.json()["meta"]["count"].as_u64().unwrap_or_else(|| panic!("a count: {page:?}"))
}

/// Checks that a response is an error document of this status (JSON:API §7.4, §11); its errors.
#[track_caller]
pub(crate) fn assert_error(response: &Response, status: u16) -> Vec<Value> {
    assert_eq!(response.status, status, "{response:?}");
    assert_eq!(response.header("Content-Type"), Some(MEDIA_TYPE), "{response:?}");
    let vary: Vec<_> = response.header_lines("Vary").collect();
    assert!(vary.iter().any(|line| line.contains("Accept")), "A14: {response:?}");
    let document = response.json();
    let members: Vec<_> = document.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(members, ["errors", "jsonapi"], "B2: {response:?}");
    assert_eq!(document["jsonapi"]["version"], "1.1");
    let errors = document["errors"].as_array().expect("errors is an array").clone();
    assert!(!errors.is_empty());
    for error in &errors {
        for member in ["status", "code", "title"] {
            assert!(error[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {response:?}");
        }
        if let Some(source) = error.get("source") {
            let source = source.as_object().expect("source is an object");
            assert_eq!(source.len(), 1, "N6: {response:?}");
            assert!(["pointer", "parameter", "header"].iter().any(|name| source.contains_key(*name)), "N6");
            assert!(source.values().all(Value::is_string), "N6: {response:?}");
        }
    }
    if errors.len() == 1 {
        assert_eq!(errors[0]["status"], status.to_string(), "N2: {response:?}");
    }
    errors
}

/// Checks an error document of one error that points into the request document.
#[track_caller]
pub(crate) fn assert_pointer(response: &Response, status: u16, pointer: &str) {
    let errors = assert_error(response, status);
    assert_eq!(pointers(&errors), [pointer], "{response:?}");
}

/// Where errors point to, in order.
pub(crate) fn pointers(errors: &[Value]) -> Vec<&str> {
    errors.iter().map(|error| error["source"]["pointer"].as_str().unwrap_or("none")).collect()
}

/// Checks the 412 that speaks of a resource whose current tag is `tag` (`None`: it has none).
#[track_caller]
pub(crate) fn assert_precondition_failed(response: &Response, header: &str, about: &str, tag: Option<&str>) {
    let errors = assert_error(response, 412);
    assert_eq!(errors.len(), 1, "{response:?}");
    assert_eq!(errors[0]["source"]["header"], header, "{response:?}");
    assert_eq!(errors[0]["links"]["about"], about, "{response:?}");
    assert_eq!(response.header("ETag"), tag, "{response:?}");
    assert_eq!(response.header("Cache-Control"), Some("no-store"), "{response:?}");
}

/// Checks a success document (JSON:API §7.1) and its header fields.
#[track_caller]
pub(crate) fn assert_document(response: &Response) -> Value {
    assert_eq!(response.header("Content-Type"), Some(MEDIA_TYPE), "A1: {response:?}");
    assert!(response.header_lines("Vary").any(|line| line.contains("Accept")), "A14: {response:?}");
    let document = response.json();
    assert_eq!(document["jsonapi"]["version"], "1.1", "B20: {response:?}");
    assert!(document.get("data").is_some() && document.get("errors").is_none(), "B1, B2: {response:?}");
    for member in document.as_object().expect("B1").keys() {
        assert!(["jsonapi", "links", "data", "meta"].contains(&member.as_str()), "B4: {member}");
    }
    document
}

/// Follows every link of every document from the collections on. Each answers 200 with a document, and that to its schema
/// leads to one.
pub(crate) fn crawl(connection: &mut Connection) -> BTreeMap<String, Response> {
    let mut found = BTreeMap::new();
    let mut described = BTreeSet::new();
    let mut waiting: VecDeque<(String, String)> =
        COLLECTIONS.iter().map(|path| ((*path).to_owned(), "the start".to_owned())).collect();
    while let Some((url, from)) = waiting.pop_front() {
        if found.contains_key(&url) {
            continue;
        }
        let response = connection.get(&url, &[]);
        assert_eq!(response.status, 200, "{url}, a link in {from}: {response:?}");
        let mut links = Vec::new();
        let document = assert_document(&response);
        described.extend(document["links"]["describedby"].as_str().map(str::to_owned));
        collect_links(&document, &mut links);
        waiting.extend(links.into_iter().map(|link| (link, url.clone())));
        found.insert(url, response);
    }
    for link in described {
        let (file, pointer) = link.split_once('#').unwrap_or_else(|| panic!("no schema in a file: {link}"));
        let schemas = connection.request("GET", file, &[], None);
        assert_eq!(schemas.status, 200, "{link}: {schemas:?}");
        assert!(schemas.json().pointer(pointer).is_some_and(Value::is_object), "{link}");
    }
    found
}

/// All links of a document; what is text of an attribute is none.
fn collect_links(value: &Value, links: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_links(item, links)),
        Value::Object(members) => {
            for (name, member) in members {
                match name.as_str() {
                    "attributes" => {}
                    "links" => {
                        let links_to_documents = member.as_object().expect("B11: links is an object").iter();
                        for (relation, link) in links_to_documents.filter(|(name, _)| *name != "describedby")
                        {
                            match link.get("href").unwrap_or(link) {
                                Value::String(link) => links.push(link.clone()),
                                Value::Null => {}
                                other => panic!("B17: {relation} is {other}"),
                            }
                        }
                    }
                    _ => collect_links(member, links),
                }
            }
        }
        _ => {}
    }
}

/// Whether this URL's type has opted in to entity tags for reading.
pub(crate) fn carries_tags(url: &str) -> bool {
    !url.starts_with("/v1/session-types")
}

/// The header fields of a response without `Date`, in a fixed order.
pub(crate) fn fields(response: &Response) -> Vec<(String, String)> {
    let mut fields: Vec<_> = response
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), String::from_utf8_lossy(value).into_owned()))
        .filter(|(name, _)| name != "date")
        .collect();
    fields.sort();
    fields
}
