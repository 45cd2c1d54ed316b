//! A request that is being made, and how a failure shows it.

use std::fmt;

use rocket::http::{Cookie, Header, Method};
use serde::Serialize;

use super::Document;
use crate::document::MEDIA_TYPE;

/// A request to the application, made by a method of a [`Client`](super::Client) and sent by `send`.
///
/// It asks for JSON:API documents (`Accept`), and sends its [`document`](Request::document) as one (`Content-Type`),
/// unless [`header`](Request::header) says otherwise.
#[must_use = "nothing is asked before `send`"]
pub struct Request<'c, C> {
    pub(super) client: &'c C,
    pub(super) parts: Parts,
}

/// What is sent.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) cookies: Vec<Cookie<'static>>,
    pub(super) body: Vec<u8>,
}

impl Parts {
    pub(super) fn new(method: Method, path: impl Into<String>, headers: &[(String, String)]) -> Self {
        let mut parts =
            Self { method, path: path.into(), headers: Vec::new(), cookies: Vec::new(), body: Vec::new() };
        parts.set("Host", "localhost");
        parts.set("Accept", MEDIA_TYPE);
        for (name, value) in headers {
            parts.set(name, value);
        }
        parts
    }

    /// One line of a field, in place of those that are there.
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
    }

    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    pub(super) fn rocket_headers(&self) -> impl Iterator<Item = Header<'static>> {
        self.headers.iter().map(|(name, value)| Header::new(name.clone(), value.clone()))
    }
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method, self.path)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        for cookie in &self.cookies {
            writeln!(f, "Cookie: {}={}", cookie.name(), cookie.value())?;
        }
        write_body(f, &self.body)
    }
}

/// A body as somebody reads it: JSON in lines, text as it is.
pub(super) fn write_body(f: &mut fmt::Formatter<'_>, body: &[u8]) -> fmt::Result {
    /// So much of a body that is no JSON is shown.
    const MOST: usize = 4096;
    if body.is_empty() {
        return Ok(());
    }
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) {
        return writeln!(f, "\n{json:#}");
    }
    let (shown, rest) = body.split_at(body.len().min(MOST));
    write!(f, "\n{}", String::from_utf8_lossy(shown))?;
    if rest.is_empty() { writeln!(f) } else { writeln!(f, "… and {} bytes more", rest.len()) }
}

impl<C> Request<'_, C> {
    /// Sets a header field, in place of what this request or its client has set before.
    pub fn header(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
        self.parts.set(name.as_ref(), value);
        self
    }

    /// Leaves out a header field that this request or its client has set before.
    pub fn without_header(mut self, name: impl AsRef<str>) -> Self {
        self.parts.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name.as_ref()));
        self
    }

    /// Adds a cookie.
    pub fn cookie(mut self, cookie: impl Into<Cookie<'static>>) -> Self {
        self.parts.cookies.push(cookie.into());
        self
    }

    /// `If-Match` (RFC 9110 §13.1.1): the tag of what was seen, several of them parted by commas, or `*`.
    pub fn if_match(self, tag: impl fmt::Display) -> Self {
        self.header("If-Match", tag.to_string())
    }

    /// `If-None-Match` (RFC 9110 §13.1.2): the tag of what is known already, several of them parted by commas, or `*`.
    pub fn if_none_match(self, tag: impl fmt::Display) -> Self {
        self.header("If-None-Match", tag.to_string())
    }

    /// The document of one resource.
    pub fn document(self, document: &Document) -> Self {
        self.json(document)
    }

    /// Any document: what `serde_json::json!` makes, or a struct of yours.
    ///
    /// # Panics
    /// If its `Serialize` fails.
    #[track_caller]
    pub fn json(self, document: &(impl Serialize + ?Sized)) -> Self {
        let body = serde_json::to_vec(document).unwrap_or_else(|error| panic!("a document: {error}"));
        let with_type =
            if self.parts.has("Content-Type") { self } else { self.header("Content-Type", MEDIA_TYPE) };
        with_type.body(body)
    }

    /// Any body, as it is.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.parts.body = body.into();
        self
    }
}

impl<C> fmt::Debug for Request<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Request").field(&self.parts).finish()
    }
}

/// The methods of both clients that begin a request.
macro_rules! requests {
    () => {
        /// `GET`.
        pub fn get(&self, path: impl Into<String>) -> Request<'_, Self> {
            self.request(Method::Get, path)
        }

        /// `POST`.
        pub fn post(&self, path: impl Into<String>) -> Request<'_, Self> {
            self.request(Method::Post, path)
        }

        /// `PATCH`.
        pub fn patch(&self, path: impl Into<String>) -> Request<'_, Self> {
            self.request(Method::Patch, path)
        }

        /// `PUT`.
        pub fn put(&self, path: impl Into<String>) -> Request<'_, Self> {
            self.request(Method::Put, path)
        }

        /// `DELETE`.
        pub fn delete(&self, path: impl Into<String>) -> Request<'_, Self> {
            self.request(Method::Delete, path)
        }

        /// Any method. The path begins with a slash and may have a query.
        pub fn request(&self, method: Method, path: impl Into<String>) -> Request<'_, Self> {
            Request { client: self, parts: Parts::new(method, path, &self.headers) }
        }
    };
}

pub(super) use requests;
