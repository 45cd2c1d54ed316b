//! The fairing over raw sockets: which responses it tags, and what 304 and 412 look like on the wire.

#[path = "../support/mod.rs"]
mod support;

mod app;
mod bodies;
mod files;
#[cfg(all(feature = "metrics", feature = "sqlite"))]
mod metrics;
#[cfg(feature = "sqlite")]
mod one_policy;
mod preconditions;
mod tags;
mod which;
