//! A connection to the database of a URL, for programs of the workspace that read a catalogue.

use deadpool_postgres::Object;

use super::{PostgresOptions, PostgresStore};
use crate::store::PrepareError;

/// Connects as a store does: with the same parameters of the URL, TLS and messages among them.
///
/// # Errors
/// If the URL is not one that connections can be made by, or nobody takes the connection.
pub async fn client(url: &str) -> Result<Object, PrepareError> {
    let mut options = PostgresOptions::new(url)?;
    options.connections = 1;
    PostgresStore::open(options)?.connect().await
}
