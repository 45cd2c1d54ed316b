//! The acceptance tests: the running example, seen from outside, over raw sockets.
//!
//! One binary for all of them, so that they are linked once; one module a topic, one test a rule.

mod support;

#[path = "acceptance/api.rs"]
mod api;
#[path = "acceptance/config.rs"]
mod config;
#[path = "acceptance/documents/mod.rs"]
mod documents;
#[path = "acceptance/flow.rs"]
mod flow;
#[path = "acceptance/links.rs"]
mod links;
#[path = "acceptance/metrics.rs"]
mod metrics;
#[path = "acceptance/off.rs"]
mod off;
#[path = "acceptance/openapi.rs"]
mod openapi;
#[path = "acceptance/race.rs"]
mod race;
#[path = "acceptance/restart.rs"]
mod restart;
#[path = "acceptance/table/mod.rs"]
mod table;
#[path = "acceptance/wire.rs"]
mod wire;
