//! A connection from the pool while it is in use, and its transaction.

mod alone;
pub(super) mod end;
mod give_back;
mod sent;
mod statements;

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::{Client, Pool, PoolError};
use rocket::{futures::FutureExt, tokio::sync::Semaphore};

use self::sent::Sent;
use super::{
    borrowed::Borrowed,
    error::{busy, is_outcome_unknown, pool_error, store_error},
    known::Known,
    limit::Limit,
    tls::Tls,
};
use crate::schema::{Description, ResourceId, ValueRef};
use crate::store::sql::cache::Texts;
use crate::store::sql::statement_watch::StatementWatch;
use crate::store::{CommitCounter, QueueCounter, StatementCounter, StoreError};

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
    /// How often connections had to be made anew since the server takes no writes any more. One that is older than the
    /// last time must not be used.
    pub(super) renewals: AtomicU64,
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
    /// What was sent so far, for those who want to send something behind it.
    sent: Sent,
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

const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

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
            sent: Sent::default(),
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

    /// Whether statements can be sent by it.
    pub(super) fn is_of_use(&self) -> bool {
        !self.broken.load(Ordering::Relaxed) && self.client.as_ref().is_some_and(|client| !client.is_closed())
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
            Purpose::Write => BEGIN_WRITE,
        });
        if let Some(borrowed) = &self.shared.borrowed {
            self.send_ahead(borrowed.settings());
        }
    }

    /// Whether a transaction was begun, or will be with the next statement.
    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Begins a transaction of one snapshot, unless the connection has begun it already.
    pub(super) fn begin_snapshot(&self) {
        let is_ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner).starts_with("BEGIN");
        if is_ahead || !self.is_open() {
            self.begin(Purpose::Read);
        }
    }

    /// Undoes the transaction, if one has begun, after a statement of it has failed.
    pub(super) async fn undo(&self) -> Result<(), StoreError> {
        if self.open.swap(false, Ordering::Relaxed) {
            self.batch("ROLLBACK").await?;
        }
        self.failed.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Undoes the transaction and begins it again.
    pub(super) async fn begin_again(&self) -> Result<(), StoreError> {
        self.take_ahead();
        let client = self.client()?;
        // A commit that has failed has ended it.
        if self.open.load(Ordering::Relaxed) {
            self.in_time(client.batch_execute("ROLLBACK")).await?.map_err(store_error)?;
        }
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

    /// Whether nothing is to be sent before the commit.
    fn has_nothing_left(&self) -> bool {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
            && self.given.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
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

    /// Whether the row was noted for locking. Unless the transaction has failed, it is locked then, if it is there.
    pub(super) fn wants(&self, resource: &'static Description, id: &ResourceId) -> bool {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.contains_key(&(resource.table, id.clone()))
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

    /// Runs several statements, all or none of them. After an error the transaction can still be used.
    pub(super) async fn whole<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.check_not_failed()?;
        self.send_ahead("SAVEPOINT change");
        let outcome = work.await;
        let conflicted = self.conflicted.load(Ordering::Relaxed);
        if self.failed.load(Ordering::Relaxed) && !conflicted && self.is_of_use() {
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
        // If a commit waits for a standby, no timeout of the server's ends the wait. With our limit the outcome is reported
        // as unknown.
        let text = self.take_ahead() + "COMMIT";
        match self.in_time(client.batch_execute(&text)).await {
            Ok(Ok(())) => {
                self.open.store(false, Ordering::Relaxed);
                self.shared.commits.count(1);
                Ok(())
            }
            Ok(Err(error)) if is_outcome_unknown(&error) => Err(self.unknown(&error)),
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

fn undone() -> StoreError {
    StoreError::Internal("the database has undone the transaction".into())
}
