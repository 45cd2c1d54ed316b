//! The contract, and what is PostgreSQL's own.

mod contract;

use postgres_server::Database;

use super::{PostgresOptions, PostgresStore};

fn open(database: &Database) -> PostgresStore {
    PostgresStore::open(PostgresOptions::new(database.url()).expect("a URL")).expect("a store")
}
