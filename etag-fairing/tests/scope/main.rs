//! `#[jsonapi(scope)]`: which rows a caller sees, on every way to them.
//!
//! What a scope hides is as if it had never been: the same requests to a server that holds nothing else are answered
//! with the same bytes and the same tags.
#![cfg(feature = "sqlite")]

#[path = "../support/mod.rs"]
mod support;

mod edges;
mod inside_json;
mod leaving;
mod programme;
mod worlds;
