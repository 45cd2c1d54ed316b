//! Which store a database's URL asks for.

use std::sync::Arc;

use crate::config::DatabaseConfig;
#[cfg(feature = "postgres")]
use crate::store::postgres::{PostgresOptions, PostgresStore};
#[cfg(feature = "sqlite")]
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{PrepareError, Store};

/// Opens the store that a database's URL asks for. `name` is the database's, in the configuration.
#[cfg_attr(not(feature = "postgres"), allow(unused_variables, reason = "the store of PostgreSQL names it"))]
pub(crate) fn open_store(config: &DatabaseConfig, name: &str) -> Result<Arc<dyn Store>, PrepareError> {
    #[cfg(feature = "postgres")]
    if config.is_postgres() {
        let options = PostgresOptions::from_setting(config, name)?;
        return Ok(Arc::new(PostgresStore::open(options)?));
    }
    #[cfg(not(feature = "postgres"))]
    if config.is_postgres() {
        return Err(PrepareError::new(
            "the database is one of PostgreSQL, but `etag-fairing` is built without its feature `postgres`: add it to \
             the dependency in Cargo.toml",
        ));
    }
    #[cfg(feature = "sqlite")]
    return Ok(Arc::new(SqliteStore::open(SqliteOptions::from_config(config)?)?));
    #[cfg(not(feature = "sqlite"))]
    Err(PrepareError::new(
        "the database is one of SQLite, but `etag-fairing` is built without its feature `sqlite`: add it to the \
         dependency in Cargo.toml, or write `url = \"postgres://<user>@<host>/<database>\"`",
    ))
}
