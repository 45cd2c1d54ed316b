//! An answer, and what a test asks of it.

use std::fmt;

use rocket::http::Status;
use serde::Deserialize;
use serde_json::Value as JsonValue;
use serde_json::value::RawValue;

use super::error_object::{AnsweredError, errors_of};
use super::request::{Parts, write_body};
use super::resource::{RawResource, Resource};
use crate::conditional::EntityTag;
use crate::document::MEDIA_TYPE;
use crate::resource::JsonApiResource;

/// What came back, with the request that it answers.
///
/// `{}` and `{:?}` show both, readably, and so does each assertion that fails.
#[derive(Clone)]
pub struct Answer {
    request: Parts,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// The parts of a document (JSON:API §6.1), each resource object as it was written.
#[derive(Deserialize)]
struct RawDocument {
    data: Option<Box<RawValue>>,
    #[serde(default)]
    included: Vec<RawResource>,
}

impl Answer {
    pub(super) fn new(request: Parts, status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self { request, status, headers, body }
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is one of success (2xx).
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first line of a header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// All header fields, in the order sent.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The entity tag.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn tag(&self) -> EntityTag {
        let Some(field) = self.header("ETag") else {
            self.fail("the answer has no ETag: is the struct marked with `etag`, and is `etag` on in the configuration?")
        };
        self.or_fail("no entity tag", EntityTag::parse(field.as_bytes()))
    }

    /// The body as it is.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    ///
    /// # Panics
    /// If it is not UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        self.or_fail("no text", std::str::from_utf8(&self.body))
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is no JSON.
    #[track_caller]
    pub fn json(&self) -> JsonValue {
        self.or_fail("no JSON", serde_json::from_slice(&self.body))
    }

    /// The answer, if it has this status.
    ///
    /// # Panics
    /// If it has another one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        if self.status != status {
            self.fail(format_args!("expected {}", Status::new(status)));
        }
        self
    }

    /// The answer, if it has this status and an error of this `code`. The guide's page "Errors" has all codes.
    ///
    /// # Panics
    /// If it has another status, or no such error.
    #[track_caller]
    pub fn expect_error(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        if !answer.errors().iter().any(|error| error.code() == Some(code)) {
            answer.fail(format_args!("expected an error with the code `{code}`"));
        }
        answer
    }

    /// The answer, if it has this status and an error that points here: at a member of the document
    /// (`/data/attributes/title`), at a parameter of the query (`filter[title]`) or at a header field (`If-Match`).
    ///
    /// # Panics
    /// If it has another status, or no such error.
    #[track_caller]
    pub fn expect_error_at(self, status: u16, source: &str) -> Self {
        let answer = self.expect(status);
        if !answer.errors().iter().any(|error| error.points_at(source)) {
            answer.fail(format_args!("expected an error at `{source}`"));
        }
        answer
    }

    /// The errors of the document.
    ///
    /// # Panics
    /// If the answer is no document with errors.
    #[track_caller]
    pub fn errors(&self) -> Vec<AnsweredError> {
        self.check_type();
        self.or_fail("no errors", errors_of(&self.body))
    }

    /// The primary data as the struct.
    ///
    /// What clients never see (`write_only`, `hidden`) has its default, and to-many linkage that the document does not
    /// show is unread. Where `fields` left out other members, [`resource`](Self::resource) gives what is there.
    ///
    /// # Panics
    /// If the document has not one resource of this type, or its members are not those of the struct.
    #[track_caller]
    pub fn one<T: JsonApiResource>(&self) -> T {
        self.typed(&self.resource())
    }

    /// The primary data as structs, in the order of the document.
    ///
    /// # Panics
    /// If the document has no list, or something in it is not of this type.
    #[track_caller]
    pub fn many<T: JsonApiResource>(&self) -> Vec<T> {
        let mut many = Vec::new();
        for resource in self.resources() {
            many.push(self.typed(&resource));
        }
        many
    }

    /// What is included of this type, in the order of the document.
    ///
    /// # Panics
    /// If the answer is no document, or the members are not those of the struct.
    #[track_caller]
    pub fn included<T: JsonApiResource>(&self) -> Vec<T> {
        let wanted = T::description().type_name;
        let mut included = Vec::new();
        for resource in self.included_resources().iter().filter(|resource| resource.type_name() == wanted) {
            included.push(self.typed(resource));
        }
        included
    }

    /// The primary data, whatever its type and its members are.
    ///
    /// # Panics
    /// If the document has not one resource.
    #[track_caller]
    pub fn resource(&self) -> Resource {
        match self.document().data {
            Some(data) if data.get().starts_with('[') => self.fail("a list of resources, and not one"),
            Some(data) => self.or_fail("no resource", serde_json::from_str::<RawResource>(data.get())).into(),
            None => self.fail("no resource: `data` is null or missing"),
        }
    }

    /// The primary data, whatever its type is, in the order of the document.
    ///
    /// # Panics
    /// If the document has no list of resources.
    #[track_caller]
    pub fn resources(&self) -> Vec<Resource> {
        match self.document().data {
            Some(data) if data.get().starts_with('[') => {
                let resources: Vec<RawResource> =
                    self.or_fail("no list of resources", serde_json::from_str(data.get()));
                resources.into_iter().map(Resource::from).collect()
            }
            Some(_) => self.fail("one resource, and not a list"),
            None => self.fail("no list of resources: `data` is null or missing"),
        }
    }

    /// The ids of the primary data, in the order of the document.
    ///
    /// # Panics
    /// If the document has no list of resources.
    #[track_caller]
    pub fn ids(&self) -> Vec<String> {
        self.resources().iter().map(|resource| resource.id().to_owned()).collect()
    }

    /// All that is included, in the order of the document.
    ///
    /// # Panics
    /// If the answer is no document.
    #[track_caller]
    pub fn included_resources(&self) -> Vec<Resource> {
        self.document().included.into_iter().map(Resource::from).collect()
    }

    /// The document's `meta`; null without one.
    ///
    /// # Panics
    /// If the body is no JSON.
    #[track_caller]
    pub fn meta(&self) -> JsonValue {
        self.json().get("meta").cloned().unwrap_or_default()
    }

    /// A link of the document, such as `next`; `None` where it is null or missing. What is before the path is cut off,
    /// so that a client may [`get`](super::Client::get) it.
    ///
    /// # Panics
    /// If the body is no JSON.
    #[track_caller]
    pub fn link(&self, name: &str) -> Option<String> {
        let link = self.json().get("links")?.get(name)?.as_str()?.to_owned();
        let path =
            link.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned()));
        Some(path.unwrap_or(link))
    }

    #[track_caller]
    fn document(&self) -> RawDocument {
        self.check_type();
        self.or_fail("no document", serde_json::from_slice(&self.body))
    }

    #[track_caller]
    fn check_type(&self) {
        let media_type = self.header("Content-Type").unwrap_or("no media type");
        if media_type.split(';').next().map(str::trim) != Some(MEDIA_TYPE) {
            self.fail(format_args!(
                "expected a JSON:API document, which is {MEDIA_TYPE}, and found {media_type}"
            ));
        }
    }

    #[track_caller]
    fn typed<T: JsonApiResource>(&self, resource: &Resource) -> T {
        match resource.to_struct() {
            Ok(typed) => typed,
            Err(problem) => self.fail(problem),
        }
    }

    /// Not a closure with `unwrap_or_else`: the place of a failure is the line of the test.
    #[track_caller]
    fn or_fail<T, E: fmt::Display>(&self, otherwise: &str, result: Result<T, E>) -> T {
        match result {
            Ok(value) => value,
            Err(error) => self.fail(format_args!("{otherwise}: {error}")),
        }
    }

    /// Panics with what was expected, the request and the whole answer.
    #[track_caller]
    pub(super) fn fail(&self, problem: impl fmt::Display) -> ! {
        panic!("{problem}\n\n{self}")
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "----- request\n{}----- answer\n{}\n", self.request, Status::new(self.status))?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        write_body(f, &self.body)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
