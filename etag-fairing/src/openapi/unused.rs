//! Components that nothing refers to: resources have them all, whatever leads to them.

use std::collections::HashSet;

use serde_json::Value;

const COMPONENTS: &str = "#/components/";

/// The components of a document as (section, name).
pub(super) type Names = HashSet<(String, String)>;

/// The names of all components.
pub(super) fn names(document: &Value) -> Names {
    let sections = document.get("components").and_then(Value::as_object).into_iter().flatten();
    let members = sections.filter_map(|(section, members)| Some((section, members.as_object()?)));
    members
        .flat_map(|(section, members)| members.keys().map(|name| (section.clone(), name.clone())))
        .collect()
}

/// Removes those of `removable` to which no path and no other component leads.
pub(super) fn remove(document: &mut Value, removable: &Names) {
    let all = names(document);
    let mut used: Names = all.difference(removable).cloned().collect();
    let mut reached: Vec<(String, String)> = used.iter().cloned().collect();
    for (section, part) in document.as_object().into_iter().flatten() {
        if section != "components" {
            follow(part, &mut used, &mut reached);
        }
    }
    while let Some((section, name)) = reached.pop() {
        let part = document.get("components").and_then(|components| components.get(section)?.get(name));
        if let Some(part) = part {
            follow(part, &mut used, &mut reached);
        }
    }
    let sections = document.get_mut("components").and_then(Value::as_object_mut);
    for (section, members) in sections.into_iter().flatten() {
        if let Some(members) = members.as_object_mut() {
            members.retain(|name, _| used.contains(&(section.clone(), name.clone())));
        }
    }
}

/// Notes what a part of the document refers to: by `$ref`, or by the mapping of a discriminator.
fn follow(part: &Value, used: &mut Names, reached: &mut Vec<(String, String)>) {
    match part {
        Value::String(text) => {
            let target = text.strip_prefix(COMPONENTS).and_then(|target| target.split_once('/'));
            if let Some((section, name)) = target {
                let name = name.replace("~1", "/").replace("~0", "~");
                if used.insert((section.to_owned(), name.clone())) {
                    reached.push((section.to_owned(), name));
                }
            }
        }
        Value::Array(parts) => parts.iter().for_each(|part| follow(part, used, reached)),
        Value::Object(members) => members.values().for_each(|part| follow(part, used, reached)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_something_leads_to_is_kept() {
        let mut document = json!({
            "paths": {"/": {"get": {"responses": {"200": {"$ref": "#/components/responses/a"}}}}},
            "components": {
                "responses": {"a": {"$ref": "#/components/schemas/b"}, "z": {}},
                "schemas": {
                    "b": {"properties": {"x": {"$ref": "#/components/schemas/c"}}},
                    "c": {"discriminator": {"mapping": {"d": "#/components/schemas/d"}}},
                    "d": {"items": {"$ref": "#/components/schemas/b"}},
                    "y": {"$ref": "#/components/schemas/x"},
                    "x": {},
                    "theirs": {"$ref": "#/components/schemas/w"},
                    "w": {},
                },
            },
        });
        let mut removable = names(&document);
        removable.remove(&("schemas".to_owned(), "theirs".to_owned()));
        remove(&mut document, &removable);
        let kept = |section: &str| {
            document["components"][section].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(kept("responses"), ["a"]);
        assert_eq!(kept("schemas"), ["b", "c", "d", "theirs", "w"]);
    }
}
