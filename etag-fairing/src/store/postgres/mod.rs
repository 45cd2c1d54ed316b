//! The store over a PostgreSQL server; any number of nodes may share it.
//!
//! A plan that takes more than one statement is answered in a transaction that is `REPEATABLE READ, READ ONLY`: one
//! snapshot. A write is `READ COMMITTED` and locks rows (`SELECT … FOR UPDATE`): first that of its target, then those
//! whose linkage it changes. Whoever comes second waits, and then sees what the first one left: a precondition is
//! decided by the latest state, on whichever node. Deadlocks and serialisation failures are tried again by
//! [`modify`](super::modify).
//!
//! Triggers count the changes of each table ([`Revision`]), so that other nodes' and other programs' changes are counted
//! too. They stand on tables of your own as well, unless [`PostgresOptions::revisions`] says no; a view has none.
//!
//! Tables that are missing are created from the resources' descriptions, and those that the store has created are
//! given columns that came later; a table of your own is checked, and never altered. Its columns may be of any type
//! that gives back what was put in: an `f64` can be kept in a `numeric`, an `i64` in an `integer`.
//!
//! ```no_run
//! # use etag_fairing::store::{PrepareError, postgres::{PostgresOptions, PostgresStore}};
//! # fn main() -> Result<(), PrepareError> {
//! let store = PostgresStore::open(PostgresOptions::new("postgres://api@localhost/conference")?)?;
//! # drop(store);
//! # Ok(())
//! # }
//! ```

mod cell;
mod connection;
mod decode;
mod delete;
mod dialect;
mod encode;
mod error;
mod include;
mod linkage;
mod links;
mod lock;
mod numeric;
mod options;
mod prepare;
mod read;
mod revisions;
mod showing;
mod table;
mod tls;
mod transaction;
mod versions;
mod write;

use std::{
    ops::RangeInclusive,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
pub use options::PostgresOptions;
use rocket::tokio::time::{Instant, sleep};
use tokio_postgres::NoTls;

use self::{
    connection::{Connection, Purpose, Shared},
    tls::Tls,
    transaction::PostgresTransaction,
};
use super::{Fetched, Plan, PrepareError, Revision, Store, StoreError, Transaction};
use crate::resource::Description;

/// A store over one PostgreSQL database. See the [module](self).
pub struct PostgresStore {
    pool: Pool,
    shared: Arc<Shared>,
    place: String,
    revisions: bool,
}

impl PostgresStore {
    /// Makes a pool of connections; none is made yet.
    ///
    /// # Errors
    /// If the URL is not one that connections can be made by.
    pub fn open(options: PostgresOptions) -> Result<Self, PrepareError> {
        let config = options.connection()?;
        // Each connection is given back in order, or not at all: there is nothing to check.
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let settings = settings(options.statement_timeout);
        let pool = Pool::builder(Manager::from_config(config, NoTls, recycling))
            .max_size(options.connections.max(1))
            .wait_timeout(Some(options.wait_timeout))
            .create_timeout(Some(options.connect_timeout.saturating_mul(2)))
            .runtime(Runtime::Tokio1)
            .post_create(Hook::async_fn(move |client, _| {
                let settings = settings.clone();
                Box::pin(async move { client.batch_execute(&settings).await.map_err(HookError::Backend) })
            }))
            .build()
            .map_err(|error| PrepareError::new(error.to_string()))?;
        let shared = Shared {
            texts: Default::default(),
            known: Default::default(),
            statements: AtomicU64::new(0),
            tls: Tls,
            statement_timeout: options.statement_timeout,
        };
        Ok(Self { pool, shared: Arc::new(shared), place: options.place(), revisions: options.revisions })
    }

    /// The number of statements run so far, without transaction control: for tests and metrics.
    pub fn statements(&self) -> u64 {
        self.shared.statements.load(Ordering::Relaxed)
    }

    async fn take(&self) -> Result<Connection, StoreError> {
        Connection::take(&self.pool, &self.shared).await
    }
}

/// What the server is told of a new connection.
fn settings(statement_timeout: Duration) -> String {
    format!(
        // A node that has vanished, or been stopped, in the middle of a write keeps rows locked for no longer.
        "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = '60s'",
        statement_timeout.as_millis().max(1)
    )
}

#[async_trait]
impl Store for PostgresStore {
    async fn prepare(&self, resources: &[&'static Description]) -> Result<(), PrepareError> {
        let name = |error: StoreError| {
            PrepareError::new(format!("cannot prepare the database `{}`: {error}", self.place))
        };
        let mut connection = self.take().await.map_err(|error| match error {
            StoreError::Busy { .. } => {
                PrepareError::new(format!("cannot connect to the database `{}`", self.place))
            }
            error => name(error),
        })?;
        connection.begin(Purpose::Write);
        // Another node may be preparing, or indexing what was added.
        connection.batch("SET LOCAL statement_timeout = '5min'").await.map_err(name)?;
        let known = prepare::prepare(&connection, resources, self.revisions)
            .await
            .map_err(name)?
            .map_err(|problems| PrepareError { problems })?;
        connection.commit().await.map_err(name)?;
        *self.shared.known.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        Ok(())
    }

    async fn revision(&self, tables: &[&'static str]) -> Result<Option<Revision>, StoreError> {
        let counts = self.shared.known.lock().unwrap_or_else(PoisonError::into_inner).counts;
        match counts {
            true => revisions::revision(&self.take().await?, tables).await,
            false => Ok(None),
        }
    }

    async fn fetch(&self, plan: &Plan) -> Result<Fetched, StoreError> {
        let connections = self.pool.status().max_size;
        let (mut stale, mut met) = (0, false);
        loop {
            let connection = self.take().await?;
            match read::fetch_snapshot(&connection, plan).await {
                // A statement was prepared for a table that has changed since; its connection forgets it. The next try
                // may meet another one that was idle so long, and each of them once.
                Err(StoreError::Conflict) if connection.was_stale() && stale < connections => stale += 1,
                Err(StoreError::Conflict) if !connection.was_stale() && !met => met = true,
                outcome => return outcome,
            }
        }
    }

    fn client_ids(&self, resource: &'static Description) -> RangeInclusive<i64> {
        let known = self.shared.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.sequence(resource.table).map_or(i64::MIN..=i64::MAX / 2, |sequence| sequence.clients.clone())
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        let connection = self.take().await?;
        connection.begin(Purpose::Write);
        Ok(Box::new(PostgresTransaction(connection)))
    }

    async fn close(&self) {
        // What is running finishes; nobody gets a connection any more.
        self.pool.close();
        let deadline = Instant::now() + Duration::from_secs(5);
        while self.pool.status().size > 0 && Instant::now() < deadline {
            sleep(Duration::from_millis(10)).await;
        }
    }
}

#[cfg(test)]
mod tests;
