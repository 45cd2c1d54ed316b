//! What every JSON:API document that a test receives must be, whatever the test is about: valid by the schema of
//! `tests/schema/response.json`, without duplicates, and fully linked.

use std::{collections::BTreeSet, sync::LazyLock};

use jsonschema::Validator;
use serde_json::Value;

static RESPONSE: LazyLock<Validator> = LazyLock::new(|| compile(include_str!("../schema/response.json")));
static REQUEST: LazyLock<Validator> = LazyLock::new(|| compile(include_str!("../schema/request.json")));

fn compile(schema: &str) -> Validator {
    let schema = serde_json::from_str(schema).expect("a schema is JSON");
    jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("a schema: {error}"))
}

/// A rule that a document breaks, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A JSON Pointer into the document.
    pub at: String,
    /// What is wrong there.
    pub what: String,
}

/// What is wrong with a document that a server sends.
pub fn response_faults(document: &Value) -> Vec<Fault> {
    faults(&RESPONSE, document)
}

/// What is wrong with a document that a client sends.
pub fn request_faults(document: &Value) -> Vec<Fault> {
    faults(&REQUEST, document)
}

fn faults(validator: &Validator, document: &Value) -> Vec<Fault> {
    let errors = validator.iter_errors(document);
    errors.map(|error| Fault { at: error.instance_path().to_string(), what: error.to_string() }).collect()
}

/// What is wrong with the resources of a document together (JSON:API §7.4): one that stands there twice, and an
/// included one that nothing links to.
///
/// Where a sparse fieldset may hide linkage, only the first is looked at.
pub fn compound_faults(document: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let primary = list(&document["data"]);
    let included = list(&document["included"]);
    // Identifiers are no resource objects: linkage as primary data stands beside what it links to.
    let is_linkage = primary.iter().all(|one| one.get("links").is_none() && one.get("attributes").is_none());

    let mut seen = BTreeSet::new();
    let resources = if is_linkage { Vec::new() } else { primary.clone() };
    for resource in resources.iter().chain(&included) {
        if !seen.insert(identity(resource)) {
            faults.push(Fault { at: "/included".into(), what: format!("{:?} twice", identity(resource)) });
        }
    }
    for owner in primary.iter().chain(&included) {
        for (name, relationship) in owner["relationships"].as_object().into_iter().flatten() {
            let linkage = list(&relationship["data"]);
            let different: BTreeSet<_> = linkage.iter().map(|one| identity(one)).collect();
            if different.len() != linkage.len() {
                faults.push(Fault { at: name.clone(), what: format!("{relationship} names one twice") });
            }
        }
    }
    if hides_linkage(document) {
        return faults;
    }

    let mut linked: BTreeSet<_> = primary.iter().map(|one| identity(one)).collect();
    // Behind linkage as primary data, the included resources that it names link on.
    let named = included.iter().filter(|one| linked.contains(&identity(one))).copied();
    let mut waiting: Vec<_> = primary.iter().copied().chain(named).collect();
    while let Some(owner) = waiting.pop() {
        for relationship in owner["relationships"].as_object().into_iter().flatten().map(|(_, value)| value) {
            for identifier in list(&relationship["data"]) {
                if linked.insert(identity(identifier)) {
                    waiting.extend(included.iter().filter(|one| identity(one) == identity(identifier)));
                }
            }
        }
    }
    for orphan in included.iter().filter(|one| !linked.contains(&identity(one))) {
        faults
            .push(Fault { at: "/included".into(), what: format!("nothing links to {:?}", identity(orphan)) });
    }
    faults
}

/// Whether the document's own link says that `fields` was asked for (B18: it carries the whole query).
fn hides_linkage(document: &Value) -> bool {
    let link = &document["links"]["self"];
    let url = link["href"].as_str().or(link.as_str()).unwrap_or_default();
    url.contains("fields%5B") || url.contains("fields[")
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(many) => many.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn identity(resource: &Value) -> (&str, &str) {
    (resource["type"].as_str().unwrap_or_default(), resource["id"].as_str().unwrap_or_default())
}
