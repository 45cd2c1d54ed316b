//! JSON:API 1.1 documents.

pub mod error;
pub(crate) mod hidden;
mod json;
pub(crate) mod read;
mod read_attribute;
mod sent;
pub(crate) mod spare;
mod warnings;
pub(crate) mod write;

/// The media type of JSON:API documents, as it goes out in `Content-Type`: without parameters
/// (JSON:API 1.1, "Server Responsibilities").
pub const MEDIA_TYPE: &str = "application/vnd.api+json";
