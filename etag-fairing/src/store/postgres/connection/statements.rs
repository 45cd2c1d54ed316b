//! Statements on a connection: how they are sent, waited for, and what their errors mean for the connection.

use std::{borrow::Cow, sync::atomic::Ordering};

use deadpool_postgres::Client;
use rocket::{
    futures::{TryStreamExt, future::join},
    tokio::{select, time::timeout_at},
};
use tokio_postgres::{Error, Row, Statement, types::ToSql};

use super::super::{
    borrowed::was_left_open,
    error::{busy, is_canceled, is_deadlock, is_read_only, is_stale, lost, store_error, told},
    limit::Limit,
};
use super::Connection;
use crate::store::sql::parameter::Parameter;
use crate::store::sql::room::Room;
use crate::store::{Excess, StoreError};

/// The maximum number of prepared statements on a connection. It is limited, since clients can cause new
/// ones.
const MOST_PREPARED: usize = 512;

impl Connection {
    pub(super) async fn prepare(&self, client: &Client, text: &str) -> Result<Statement, Error> {
        if client.statement_cache.size() >= MOST_PREPARED {
            client.statement_cache.clear();
        }
        client.prepare_cached(text).await
    }

    /// Runs a statement and returns its rows.
    pub(in super::super) async fn rows(
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

    /// Runs a statement that reads and returns its rows. It fails if the document becomes too large; `by` is what there is too
    /// much of, if it is this row, and how many of its columns say anything.
    pub(in super::super) async fn rows_within(
        &self,
        text: &str,
        parameters: &[Parameter<'_>],
        room: &Room,
        by: impl Fn(&Row) -> (Excess, usize),
    ) -> Result<Vec<Row>, StoreError> {
        /// The maximum number of bytes that a value takes in a row, without its text.
        const VALUE: usize = 20;
        /// The number of bytes that a null takes in a row.
        const NULL: usize = 4;
        /// The minimum number of bytes that a row takes in the document.
        const ROW: usize = 8;
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
                    let (by, columns) = by(&row);
                    let others = row.len().saturating_sub(columns);
                    let text = row.raw_size_bytes().saturating_sub(VALUE * columns + NULL * others);
                    bytes = bytes.saturating_add(text.max(ROW));
                    if bytes > left {
                        return Ok(Err(by));
                    }
                    rows.push(row);
                }
                Ok(Ok(rows))
            })
            .await?;
        match found {
            Ok(rows) => {
                watched.end(rows.len() as u64);
                Ok(rows)
            }
            Err(by) => {
                // The other rows are still being sent, so that the connection is not free. The statement
                // counts as running until the connection is dropped.
                self.running.fetch_add(1, Ordering::Relaxed);
                Err(room.exceeded(by))
            }
        }
    }

    /// Runs a statement and returns the number of changed rows.
    pub(in super::super) async fn run(
        &self,
        text: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<u64, StoreError> {
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
                self.sending(send(&statement)).await
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
    pub(super) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, StoreError> {
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

    pub(in super::super) fn note(&self, client: &Client, text: &str, error: Error) -> StoreError {
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
            self.shared.renewals.fetch_add(1, Ordering::Relaxed);
        }
        if let (Limit::All { limit, .. } | Limit::EachRead(limit), true) = (self.limit, is_canceled(&error)) {
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
    pub(in super::super) async fn is_read_only(&self) -> Result<bool, StoreError> {
        let text = "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'";
        let rows = self.rows(text, &[]).await?;
        Ok(rows.first().is_some_and(|row| row.try_get(0).unwrap_or(false)))
    }

    /// Runs statements that return nothing: transaction control and definitions.
    pub(in super::super) async fn batch(&self, text: &str) -> Result<(), StoreError> {
        let client = self.client()?;
        let text = self.take_ahead() + text;
        self.in_time(client.batch_execute(&text)).await?.map_err(|error| {
            self.not_begun.store(text.starts_with("BEGIN"), Ordering::Relaxed);
            self.note(client, &text, error)
        })
    }
}

/// The parameters, with each part of a composite id as one of its own.
pub(super) fn one_by_one<'s, 'p>(parameters: &'s [Parameter<'p>]) -> Cow<'s, [Parameter<'p>]> {
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
