//! `Idempotency-Key`: a write that is sent twice is done once, on both databases.
#![cfg(feature = "sqlite")]

#[path = "../support/mod.rs"]
mod support;

mod at_once;
mod callers;
mod configuration;
mod limits;
mod nodes;
mod repeats;
mod spoilt;
mod world;
