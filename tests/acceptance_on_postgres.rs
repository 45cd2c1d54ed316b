//! The acceptance tests with the example's resources in PostgreSQL, and what only one database for several nodes shows.
//!
//! Nothing but the URL of the database is another one.

mod support;

#[path = "acceptance/api.rs"]
mod api;
#[path = "acceptance/documents/mod.rs"]
mod documents;
#[path = "acceptance/flow.rs"]
mod flow;
#[path = "acceptance/links.rs"]
mod links;
#[path = "acceptance/metrics.rs"]
mod metrics;
#[path = "acceptance/nodes.rs"]
mod nodes;
#[path = "acceptance/off.rs"]
mod off;
#[path = "acceptance/openapi.rs"]
mod openapi;
#[path = "acceptance/race.rs"]
mod race;
#[path = "acceptance/restart.rs"]
mod restart;
#[path = "acceptance/stuck.rs"]
mod stuck;
#[path = "acceptance/table/mod.rs"]
mod table;
#[path = "acceptance/wire.rs"]
mod wire;
