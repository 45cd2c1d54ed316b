//! A statement that is a transaction of its own: the server commits it before it answers, or has undone it.

use std::{
    pin::{Pin, pin},
    sync::{
        PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::Client;
use rocket::{
    futures::TryStreamExt,
    tokio::time::{Instant, timeout, timeout_at},
};
use tokio_postgres::Row;

use super::super::error::{busy, is_answer_lost, is_outcome_unknown, is_read_only};
use super::statements::one_by_one;
use super::{BEGIN_WRITE, Connection, Purpose};
use crate::store::sql::parameter::Parameter;
use crate::store::{Constraint, StoreError};

/// How long a statement that is told to end may take for it.
const TO_END: Duration = Duration::from_secs(1);

impl Connection {
    /// Whether nothing of the transaction has been sent so far, so that a single statement can be all of it. The settings that
    /// a connection of the application's pool needs hold for a transaction that is begun.
    pub(in super::super) fn can_be_alone(&self) -> bool {
        let is_at_beginning = {
            let ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
            ahead.strip_suffix(';') == Some(BEGIN_WRITE)
        };
        is_at_beginning && self.shared.borrowed.is_none() && self.check_not_failed().is_ok()
    }

    /// Runs a statement instead of a transaction, and returns its rows. What is not answered by `end` is stopped.
    ///
    /// # Errors
    /// [`StoreError::OutcomeUnknown`] if the answer is lost. After any other error nothing has changed, and
    /// [`begin_instead`](Self::begin_instead) may begin the transaction after all.
    pub(in super::super) async fn run_alone(
        &self,
        text: &str,
        parameters: &[Parameter<'_>],
        end: Option<Instant>,
    ) -> Result<Vec<Row>, StoreError> {
        let client = self.client()?;
        if client.is_closed() {
            return Err(busy());
        }
        self.take_ahead();
        self.open.store(false, Ordering::Relaxed);
        let parameters = one_by_one(parameters);
        let watched = self.shared.watch.begin(text);
        self.shared.counter.count_statement();
        let (is_sent, is_complete) = (AtomicBool::new(false), AtomicBool::new(false));
        let work = pin!(async {
            let statement = self.prepare(client, text).await?;
            is_sent.store(true, Ordering::Relaxed);
            let mut stream = pin!(client.query_raw(&statement, parameters.iter()).await?);
            let mut rows = Vec::new();
            loop {
                match stream.try_next().await {
                    Ok(Some(row)) => rows.push(row),
                    Ok(None) => return Ok(rows),
                    Err(error) => {
                        is_complete.store(stream.rows_affected().is_some(), Ordering::Relaxed);
                        return Err(error);
                    }
                }
            }
        });
        let answer = self.answered_by(end, client, &is_sent, work).await?;
        match answer {
            Ok(rows) => {
                watched.end(rows.len() as u64);
                self.shared.counter.count_rows(rows.len());
                self.shared.commits.count(1);
                Ok(rows)
            }
            Err(error) => {
                let is_committing = is_complete.load(Ordering::Relaxed) && is_outcome_unknown(&error);
                if is_sent.load(Ordering::Relaxed) && (is_committing || is_answer_lost(&error)) {
                    return Err(self.unknown(&error));
                }
                if is_read_only(&error) {
                    // By the session's own default perhaps; a transaction asks for READ WRITE by name.
                    return Err(StoreError::Constraint(Constraint::nameless()));
                }
                Err(self.note(client, text, error))
            }
        }
    }

    /// Waits for statements of which the last one commits, as long as for others, and until `end` at most. What isn't answered
    /// by then is stopped.
    ///
    /// # Errors
    /// [`StoreError::OutcomeUnknown`] if they were sent, and no answer comes then, either. Otherwise nothing has changed.
    pub(super) async fn answered_by<T>(
        &self,
        end: Option<Instant>,
        client: &Client,
        is_sent: &AtomicBool,
        mut work: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, StoreError> {
        let limited = self.in_time(work.as_mut());
        let in_time = match end {
            Some(end) => timeout_at(end, limited).await.unwrap_or_else(|_| Err(busy())),
            None => limited.await,
        };
        let Err(error) = in_time else { return in_time };
        self.give_up();
        if !is_sent.load(Ordering::Relaxed) {
            return Err(error);
        }
        // It may wait for a lock. Whether it has ended before its commit says its answer.
        let stopped = async {
            self.shared.tls.cancel(client.cancel_token()).await;
            work.await
        };
        timeout(TO_END, stopped).await.map_err(|_| {
            log::error!("no answer from the database to a change that is committed as it is made");
            StoreError::OutcomeUnknown
        })
    }

    /// Begins the transaction instead of which a statement was to run, and has failed.
    pub(in super::super) fn begin_instead(&self) {
        self.failed.store(false, Ordering::Relaxed);
        self.begin(Purpose::Write);
    }
}
