//! Content codings: which one a response is sent in, and what that does to its tags.
#![cfg(all(feature = "sqlite", feature = "compression", feature = "compression-zstd"))]

mod chance;
mod clients;
mod hand_written;
mod launch;
mod matrix;
mod notes;
mod scopes;
#[path = "../support/mod.rs"]
mod support;
