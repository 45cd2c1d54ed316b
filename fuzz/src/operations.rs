//! Documents of several operations.

mod sentence;

use std::collections::BTreeSet;

use rocket::http::{Method, Status};
use rocket::local::blocking::Client;
use serde_json::{Value, json};

use super::server::{ATOMIC, Answer, send, server};

const URL: &str = "/operations";

const FIELDS: [(&str, &str); 2] = [("Accept", ATOMIC), ("Content-Type", ATOMIC)];

/// The types and ids of the resources that each document finds.
const RESOURCES: [(&str, &str); 6] = [
    ("speakers", "a"),
    ("speakers", "b"),
    ("tracks", "1"),
    ("tracks", "2"),
    ("sessions", "1"),
    ("sessions", "2"),
];

/// Any bytes as the document of a request of operations, or as choices among what such a document is made of: the first
/// byte says which.
pub fn operations(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else { return };
    let made;
    let body = match choice % 4 {
        0 => rest,
        choice => {
            made = sentence::document(rest, choice == 1);
            made.as_bytes()
        }
    };
    let client = server();
    let before = tags(client);
    let answer = send(client, Method::Post, URL, &FIELDS, Some(body)).expect("an answer");
    let sent: Option<Value> = serde_json::from_slice(body).ok();
    if answer.status.code >= 400 {
        assert_eq!(tags(client), before, "what is refused changes nothing");
        check_pointers(&answer, sent.as_ref());
        return;
    }
    check_results(client, &answer, &sent.expect("what is made is JSON"));
    clear(client);
}

/// RFC 6901: each pointer leads to something that was sent.
fn check_pointers(answer: &Answer, sent: Option<&Value>) {
    let document: Value = serde_json::from_slice(&answer.body).expect("JSON");
    for error in document["errors"].as_array().expect("errors") {
        let pointer = error["source"]["pointer"].as_str();
        match sent {
            Some(sent) => {
                let is_there = pointer.is_none_or(|pointer| sent.pointer(pointer).is_some());
                assert!(is_there, "{error} of {sent}");
            }
            None => assert_eq!(pointer.unwrap_or(""), "", "{error}"),
        }
    }
}

/// A result for each operation, and the tag of the last one is what a client reads now.
fn check_results(client: &Client, answer: &Answer, sent: &Value) {
    let asked = sent["atomic:operations"].as_array().expect("operations");
    if answer.status == Status::NoContent {
        assert!(asked.iter().all(|operation| operation["op"] == "remove"), "{sent}");
        return;
    }
    let document: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let results = document["atomic:results"].as_array().expect("results");
    assert_eq!(results.len(), asked.len());
    let mut ids = BTreeSet::new();
    for (result, operation) in results.iter().zip(asked) {
        let Some(data) = result.get("data") else { continue };
        let (kind, id) = (data["type"].as_str().expect("a type"), data["id"].as_str().expect("an id"));
        // What an operation adds was not there.
        let is_new = ids.insert((kind, id));
        assert!(is_new || operation["op"] == "update" || has_removal(asked), "{document}");
    }
    if let Some(data) = results.last().and_then(|result| result.get("data")) {
        let read = send(client, Method::Get, data["links"]["self"].as_str().expect("a link"), &[], None);
        let read = read.expect("an answer");
        assert_eq!((read.status, read.tag.as_deref()), (Status::Ok, data["meta"]["etag"].as_str()));
    }
}

fn has_removal(operations: &[Value]) -> bool {
    operations.iter().any(|operation| operation["op"] == "remove")
}

/// The tags of all that is there.
fn tags(client: &Client) -> Vec<Option<String>> {
    let lists = ["/sessions", "/speakers", "/tracks"];
    lists.map(|list| send(client, Method::Get, list, &[], None).expect("an answer").tag).into()
}

/// Leaves what each document finds, and nothing else.
fn clear(client: &Client) {
    loop {
        let lists = ["/sessions", "/tracks", "/speakers"].map(|list| format!("{list}?page[size]=33"));
        let removals: Vec<Value> = lists.iter().flat_map(|list| removals(client, list)).collect();
        if removals.is_empty() {
            break;
        }
        make(client, &removals);
    }
    let add = |(kind, id): (&str, &str)| {
        let name = if kind == "sessions" { "title" } else { "name" };
        json!({"op": "add", "data": {"type": kind, "id": id, "attributes": {name: id}}})
    };
    make(client, &RESOURCES.map(add));
}

/// Operations that remove what a list shows.
fn removals(client: &Client, list: &str) -> Vec<Value> {
    let read = send(client, Method::Get, list, &[], None).expect("an answer");
    let document: Value = serde_json::from_slice(&read.body).expect("JSON");
    let resources = document["data"].as_array().expect("resources");
    resources.iter().map(|resource| json!({"op": "remove", "href": resource["links"]["self"]})).collect()
}

fn make(client: &Client, operations: &[Value]) {
    let body = json!({ "atomic:operations": operations }).to_string();
    let answer = send(client, Method::Post, URL, &FIELDS, Some(body.as_bytes())).expect("an answer");
    assert!(answer.status.code < 300, "{}", String::from_utf8_lossy(&answer.body));
}
