//! What one request may cost, what of its text is taken, and what every answer says: over both databases.
#![cfg(feature = "sqlite")]

mod answers;
mod databases;
mod documents;
mod ids;
mod lengths;
mod links;
mod reads;
mod requests;
mod send_back;
#[path = "../support/mod.rs"]
mod support;
