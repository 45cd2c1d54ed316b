//! Examples of resources: values that the schemas allow, and the same ones each time.

use serde_json::{Map, Value, json};

use super::texts::{NO_COMMA, TEXT};

/// An example of what a schema allows; `None` if none is found, such as one for the `pattern` of a type of the application's.
pub(super) fn of(schema: &Value, schemas: &Map<String, Value>) -> Option<Value> {
    Search { schemas, depth: 0 }.of(schema)
}

/// The same, of what a request sends: with the relationships that it must have, since those of an example exist nowhere.
pub(super) fn of_request(schema: &Value, schemas: &Map<String, Value>) -> Option<Value> {
    let mut example = of(schema, schemas)?;
    let required =
        schema.pointer("/properties/data/properties/relationships/required").and_then(Value::as_array);
    let is_required =
        |name: &str| required.is_some_and(|required| required.iter().any(|other| other == name));
    let data = example.get_mut("data")?.as_object_mut()?;
    if let Some(Value::Object(relationships)) = data.get_mut("relationships") {
        relationships.retain(|name, _| is_required(name));
        if relationships.is_empty() {
            data.remove("relationships");
        }
    }
    Some(example)
}

/// How deep schemas are followed. They may lead in a circle.
const DEEPEST: usize = 12;

#[derive(Clone, Copy)]
struct Search<'a> {
    /// What references lead to.
    schemas: &'a Map<String, Value>,
    depth: usize,
}

impl Search<'_> {
    fn of(self, schema: &Value) -> Option<Value> {
        let deeper = Self { depth: self.depth + 1, ..self };
        if self.depth > DEEPEST {
            return None;
        }
        let schema = schema.as_object()?;
        if let Some(at) = schema.get("$ref").and_then(Value::as_str) {
            return deeper.of(self.schemas.get(at.strip_prefix("#/components/schemas/")?)?);
        }
        // What a type of the application's says itself.
        let said = ["const", "example", "default"].iter().find_map(|keyword| schema.get(*keyword));
        let listed =
            ["examples", "enum"].iter().find_map(|keyword| schema.get(*keyword)?.as_array()?.first());
        if let Some(known) = said.or(listed) {
            return Some(known.clone());
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(forms) = schema.get(keyword).and_then(Value::as_array) {
                return forms.iter().find_map(|form| deeper.of(form));
            }
        }
        match type_of(schema)? {
            "object" => deeper.object(schema),
            "array" => {
                let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
                match schema.get("items").and_then(|items| deeper.of(items)) {
                    Some(item) if least < 2 => Some(json!([item])),
                    _ => (least == 0).then(|| json!([])),
                }
            }
            "string" => string(schema).map(Value::from),
            "integer" => integer(schema).map(Value::from),
            "number" => number(schema),
            "boolean" => Some(true.into()),
            "null" => Some(Value::Null),
            _ => None,
        }
    }

    /// An object with all the members that have an example; none if a required member has none.
    fn object(self, schema: &Map<String, Value>) -> Option<Value> {
        let mut members = Map::new();
        for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            // Links and meta information are the server's, and the same for all resources.
            if matches!(name.as_str(), "links" | "meta") {
                continue;
            }
            if let Some(example) = self.of(member) {
                members.insert(name.clone(), example);
            }
        }
        let mut required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let is_whole = required.all(|name| name.as_str().is_some_and(|name| members.contains_key(name)));
        is_whole.then_some(Value::Object(members))
    }
}

/// The first type of a schema that is not null.
fn type_of(schema: &Map<String, Value>) -> Option<&str> {
    match schema.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => {
            let mut names = names.iter().filter_map(Value::as_str);
            names.find(|name| *name != "null").or(Some("null"))
        }
        _ => None,
    }
}

fn string(schema: &Map<String, Value>) -> Option<&'static str> {
    let keyword = |name: &str| schema.get(name).and_then(Value::as_str);
    let text = match (keyword("format"), keyword("contentEncoding"), keyword("pattern")) {
        (Some("date-time"), ..) => "2030-05-17T09:30:00Z",
        (Some("date"), ..) => "2030-05-17",
        (Some("time"), ..) => "09:30:00",
        (Some("duration"), ..) => "PT1H30M",
        (Some("uuid"), ..) => "0190f5b1-7c1e-7a3b-9d2c-4e5f60718293",
        (Some("email"), ..) => "somebody@example.com",
        (Some("uri" | "uri-reference"), ..) => "https://example.com/",
        (_, Some("base64"), _) => "AQID",
        // Those of this crate: texts, ids, times and decimals.
        (_, _, None) => "text",
        (_, _, Some(pattern)) => return by_pattern(pattern),
    };
    let length = u64::try_from(text.len()).ok()?;
    let fits = |keyword: &str, is: fn(u64, u64) -> bool| {
        schema.get(keyword).and_then(Value::as_u64).is_none_or(|limit| is(length, limit))
    };
    (fits("minLength", |is, least| is >= least) && fits("maxLength", |is, most| is <= most)).then_some(text)
}

/// An example for a pattern of this crate.
fn by_pattern(pattern: &str) -> Option<&'static str> {
    match pattern {
        TEXT | NO_COMMA => Some("text"),
        // Whole numbers and decimals all take this one.
        _ if pattern.starts_with("^(0|") || pattern.starts_with("^-?") || pattern.starts_with("^(?:0|") => {
            Some("1")
        }
        _ => None,
    }
}

fn integer(schema: &Map<String, Value>) -> Option<i64> {
    let limit = |keyword: &str| schema.get(keyword).and_then(Value::as_i64);
    let wanted = limit("minimum").map_or(1, |least| least.max(1));
    Some(limit("maximum").map_or(wanted, |most| wanted.min(most)))
}

fn number(schema: &Map<String, Value>) -> Option<Value> {
    let limit = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    let wanted = limit("minimum").map_or(1.5, |least| least.max(1.5));
    let number = limit("maximum").map_or(wanted, |most| wanted.min(most));
    serde_json::Number::from_f64(number).map(Value::Number)
}
