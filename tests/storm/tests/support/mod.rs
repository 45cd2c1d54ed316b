//! Servers for the tests: this package's program, a process each.
#![allow(dead_code, reason = "every test file uses its part of it")]

use std::path::Path;

use etag_fairing_storm::cluster::Cluster;
use etag_fairing_storm::database::Database;
use etag_fairing_storm::node::Way;

const PROGRAM: &str = env!("CARGO_BIN_EXE_etag-fairing-storm");

/// Servers over one database.
pub(crate) async fn start(database: Database, way: Way, count: usize) -> Cluster {
    Cluster::start(Path::new(PROGRAM), database, way, count).await.unwrap()
}

/// Servers over one SQLite database.
pub(crate) async fn sqlite(way: Way, count: usize) -> Cluster {
    start(Database::sqlite().unwrap(), way, count).await
}
