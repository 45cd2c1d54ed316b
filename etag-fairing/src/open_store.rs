//! Which store a database's URL asks for.

use std::sync::Arc;

use rocket::figment::{Error, Figment};

use crate::config::DatabaseConfig;
#[cfg(feature = "postgres")]
use crate::store::postgres::{PoolOptions, PostgresOptions, PostgresStore, deadpool_postgres::Pool};
#[cfg(feature = "sqlite")]
use crate::store::sqlite::{ConnectionFactory, SqliteOptions, SqliteStore};
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

/// Connections that the application makes.
#[derive(Clone)]
pub(crate) enum Connections {
    #[cfg(feature = "postgres")]
    Pool(Pool),
    #[cfg(feature = "sqlite")]
    Sqlite(ConnectionFactory),
}

impl Connections {
    /// What the configuration says of a database with such connections.
    pub(crate) fn config(&self, figment: &Figment, name: &str) -> Result<DatabaseConfig, Error> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Pool(_) => DatabaseConfig::of_pool(figment, name),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => DatabaseConfig::from_figment(figment, name),
        }
    }
}

/// Opens a store over connections that the application makes. `name` is the database's, in the configuration.
#[cfg_attr(not(feature = "postgres"), allow(unused_variables, reason = "the store of PostgreSQL names it"))]
pub(crate) fn open_connected(
    config: &DatabaseConfig,
    name: &str,
    connections: &Connections,
) -> Result<Arc<dyn Store>, PrepareError> {
    match connections {
        #[cfg(feature = "postgres")]
        Connections::Pool(pool) => {
            let options = PoolOptions::from_setting(config, name);
            Ok(Arc::new(PostgresStore::with_pool(pool.clone(), options)))
        }
        #[cfg(feature = "sqlite")]
        Connections::Sqlite(_) if config.is_postgres() => Err(PrepareError::new(format!(
            "`with_connections` makes connections of SQLite, but `databases.{name}.url` names a PostgreSQL database: \
             write `sqlite:<path>`, or use `with_pool`"
        ))),
        #[cfg(feature = "sqlite")]
        Connections::Sqlite(factory) => {
            Ok(Arc::new(SqliteStore::open_by(SqliteOptions::from_config(config)?, Arc::clone(factory))?))
        }
    }
}
