//! A connection from the pool while it is in use, and what happens to it when its user drops it, at whatever
//! point.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::{Client, Pool, PoolError};
use rocket::{
    futures::{FutureExt, TryStreamExt, future::join},
    tokio::{
        runtime::Handle,
        select,
        sync::Semaphore,
        time::{timeout, timeout_at},
    },
};
use tokio_postgres::{Error, Row, Statement, types::ToSql};

use super::{
    borrowed::{Borrowed, was_left_open},
    error::{
        busy, is_canceled, is_deadlock, is_outcome_unknown, is_read_only, is_stale, lost, pool_error,
        store_error, told,
    },
    limit::Limit,
    prepare::Known,
    tls::Tls,
};
use crate::schema::{Description, ResourceId, ValueRef};
use crate::store::sql::cache::Texts;
use crate::store::sql::parameter::Parameter;
use crate::store::sql::room::Room;
use crate::store::sql::statement_watch::StatementWatch;
use crate::store::{CommitCounter, Excess, QueueCounter, StatementCounter, StoreError};

/// The state that all connections of a store share.
pub(super) struct Shared {
    pub(super) texts: Mutex<Texts>,
    pub(super) known: Mutex<Arc<Known>>,
    pub(super) counter: StatementCounter,
    pub(super) commits: CommitCounter,
    pub(super) deadlocks: AtomicU64,
    /// Those who wait for a connection.
    pub(super) queue: QueueCounter,
    pub(super) watch: StatementWatch,
    pub(super) tls: Tls,
    /// The time limit for a statement. The server stops the statement then.
    pub(super) statement_timeout: Duration,
    /// The time limit for all reads of one plan.
    pub(super) read_timeout: Duration,
    /// It has no permits, so that waiting for it ends only when it is closed: then the store no longer waits
    /// for anything.
    pub(super) closing: Semaphore,
    /// What is different if the pool is the application's.
    pub(super) borrowed: Option<Borrowed>,
}

/// The purpose of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// All statements see one snapshot.
    Read,
    /// Each statement sees what was committed before it, and rows are locked.
    Write,
}

/// The maximum number of prepared statements on a connection. It is limited, since clients can cause new
/// ones.
const MOST_PREPARED: usize = 512;

/// A connection in use. If it is dropped, its open transaction is undone and it is returned to the pool.
pub(super) struct Connection {
    /// `None` after it was returned.
    client: Option<Client>,
    pub(super) shared: Arc<Shared>,
    limit: Limit,
    /// Whether the connection must not be used again: the server doesn't answer, shuts down, or is read-only.
    broken: AtomicBool,
    /// Transaction control that is sent together with the next statement, so that nothing waits for it.
    ahead: Mutex<String>,
    /// Whether a transaction is open, or will be opened with the next statement.
    open: AtomicBool,
    /// Whether what was to begin the transaction has failed.
    not_begun: AtomicBool,
    /// The number of statements that were sent and not answered yet. A statement whose future was dropped
    /// still counts.
    pub(super) running: AtomicUsize,
    /// Whether a statement failed. This undoes the whole transaction, unless there is a savepoint.
    pub(super) failed: AtomicBool,
    /// Whether another transaction conflicts with this one.
    conflicted: AtomicBool,
    /// Whether a prepared statement failed since the definitions have changed after it was prepared.
    stale: AtomicBool,
    /// The rows that the transaction has locked or tried to lock, also before it began again.
    wanted: Mutex<Wanted>,
    /// The ids of new rows that the sequence of their table did not make and must not make later.
    given: Mutex<Vec<(&'static str, i64)>>,
}

/// Rows to lock, each once. All transactions that know their rows lock them in this order.
pub(super) type Wanted = BTreeMap<(&'static str, ResourceId), &'static Description>;

impl Connection {
    /// Takes a connection from the pool.
    ///
    /// The pool has its own time limits for waiting and for connecting.
    pub(super) async fn take(pool: &Pool, shared: &Arc<Shared>) -> Result<Self, StoreError> {
        let client = match &shared.borrowed {
            None => waited_for(pool, &shared.queue).await,
            Some(borrowed) => borrowed.in_time(waited_for(pool, &shared.queue), &shared.queue).await,
        };
        Ok(Self::of(client.map_err(pool_error)?, shared))
    }

    /// A connection that was taken from the pool.
    pub(super) fn of(client: Client, shared: &Arc<Shared>) -> Self {
        let connection = Self {
            client: Some(client),
            shared: shared.clone(),
            limit: Limit::beyond(shared.statement_timeout),
            broken: AtomicBool::new(false),
            ahead: Mutex::default(),
            open: AtomicBool::new(false),
            not_begun: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            conflicted: AtomicBool::new(false),
            stale: AtomicBool::new(false),
            wanted: Mutex::default(),
            given: Mutex::default(),
        };
        if shared.borrowed.is_some() {
            // Its settings hold for a transaction, and so each read is one, too.
            connection.begin(Purpose::Read);
        }
        connection
    }

    /// The connection with another time limit.
    pub(super) fn within(mut self, limit: Limit) -> Self {
        self.limit = limit;
        self
    }

    /// Sets another time limit for all later statements.
    pub(super) fn set_limit(&mut self, limit: Limit) {
        self.limit = limit;
    }

    /// Makes the drop of the connection stop its running statements at once, since nobody waits for them.
    pub(super) fn give_up(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// What the store knows about the tables since they were prepared.
    pub(super) fn known(&self) -> Arc<Known> {
        self.shared.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins a transaction together with the next statement.
    pub(super) fn begin(&self, purpose: Purpose) {
        self.open.store(true, Ordering::Relaxed);
        // A transaction that would have begun with the next statement is replaced.
        self.take_ahead();
        self.send_ahead(match purpose {
            Purpose::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Purpose::Write => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        });
        if let Some(borrowed) = &self.shared.borrowed {
            self.send_ahead(borrowed.settings());
        }
    }

    /// Undoes the transaction and begins it again.
    pub(super) async fn begin_again(&self) -> Result<(), StoreError> {
        self.take_ahead();
        let client = self.client()?;
        self.in_time(client.batch_execute("ROLLBACK")).await?.map_err(store_error)?;
        self.failed.store(false, Ordering::Relaxed);
        self.conflicted.store(false, Ordering::Relaxed);
        self.take_given();
        self.begin(Purpose::Write);
        Ok(())
    }

    /// Notes an id that did not come from the table's sequence. The commit moves the sequence past it, so
    /// that the id is not made again after its row was deleted. Moving a sequence cannot be undone, so that
    /// it is not done before the commit.
    pub(super) fn pass_over(&self, table: &'static str, id: i64) {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).push((table, id));
    }

    fn take_given(&self) -> Vec<(&'static str, i64)> {
        std::mem::take(&mut *self.given.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes rows that are about to be locked. If others are locked already, it waits for these only shortly: the
    /// transaction that has one of them may be waiting for a row that is locked here. PostgreSQL would find this deadlock
    /// after a second. It is faster to undo everything early and to begin again with all rows locked in order. Returns whether it
    /// waits only shortly.
    pub(super) fn want<'a>(
        &self,
        resource: &'static Description,
        ids: impl Iterator<Item = &'a ResourceId>,
    ) -> bool {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let before = wanted.len();
        wanted.extend(ids.map(|id| ((resource.table, id.clone()), resource)));
        let waits_shortly = before > 0 && wanted.len() > before;
        if waits_shortly {
            self.wait_shortly();
        }
        waits_shortly
    }

    /// From the next statement on, waits only shortly for locks.
    pub(super) fn wait_shortly(&self) {
        self.send_ahead("SET LOCAL lock_timeout = '50ms'");
    }

    /// The rows that were noted for locking.
    pub(super) fn wanted(&self) -> Wanted {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends transaction control together with the next statement.
    pub(super) fn send_ahead(&self, control: &str) {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.push_str(control);
        ahead.push(';');
    }

    fn take_ahead(&self) -> String {
        std::mem::take(&mut *self.ahead.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn client(&self) -> Result<&Client, StoreError> {
        self.client.as_ref().ok_or_else(|| StoreError::Internal("a connection was used after its end".into()))
    }

    async fn prepare(&self, client: &Client, text: &str) -> Result<Statement, Error> {
        if client.statement_cache.size() >= MOST_PREPARED {
            client.statement_cache.clear();
        }
        client.prepare_cached(text).await
    }

    /// Runs a statement and returns its rows.
    pub(super) async fn rows(
        &self,
        text: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let client = self.client()?;
        let parameters = one_by_one(parameters);
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
        let watched = self.shared.watch.begin(text);
        let rows = self.answer(text, async |statement| client.query(statement, &parameters).await).await?;
        watched.end(rows.len() as u64);
        Ok(rows)
    }

    /// Runs a statement that reads and returns its rows. It fails if the document becomes too large.
    pub(super) async fn rows_within(
        &self,
        text: &str,
        parameters: &[Parameter<'_>],
        room: &Room,
        by: Excess,
    ) -> Result<Vec<Row>, StoreError> {
        /// The maximum number of bytes that a value takes in a row, without its text.
        const VALUE: usize = 20;
        let client = self.client()?;
        let left = room.left();
        if left == usize::MAX {
            return self.rows(text, parameters).await;
        }
        let parameters = one_by_one(parameters);
        let watched = self.shared.watch.begin(text);
        let found = self
            .answer(text, async |statement| {
                let mut rows = Vec::new();
                let mut bytes = 0_usize;
                let stream = client.query_raw(statement, parameters.iter()).await?;
                let mut stream = std::pin::pin!(stream);
                while let Some(row) = stream.try_next().await? {
                    bytes = bytes.saturating_add(row.raw_size_bytes().saturating_sub(VALUE * row.len()));
                    if bytes > left {
                        return Ok(None);
                    }
                    rows.push(row);
                }
                Ok(Some(rows))
            })
            .await?;
        match found {
            Some(rows) => {
                watched.end(rows.len() as u64);
                Ok(rows)
            }
            None => {
                // The other rows are still being sent, so that the connection is not free. The statement
                // counts as running until the connection is dropped.
                self.running.fetch_add(1, Ordering::Relaxed);
                Err(room.exceeded(by))
            }
        }
    }

    /// Runs a statement and returns the number of changed rows.
    pub(super) async fn run(&self, text: &str, parameters: &[Parameter<'_>]) -> Result<u64, StoreError> {
        let client = self.client()?;
        let parameters = one_by_one(parameters);
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
        let watched = self.shared.watch.begin(text);
        let changed =
            self.answer(text, async |statement| client.execute(statement, &parameters).await).await?;
        watched.end(changed);
        Ok(changed)
    }

    async fn answer<T>(
        &self,
        text: &str,
        send: impl AsyncFnOnce(&Statement) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let client = self.client()?;
        self.shared.counter.count_statement();
        let work = async {
            let answer = async {
                let statement = self.prepare(client, text).await?;
                send(&statement).await
            };
            let ahead = self.take_ahead();
            if ahead.is_empty() {
                return answer.await;
            }
            // Both are sent one after the other, and then one wait is enough for both. What is prepared is prepared after
            // it, too: which table a name means may depend on it.
            let begins = ahead.starts_with("BEGIN");
            let (ahead, answer) = join(client.batch_execute(&ahead), answer).await;
            self.not_begun.store(begins && ahead.is_err(), Ordering::Relaxed);
            ahead.and(answer)
        };
        self.in_time(work).await?.map_err(|error| self.note(client, text, error))
    }

    /// Waits for the server, but not without a limit. All communication uses this function.
    ///
    /// # Errors
    /// If the server doesn't answer in time. Then the connection must not be used again, since its state is
    /// unknown.
    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, StoreError> {
        self.running.fetch_add(1, Ordering::Relaxed);
        let ended = select! {
            biased;
            outcome = timeout_at(self.limit.end(), work) => outcome.map_err(|_| self.limit.passed()),
            _ = self.shared.closing.acquire() => Err(busy()),
        };
        match ended {
            Ok(outcome) => {
                self.running.fetch_sub(1, Ordering::Relaxed);
                Ok(outcome)
            }
            // The statement is still running on the server.
            Err(error) => {
                self.failed.store(true, Ordering::Relaxed);
                self.broken.store(true, Ordering::Relaxed);
                Err(error)
            }
        }
    }

    pub(super) fn note(&self, client: &Client, text: &str, error: Error) -> StoreError {
        self.failed.store(true, Ordering::Relaxed);
        if error.as_db_error().is_some_and(is_stale) {
            client.statement_cache.clear();
            self.stale.store(true, Ordering::Relaxed);
        }
        let not_begun = self.not_begun.swap(false, Ordering::Relaxed);
        if not_begun && self.shared.borrowed.is_some() {
            if was_left_open(&error) {
                log::warn!(
                    "a connection of the application's pool was given back with an open transaction, which is undone"
                );
                self.stale.store(true, Ordering::Relaxed);
                self.conflicted.store(true, Ordering::Relaxed);
                return StoreError::Conflict;
            }
            // How far it came is not known.
            self.broken.store(true, Ordering::Relaxed);
        }
        if is_deadlock(&error) {
            self.shared.deadlocks.fetch_add(1, Ordering::Relaxed);
        }
        if lost(&error) {
            self.broken.store(true, Ordering::Relaxed);
        }
        if is_read_only(&error)
            && let Some(pool) = Client::pool(client)
        {
            // All connections lead to the same server, and another server has taken over its role.
            log::warn!("the database takes no writes: connections to it are made anew");
            drop(pool.retain(|_, _| false));
        }
        if let (Limit::All { limit, .. }, true) = (self.limit, is_canceled(&error)) {
            return StoreError::ReadTimedOut { limit };
        }
        let told = told(&error);
        let error = store_error(error);
        match &error {
            StoreError::Conflict => self.conflicted.store(true, Ordering::Relaxed),
            StoreError::Internal(_) => return StoreError::Internal(format!("{told}: {text}")),
            _ => {}
        }
        error
    }

    /// Whether the server is read-only. The transaction of the question may be read-only itself.
    pub(super) async fn is_read_only(&self) -> Result<bool, StoreError> {
        let text = "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'";
        let rows = self.rows(text, &[]).await?;
        Ok(rows.first().is_some_and(|row| row.try_get(0).unwrap_or(false)))
    }

    /// Runs statements that return nothing: transaction control and definitions.
    pub(super) async fn batch(&self, text: &str) -> Result<(), StoreError> {
        let client = self.client()?;
        let text = self.take_ahead() + text;
        self.in_time(client.batch_execute(&text)).await?.map_err(|error| {
            self.not_begun.store(text.starts_with("BEGIN"), Ordering::Relaxed);
            self.note(client, &text, error)
        })
    }

    /// Runs several statements, all or none of them. After an error the transaction can still be used.
    pub(super) async fn whole<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.check_not_failed()?;
        self.send_ahead("SAVEPOINT change");
        let outcome = work.await;
        let conflicted = self.conflicted.load(Ordering::Relaxed);
        let is_of_use = !self.broken.load(Ordering::Relaxed) && !self.client()?.is_closed();
        if self.failed.load(Ordering::Relaxed) && !conflicted && is_of_use {
            // This also sends the transaction control that is still waiting to be sent.
            self.batch("ROLLBACK TO SAVEPOINT change; RELEASE SAVEPOINT change").await?;
            self.failed.store(false, Ordering::Relaxed);
        } else if outcome.is_err() {
            self.send_ahead("ROLLBACK TO SAVEPOINT change; RELEASE SAVEPOINT change");
        } else {
            self.send_ahead("RELEASE SAVEPOINT change");
        }
        outcome
    }

    /// # Errors
    /// If a statement has failed, which has undone the whole transaction.
    pub(super) fn check_not_failed(&self) -> Result<(), StoreError> {
        if self.failed.load(Ordering::Relaxed) { Err(undone()) } else { Ok(()) }
    }

    /// Whether another transaction conflicts with this one, so that this one must be repeated from its
    /// beginning.
    pub(super) fn is_conflicted(&self) -> bool {
        self.conflicted.load(Ordering::Relaxed)
    }

    /// Whether a prepared statement failed since the definitions have changed. The prepared statements were
    /// dropped.
    pub(super) fn was_stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }

    /// Makes the transaction's changes permanent.
    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        if self.failed.load(Ordering::Relaxed) {
            // PostgreSQL would answer `COMMIT` with a rollback and report no error.
            return Err(if self.is_conflicted() { StoreError::Conflict } else { undone() });
        }
        let known = self.known();
        for (table, id) in self.take_given() {
            if let Some(sequence) = known.sequence(table) {
                self.rows(&sequence.behind_one, &[ValueRef::Integer(id).into()]).await?;
            }
        }
        let client = self.client()?;
        if client.is_closed() {
            return Err(busy());
        }
        // If a commit waits for a standby, the server's own timeout would end the wait and report a success.
        // With our limit the outcome is reported as unknown.
        let text = self.take_ahead() + "SET LOCAL statement_timeout = 0; COMMIT";
        match self.in_time(client.batch_execute(&text)).await {
            Ok(Ok(())) => {
                self.open.store(false, Ordering::Relaxed);
                self.shared.commits.count(1);
                Ok(())
            }
            Ok(Err(error)) if is_outcome_unknown(&error) => {
                self.give_up();
                log::error!("the connection was lost while committing: {}", told(&error));
                Err(StoreError::OutcomeUnknown)
            }
            Ok(Err(error)) => Err(self.note(client, &text, error)),
            Err(_) => {
                log::error!("no answer to COMMIT from the database");
                Err(StoreError::OutcomeUnknown)
            }
        }
    }
}

/// A connection of the pool. If it isn't there at once, one who waits is counted.
async fn waited_for(pool: &Pool, queue: &QueueCounter) -> Result<Client, PoolError> {
    let mut client = pin!(pool.get());
    if let Some(client) = client.as_mut().now_or_never() {
        return client;
    }
    let _waits = queue.wait();
    let client = client.await;
    if matches!(client, Err(PoolError::Timeout(_))) {
        queue.count_time_out();
    }
    client
}

/// The parameters, with each part of a composite id as one of its own.
fn one_by_one<'s, 'p>(parameters: &'s [Parameter<'p>]) -> Cow<'s, [Parameter<'p>]> {
    if parameters.iter().any(Parameter::is_composite) {
        let of_each = |parameter: &Parameter<'p>| parameter.values().map(Parameter::from).collect::<Vec<_>>();
        // Only what is compared is composite.
        let parameters = parameters.iter().flat_map(|parameter| match parameter.is_composite() {
            true => of_each(parameter),
            false => vec![*parameter],
        });
        return Cow::Owned(parameters.collect());
    }
    Cow::Borrowed(parameters)
}

fn undone() -> StoreError {
    StoreError::Internal("the database has undone the transaction".into())
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        if client.is_closed() {
            return;
        }
        let broken = self.broken.load(Ordering::Relaxed);
        if self.running.load(Ordering::Relaxed) > 0 {
            let patience = if broken { Duration::ZERO } else { SOON };
            give_back_later(client, self.shared.clone(), patience);
        } else if broken {
            drop(Client::take(client));
        } else if self.open.load(Ordering::Relaxed) && !self.take_ahead().starts_with("BEGIN") {
            // The first poll sends it. The connection reads its answer in the background, before the answer
            // to the next statement.
            let _ = client.batch_execute("ROLLBACK").now_or_never();
        }
    }
}

/// Returns a connection to the pool when a statement is still running on it. If the statement ends soon, the
/// connection is returned. Otherwise the statement is slow, waits for a lock, or the server doesn't answer:
/// the server is told to cancel the statement, and the connection is closed. It is not reused, since the
/// cancellation may arrive late and must not stop another user's statement.
///
/// Until then the connection counts as one of the pool's, so that the server never runs more statements than
/// it should. This time is limited, since a server that doesn't answer doesn't answer a cancellation, either.
fn give_back_later(client: Client, shared: Arc<Shared>, soon: Duration) {
    let Ok(runtime) = Handle::try_current() else {
        drop(Client::take(client));
        return;
    };
    runtime.spawn(async move {
        if !soon.is_zero() && matches!(timeout(soon, client.batch_execute("ROLLBACK")).await, Ok(Ok(()))) {
            return;
        }
        if !client.is_closed() {
            let _ = timeout(IN_THE_END, shared.tls.cancel(client.cancel_token())).await;
            let _ = timeout(IN_THE_END, client.batch_execute("ROLLBACK")).await;
        }
        drop(Client::take(client));
    });
}

/// How long a statement may continue after nobody waits for it any more.
const SOON: Duration = Duration::from_millis(100);

/// The time limit for sending the cancellation, and again for the end of the statement.
const IN_THE_END: Duration = Duration::from_secs(1);
