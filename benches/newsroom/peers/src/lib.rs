//! What two servers written by hand share: the queries of the newsroom over PostgreSQL, its documents and their tags.
//!
//! It is what a careful engineer writes for three tables, and no more. Statements are prepared once a connection. A page
//! and its total are asked at once, then at once what is included, without a transaction. Documents are written from the
//! rows into one buffer. The tag is the SHA-1 of the document. `If-Match` is compared inside the transaction that holds
//! the row locked.
//!
//! What it leaves out is much: negotiation, unknown parameters, filters, sorting, sparse fieldsets, errors with their
//! source, limits, deadlines. A server that has all this may cost more.

pub mod article;
pub mod comment;
mod database;
mod document;
mod failure;
mod tag;

pub use database::{Pool, pool};
pub use document::{Document, MEDIA_TYPE};
pub use failure::Failure;
pub use tag::{none_match, tag_of};

/// The port to listen at, from `PORT`.
///
/// # Panics
/// If there is none.
pub fn port() -> u16 {
    std::env::var("PORT").ok().and_then(|port| port.parse().ok()).expect("a port in `PORT`")
}
