//! The errors of an answer (JSON:API §10).

use serde::Deserialize;

/// An error object of an answer. The guide's page "Errors" has all codes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct AnsweredError {
    id: Option<String>,
    status: Option<String>,
    code: Option<String>,
    title: Option<String>,
    detail: Option<String>,
    #[serde(default)]
    source: Source,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
struct Source {
    pointer: Option<String>,
    parameter: Option<String>,
    header: Option<String>,
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<AnsweredError>,
}

pub(super) fn errors_of(body: &[u8]) -> Result<Vec<AnsweredError>, serde_json::Error> {
    serde_json::from_slice(body).map(|document: Errors| document.errors)
}

impl AnsweredError {
    /// The request's id, if the application tells ids.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The status of this error alone.
    pub fn status(&self) -> Option<u16> {
        self.status.as_deref()?.parse().ok()
    }

    /// The code, which programs tell errors apart by.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// What all errors of this code have in common.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// What is special about this one.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The JSON Pointer (RFC 6901) to what is wrong in the document.
    pub fn pointer(&self) -> Option<&str> {
        self.source.pointer.as_deref()
    }

    /// The parameter of the query that is wrong.
    pub fn parameter(&self) -> Option<&str> {
        self.source.parameter.as_deref()
    }

    /// The header field that is wrong.
    pub fn header(&self) -> Option<&str> {
        self.source.header.as_deref()
    }

    pub(super) fn points_at(&self, source: &str) -> bool {
        [self.pointer(), self.parameter()].contains(&Some(source))
            || self.header().is_some_and(|header| header.eq_ignore_ascii_case(source))
    }
}
