//! Documents of the application's own, for routes that are written by hand: how they join.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// What an item of `paths` has beside its operations.
const BESIDE_OPERATIONS: [&str; 5] = ["summary", "description", "servers", "parameters", "$ref"];

/// Adds what another document says: its paths, its components, its tags and its webhooks. What both say must be the same.
/// Gives the places at which it is not.
pub(super) fn merge(document: &mut Value, other: &Value) -> Vec<String> {
    let mut conflicts = Vec::new();
    for section in ["paths", "webhooks"] {
        let Some(known) = section_of(document, &[section]) else { continue };
        for (path, item) in members(other.get(section)) {
            let known = known.entry(path.clone()).or_insert_with(|| json!({}));
            for (name, value) in members(Some(item)) {
                // The generated routes of a path say more about its parameters: theirs stay.
                let is_operation = !BESIDE_OPERATIONS.contains(&name.as_str()) && !name.starts_with("x-");
                if !add(known, name, value) && is_operation {
                    conflicts.push(format!("{} {path}", name.to_uppercase()));
                }
            }
        }
    }
    for (section, components) in members(other.get("components")) {
        let Some(known) = section_of(document, &["components", section]) else { continue };
        for (name, component) in members(Some(components)) {
            match known.get(name) {
                Some(known) if known != component => conflicts.push(format!("components/{section}/{name}")),
                _ => {
                    known.insert(name.clone(), component.clone());
                }
            }
        }
    }
    let tags = other.get("tags").and_then(Value::as_array);
    if let (Some(tags), Some(Value::Array(known))) = (tags, document.get_mut("tags")) {
        for tag in tags {
            if !known.iter().any(|other| other.get("name") == tag.get("name")) {
                known.push(tag.clone());
            }
        }
    }
    conflicts
}

/// Adds a member of a path's item. Tells whether the item says nothing else there.
fn add(item: &mut Value, name: &str, value: &Value) -> bool {
    let Some(item) = item.as_object_mut() else { return false };
    item.entry(name).or_insert_with(|| value.clone()) == value
}

/// The operations that have one name (OpenAPI 3.1.1 §4.8.10: it must be unique), each as its method and path.
pub(super) fn repeated_ids(document: &Value) -> Vec<String> {
    let (mut known, mut repeated) = (BTreeSet::new(), Vec::new());
    for (path, item) in members(document.get("paths")) {
        for (method, operation) in members(Some(item)) {
            if let Some(id) = operation.get("operationId").and_then(Value::as_str)
                && !known.insert(id)
            {
                repeated.push(format!("the operationId {id:?} of {} {path}", method.to_uppercase()));
            }
        }
    }
    repeated
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// The object at these names, which is made if there is none.
fn section_of<'a>(document: &'a mut Value, names: &[&str]) -> Option<&'a mut Map<String, Value>> {
    let mut target = document;
    for name in names {
        target = target.as_object_mut()?.entry(*name).or_insert_with(|| json!({}));
    }
    target.as_object_mut()
}
