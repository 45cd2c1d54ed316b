//! The contract, and what is SQLite's own.

mod contract;

use std::path::Path;

use super::{Location, SqliteOptions, SqliteStore};

fn options(path: &Path) -> SqliteOptions {
    SqliteOptions::new(Location::File(path.into()))
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(options(path)).expect("a database")
}
