//! What an OpenAPI document says of an answer, whatever a test is about: that its status can come with these header fields
//! and error codes, and that its body is valid by the schema.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// The header fields that a document must tell of where they are sent: those that a client acts on.
const TOLD: [&str; 5] = ["etag", "last-modified", "location", "retry-after", "content-location"];

const MEDIA_TYPE: &str = "application/vnd.api+json";

/// The operations of a document.
pub struct Operations {
    document: Value,
    /// The validators of the schemas that were needed so far, each with how many bodies it was asked about.
    validators: Mutex<HashMap<String, (Arc<Validator>, usize)>>,
}

/// A request, and what it was answered.
pub struct Exchange<'a> {
    pub method: &'a str,
    pub url: &'a str,
    pub status: u16,
    /// The names of the header fields of the answer.
    pub fields: Vec<&'a str>,
    pub body: &'a [u8],
}

impl Operations {
    pub fn of(document: Value) -> Self {
        Self { document, validators: Mutex::default() }
    }

    /// What is wrong with an answer; nothing if the document doesn't know the request's path and method.
    pub fn faults(&self, exchange: &Exchange<'_>) -> Vec<String> {
        let Exchange { method, url, status, body, .. } = exchange;
        let path = url.split(['?', '#']).next().unwrap_or(url);
        let Some(responses) = self.responses(method, path) else { return Vec::new() };
        let Some(response) = responses.get(&status.to_string()).or_else(|| responses.get("default")) else {
            return vec![format!("{method} {path} is never answered {status}, says the OpenAPI document")];
        };
        // Where the application's own code takes part, it may refuse by any code.
        let has_own_codes = responses.contains_key("default");
        let response = self.followed(response);
        let mut faults: Vec<String> = exchange
            .fields
            .iter()
            .filter(|name| TOLD.iter().any(|told| told.eq_ignore_ascii_case(name)))
            .filter(|name| {
                let told = response["headers"].as_object();
                !told.is_some_and(|told| told.keys().any(|told| told.eq_ignore_ascii_case(name)))
            })
            .map(|name| format!("{method} {path} {status} has {name}, unlike the OpenAPI document"))
            .collect();
        // Of JSON:API's media type, with or without an extension.
        let content = response["content"].as_object();
        let ours = content.and_then(|content| content.iter().find(|(name, _)| name.starts_with(MEDIA_TYPE)));
        let schema = ours.map_or(&Value::Null, |(_, content)| &content["schema"]);
        match (schema, body.is_empty()) {
            (_, true) => {}
            (Value::Null, false) => {
                faults.push(format!("{method} {path} {status} has a body, unlike the OpenAPI document"));
            }
            (schema, false) => {
                let json = serde_json::from_slice(body).expect("JSON");
                let unknown = unknown_codes(response, &json).filter(|_| !has_own_codes);
                faults.extend(unknown.map(|code| {
                    format!("{method} {path} {status} has the code {code}, unlike the OpenAPI document")
                }));
                if let Some(validator) = self.validator(schema) {
                    let errors = validator.iter_errors(&json);
                    faults.extend(errors.map(|error| format!("{}: {error}", error.instance_path())));
                }
            }
        }
        faults
    }

    fn responses(&self, method: &str, path: &str) -> Option<&Map<String, Value>> {
        let paths = self.document["paths"].as_object()?;
        // What is written out wins over a parameter.
        let mut fitting: Vec<_> = paths.iter().filter(|(template, _)| fits(template, path)).collect();
        fitting.sort_by_key(|(template, _)| template.matches('{').count());
        let method = match method {
            "HEAD" | "GET" => "get",
            "POST" => "post",
            "PUT" => "put",
            "PATCH" => "patch",
            "DELETE" => "delete",
            // Methods are case-sensitive (RFC 9110 §9.1).
            _ => return None,
        };
        fitting.first()?.1[method]["responses"].as_object()
    }

    /// What a reference leads to.
    fn followed<'a>(&'a self, value: &'a Value) -> &'a Value {
        let pointer = value["$ref"].as_str().and_then(|at| at.strip_prefix('#'));
        pointer.map_or(value, |pointer| self.document.pointer(pointer).expect("a reference leads somewhere"))
    }

    /// The validator of a schema. Tests that send requests by chance send very many: of those with one schema, the first
    /// ones are looked at, and then each twentieth.
    fn validator(&self, schema: &Value) -> Option<Arc<Validator>> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let (validator, asked) = validators.entry(schema.to_string()).or_insert_with(|| {
            let schemas = &self.document["components"]["schemas"];
            let whole = json!({"allOf": [schema], "components": {"schemas": schemas}});
            let made = jsonschema::validator_for(&whole);
            (Arc::new(made.unwrap_or_else(|error| panic!("{schema}: {error}"))), 0)
        });
        *asked += 1;
        (*asked <= 100 || asked.is_multiple_of(20)).then(|| Arc::clone(validator))
    }
}

/// The codes of errors that the document doesn't tell of, where it tells of any.
fn unknown_codes<'a>(response: &'a Value, body: &'a Value) -> impl Iterator<Item = &'a str> {
    let told = response["x-error-codes"].as_array();
    let errors = body["errors"].as_array().into_iter().flatten();
    let codes = errors.filter_map(|error| error["code"].as_str());
    codes.filter(move |code| told.is_some_and(|told| !told.iter().any(|told| told == code)))
}

fn fits(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(expected), Some(segment)) => {
                let fits = if expected.starts_with('{') { !segment.is_empty() } else { expected == segment };
                if !fits {
                    return false;
                }
            }
            _ => return false,
        }
    }
}
