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

    /// Runs a short job where the caller stands, if that is possible.
    fn run_at_once<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Option<Result<T, StoreError>> {
        self.writer.run_at_once(|connection| {
            still_open(connection)?;
            work(connection)
        })
    }

    async fn change(
        &self,
        change: Change,
        version: Option<&Value>,
        scopes: &Scopes,
    ) -> Result<ResourceId, StoreError> {
        let is_short = scopes.is_empty() && write::is_short(&change);
        if is_short
            && let Some(outcome) =
                self.run_at_once(|connection| write::apply(connection, &change, version, scopes))
        {
            return outcome;
        }
        let (version, scopes) = (version.cloned(), scopes.clone());
        Box::pin(self.run(move |connection| write::apply(connection, &change, version.as_ref(), &scopes)))
            .await
    }

    /// Commits where the caller stands, if that waits for no disk and is possible.
    fn end_at_once(&mut self) -> Option<Result<(), StoreError>> {
        let log = self.log.as_ref()?;
        let outcome = self.writer.run_at_once(|connection| {
            let outcome = commit(connection);
            connection.rollback();
            outcome
        })?;
        self.turn = None;
        log.committed();
        Some(outcome)
    }

    async fn end(mut self: Box<Self>) -> Result<(), StoreError> {
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
        if read::is_short(plan)
            && let Some(outcome) = self.run_at_once(|connection| read::fetch(connection, plan))
        {
            return outcome;
        }
        // Boxed, as below, since most transactions do without: memory for it would be taken with each step.
        let plan = plan.clone();
        Box::pin(self.run(move |connection| read::fetch(connection, &plan))).await
    }

    async fn apply(&mut self, change: Change, scopes: &Scopes) -> Result<ResourceId, StoreError> {
        self.change(change, None, scopes).await
    }

    async fn apply_to_version(
        &mut self,
        change: Change,
        version: &Value,
        scopes: &Scopes,
    ) -> Result<ResourceId, StoreError> {
        self.change(change, Some(version), scopes).await
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        match self.end_at_once() {
            Some(outcome) => outcome,
            None => Box::pin(self.end()).await,
        }
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
