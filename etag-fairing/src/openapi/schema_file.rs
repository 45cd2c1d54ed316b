//! `schemas/<type>.json`: the schemas of a resource in a file of their own, which refers to no other.
//!
//! The file itself is the schema of a resource object. Those of its documents, of linkage and of requests stand in `$defs`,
//! where `links.describedby` of a document points to (JSON:API §6.1).

use serde_json::{Map, Value, json};

use super::{filters, names};

/// The file of a type; `None` if no mounted resource has it.
pub(super) fn of(document: &Value, type_name: &str) -> Option<Value> {
    let schemas = document.get("components")?.get("schemas")?.as_object()?;
    let name = names::component(type_name);
    let is_resource = schemas.contains_key(&format!("{name}.identifier"));
    let mut file = schemas.get(&name).filter(|_| is_resource)?.clone();
    let mut definitions = Map::new();
    // Included resources may be of any type. Each has a file of its own, or this one would have all of them.
    definitions.insert(names::common("resource"), any_resource());
    collect(&file, schemas, &mut definitions);
    for (other, schema) in schemas {
        // Expressions of filters lead to those of all related types, and no document has them.
        if names::is_of(other, &name) && !other.ends_with(&format!(".{}", filters::LIST)) {
            definitions.entry(other.clone()).or_insert_with(|| schema.clone());
            collect(schema, schemas, &mut definitions);
        }
    }
    for definition in definitions.values_mut() {
        redirect(definition);
    }
    redirect(&mut file);
    let object = file.as_object_mut()?;
    object.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    object.insert("$defs".into(), json!(definitions));
    Some(file)
}

/// A resource object of whatever type (JSON:API §6.2).
fn any_resource() -> Value {
    json!({
        "type": "object",
        "required": ["type", "id"],
        "properties": {
            "type": {"type": "string"},
            "id": {"type": "string"},
            "attributes": {"type": "object"},
            "relationships": {"type": "object"},
            "links": {"type": "object"},
            "meta": {"type": "object"},
        },
        "additionalProperties": false,
    })
}

const COMPONENTS: &str = "#/components/schemas/";

/// Collects what a schema refers to.
fn collect(schema: &Value, schemas: &Map<String, Value>, found: &mut Map<String, Value>) {
    match schema {
        Value::Object(members) => {
            let name = members.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix(COMPONENTS));
            if let Some((name, schema)) = name.and_then(|name| Some((name, schemas.get(name)?)))
                && !found.contains_key(name)
            {
                found.insert(name.into(), schema.clone());
                collect(schema, schemas, found);
            }
            members.values().for_each(|member| collect(member, schemas, found));
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, schemas, found)),
        _ => {}
    }
}

/// Lets references lead to `$defs`.
fn redirect(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(at) if name == "$ref" => {
                        if let Some(name) = at.strip_prefix(COMPONENTS) {
                            *at = format!("#/$defs/{name}");
                        }
                    }
                    member => redirect(member),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(redirect),
        _ => {}
    }
}
