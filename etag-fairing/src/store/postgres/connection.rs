//! A connection of the pool while somebody uses it, and what becomes of it when they stop, wherever that is.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::{Client, Pool};
use rocket::{
    futures::{FutureExt, TryStreamExt, future::join},
    tokio::{
        runtime::Handle,
        select,
        sync::Semaphore,
        time::{Instant, timeout, timeout_at},
    },
};
use tokio_postgres::{Error, Row, Statement, types::ToSql};

use super::{
    error::{
        busy, is_canceled, is_outcome_unknown, is_read_only, is_stale, lost, pool_error, store_error, told,
    },
    prepare::Known,
    tls::Tls,
};
use crate::schema::{Description, ResourceId, ValueRef};
use crate::store::sql::cache::Texts;
use crate::store::sql::parameter::Parameter;
use crate::store::sql::room::Room;
use crate::store::{Excess, StoreError};

/// What all connections of a store share.
pub(super) struct Shared {
    pub(super) texts: Mutex<Texts>,
    pub(super) known: Mutex<Arc<Known>>,
    pub(super) statements: AtomicU64,
    pub(super) tls: Tls,
    /// How long a statement may take; the server ends it then.
    pub(super) statement_timeout: Duration,
    /// How long all that one plan reads may take.
    pub(super) read_timeout: Duration,
    /// Has no permit, so that it is waited for until it is closed: then the store waits for nothing any more.
    pub(super) closing: Semaphore,
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// One snapshot of everything.
    Read,
    /// Each statement sees what was committed before it; rows are locked.
    Write,
}

/// How long whoever uses a connection waits for the server. What the server itself is told (`statement_timeout`) is of no
/// use where it doesn't hear it, or isn't heard: a stopped process, a link that loses what is sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    /// So long for each statement.
    Each(Duration),
    /// Until then for all statements of a read together, which may take so long.
    All {
        /// Their end.
        end: Instant,
        /// How long that is after the beginning.
        limit: Duration,
    },
}

impl Limit {
    /// That of statements which the server ends by itself after this time, if it can.
    pub(super) fn beyond(statement_timeout: Duration) -> Self {
        Self::Each(patience(statement_timeout))
    }

    /// That of a read which begins now.
    pub(super) fn read(limit: Duration) -> Self {
        Self::All { end: Instant::now() + limit, limit }
    }

    fn end(self) -> Instant {
        match self {
            Self::Each(limit) => Instant::now() + limit,
            Self::All { end, .. } => end,
        }
    }

    /// What it means that the time is over.
    fn passed(self) -> StoreError {
        match self {
            Self::Each(limit) => {
                log::warn!("no answer from the database in {limit:?}: the connection is given up");
                busy()
            }
            Self::All { limit, .. } => StoreError::ReadTimedOut { limit },
        }
    }
}

/// Prepared statements a connection keeps at most: clients have a say in their number.
const MOST_PREPARED: usize = 512;

/// A connection in use. When it is dropped, what it has begun is undone, and it goes back to the pool.
pub(super) struct Connection {
    /// `None` once it was given back.
    client: Option<Client>,
    pub(super) shared: Arc<Shared>,
    limit: Limit,
    /// Whether it is of no use any more, to anybody: the server is silent, is going away, or takes no writes.
    broken: AtomicBool,
    /// Transaction control that goes out with the next statement, for which nobody waits.
    ahead: Mutex<String>,
    /// Whether a transaction is open, or will be with the next statement.
    open: AtomicBool,
    /// Statements sent, and not answered yet. One whose future was dropped stays counted.
    running: AtomicUsize,
    /// Whether a statement failed, which undoes the whole transaction, unless a savepoint takes it back.
    failed: AtomicBool,
    /// Whether another transaction has come in between.
    conflicted: AtomicBool,
    /// Whether that was a statement of its own, prepared for what is defined otherwise by now.
    stale: AtomicBool,
    /// The rows that the transaction has locked, or tried to, and those that it did before it began again.
    wanted: Mutex<Wanted>,
    /// The ids that were given to new rows, by their tables, so that no sequence gives them again.
    given: Mutex<Vec<(&'static str, i64)>>,
}

/// Rows to lock, each once, in the one order in which everybody locks who knows what to lock.
pub(super) type Wanted = BTreeMap<(&'static str, ResourceId), &'static Description>;

impl Connection {
    /// Takes one from the pool.
    ///
    /// The pool has limits of its own: for the wait, and for making a connection.
    pub(super) async fn take(pool: &Pool, shared: &Arc<Shared>) -> Result<Self, StoreError> {
        let client = pool.get().await.map_err(pool_error)?;
        Ok(Self {
            client: Some(client),
            shared: shared.clone(),
            limit: Limit::beyond(shared.statement_timeout),
            broken: AtomicBool::new(false),
            ahead: Mutex::default(),
            open: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            conflicted: AtomicBool::new(false),
            stale: AtomicBool::new(false),
            wanted: Mutex::default(),
            given: Mutex::default(),
        })
    }

    /// The same, with another limit for what is run on it.
    pub(super) fn within(mut self, limit: Limit) -> Self {
        self.limit = limit;
        self
    }

    /// Sets another limit for what is run on it from now on.
    pub(super) fn set_limit(&mut self, limit: Limit) {
        self.limit = limit;
    }

    /// Has what runs on it ended at once when it is dropped: nobody waits for its answer.
    pub(super) fn give_up(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// What was found when the store was prepared.
    pub(super) fn known(&self) -> Arc<Known> {
        self.shared.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins a transaction, with the next statement.
    pub(super) fn begin(&self, purpose: Purpose) {
        self.open.store(true, Ordering::Relaxed);
        self.send_ahead(match purpose {
            Purpose::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Purpose::Write => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        });
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

    /// Keeps the table's sequence from ever giving an id that was given to us, once that is about to be permanent: one
    /// that is deleted is not used again. What moves a sequence is not undone, so that nothing moves it in vain.
    pub(super) fn pass_over(&self, table: &'static str, id: i64) {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).push((table, id));
    }

    fn take_given(&self) -> Vec<(&'static str, i64)> {
        std::mem::take(&mut *self.given.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers rows that are about to be locked.
    pub(super) fn want<'a>(&self, resource: &'static Description, ids: impl Iterator<Item = &'a ResourceId>) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.extend(ids.map(|id| ((resource.table, id.clone()), resource)));
    }

    /// The rows that are remembered.
    pub(super) fn wanted(&self) -> Wanted {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends transaction control with the next statement.
    pub(super) fn send_ahead(&self, control: &str) {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.push_str(control);
        ahead.push(';');
    }

    fn take_ahead(&self) -> String {
        std::mem::take(&mut *self.ahead.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn client(&self) -> Result<&Client, StoreError> {
        self.client.as_ref().ok_or_else(|| StoreError::Internal("a connection was used after its end".into()))
    }

    async fn prepare(&self, client: &Client, text: &str) -> Result<Statement, Error> {
        if client.statement_cache.size() >= MOST_PREPARED {
            client.statement_cache.clear();
        }
        client.prepare_cached(text).await
    }

    /// Runs a statement. Answers its rows.
    pub(super) async fn rows(
        &self,
        text: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let client = self.client()?;
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
        self.answer(text, async |statement| client.query(statement, &parameters).await).await
    }

    /// Runs a statement that reads. Answers its rows, while there is room for them.
    pub(super) async fn rows_within(
        &self,
        text: &str,
        parameters: &[Parameter<'_>],
        room: &Room,
        by: Excess,
    ) -> Result<Vec<Row>, StoreError> {
        /// What a value takes in a row beside its text, at most.
        const VALUE: usize = 20;
        let client = self.client()?;
        let left = room.left();
        if left == usize::MAX {
            return self.rows(text, parameters).await;
        }
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
            Some(rows) => Ok(rows),
            None => {
                // The rest is still on its way, so that the connection is not free yet: see what becomes of one that
                // is dropped.
                self.running.fetch_add(1, Ordering::Relaxed);
                Err(room.exceeded(by))
            }
        }
    }

    /// Runs a statement. Answers how many rows it changed.
    pub(super) async fn run(&self, text: &str, parameters: &[Parameter<'_>]) -> Result<u64, StoreError> {
        let client = self.client()?;
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
        self.answer(text, async |statement| client.execute(statement, &parameters).await).await
    }

    async fn answer<T>(
        &self,
        text: &str,
        send: impl AsyncFnOnce(&Statement) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let client = self.client()?;
        self.shared.statements.fetch_add(1, Ordering::Relaxed);
        let work = async {
            let statement = self.prepare(client, text).await?;
            let ahead = self.take_ahead();
            if ahead.is_empty() {
                return send(&statement).await;
            }
            // One after the other on the wire, and one wait for both.
            let (ahead, answer) = join(client.batch_execute(&ahead), send(&statement)).await;
            ahead.and(answer)
        };
        self.in_time(work).await?.map_err(|error| self.note(client, text, error))
    }

    /// Waits for the server, but not for ever: whatever is sent goes through here.
    ///
    /// # Errors
    /// If it doesn't answer in time. Then the connection is given up: nobody knows what it is at.
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
            // It is still running there.
            Err(error) => {
                self.failed.store(true, Ordering::Relaxed);
                self.broken.store(true, Ordering::Relaxed);
                Err(error)
            }
        }
    }

    fn note(&self, client: &Client, text: &str, error: Error) -> StoreError {
        self.failed.store(true, Ordering::Relaxed);
        if error.as_db_error().is_some_and(is_stale) {
            client.statement_cache.clear();
            self.stale.store(true, Ordering::Relaxed);
        }
        if lost(&error) {
            self.broken.store(true, Ordering::Relaxed);
        }
        if is_read_only(&error)
            && let Some(pool) = Client::pool(client)
        {
            // All of them lead to the same server, which another one has taken the place of.
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

    /// Whether the server takes no writes.
    pub(super) async fn is_read_only(&self) -> Result<bool, StoreError> {
        let rows = self.rows("SELECT current_setting('transaction_read_only') = 'on'", &[]).await?;
        Ok(rows.first().is_some_and(|row| row.try_get(0).unwrap_or(false)))
    }

    /// Runs statements that answer nothing: transaction control and definitions.
    pub(super) async fn batch(&self, text: &str) -> Result<(), StoreError> {
        let client = self.client()?;
        let text = self.take_ahead() + text;
        self.in_time(client.batch_execute(&text)).await?.map_err(|error| self.note(client, &text, error))
    }

    /// Runs several statements, all or none of them: whoever holds the transaction may go on after an error.
    pub(super) async fn whole<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(undone());
        }
        self.send_ahead("SAVEPOINT change");
        let outcome = work.await;
        let conflicted = self.conflicted.load(Ordering::Relaxed);
        let is_of_use = !self.broken.load(Ordering::Relaxed) && !self.client()?.is_closed();
        if self.failed.load(Ordering::Relaxed) && !conflicted && is_of_use {
            // Clears what was to go ahead: it went with the statement that failed.
            self.batch("ROLLBACK TO SAVEPOINT change; RELEASE SAVEPOINT change").await?;
            self.failed.store(false, Ordering::Relaxed);
        } else if outcome.is_err() {
            self.send_ahead("ROLLBACK TO SAVEPOINT change; RELEASE SAVEPOINT change");
        } else {
            self.send_ahead("RELEASE SAVEPOINT change");
        }
        outcome
    }

    /// Whether another transaction has come in between, so that this one must be tried again from its beginning.
    pub(super) fn is_conflicted(&self) -> bool {
        self.conflicted.load(Ordering::Relaxed)
    }

    /// Whether one of its statements was prepared for what is defined otherwise by now. It is forgotten.
    pub(super) fn was_stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }

    /// Makes the transaction's changes permanent.
    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        if self.failed.load(Ordering::Relaxed) {
            // `COMMIT` would undo it and not call that an error.
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
        // Where a commit waits for a standby, the server's own timeout would end that wait and call it a success. Ours
        // calls it unknown.
        let text = self.take_ahead() + "SET LOCAL statement_timeout = 0; COMMIT";
        match self.in_time(client.batch_execute(&text)).await {
            Ok(Ok(())) => {
                self.open.store(false, Ordering::Relaxed);
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

fn undone() -> StoreError {
    StoreError::Internal("the database has undone the transaction".into())
}

/// Longer than the server takes to give up by itself.
fn patience(statement_timeout: Duration) -> Duration {
    statement_timeout.saturating_add(Duration::from_secs(2))
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
            // Sent at the first poll; the connection reads the answer without us, and before that of whatever
            // comes next.
            let _ = client.batch_execute("ROLLBACK").now_or_never();
        }
    }
}

/// Somebody stopped waiting for a statement. The connection is given back when it has ended, if that is soon. If not,
/// since it is slow, waits for a lock, or the server is silent, the server is told to stop it, and the connection is
/// closed: there is no telling when the server does so, and it must not be to a statement of somebody else's.
///
/// Until then it counts as one of the pool's, so that the server never runs more than it should; but not for long, since
/// a server that is silent says nothing to that, either.
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

/// How long a statement may go on after nobody waits for it any more.
const SOON: Duration = Duration::from_millis(100);

/// How long the server may take to be told of it, and then to end it.
const IN_THE_END: Duration = Duration::from_secs(1);
