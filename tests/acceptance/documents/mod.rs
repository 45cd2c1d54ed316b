//! JSON:API 1.1 as far as reading, creating, changing and deleting go. Tests carry the ids of the checklist (A1,
//! B6, …) in their messages.

mod attributes;
mod negotiation;
mod pages;
mod relationships;
mod shape;
mod writes;

use serde_json::Value;

use crate::support::{Connection, MEDIA_TYPE, Response};

/// Sends a body as it is.
fn send(connection: &mut Connection, method: &str, target: &str, body: &[u8]) -> Response {
    connection.request(method, target, &[("Accept", MEDIA_TYPE), ("Content-Type", MEDIA_TYPE)], Some(body))
}

/// The attributes of a resource as they are read.
fn attributes(connection: &mut Connection, path: &str) -> Value {
    connection.get(path, &[]).json()["data"]["attributes"].clone()
}
