//! A write in progress.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    connection::Connection,
    error::store_error,
    log::Log,
    read,
    threads::{Threads, Turn},
    write,
};
use crate::{
    resource::{ResourceId, Value},
    store::{Change, Fetched, Plan, Scopes, StoreError, Transaction},
};

/// A transaction on the writer's connection, which is its own until it ends.
///
/// Short jobs run where the caller stands, since the way to the thread and back costs more; what may take long, and
/// the commit, which waits for the disk, go there. Jobs run in the order in which they are sent, so that when this is dropped (or the future that holds it, at
/// any point), what is still running ends first, then all is undone, and only then the next one gets the turn.
pub(super) struct SqliteTransaction {
    writer: Threads,
    /// `None` once the commit was sent.
    turn: Option<Turn>,
    /// Set where a commit doesn't wait for the disk.
    log: Option<Arc<Log>>,
}

impl SqliteTransaction {
    /// Begins.
    pub(super) async fn begin(
        writer: Threads,
        turn: Turn,
        log: Option<Arc<Log>>,
    ) -> Result<Self, StoreError> {
        // Before the first job: from here on, dropping it gives the turn back properly.
        let transaction = Self { writer, turn: Some(turn), log };
        // IMMEDIATE: nobody else writes between what is read here and what is written. Where another process does, the
        // thread waits for it.
        match transaction.writer.run_at_once(|connection| connection.without_waiting("BEGIN IMMEDIATE")) {
            Some(Err(StoreError::Busy { .. })) | None => {
                transaction.writer.run(|connection| connection.control("BEGIN IMMEDIATE")).await?;
            }
            Some(begun) => begun?,
        }
        Ok(transaction)
    }

    /// Runs a job in the transaction.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer
            .run(move |connection| {
                still_open(connection)?;
                work(connection)
            })
            .await
    }

    /// Runs a job about something in the transaction; one that is short where the caller stands, if that is possible.
    async fn run_on<A: Send + 'static, T: Send + 'static>(
        &self,
        subject: A,
        is_short: bool,
        work: fn(&mut Connection, &A) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let at_once = |connection: &mut Connection| {
            still_open(connection)?;
            work(connection, &subject)
        };
        match if is_short { self.writer.run_at_once(at_once) } else { None } {
            Some(outcome) => outcome,
            None => self.run(move |connection| work(connection, &subject)).await,
        }
    }

    async fn end(mut self: Box<Self>) -> Result<(), StoreError> {
        if let Some(log) = &self.log {
            let at_once = |connection: &mut Connection| {
                let outcome = commit(connection);
                connection.rollback();
                outcome
            };
            if let Some(outcome) = self.writer.run_at_once(at_once) {
                self.turn = None;
                log.committed();
                return outcome;
            }
        }
        let turn = self.turn.take();
        let (answer, answered) = rocket::tokio::sync::oneshot::channel();
        self.writer.send(move |connection| {
            // Nobody waits any more: undone, as by dropping.
            let outcome = if answer.is_closed() { Ok(()) } else { commit(connection) };
            connection.rollback();
            drop(turn);
            let _ = answer.send(outcome);
        })?;
        answered
            .await
            .unwrap_or_else(|_| Err(StoreError::Internal("the database's thread gave no answer".into())))
    }
}

/// After some errors (a full disk) SQLite undoes the transaction by itself; what came then would be committed
/// statement by statement.
fn still_open(connection: &Connection) -> Result<(), StoreError> {
    match connection.sqlite.is_autocommit() {
        true => Err(StoreError::Internal("the database has undone the transaction".into())),
        false => Ok(()),
    }
}

fn commit(connection: &Connection) -> Result<(), StoreError> {
    still_open(connection)?;
    let mut statement = connection.sqlite.prepare_cached("COMMIT").map_err(store_error)?;
    statement.execute([]).map(drop).map_err(store_error)
}

#[async_trait]
impl Transaction for SqliteTransaction {
    async fn fetch(&mut self, plan: &Plan) -> Result<Fetched, StoreError> {
        self.run_on(plan.clone(), read::is_short(plan), read::fetch).await
    }

    async fn apply(&mut self, change: Change, scopes: &Scopes) -> Result<ResourceId, StoreError> {
        let is_short = scopes.is_empty() && write::is_short(&change);
        self.run_on((change, scopes.clone()), is_short, |connection, (change, scopes)| {
            write::apply(connection, change, None, scopes)
        })
        .await
    }

    async fn apply_to_version(
        &mut self,
        change: Change,
        version: &Value,
        scopes: &Scopes,
    ) -> Result<ResourceId, StoreError> {
        let is_short = scopes.is_empty() && write::is_short(&change);
        let subject = (change, version.clone(), scopes.clone());
        self.run_on(subject, is_short, |connection, (change, version, scopes)| {
            write::apply(connection, change, Some(version), scopes)
        })
        .await
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.end().await
    }
}

impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            // If the thread is gone, its connection is closed and with it all is undone.
            let _ = self.writer.send(move |connection| {
                connection.rollback();
                drop(turn);
            });
        }
    }
}
