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
//! Tables that are missing are created from the resources' descriptions, unless [`PostgresOptions::schema`] says no. It
//! also says whether those that the store has created are given columns that came later. A table of your own is checked,
//! and never altered. Its columns may be of any type that gives back what was put in: an `f64` can be kept in a
//! `numeric`, an `i64` in an `integer`.
//!
//! ```no_run
//! # use etag_fairing::store::{PrepareError, postgres::{PostgresOptions, PostgresStore}};
//! # fn main() -> Result<(), PrepareError> {
//! let store = PostgresStore::open(PostgresOptions::new("postgres://api@localhost/conference")?)?;
//! # drop(store);
//! # Ok(())
//! # }
//! ```

mod answers;
mod borrowed;
mod cell;
pub(crate) mod client;
mod connection;
mod decode;
mod definitions;
mod dial;
mod dialect;
pub(crate) mod difference;
mod encode;
mod error;
mod health;
mod insert;
mod insert_all;
mod known;
mod last_change;
mod last_deletion;
mod limit;
mod lock;
mod marks;
mod new_row;
mod numeric;
mod options;
mod pooler;
mod prepare;
mod raw;
mod references;
mod revisions;
mod rules;
mod session;
mod table;
mod tls;
mod transaction;

use std::{
    fmt,
    ops::RangeInclusive,
    pin::pin,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
pub use borrowed::PoolOptions;
pub use deadpool_postgres;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
pub use options::{PostgresOptions, SchemaMode};
use rocket::tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout},
};
pub use tokio_postgres;
pub(crate) use transaction::PostgresTransaction;

use self::{
    borrowed::Borrowed,
    connection::{Connection, Purpose, Shared},
    dial::Dial,
    error::{TAKES_NO_WRITES, no_connection},
    known::Known,
    limit::Limit,
    options::Target,
    tls::Tls,
};
use super::{
    Claim, CommitCounter, ConnectionFigures, Fetched, HealthCheck, KeptSize, Plan, PrepareError,
    QueueCounter, RepeatableRequest, Revision, StatementCounter, Store, StoreError, StoreFigures,
    Transaction, Unwritable, sql,
    sql::index_advice::IndexAdvice,
    sql::lanes::{Lanes, Look, Pass},
    sql::statement_watch::StatementWatch,
};
use crate::schema::Description;

/// A read that looks costly and has not ended by then is slow. It has gone over the network and back, perhaps more than
/// once.
const QUICK: Duration = Duration::from_millis(200);

/// The same of any other read: where the server has much to do, all of them take long, and to end them and make new
/// connections would be more work still.
const QUICK_ENOUGH: Duration = Duration::from_secs(1);

/// How long what runs may go on after the store was told to close.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

/// How long preparing may take for each statement: another node may be preparing, or indexing what was added.
const PREPARING: Duration = Duration::from_secs(300);

/// How long preparing waits before it begins again. It has waited for a lock already.
const BEFORE_AGAIN: Duration = Duration::from_millis(20);

/// A store over one PostgreSQL database. See the [module](self).
pub struct PostgresStore {
    pool: Pool,
    shared: Arc<Shared>,
    reader: revisions::Reader,
    /// How connections are made, unless the pool is the application's.
    dial: Option<Dial>,
    lanes: Lanes,
    place: String,
    wait_timeout: Duration,
    revisions: bool,
    schema: SchemaMode,
    index_advice: IndexAdvice,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Makes a pool of connections; none is made yet.
    ///
    /// # Errors
    /// If the URL is not one that connections can be made by.
    pub fn open(options: PostgresOptions) -> Result<Self, PrepareError> {
        let Target { config, tls } = options.target()?;
        // Each connection is given back in order, or not at all: there is nothing to check.
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let dial = Dial::new(&config, &tls, options.connect_timeout, settings(options.statement_timeout))
            .map_err(|detail| options.problem(&detail))?;
        let patience = dial.patience();
        let connections = options.connections.max(1);
        let pool = |size| {
            Pool::builder(Manager::from_connect(config.clone(), dial.clone(), recycling.clone()))
                .max_size(size)
                .wait_timeout(Some(options.wait_timeout))
                .create_timeout(Some(patience))
                .runtime(Runtime::Tokio1)
                .build()
                .map_err(|error| PrepareError::new(error.to_string()))
        };
        // One connection of it is used, and another one while the first is given up.
        let reader = revisions::Reader::by_own_connection(pool(2)?);
        let pool = pool(connections)?;
        let shared = Shared {
            texts: Default::default(),
            known: Default::default(),
            counter: StatementCounter::default(),
            commits: CommitCounter::default(),
            deadlocks: AtomicU64::new(0),
            queue: QueueCounter::default(),
            watch: StatementWatch::new(options.slow_query),
            tls: dial.tls(),
            statement_timeout: options.statement_timeout,
            read_timeout: options.read_timeout,
            closing: Semaphore::new(0),
            renewals: AtomicU64::new(0),
            borrowed: None,
        };
        Ok(Self {
            pool,
            shared: Arc::new(shared),
            reader,
            dial: Some(dial),
            lanes: Lanes::new(connections),
            place: options.named("the database"),
            wait_timeout: options.wait_timeout,
            revisions: options.revisions,
            schema: options.schema,
            index_advice: IndexAdvice::of(options.index_advice),
        })
    }

    /// A store over a pool that the application has, and may use beside it. No connection is taken yet.
    ///
    /// ```no_run
    /// use etag_fairing::store::postgres::deadpool_postgres::{Config, Runtime, tokio_postgres::NoTls};
    /// use etag_fairing::store::postgres::{PoolOptions, PostgresStore};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut config = Config::new();
    /// config.url = Some("postgres://api@localhost/conference".into());
    /// let pool = config.create_pool(Some(Runtime::Tokio1), NoTls)?;
    /// let store = PostgresStore::with_pool(pool.clone(), PoolOptions::default());
    /// // `pool` is for the application's own statements.
    /// # drop(store);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// What the store sets on a connection holds for one transaction of its own, and is gone when the connection is given
    /// back: time limits, the role and the `search_path` that new connections of the pool have. To that end each of its
    /// reads is a transaction, too. A transaction that somebody has left open on a connection is undone, and the log says
    /// so. Other settings of the session hold for the store as they hold for the application. The pool is never closed by
    /// the store: with the store's end its connections are back, and that is all.
    ///
    /// Whoever holds a connection and waits for the store meanwhile takes two from the pool. If all do so at once, nobody
    /// gets the second one before [`PoolOptions::wait_timeout`]: give the first one back before.
    pub fn with_pool(pool: Pool, options: PoolOptions) -> Self {
        let connections = pool.status().max_size;
        let shared = Shared {
            texts: Default::default(),
            known: Default::default(),
            counter: StatementCounter::default(),
            commits: CommitCounter::default(),
            deadlocks: AtomicU64::new(0),
            queue: QueueCounter::default(),
            watch: StatementWatch::new(options.slow_query),
            tls: Tls::Never,
            statement_timeout: options.statement_timeout,
            read_timeout: options.read_timeout,
            closing: Semaphore::new(0),
            renewals: AtomicU64::new(0),
            borrowed: Some(Borrowed::new(&options)),
        };
        Self {
            reader: revisions::Reader::by_borrowed_connections(pool.clone()),
            pool,
            shared: Arc::new(shared),
            dial: None,
            lanes: Lanes::new(connections),
            place: options.place(),
            wait_timeout: options.wait_timeout,
            revisions: options.revisions,
            schema: options.schema,
            index_advice: IndexAdvice::of(options.index_advice),
        }
    }

    /// The number of statements run so far, without transaction control: for tests and metrics.
    pub fn statements(&self) -> u64 {
        self.shared.counter.statements()
    }

    /// A connection, or an error that tells why there is none.
    async fn connect(&self) -> Result<Object, PrepareError> {
        self.get().await.map_err(|error: PoolError| {
            PrepareError::new(format!("cannot connect to {}: {}", self.place, no_connection(&error)))
        })
    }

    /// A connection that nobody has looked at.
    async fn get(&self) -> Result<Object, PoolError> {
        match &self.shared.borrowed {
            None => self.pool.get().await,
            Some(borrowed) => borrowed.in_time(self.pool.get(), &self.shared.queue).await,
        }
    }

    async fn take(&self) -> Result<Connection, StoreError> {
        Connection::take(&self.pool, &self.shared).await
    }

    /// Whether the changes of any table are counted.
    fn counts(&self) -> bool {
        self.shared.known.lock().unwrap_or_else(PoisonError::into_inner).counts
    }

    /// How often a read may meet a connection that is of no use as it is: each of them once, since each is put in order.
    fn connections(&self) -> usize {
        self.pool.status().max_size
    }

    /// Waits until no connection is in use, so long at most.
    async fn await_end(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        let is_in_use = || match self.shared.borrowed {
            None => self.pool.status().size > 0,
            // Each connection that the store has holds this, too.
            Some(_) => Arc::strong_count(&self.shared) > 1,
        };
        while is_in_use() && Instant::now() < deadline {
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Answers a plan as soon as the other reads leave room for it. Gives the connection that it was read by, too.
    async fn fetch_in_turn(
        &self,
        plan: &Plan,
    ) -> Result<(Connection, Result<Fetched, StoreError>), StoreError> {
        let patience = Instant::now() + self.wait_timeout;
        let look = Look::of(plan);
        let (mut trial, quick) = match look {
            Look::Costly => (Some(self.lanes.trial(look, patience).await?), QUICK),
            Look::Plain => (None, QUICK_ENOUGH),
        };
        let connection = self.take().await?.within(Limit::read(self.shared.read_timeout));
        let pass = Pass::default();
        let begun = async {
            let mut reading = pin!(connection.fetch_snapshot(plan));
            match timeout(quick, &mut reading).await {
                Ok(outcome) => Some(outcome),
                Err(_) => {
                    trial = None;
                    if self.lanes.may_be_slow(look, &pass) { Some(reading.await) } else { None }
                }
            }
        };
        if let Some(outcome) = begun.await {
            return Ok((connection, outcome));
        }
        // The connection is for others now; what it runs is ended.
        connection.give_up();
        drop(connection);
        let _pass = self.lanes.slow(look, patience).await?;
        let connection = self.take().await?.within(Limit::read(self.shared.read_timeout));
        let outcome = connection.fetch_snapshot(plan).await;
        Ok((connection, outcome))
    }

    /// Prepares the tables in one transaction, which is undone if there are problems.
    async fn try_to_prepare(
        &self,
        resources: &[&'static Description],
    ) -> Result<Result<Known, Vec<String>>, StoreError> {
        if self.take().await?.is_read_only().await? {
            return Ok(Err(vec![format!("{}: {TAKES_NO_WRITES}", self.place)]));
        }
        let mut connection = self.take().await?;
        connection.begin(Purpose::Write);
        connection.set_limit(Limit::beyond(PREPARING));
        connection.batch(&format!("SET LOCAL statement_timeout = {}", PREPARING.as_millis())).await?;
        let known =
            prepare::prepare(&connection, resources, self.revisions, self.schema, self.index_advice).await?;
        if known.is_ok() {
            connection.commit().await?;
        }
        Ok(known)
    }

    async fn try_to_prepare_answers(&self) -> Result<bool, StoreError> {
        let mut connection = self.take().await?;
        connection.begin(Purpose::Write);
        connection.set_limit(Limit::beyond(PREPARING));
        let are_kept = answers::install(&connection, self.schema).await?;
        connection.commit().await?;
        Ok(are_kept)
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
        let name = |error: StoreError| PrepareError::new(format!("cannot prepare {}: {error}", self.place));
        // For its error, which tells more.
        let first = self.connect().await?;
        let looked = match (&self.dial, &self.shared.borrowed) {
            (_, Some(borrowed)) => borrowed.look_at(first, &self.pool).await,
            (Some(dial), None) => {
                drop(first);
                pooler::check(pooler::Source::Dial(dial)).await.map_err(str::to_owned)
            }
            (None, None) => Ok(()),
        };
        looked.map_err(|problem| PrepareError::new(format!("{}: {problem}", self.place)))?;
        let until = Instant::now() + PREPARING;
        let known = loop {
            match self.try_to_prepare(resources).await {
                // Another node prepares, or a program holds a lock, for longer than the `lock_timeout` that the
                // application, its role or its database has; or two have waited for each other.
                Err(StoreError::Conflict) if Instant::now() < until => sleep(BEFORE_AGAIN).await,
                outcome => break outcome.map_err(name)?,
            }
        };
        let known = known.map_err(|problems| PrepareError { problems })?;
        *self.shared.known.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        Ok(())
    }

    async fn prepare_answers(&self) -> Result<bool, PrepareError> {
        let name = |error: StoreError| PrepareError::new(format!("cannot prepare {}: {error}", self.place));
        let until = Instant::now() + PREPARING;
        loop {
            match self.try_to_prepare_answers().await {
                Err(StoreError::Conflict) if Instant::now() < until => sleep(BEFORE_AGAIN).await,
                outcome => return outcome.map_err(name),
            }
        }
    }

    async fn kept_answer(
        &self,
        request: &RepeatableRequest,
        kept_since: i64,
    ) -> Result<Option<Claim>, StoreError> {
        let connection = self.take().await?.within(Limit::read(self.shared.read_timeout));
        sql::answers::find(&connection, request, kept_since).await
    }

    async fn kept_of(&self, caller: &str, kept_since: i64) -> Result<Option<KeptSize>, StoreError> {
        let connection = self.take().await?.within(Limit::read(self.shared.read_timeout));
        sql::answers::kept_of(&connection, caller, kept_since).await
    }

    fn unwritable(&self, resource: &'static Description) -> Unwritable {
        let known = self.shared.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.limits.unwritable(resource)
    }

    async fn revision(&self, tables: &[&'static str]) -> Result<Option<Revision>, StoreError> {
        if !self.counts() {
            // Not known: the answer is made anew.
            return Ok(None);
        }
        Ok(self.reader.numbers(&self.shared, tables).await?.together(tables))
    }

    async fn revisions(&self, tables: &[&'static str]) -> Result<Vec<Option<Revision>>, StoreError> {
        if !self.counts() {
            return Ok(vec![None; tables.len()]);
        }
        Ok(self.reader.numbers(&self.shared, tables).await?.each(tables))
    }

    async fn fetch(&self, plan: &Plan) -> Result<Fetched, StoreError> {
        let connections = self.connections();
        let (mut stale, mut met) = (0, false);
        loop {
            let (connection, outcome) = self.fetch_in_turn(plan).await?;
            match outcome {
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
        Ok(Box::new(PostgresTransaction::new(connection)))
    }

    async fn check_health(&self, resources: &[&'static Description]) -> Vec<HealthCheck> {
        self.look_after_health(resources).await
    }

    fn figures(&self) -> Option<StoreFigures> {
        let pool = self.pool.status();
        let idle = pool.available;
        let connections =
            ConnectionFigures { used: pool.size.saturating_sub(idle), idle, most: pool.max_size };
        Some(StoreFigures {
            statements: self.shared.counter.statements(),
            rows_read: self.shared.counter.rows(),
            commits: self.shared.commits.figures(),
            deadlocks: self.shared.deadlocks.load(Ordering::Relaxed),
            connections: Some(connections),
            queues: vec![self.shared.queue.figures("connections"), self.lanes.queue.figures("slow_reads")],
        })
    }

    async fn close(&self) {
        // Nobody gets a connection any more. What is running finishes, or is ended.
        match &self.shared.borrowed {
            None => self.pool.close(),
            Some(borrowed) => borrowed.close(),
        }
        self.lanes.close();
        self.reader.close();
        self.await_end(LAST_PATIENCE).await;
        self.shared.closing.close();
        self.await_end(LAST_PATIENCE * 3).await;
    }
}

#[cfg(test)]
mod tests;
