//! The end of a transaction: its last statement and its commit, sent one behind the other.

use std::future::{Ready, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use rocket::{futures::TryFutureExt, tokio::time::Instant};
use tokio_postgres::{Row, types::ToSql};

use super::super::error::{busy, is_answer_lost, is_outcome_unknown, told};
use super::Connection;
use super::statements::one_by_one;
use crate::schema::{Description, ResourceId};
use crate::store::StoreError;
use crate::store::sql::parameter::Parameter;

const COMMIT: &str = "COMMIT";

/// Some statements, and how many they are.
pub(in super::super) struct Parts<W> {
    pub(in super::super) number: usize,
    pub(in super::super) work: W,
}

impl<W> Parts<W> {
    pub(in super::super) fn of(number: usize, work: W) -> Self {
        Self { number, work }
    }
}

/// No statements.
pub(in super::super) fn nothing() -> Parts<Ready<Result<(), StoreError>>> {
    Parts::of(0, ready(Ok(())))
}

impl Connection {
    /// Whether a change of this row, which the transaction has locked, can be its last statement.
    pub(in super::super) fn can_end(&self, resource: &'static Description, id: &ResourceId) -> bool {
        // What is to be sent ahead, or before the commit, is not known here.
        self.wants(resource, id) && self.has_nothing_left() && self.check_not_failed().is_ok()
    }

    /// Takes some locks by one statement each, runs the last statement of the transaction, then some reads of one statement
    /// each, and commits without waiting for what they answer: where one of them fails, the server undoes the transaction
    /// instead. Returns the rows of the statement, and what the reads give. What is not answered by `end` is stopped.
    ///
    /// # Errors
    /// [`StoreError::OutcomeUnknown`] if either answer is lost, or what was read and committed can't be told. After any other
    /// error nothing has changed.
    pub(in super::super) async fn end_with<T>(
        &self,
        locks: Parts<impl Future<Output = Result<(), StoreError>>>,
        text: &str,
        parameters: &[Parameter<'_>],
        reads: Parts<impl Future<Output = Result<T, StoreError>>>,
        end: Option<Instant>,
    ) -> Result<(Vec<Row>, T), StoreError> {
        self.check_not_failed()?;
        let client = self.client()?;
        if client.is_closed() {
            return Err(busy());
        }
        let parameters = one_by_one(parameters);
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
        let watched = self.shared.watch.begin(text);
        self.shared.counter.count_statement();
        let (is_sent, is_refused) = (AtomicBool::new(false), AtomicBool::new(false));
        // Pinned one by one: each future that holds others would have room for them twice.
        let statement = pin!(async {
            // A lock that could not even be asked for.
            if is_refused.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let statement = self.prepare(client, text).await?;
            is_sent.store(true, Ordering::Relaxed);
            self.sending(client.query(&statement, &parameters)).await.map(Some)
        });
        let statements = locks.number + 1 + reads.number;
        let number_of_locks = locks.number;
        let locks = pin!(locks.work.inspect_err(|_| is_refused.store(true, Ordering::Relaxed)));
        let reads = pin!(reads.work);
        let work = pin!(self.behind(statement, reads));
        let work = pin!(self.behind_all(number_of_locks, locks, work));
        let commit = async {
            let is_refused = is_refused.load(Ordering::Relaxed);
            client.batch_execute(if is_refused { "ROLLBACK" } else { COMMIT }).await
        };
        let ended = pin!(self.behind_all(statements, work, commit));
        let ((locked, (answer, read)), committed) = self.answered_by(end, client, &is_sent, ended).await?;
        self.open.store(false, Ordering::Relaxed);
        match (answer, read, committed) {
            (Ok(Some(rows)), Ok(read), Ok(())) => {
                watched.end(rows.len() as u64);
                self.shared.counter.count_rows(rows.len());
                self.shared.commits.count(1);
                Ok((rows, read))
            }
            // Without an answer to the change nobody knows about the commit behind it.
            (Err(error), _, _) if is_sent.load(Ordering::Relaxed) && is_answer_lost(&error) => {
                Err(self.unknown(&error))
            }
            // What has kept it from its locks has kept it from the statement, too.
            (Err(error), _, _) => Err(match locked {
                Err(locked) => locked,
                Ok(()) => self.note(client, text, error),
            }),
            (Ok(None), _, _) => Err(locked.err().unwrap_or(StoreError::Conflict)),
            (Ok(_), _, Err(error)) if is_outcome_unknown(&error) => Err(self.unknown(&error)),
            (Ok(_), _, Err(error)) => Err(self.note(client, COMMIT, error)),
            // `COMMIT` has undone what a failed read has left.
            (Ok(_), Err(error), Ok(())) if self.failed.load(Ordering::Relaxed) => Err(error),
            // The server has not refused it.
            (Ok(_), Err(error), Ok(())) => {
                log::error!("what was committed can't be read: {error}");
                Err(StoreError::OutcomeUnknown)
            }
        }
    }

    /// The outcome of a commit whose answer is lost.
    pub(super) fn unknown(&self, error: &tokio_postgres::Error) -> StoreError {
        self.give_up();
        log::error!("the connection was lost while committing: {}", told(error));
        StoreError::OutcomeUnknown
    }

    /// The error of a transaction that has changed nothing, against all that is known of its table, and is to be done again
    /// in a way that expects less.
    pub(in super::super) fn unexpected(&self, resource: &Description) -> StoreError {
        self.known().is_no_longer_plain(resource.table);
        self.conflicted.store(true, Ordering::Relaxed);
        StoreError::Conflict
    }
}
