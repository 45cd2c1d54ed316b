//! What black-box tests share: the running example, and HTTP as bytes on a socket.
//!
//! ```ignore
//! mod support;
//! use support::{Launch, http::Connection};
//!
//! let server = Launch::new().rocket_toml("[default]\nETAG = true\n").start();
//! let mut connection = server.connect();
//! let first = connection.get("/v1/sessions/1", &[]);
//! let second = connection.get("/v1/sessions/1", &[("If-None-Match", first.etag())]);
//! assert_eq!((second.status, second.body.len()), (304, 0));
//! ```

// Each test binary takes what it needs and leaves the rest.
#![allow(dead_code, unreachable_pub, unused_imports)]

pub mod document;
pub mod http;
pub mod openapi;
pub mod server;
pub mod transcript;

pub use http::{Connection, Framing, Response};
pub use server::{Failure, Launch, Server};

/// The media type of JSON:API documents.
pub const MEDIA_TYPE: &str = "application/vnd.api+json";

/// Whether a tool that a test needs may be missing. Under `CI=true` it may not: a test that is skipped there
/// proves nothing to anybody.
///
/// Prints why the test is skipped.
pub fn skip(reason: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "under CI=true nothing may be missing: {reason}");
    eprintln!("skipped: {reason}");
}
