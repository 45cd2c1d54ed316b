//! Several changes in one request (https://jsonapi.org/ext/atomic), on both databases.
#![cfg(feature = "sqlite")]

#[path = "../support/mod.rs"]
mod support;

mod made;
mod preconditions;
mod world;
