//! The application's own code beside the generated routes: what it reads and writes keeps the promises of the routes, on
//! both databases.
#![cfg(feature = "sqlite")]

#[path = "../support/mod.rs"]
mod support;

mod after_commit;
mod killed;
#[cfg(feature = "metrics")]
mod metrics;
mod parts;
mod preconditions;
mod raw;
mod reading;
mod world;
mod writing;
