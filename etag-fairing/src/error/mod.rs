//! Error objects and the document that carries them (JSON:API 1.1, "Errors").
//!
//! An [`ErrorObject`] says what is wrong with one thing; [`Errors`] is the answer to a request:
//! one or more error objects, the status that sums them up, and response header fields that
//! belong to it (`Allow`, `Retry-After`, the current `ETag`). Both are Rocket responders.
//!
//! ```
//! use etag_fairing::document::error::{ErrorObject, Errors};
//!
//! let error = ErrorObject::validation_failed("title must not be empty").pointer("/data/attributes/title");
//! let errors = Errors::from(error);
//! assert_eq!(errors.status().code, 422);
//! assert_eq!(
//!     String::from_utf8(errors.to_bytes()).unwrap(),
//!     concat!(
//!         r#"{"jsonapi":{"version":"1.1"},"errors":[{"status":"422","code":"validation_failed","#,
//!         r#""title":"Validation failed","detail":"title must not be empty","#,
//!         r#""source":{"pointer":"/data/attributes/title"}}]}"#,
//!     )
//! );
//! ```
//!
//! Titles never vary from one occurrence to the next (they are `&'static str`); what is special to
//! this occurrence goes into `detail`. The errors of this crate stand in one catalogue:
//! the constructors of [`ErrorObject`], one a code.

mod catalogue;
mod pointer;

use std::borrow::Cow;
use std::fmt;
use std::io::Cursor;

use rocket::http::{Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

pub(crate) use pointer::Pointer;

use crate::current;

/// The media type of JSON:API documents, as it goes out in `Content-Type`: without parameters
/// (JSON:API 1.1, "Server Responsibilities").
pub const MEDIA_TYPE: &str = "application/vnd.api+json";

/// What of the request an error is about: the `source` member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A JSON Pointer (RFC 6901) into the request document, such as `/data/attributes/title`.
    /// It must point to something that exists there: for a missing member, to its parent.
    Pointer(String),
    /// The name of a query parameter, as the client wrote it, such as `page[size]`.
    Parameter(String),
    /// The name of a request header field, such as `If-Match`.
    Header(&'static str),
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Source::Pointer(pointer) => map.serialize_entry("pointer", pointer)?,
            Source::Parameter(parameter) => map.serialize_entry("parameter", parameter)?,
            Source::Header(header) => map.serialize_entry("header", header)?,
        }
        map.end()
    }
}

/// One problem, as JSON:API describes it.
///
/// `status`, `code` and `title` are always there; the rest is added with the builder methods.
///
/// ```
/// use etag_fairing::document::error::ErrorObject;
/// use rocket::http::Status;
///
/// let error = ErrorObject::new(Status::PaymentRequired, "quota_used_up", "Quota used up")
///     .detail("this account may hold 20 sessions")
///     .meta("limit", 20);
/// assert_eq!(error.status().code, 402);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorObject {
    status: Status,
    code: &'static str,
    title: &'static str,
    // Boxed, so that `Result<_, ErrorObject>` stays small on the way that has no error.
    members: Box<Members>,
}

/// The members that not every error has.
#[derive(Clone, Debug, Default, PartialEq)]
struct Members {
    detail: Option<Cow<'static, str>>,
    source: Option<Source>,
    id: Option<String>,
    about: Option<String>,
    kind: Option<Cow<'static, str>>,
    meta: serde_json::Map<String, Value>,
}

/// The code, and what is special to this occurrence, or else the title.
impl fmt::Display for ErrorObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.members.detail.as_deref().unwrap_or(self.title))
    }
}

impl std::error::Error for ErrorObject {}

impl ErrorObject {
    /// An error with its HTTP status, its code (stable, for programs) and its title (stable, for
    /// people).
    pub fn new(status: Status, code: &'static str, title: &'static str) -> ErrorObject {
        ErrorObject { status, code, title, members: Box::default() }
    }

    /// Says what is special to this occurrence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> ErrorObject {
        self.members.detail = Some(detail.into());
        self
    }

    /// Points into the request document: `source.pointer`, a JSON Pointer.
    #[must_use]
    pub fn pointer(mut self, pointer: impl Into<String>) -> ErrorObject {
        self.members.source = Some(Source::Pointer(pointer.into()));
        self
    }

    /// Points into the request document: to this place, or from there on to where the error points already.
    #[must_use]
    pub(crate) fn starting_at(mut self, base: &Pointer) -> ErrorObject {
        let pointer = match &self.members.source {
            Some(Source::Pointer(pointer)) => base.below(pointer),
            _ => base.clone(),
        };
        self.members.source = Some(Source::Pointer(pointer.into()));
        self
    }

    /// Points into the request document, if it has the place.
    #[must_use]
    pub(crate) fn at(self, pointer: Option<Pointer>) -> ErrorObject {
        match pointer {
            Some(pointer) => self.pointer(pointer),
            None => self,
        }
    }

    /// Names the query parameter at fault: `source.parameter`.
    #[must_use]
    pub fn parameter(mut self, parameter: impl Into<String>) -> ErrorObject {
        self.members.source = Some(Source::Parameter(parameter.into()));
        self
    }

    /// Names the request header field at fault: `source.header`.
    #[must_use]
    pub fn header(mut self, header: &'static str) -> ErrorObject {
        self.members.source = Some(Source::Header(header));
        self
    }

    /// An identifier of this occurrence, to find it in the server's log.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> ErrorObject {
        self.members.id = Some(id.into());
        self
    }

    /// A link to where more can be learned: `links.about`.
    #[must_use]
    pub fn about(mut self, url: impl Into<String>) -> ErrorObject {
        self.members.about = Some(url.into());
        self
    }

    /// A link that names the kind of error: `links.type`, as a profile or extension defines it.
    #[must_use]
    pub fn type_link(mut self, url: impl Into<Cow<'static, str>>) -> ErrorObject {
        self.members.kind = Some(url.into());
        self
    }

    /// Adds one member to `meta`. The same name again replaces the value.
    #[must_use]
    pub fn meta(mut self, name: impl Into<String>, value: impl Into<Value>) -> ErrorObject {
        self.members.meta.insert(name.into(), value.into());
        self
    }

    /// The HTTP status that fits this problem.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The stable code for programs.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What the error is about, where it names something of the request.
    pub fn source(&self) -> Option<&Source> {
        self.members.source.as_ref()
    }

    /// The explanation of this occurrence.
    pub fn detail_text(&self) -> Option<&str> {
        self.members.detail.as_deref()
    }
}

impl Serialize for ErrorObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = &self.members.id {
            map.serialize_entry("id", id)?;
        } else if let Some(id) = current::id() {
            map.serialize_entry("id", id.as_str())?;
        }
        let links = ErrorLinks { about: self.members.about.as_deref(), kind: self.members.kind.as_deref() };
        if links.about.is_some() || links.kind.is_some() {
            map.serialize_entry("links", &links)?;
        }
        // JSON:API 1.1 "Error Objects": "status: the HTTP status code [...] expressed as a string value".
        map.serialize_entry("status", &Digits(self.status.code))?;
        map.serialize_entry("code", self.code)?;
        map.serialize_entry("title", self.title)?;
        if let Some(detail) = &self.members.detail {
            map.serialize_entry("detail", detail)?;
        }
        if let Some(source) = &self.members.source {
            map.serialize_entry("source", source)?;
        }
        if !self.members.meta.is_empty() {
            map.serialize_entry("meta", &self.members.meta)?;
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
struct ErrorLinks<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<&'a str>,
    // JSON:API §10.2: `type` is one link, and not a list of links.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
}

struct Digits(u16);

impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The answer to a request that failed: one or more error objects, and header fields of their own.
///
/// As a responder it sends [`status`](Errors::status), `Content-Type: application/vnd.api+json`,
/// `Vary: Accept`, and `Cache-Control: no-store`, unless it was given another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Errors {
    // Never empty: every way to make one starts from an error object.
    objects: Vec<ErrorObject>,
    headers: Vec<(Cow<'static, str>, Cow<'static, str>)>,
}

/// As many errors of one request are looked for and told, and no more: what a client sends may have a mistake every two
/// bytes.
pub(crate) const MOST_ERRORS: usize = 100;

/// One line an error object.
impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.objects.iter().map(ErrorObject::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Errors {}

impl Errors {
    /// The errors collected in a list; `None` if there are none.
    pub fn from_vec(errors: Vec<ErrorObject>) -> Option<Errors> {
        (!errors.is_empty()).then_some(Errors { objects: errors, headers: Vec::new() })
    }

    /// Adds another error.
    pub fn push(&mut self, error: ErrorObject) {
        self.objects.push(error);
    }

    /// The same errors, of a document that stands at `base`: their pointers were written as if it stood alone.
    #[must_use]
    pub(crate) fn located(mut self, base: &Pointer) -> Errors {
        for error in self.objects.iter_mut().filter(|_| *base != Pointer::ROOT) {
            if let Some(Source::Pointer(pointer)) = &mut error.members.source {
                *pointer = base.below(pointer).into();
            }
        }
        self
    }

    /// The same errors, of one operation among several, which stands at `base`: each points to it, or to something in it. The
    /// current entity tag, which no field can carry for one of several resources, stands in `meta`.
    #[must_use]
    pub(crate) fn of_operation(mut self, base: &Pointer) -> Errors {
        let tag = self.headers.iter().position(|(name, _)| name == "ETag");
        let tag = tag.map(|place| self.headers.remove(place).1);
        for error in &mut self.objects {
            if error.status == Status::PreconditionRequired {
                let detail = "read what the operation changes, and send the entity tag that comes with it as meta.ifMatch of the operation";
                error.members.detail = Some(detail.into());
            }
            if error.status == Status::PreconditionFailed
                && let Some(tag) = &tag
            {
                error.members.meta.insert("etag".into(), tag.as_ref().into());
            }
            if !matches!(error.members.source, Some(Source::Pointer(_))) {
                error.members.source = Some(Source::Pointer(base.clone().into()));
            }
        }
        self
    }

    /// Adds a response header field. A field of the same name that is there already stays.
    #[must_use]
    pub fn with_header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Errors {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds the current entity tag of the target, quoted as it goes out: what a client that got
    /// 412 needs to go on.
    #[must_use]
    pub fn with_current_tag(self, tag: Option<impl fmt::Display>) -> Errors {
        match tag {
            Some(tag) => self.with_header("ETag", tag.to_string()),
            None => self,
        }
    }

    /// Adds what is there now to the answer to a precondition that failed: in `meta.current` of its error, with the tag of that.
    #[must_use]
    pub(crate) fn with_current(mut self, current: Value, tag: Option<impl fmt::Display>) -> Errors {
        if let Some(error) = self.objects.first_mut() {
            error.members.meta.insert("current".into(), current);
        }
        if let Some(tag) = tag {
            // Somebody may have changed it since it was judged: this is the tag of what is told.
            self.headers.retain(|(name, _)| name != "ETag");
            return self.with_current_tag(Some(tag));
        }
        self
    }

    /// Whether one of them tells the current state of a resource, or its entity tag, in `meta`.
    pub(crate) fn tell_state(&self) -> bool {
        self.objects
            .iter()
            .any(|error| ["etag", "current"].iter().any(|name| error.members.meta.contains_key(*name)))
    }

    /// The error objects, in order; at least one.
    pub fn iter(&self) -> impl Iterator<Item = &ErrorObject> {
        self.objects.iter()
    }

    /// The status of the whole answer.
    ///
    /// JSON:API 1.1 "Processing Errors": with several problems "the most generally applicable HTTP
    /// error code SHOULD be used": the common one if all agree, else 400 for 4xx and 500 as soon as
    /// there is one of the server's.
    pub fn status(&self) -> Status {
        let server_error = self.iter().any(|error| error.status.code >= 500);
        match self.objects.split_first() {
            Some((first, more)) if more.iter().all(|error| error.status == first.status) => first.status,
            Some(_) if !server_error => Status::BadRequest,
            _ => Status::InternalServerError,
        }
    }

    /// The document: `{"jsonapi":{"version":"1.1"},"errors":[…]}`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let document = ErrorDocument { jsonapi: JsonApiMember { version: "1.1" }, errors: &self.objects };
        // Writing strings and numbers to memory can't fail; if serde_json says it did, an answer
        // without details is better than none.
        serde_json::to_vec(&document).unwrap_or_else(|_| {
            br#"{"jsonapi":{"version":"1.1"},"errors":[{"status":"500","code":"internal"}]}"#.to_vec()
        })
    }

    /// The response to this request, whose id stands in each error that has none of its own.
    pub(crate) fn to_response_to(&self, request: &Request<'_>) -> Response<'static> {
        current::within(current::of(request), || self.to_response())
    }

    /// The response, which needs nothing of the request.
    pub fn to_response(&self) -> Response<'static> {
        let status = self.status();
        let body = self.to_bytes();
        let size = body.len();
        let mut response = Response::build();
        response
            .status(status)
            .header(Header::new("Content-Type", MEDIA_TYPE))
            // JSON:API 1.1 "Server Responsibilities": responses that depend on media type
            // parameters SHOULD say `Vary: Accept`.
            .header(Header::new("Vary", "Accept"));
        // RFC 9111 §4.2.2: a cache may go on saying 404, 405 or 410 for as long as it thinks right, also to who has just
        // created what was asked for. RFC 6585 §3: a 428 MUST NOT be stored.
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Cache-Control")) {
            response.header(Header::new("Cache-Control", "no-store"));
        }
        for (name, value) in &self.headers {
            response.header_adjoin(Header::new(name.clone(), value.clone()));
        }
        response.sized_body(size, Cursor::new(body));
        response.finalize()
    }
}

impl From<ErrorObject> for Errors {
    fn from(error: ErrorObject) -> Errors {
        Errors { objects: vec![error], headers: Vec::new() }
    }
}

impl<'r> Responder<'r, 'static> for Errors {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Ok(self.to_response_to(request))
    }
}

impl<'r> Responder<'r, 'static> for ErrorObject {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Ok(Errors::from(self).to_response_to(request))
    }
}

#[derive(serde::Serialize)]
struct ErrorDocument<'a> {
    jsonapi: JsonApiMember,
    errors: &'a [ErrorObject],
}

#[derive(serde::Serialize)]
struct JsonApiMember {
    version: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(errors: &Errors) -> Value {
        serde_json::from_slice(&errors.to_bytes()).unwrap()
    }

    #[test]
    fn every_member_has_its_place() {
        let error = ErrorObject::precondition_failed("If-Match", "changed meanwhile")
            .id("0f3")
            .about("/v1/sessions/1")
            .type_link("https://example.com/stale")
            .meta("tries", 2);
        assert_eq!(
            document(&error.into()),
            serde_json::json!({"jsonapi": {"version": "1.1"}, "errors": [{
                "id": "0f3",
                "links": {"about": "/v1/sessions/1", "type": "https://example.com/stale"},
                "status": "412",
                "code": "precondition_failed",
                "title": "Precondition failed",
                "detail": "changed meanwhile",
                "source": {"header": "If-Match"},
                "meta": {"tries": 2},
            }]})
        );
    }

    #[test]
    fn source_is_pointer_parameter_or_header() {
        let source = |error: ErrorObject| document(&error.into())["errors"][0]["source"].clone();
        let error = ErrorObject::invalid_document("no data");
        assert_eq!(source(error.clone().pointer("")), serde_json::json!({"pointer": ""}));
        assert_eq!(
            source(error.clone().parameter("page[size]")),
            serde_json::json!({"parameter": "page[size]"})
        );
        assert_eq!(source(error.header("Accept")), serde_json::json!({"header": "Accept"}));
    }

    #[test]
    fn n3_one_status_if_all_agree_else_the_most_general() {
        let status = |errors: Vec<ErrorObject>| Errors::from_vec(errors).unwrap().status().code;
        let invalid = || ErrorObject::validation_failed("x");
        assert_eq!(status(vec![invalid(), invalid()]), 422);
        assert_eq!(status(vec![invalid(), ErrorObject::type_mismatch("x")]), 400);
        assert_eq!(status(vec![invalid(), ErrorObject::internal()]), 500);
        assert!(Errors::from_vec(Vec::new()).is_none());
    }

    #[test]
    fn the_response_is_json_api_and_is_not_stored() {
        let failed: Errors = ErrorObject::precondition_failed("If-Match", "x").into();
        let response = failed.with_current_tag(Some("\"a\"")).to_response();
        let field = |name| response.headers().get(name).collect::<Vec<_>>();
        assert_eq!(response.status(), Status::PreconditionFailed);
        assert_eq!(field("Content-Type"), [MEDIA_TYPE]);
        assert_eq!(field("Vary"), ["Accept"]);
        assert_eq!(field("Cache-Control"), ["no-store"]);
        assert_eq!(field("ETag"), ["\"a\""]);
        let missing = Errors::from(ErrorObject::not_found()).to_response();
        assert_eq!(missing.headers().get_one("Cache-Control"), Some("no-store"));
        let own =
            Errors::from(ErrorObject::not_found()).with_header("Cache-Control", "max-age=5").to_response();
        assert_eq!(own.headers().get("Cache-Control").collect::<Vec<_>>(), ["max-age=5"]);
    }
}
