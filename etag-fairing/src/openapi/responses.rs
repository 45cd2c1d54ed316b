//! The responses of an operation.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::names::{self, header, schema};
use super::schemas::common;
use crate::error::MEDIA_TYPE;
use crate::idempotency::REPLAYED;

/// The responses of an operation, by status (OpenAPI 3.1.1 §4.8.16).
#[derive(Debug, Default)]
pub(super) struct Responses {
    others: Map<String, Value>,
    /// The codes of errors, by status.
    refusals: BTreeMap<u16, Vec<&'static str>>,
    has_others: bool,
    /// That of documents, unless it is the one of JSON:API alone.
    media_type: Option<String>,
}

/// The refusals that operations share, by the names of their components.
pub(super) type Refusals = Map<String, Value>;

impl Responses {
    /// Those with documents of another media type.
    pub(super) fn of_media_type(media_type: String) -> Self {
        Self { media_type: Some(media_type), ..Self::default() }
    }

    fn media_type(&self) -> &str {
        self.media_type.as_deref().unwrap_or(MEDIA_TYPE)
    }

    /// A request that succeeds, with the schema of its document.
    pub(super) fn success(
        &mut self,
        status: u16,
        description: &str,
        document: Option<&str>,
        headers: &Map<String, Value>,
    ) {
        let mut response = json!({"description": description});
        if let Some(response) = response.as_object_mut() {
            if let Some(document) = document {
                response.insert("content".into(), json!({self.media_type(): {"schema": schema(document)}}));
            }
            if !headers.is_empty() {
                response.insert("headers".into(), headers.clone().into());
            }
        }
        self.others.insert(status.to_string(), response);
    }

    /// The client has it already; these fields tell what it has (RFC 9110 §15.4.5).
    pub(super) fn not_modified(&mut self, headers: Map<String, Value>) {
        let description = "Not changed: the client has it already. There is no body.";
        self.others.insert("304".into(), json!({"description": description, "headers": headers}));
    }

    /// A refusal, with the codes that its errors may have.
    pub(super) fn error(&mut self, status: u16, codes: &[&'static str]) {
        self.refusals.entry(status).or_default().extend(codes);
    }

    /// What becomes of a key that may not be used as it is.
    pub(super) fn of_keys(&mut self, is_required: bool, keeps_answers: bool) {
        // A role that may not make the table keeps none, whatever the configuration says.
        self.error(400, &["invalid_idempotency_key", "idempotency_key_not_supported"]);
        if !keeps_answers {
            return;
        }
        if is_required {
            self.error(400, &["idempotency_key_required"]);
        }
        self.error(409, &["idempotency_key_in_use"]);
        self.error(422, &["idempotency_key_reused"]);
        self.error(429, &["too_many_idempotency_keys"]);
    }

    /// Any other refusal, by the application's own code.
    pub(super) fn any_error(&mut self) {
        self.has_others = true;
        self.others.insert(
            "default".into(),
            json!({
                "description": "Refused by the application's own rules.",
                "content": {self.media_type(): {"schema": common("errors")}},
            }),
        );
    }

    /// The responses. Refusals with the same codes are components, of which an operation names those that it has. Those whose
    /// codes are not the same for all operations are named by its `kind`.
    pub(super) fn into_value(mut self, kind: &str, shared: &mut Refusals) -> Value {
        // Several mistakes of one request with different statuses are 400 (JSON:API §10.1).
        let told_together: Vec<&'static str> = self
            .refusals
            .iter()
            .filter(|(status, _)| (403..=422).contains(*status) && !matches!(status, 406 | 412 | 413 | 415))
            .flat_map(|(_, codes)| codes.iter().copied())
            // A key is judged before all else.
            .filter(|code| !code.starts_with("idempotency_key"))
            .collect();
        if let Some(bad_request) = self.refusals.get_mut(&400) {
            bad_request.extend(told_together);
        }
        for (status, mut codes) in self.refusals {
            let mut known = Vec::new();
            codes.retain(|code| {
                !known.contains(code) && {
                    known.push(*code);
                    true
                }
            });
            let refusal = refusal(status, &codes, self.has_others);
            let mut name = status.to_string();
            if matches!(status, 400 | 403 | 404 | 409 | 422) {
                name = format!("{name}.{kind}");
            }
            if self.has_others {
                name.push_str(".or_others");
            }
            let name = shared_name(&name, refusal, shared);
            self.others.insert(status.to_string(), names::response(&name));
        }
        self.others.into()
    }
}

/// The name of the component with this refusal, which is added if there is none.
fn shared_name(first: &str, refusal: Value, shared: &mut Refusals) -> String {
    let mut number = 1;
    loop {
        let name = match number {
            1 => names::common(first),
            number => names::common(&format!("{first}.{number}")),
        };
        match shared.get(&name) {
            Some(known) if *known == refusal => return name,
            Some(_) => number += 1,
            None => {
                shared.insert(name.clone(), refusal);
                return name;
            }
        }
    }
}

/// A refusal with these codes, or also others, of the application's own code.
fn refusal(status: u16, codes: &[&str], has_others: bool) -> Value {
    let listed: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
    let schema = match has_others {
        true => common("errors"),
        false => json!({"allOf": [common("errors"), {"properties": {"errors": {"items": {"properties": {
            "code": {"enum": codes},
        }}}}}]}),
    };
    let mut response = json!({
        "description": format!("Refused: {}.", listed.join(", ")),
        "content": {MEDIA_TYPE: {"schema": schema}},
        "x-error-codes": codes,
    });
    let fields: &[&str] = match status {
        412 => &["ETag", "Preference-Applied"],
        429 | 503 | 507 => &["Retry-After"],
        409 if codes.contains(&"idempotency_key_in_use") => &["Retry-After"],
        _ => &[],
    };
    if let (false, Some(response)) = (fields.is_empty(), response.as_object_mut()) {
        let fields: Map<String, Value> = fields.iter().map(|name| ((*name).into(), header(name))).collect();
        response.insert("headers".into(), fields.into());
    }
    response
}

/// The response header fields that operations refer to.
pub(super) fn headers() -> Map<String, Value> {
    let field = |description: &str, schema: Value| json!({"description": description, "schema": schema});
    let text = || json!({"type": "string"});
    let fields = [
        (
            "ETag",
            field(
                "The entity tag: the state of the resource and of this representation (RFC 9110 §8.8.3).",
                text(),
            ),
        ),
        ("Last-Modified", field("When the resource was changed last (RFC 9110 §8.8.2).", text())),
        (
            "Location",
            field("The URL of the new resource.", json!({"type": "string", "format": "uri-reference"})),
        ),
        ("Preference-Applied", field("The preference that was followed (RFC 7240 §3).", text())),
        (
            REPLAYED,
            field(
                "`true` if the request was sent before: this is the answer of that time.",
                json!({"type": "string", "const": "true"}),
            ),
        ),
        (
            "Retry-After",
            field("After how many seconds to try again.", json!({"type": "integer", "minimum": 0})),
        ),
    ];
    fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect()
}
