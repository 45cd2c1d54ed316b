//! What an OpenAPI document says of an answer, whatever a test is about: that its status can come, and that its body is
//! valid by the schema.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// The operations of a document.
pub struct Operations {
    document: Value,
    /// The validators of the schemas that were needed so far, each with how many bodies it was asked about.
    validators: Mutex<HashMap<String, (Arc<Validator>, usize)>>,
}

impl Operations {
    pub fn of(document: Value) -> Self {
        Self { document, validators: Mutex::default() }
    }

    /// What is wrong with an answer; nothing if the document doesn't know the request's path and method.
    pub fn faults(&self, method: &str, url: &str, status: u16, body: &[u8]) -> Vec<String> {
        let path = url.split(['?', '#']).next().unwrap_or(url);
        let Some(responses) = self.responses(method, path) else { return Vec::new() };
        let Some(response) = responses.get(&status.to_string()).or_else(|| responses.get("default")) else {
            return vec![format!("{method} {path} is never answered {status}, says the OpenAPI document")];
        };
        let schema = &response["content"]["application/vnd.api+json"]["schema"]["$ref"];
        match (schema.as_str(), body.is_empty()) {
            (None, true) | (Some(_), true) => Vec::new(),
            (None, false) => {
                vec![format!("{method} {path} {status} has a body, unlike the OpenAPI document")]
            }
            (Some(schema), false) => {
                let Some(validator) = self.validator(schema) else { return Vec::new() };
                let json = serde_json::from_slice(body).expect("JSON");
                let errors = validator.iter_errors(&json);
                errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
            }
        }
    }

    fn responses(&self, method: &str, path: &str) -> Option<&Map<String, Value>> {
        let paths = self.document["paths"].as_object()?;
        // What is written out wins over a parameter.
        let mut fitting: Vec<_> = paths.iter().filter(|(template, _)| fits(template, path)).collect();
        fitting.sort_by_key(|(template, _)| template.matches('{').count());
        let method = if method == "HEAD" { "get".into() } else { method.to_lowercase() };
        fitting.first()?.1[&method]["responses"].as_object()
    }

    /// The validator of a schema. Tests that send requests by chance send very many: of those with one schema, the first
    /// ones are looked at, and then each twentieth.
    fn validator(&self, schema: &str) -> Option<Arc<Validator>> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let (validator, asked) = validators.entry(schema.to_owned()).or_insert_with(|| {
            let whole =
                json!({"$ref": schema, "components": {"schemas": self.document["components"]["schemas"]}});
            let made = jsonschema::validator_for(&whole);
            (Arc::new(made.unwrap_or_else(|error| panic!("{schema}: {error}"))), 0)
        });
        *asked += 1;
        (*asked <= 100 || asked.is_multiple_of(20)).then(|| Arc::clone(validator))
    }
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
