//! The changes, each as what is known of it beforehand, and as the request that makes it.

use hyper::Method;
use hyper::header::{CONTENT_TYPE, IF_MATCH};
use serde_json::{Value, json};

use super::{Change, Kind, counter};
use crate::keyed::Keyed;
use crate::transfers::ATOMIC;

/// POST of a resource whose id the database gives.
pub(super) fn add(name: &str) -> (Change, Keyed) {
    let request = Keyed::new(name, Method::POST, "/entries", Some(json!({ "data": entry(name) })));
    (change(Kind::Add, name, vec![name.to_owned()]), request)
}

/// The same under the key of another change.
pub(super) fn reuse(used: &str, name: &str) -> (Change, Keyed) {
    let request = Keyed::new(used, Method::POST, "/entries", Some(json!({ "data": entry(name) })));
    (change(Kind::Reuse, name, vec![name.to_owned()]), request)
}

/// PATCH that adds to a counter. Any state of it will do, so that a second one is not refused.
pub(super) fn count(name: &str, amount: (usize, i64)) -> (Change, Keyed) {
    let target = format!("/counters/{}", counter(amount.0));
    let body = json!({ "data": counted(name, amount) });
    let request = Keyed::new(name, Method::PATCH, target, Some(body)).with(IF_MATCH, "*");
    (Change { amounts: vec![amount], ..change(Kind::Count, name, vec![name.to_owned()]) }, request)
}

/// Two resources and two counters in one request.
pub(super) fn operations(name: &str, amounts: [(usize, i64); 2]) -> (Change, Keyed) {
    let mut operations = Vec::new();
    let mut entries = Vec::new();
    for (part, amount) in amounts.into_iter().enumerate() {
        let (added, other) = (format!("{name}/{part}/added"), format!("{name}/{part}/counted"));
        operations.push(json!({ "op": "add", "data": entry(&added) }));
        operations
            .push(json!({ "op": "update", "meta": { "ifMatch": "*" }, "data": counted(&other, amount) }));
        entries.extend([added, other]);
    }
    let body = json!({ "atomic:operations": operations });
    let request = Keyed::new(name, Method::POST, "/operations", Some(body)).with(CONTENT_TYPE, ATOMIC);
    (Change { amounts: amounts.to_vec(), ..change(Kind::Operations, name, entries) }, request)
}

/// POST of a resource with this id.
pub(super) fn create(name: &str, id: &str) -> (Change, Keyed) {
    let body = json!({ "data": { "type": "slots", "id": id, "attributes": { "marker": name } } });
    let request = Keyed::new(name, Method::POST, "/slots", Some(body));
    (change(Kind::Create, name, vec![name.to_owned()]), request)
}

/// DELETE of the resource that the change `made` has made.
pub(super) fn delete(name: &str, id: &str, made: &str, if_match: &str) -> (Change, Keyed) {
    let request = Keyed::new(name, Method::DELETE, format!("/slots/{id}"), None).with(IF_MATCH, if_match);
    (change(Kind::Delete, name, vec![format!("{made} deleted")]), request)
}

fn change(kind: Kind, name: &str, entries: Vec<String>) -> Change {
    Change { kind, name: name.to_owned(), entries, amounts: Vec::new(), attempts: Vec::new() }
}

fn entry(name: &str) -> Value {
    json!({ "type": "entries", "attributes": { "marker": name } })
}

fn counted(name: &str, (number, amount): (usize, i64)) -> Value {
    json!({ "type": "counters", "id": counter(number), "attributes": { "amount": amount, "marker": name } })
}
