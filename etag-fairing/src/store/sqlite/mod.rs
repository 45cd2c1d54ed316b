//! The embedded store: SQLite, bundled.
//!
//! One connection writes, the others read. Each has a thread of its own, but for a few on which short reads run where the
//! request is answered. The database is in write-ahead log mode, so readers never wait for the writer, and each plan is
//! answered from one snapshot. Writes come one after another, in the order in which they asked, under `BEGIN IMMEDIATE`.
//! Writes that await nothing but the store and are there at the same time share a commit.
//!
//! If the file, or the log beside it, is deleted or replaced, nothing is read or written until the server is started
//! anew, or the file is back. On other systems than Unix an open file cannot be deleted.
//!
//! A read has a deadline ([`SqliteOptions::read_timeout`]), and is ended when nobody waits for it any more. A read that
//! has not ended after 50 ms is slow. Slow reads use half of the readers at most; the others stay free for quick ones.
//!
//! Triggers count the changes of each table ([`Revision`]), so that other programs' changes are counted too. They stand
//! on tables of your own as well, unless [`SqliteOptions::revisions`] says no; a view has none.
//!
//! An acknowledged write survives power loss ([`Synchronous::Full`]).
//!
//! Tables that are missing are created from the resources' descriptions, unless [`SqliteOptions::schema`] says no. It
//! also says whether those that the store has created are given columns that came later. A table of your own is checked,
//! and never altered.
//!
//! What deleting a resource does to others (`on_delete`) is done by foreign keys. Where a table has none, or others,
//! the store does it in the same transaction, with a statement for each row that a cascade takes along. A view is
//! left as it is.
//!
//! ```
//! # use etag_fairing::store::{PrepareError, sqlite::{SqliteOptions, SqliteStore}};
//! # fn main() -> Result<(), PrepareError> {
//! let store = SqliteStore::open(SqliteOptions::from_url("sqlite::memory:")?)?;
//! # drop(store);
//! # Ok(())
//! # }
//! ```

mod answers;
mod cell;
mod checkpoint;
mod checks;
mod connect;
mod connection;
mod decimals;
mod definitions;
mod dialect;
pub(crate) mod difference;
mod error;
mod file;
mod forms;
mod functions;
mod group;
mod group_commit;
mod health;
mod inline_budget;
mod inline_reader;
mod insert;
mod interrupt;
mod leader;
mod marks;
mod options;
mod plan_history;
mod prepare;
mod raw;
mod read;
mod revisions;
mod rusqlite_versions;
mod session;
mod share_policy;
mod spellings;
mod table;
mod transaction;
mod wal_index;
mod worker;
mod write;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use async_trait::async_trait;
pub(crate) use connect::{ConnectionFactory, factory};
pub use options::{Location, SchemaMode, SqliteOptions, Synchronous};
use rocket::tokio::join;
use rocket::tokio::time::{Instant, timeout_at};
pub use rusqlite;
pub(crate) use transaction::SqliteTransaction;

use self::{
    checkpoint::Checkpointer,
    connection::{Connection, Purpose},
    error::store_error,
    file::DatabaseFile,
    inline_reader::InlineReaders,
    revisions::Latest,
    session::at_once,
    wal_index::WalIndex,
    worker::{Command, Turn, Workers},
};
use super::{
    Claim, CommitCounter, Fetched, HealthCheck, KeptSize, Plan, PrepareError, RepeatableRequest, Revision,
    StatementCounter, Store, StoreError, StoreFigures, Transaction, Unwritable, sql,
    sql::abilities::Limits,
    sql::index_advice::IndexAdvice,
    sql::lanes::{self, Lanes, Look, Pass},
    sql::statement_watch::StatementWatch,
    transact::Sharing,
};
use crate::schema::Description;

/// A read that looks costly is slow if it has not ended by then.
const QUICK: Duration = Duration::from_millis(50);

/// Any other read is slow if it has not ended by then: on a busy machine all reads take longer.
const QUICK_ENOUGH: Duration = Duration::from_millis(250);

/// How long what runs may go on after the store was told to close.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

/// A store over one SQLite database. See the [module](self).
pub struct SqliteStore {
    writer: Workers,
    readers: Workers,
    lanes: Lanes,
    inline_readers: InlineReaders,
    synchronous: Synchronous,
    /// Set where commits don't wait for the disk.
    checkpointer: Option<Arc<Checkpointer>>,
    revisions: bool,
    schema: SchemaMode,
    index_advice: IndexAdvice,
    latest: Latest,
    queue_timeout: Duration,
    read_timeout: Duration,
    counter: Arc<StatementCounter>,
    commits: Arc<CommitCounter>,
    path: PathBuf,
    paths: Arc<file::Paths>,
    wal_index: Arc<OnceLock<Option<WalIndex>>>,
    /// What was found when it was prepared.
    limits: Mutex<Arc<Limits>>,
    handles: Mutex<Handles>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

/// The threads, until the store is closed.
#[derive(Default)]
struct Handles {
    others: Vec<JoinHandle<()>>,
    writer: Vec<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the database and its connections. It blocks; call it at launch.
    ///
    /// # Errors
    /// Naming the file: if its folder is missing, it is no database, cannot be written, or is locked by another
    /// process for longer than [`SqliteOptions::busy_timeout`].
    pub fn open(options: SqliteOptions) -> Result<Self, PrepareError> {
        Self::open_connections(options, None)
    }

    /// The same, with connections that the application opens: with `PRAGMA`s of its own, a key, functions, extensions.
    ///
    /// ```
    /// use etag_fairing::store::sqlite::{Location, SqliteOptions, SqliteStore, rusqlite};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let options = SqliteOptions::new(Location::Temporary);
    /// let store = SqliteStore::with_connections(options, |path| {
    ///     let connection = rusqlite::Connection::open(path)?;
    ///     connection.pragma_update(None, "mmap_size", 256 << 20)?;
    ///     Ok::<_, rusqlite::Error>(connection)
    /// })?;
    /// # drop(store);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// All connections are opened here, about twice as many as [`SqliteOptions::readers`], and none later. Each must be to
    /// the file at the path, and be able to write. On all of them the store sets what its promises rest on: the
    /// write-ahead log, `foreign_keys`, `synchronous` and the busy timeout as the options say, `query_only` for those that
    /// read, `SQLITE_DBCONFIG_DQS_DML` off and `SQLITE_DBCONFIG_ENABLE_QPSG` on. The busy handler, the progress handler and
    /// functions whose names begin with `etag_fairing_` are the store's. All else stays as it was opened: `cache_size`,
    /// `mmap_size`, `temp_store`, `journal_size_limit`, functions, collations, extensions, hooks.
    ///
    /// # Errors
    /// As [`open`](Self::open); and if a connection could not be opened, leads elsewhere, or keeps the database for itself
    /// (`locking_mode`).
    pub fn with_connections<E>(
        options: SqliteOptions,
        connect: impl Fn(&Path) -> Result<rusqlite::Connection, E> + Send + Sync + 'static,
    ) -> Result<Self, PrepareError>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        Self::open_by(options, factory(connect))
    }

    pub(crate) fn open_by(options: SqliteOptions, factory: ConnectionFactory) -> Result<Self, PrepareError> {
        Self::open_connections(options, Some(factory))
    }

    fn open_connections(
        options: SqliteOptions,
        factory: Option<ConnectionFactory>,
    ) -> Result<Self, PrepareError> {
        let mut file = match &options.location {
            Location::File(path) if options.schema == SchemaMode::Check && !path.exists() => {
                return Err(PrepareError::new(format!(
                    "there is no database `{}`, and `schema = \"check\"` makes none",
                    path.display()
                )));
            }
            Location::File(path) => DatabaseFile::new(path.clone(), None),
            Location::Temporary => temporary()?,
        };
        file.statements = StatementWatch::new(options.slow_query);
        let file = Arc::new(file);
        let counter = Arc::new(StatementCounter::default());
        let open =
            |purpose| Connection::open(file.clone(), purpose, &options, factory.as_ref(), counter.clone());
        let mut writer = open(Purpose::Write)?;
        let threads = options.readers.max(lanes::LEAST);
        let readers: Result<Vec<_>, _> = (0..threads).map(|_| open(Purpose::Read)).collect();
        let direct: Result<Vec<_>, _> =
            (0..options.readers.max(1)).map(|_| open(Purpose::ReadAtOnce)).collect();
        let inline_readers = InlineReaders::new(direct?).map_err(|error| {
            PrepareError::new(format!("cannot open the database `{}`: {error}", file.path.display()))
        })?;
        let (readers, mut handles) = Workers::start("sqlite-reader", readers?)?;
        if options.synchronous == Synchronous::Normal {
            let (checkpointer, handle) = Checkpointer::start(open(Purpose::Write)?)?;
            handles.push(handle);
            writer.group_commit.checkpointer = Some(Arc::new(checkpointer));
        }
        let checkpointer = writer.group_commit.checkpointer.clone();
        let commits = Arc::clone(&writer.group_commit.commits);
        let (writer, last) = Workers::start("sqlite-writer", vec![writer])?;
        Ok(Self {
            writer,
            readers,
            lanes: Lanes::new(threads),
            inline_readers,
            synchronous: options.synchronous,
            checkpointer,
            revisions: options.revisions,
            schema: options.schema,
            index_advice: IndexAdvice::of(options.index_advice),
            latest: Latest::default(),
            queue_timeout: options.queue_timeout,
            read_timeout: options.read_timeout,
            counter,
            commits,
            path: file.path.clone(),
            paths: Arc::clone(&file.paths),
            wal_index: Arc::clone(&file.wal_index),
            limits: Mutex::default(),
            handles: Mutex::new(Handles { others: handles, writer: last }),
        })
    }

    /// The number of statements run so far, without transaction control: for tests and metrics.
    pub fn statements(&self) -> u64 {
        self.counter.statements()
    }

    /// The number of commits so far: fewer than writes where several shared one, for tests and metrics.
    pub fn commits(&self) -> u64 {
        self.commits.figures().number()
    }

    async fn fetch_on_a_thread(&self, plan: &Plan) -> Result<Fetched, StoreError> {
        let patience = Instant::now() + self.queue_timeout;
        let history = &self.inline_readers.history;
        let look = Look::of(plan);
        let trial = if look == Look::Costly || history.is_slow(plan) {
            Some(self.lanes.trial(look, patience).await?)
        } else {
            None
        };
        let quick = match look {
            Look::Costly => QUICK,
            Look::Plain => QUICK_ENOUGH,
        };
        let plan = Arc::new(plan.clone());
        let pass = Pass::default();
        let turn = self.readers.turn(patience).await?;
        let mut limit = Instant::now() + self.read_timeout;
        let mut running = Box::pin(self.on_a_reader(turn, pass.clone(), &plan));
        let mut answer = timeout_at(limit.min(Instant::now() + quick), &mut running).await;
        drop(trial);
        if answer.is_err() && Instant::now() < limit {
            history.was_slow(&plan);
            if !self.lanes.may_be_slow(look, &pass) {
                // Others need its reader now. Dropping the future ends the read.
                drop(running);
                let pass = self.lanes.slow(look, patience).await?;
                let turn = self.readers.turn(patience).await?;
                limit = Instant::now() + self.read_timeout;
                running = Box::pin(self.on_a_reader(turn, pass, &plan));
            }
            answer = timeout_at(limit, &mut running).await;
        }
        let fetched = answer.unwrap_or(Err(StoreError::ReadTimedOut { limit: self.read_timeout }))?;
        self.inline_readers.learn(&plan, &fetched);
        Ok(fetched)
    }

    async fn on_a_reader(&self, turn: Turn, pass: Pass, plan: &Arc<Plan>) -> Result<Fetched, StoreError> {
        let plan = Arc::clone(plan);
        self.readers.ask(|reply| Command::Read { plan, turn, pass, reply }).await
    }

    async fn turn_to_write(&self, sharing: Sharing) -> Result<SqliteTransaction, StoreError> {
        // Each commit looks at the paths once more: nothing is acknowledged that went into a lost file.
        self.paths.check_before_write()?;
        let turn = self.writer.turn(Instant::now() + self.queue_timeout).await?;
        SqliteTransaction::begin(self.writer.clone(), turn, sharing, self.synchronous).await
    }
}

/// A folder that only this user can look into.
fn temporary() -> Result<DatabaseFile, PrepareError> {
    let folder = std::env::temp_dir().join(format!("etag-fairing-{}", uuid::Uuid::now_v7()));
    #[cfg_attr(not(unix), allow(unused_mut, reason = "elsewhere a user's folder is the user's alone"))]
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder).map_err(|error| {
        PrepareError::new(format!(
            "cannot make a folder for the temporary database, `{}`: {error}",
            folder.display()
        ))
    })?;
    Ok(DatabaseFile::new(folder.join("temporary.db"), Some(folder)))
}

#[async_trait]
impl Store for SqliteStore {
    async fn prepare(&self, resources: &[&'static Description]) -> Result<(), PrepareError> {
        let name = |error: StoreError| {
            PrepareError::new(format!("cannot prepare the database `{}`: {error}", self.path.display()))
        };
        let transaction = self.turn_to_write(Sharing::Alone).await.map_err(name)?;
        let resources = resources.to_vec();
        let (revisions, mode, advice) = (self.revisions, self.schema, self.index_advice);
        let (problems, counted, limits) = transaction
            .run(move |connection| {
                let prepared = prepare::prepare(&connection.sqlite, &resources, revisions, mode, advice)
                    .map_err(store_error)?;
                let limits = Arc::new(prepared.limits);
                let known = Arc::clone(&limits);
                connection.know(
                    prepared.referrers,
                    prepared.versions,
                    prepared.rowids,
                    prepared.checks,
                    known,
                );
                connection.hold(prepared.forms);
                connection.remember_files();
                Ok((prepared.problems, prepared.counted, limits))
            })
            .await
            .map_err(name)?;
        if !problems.is_empty() {
            return Err(PrepareError { problems });
        }
        Box::new(transaction).commit().await.map_err(name)?;
        self.inline_readers.watch(&counted.into());
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = limits;
        Ok(())
    }

    async fn prepare_answers(&self) -> Result<bool, PrepareError> {
        let name = |error: StoreError| {
            PrepareError::new(format!("cannot prepare the database `{}`: {error}", self.path.display()))
        };
        let transaction = self.turn_to_write(Sharing::Alone).await.map_err(name)?;
        let mode = self.schema;
        let are_kept = transaction
            .run(move |connection| answers::install(&connection.sqlite, mode).map_err(store_error))
            .await
            .map_err(name)?;
        Box::new(transaction).commit().await.map_err(name)?;
        Ok(are_kept)
    }

    async fn kept_answer(
        &self,
        request: &RepeatableRequest,
        kept_since: i64,
    ) -> Result<Option<Claim>, StoreError> {
        let request = request.clone();
        let turn = self.readers.turn(Instant::now() + self.queue_timeout).await?;
        let find = move |connection: &mut Connection| {
            let found = at_once(sql::answers::find(connection, &request, kept_since));
            drop(turn);
            found
        };
        self.readers.run(find).await
    }

    async fn kept_of(&self, caller: &str, kept_since: i64) -> Result<Option<KeptSize>, StoreError> {
        let caller = caller.to_owned();
        let turn = self.readers.turn(Instant::now() + self.queue_timeout).await?;
        let count = move |connection: &mut Connection| {
            let counted = at_once(sql::answers::kept_of(connection, &caller, kept_since));
            drop(turn);
            counted
        };
        self.readers.run(count).await
    }

    fn unwritable(&self, resource: &'static Description) -> Unwritable {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).unwritable(resource)
    }

    async fn revision(&self, tables: &[&'static str]) -> Result<Option<Revision>, StoreError> {
        self.paths.check_now_and_then()?;
        let header = self.wal_index.get().and_then(|index| index.as_ref()?.header());
        if let Some(known) = header.and_then(|header| self.latest.of(header, tables)) {
            return Ok(known.map(Revision::new));
        }
        let numbers = self.inline_readers.run(|connection, watch| {
            connection.budget.lift();
            let numbers = watch.numbers(&connection.sqlite).map_err(store_error)?;
            // Now that the connection has read the index is there, and stays as long as the connection.
            self.wal_index.get_or_init(|| WalIndex::open(Path::new(connection.sqlite.path()?)));
            Ok(numbers)
        });
        // If no connection is free, the answer is made anew: that is right, whatever has changed.
        let Some(numbers) = numbers.transpose()? else { return Ok(None) };
        let revision = numbers.of(tables).map(Revision::new);
        if let Some(header) = header {
            self.latest.set(header, numbers);
        }
        Ok(revision)
    }

    async fn fetch(&self, plan: &Plan) -> Result<Fetched, StoreError> {
        self.paths.check_now_and_then()?;
        if let Some(fetched) = self.inline_readers.fetch(plan) {
            return fetched;
        }
        // Boxed, since most requests do without: memory for it would be taken, and moved, with each.
        Box::pin(self.fetch_on_a_thread(plan)).await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        Ok(Box::new(self.turn_to_write(Sharing::Alone).await?))
    }

    async fn begin_shared(&self) -> Result<Box<dyn Transaction>, StoreError> {
        Ok(Box::new(self.turn_to_write(Sharing::Shared).await?))
    }

    async fn check_health(&self, resources: &[&'static Description]) -> Vec<HealthCheck> {
        self.look_after_health(resources).await
    }

    fn figures(&self) -> Option<StoreFigures> {
        let queues = vec![
            self.readers.queue.figures("readers"),
            self.writer.queue.figures("writer"),
            self.lanes.queue.figures("slow_reads"),
        ];
        Some(StoreFigures {
            statements: self.counter.statements(),
            rows_read: self.counter.rows(),
            commits: self.commits.figures(),
            queues,
            ..StoreFigures::default()
        })
    }

    async fn close(&self) {
        self.latest.forget();
        self.inline_readers.close();
        self.lanes.close();
        let patience = self.queue_timeout.min(LAST_PATIENCE);
        join!(self.writer.drain(patience), self.readers.drain(patience));
        self.readers.stop();
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.stop();
        }
        // The writer's connection is closed last, alone: SQLite removes the log with the last connection, and of two
        // that are closed at the same time each takes the other one for the last.
        let handles = std::mem::take(&mut *self.handles.lock().unwrap_or_else(PoisonError::into_inner));
        joined(handles.others).await;
        let checkpoint = |connection: &mut Connection| {
            // A write may still be open: its caller is gone, or takes longer than anybody waits.
            connection.close_group_commit();
            connection
                .sqlite
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .map_err(store_error)
        };
        // The log is kept and read at the next start; nothing is lost.
        if let Err(error) = self.writer.run(checkpoint).await {
            log::warn!("cannot move the log of `{}` into the database: {error}", self.path.display());
        }
        self.writer.stop();
        joined(handles.writer).await;
    }
}

/// Waits until these threads have ended.
async fn joined(handles: Vec<JoinHandle<()>>) {
    let joined = rocket::tokio::task::spawn_blocking(move || {
        for handle in handles {
            // A thread that panicked has ended, too.
            let _ = handle.join();
        }
    });
    let _ = joined.await;
}

#[cfg(test)]
mod tests;
