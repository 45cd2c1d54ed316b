//! The responses of an operation.

use serde_json::{Map, Value, json};

use super::names::{header, schema};
use super::schemas::common;
use crate::error::MEDIA_TYPE;

/// The responses of an operation, by status (OpenAPI 3.1.1 §4.8.16).
#[derive(Debug, Default)]
pub(super) struct Responses(Map<String, Value>);

impl Responses {
    /// A request that succeeds, with the schema of its document.
    pub(super) fn success(
        &mut self,
        status: u16,
        description: &str,
        document: Option<&str>,
        headers: Map<String, Value>,
    ) {
        let mut response = json!({"description": description});
        if let Some(response) = response.as_object_mut() {
            if let Some(document) = document {
                response.insert("content".into(), json!({MEDIA_TYPE: {"schema": schema(document)}}));
            }
            if !headers.is_empty() {
                response.insert("headers".into(), headers.into());
            }
        }
        self.0.insert(status.to_string(), response);
    }

    /// The client has it already.
    pub(super) fn not_modified(&mut self) {
        let response = json!({
            "description": "Not changed: the client has it already. There is no body.",
            "headers": {"ETag": header("ETag")},
        });
        self.0.insert("304".into(), response);
    }

    /// A refusal, with the codes that its errors may have. Those of the application's own code come on top.
    pub(super) fn error(&mut self, status: u16, codes: &[&str]) {
        let listed: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
        let mut response = json!({
            "description": format!("Refused: {}.", listed.join(", ")),
            "content": {MEDIA_TYPE: {"schema": common("errors")}},
            "x-error-codes": codes,
        });
        let field = match status {
            412 => Some("ETag"),
            503 | 507 => Some("Retry-After"),
            _ => None,
        };
        if let (Some(field), Some(response)) = (field, response.as_object_mut()) {
            response.insert("headers".into(), json!({field: header(field)}));
        }
        self.0.insert(status.to_string(), response);
    }

    /// Any other refusal, by the application's own code.
    pub(super) fn any_error(&mut self) {
        let response = json!({
            "description": "Refused by the application's own rules.",
            "content": {MEDIA_TYPE: {"schema": common("errors")}},
        });
        self.0.insert("default".into(), response);
    }

    pub(super) fn into_value(self) -> Value {
        self.0.into()
    }
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
        (
            "Retry-After",
            field("After how many seconds to try again.", json!({"type": "integer", "minimum": 0})),
        ),
    ];
    fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect()
}
