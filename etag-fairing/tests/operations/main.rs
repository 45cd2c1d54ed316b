//! What an operator asks of a server: health, request ids, slow statements, traces, timings. Over both databases.
#![cfg(feature = "sqlite")]

mod health;
#[path = "../support/mod.rs"]
mod support;
