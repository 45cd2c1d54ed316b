//! A write in progress.

use std::time::Instant;

use async_trait::async_trait;
use rocket::tokio::sync::oneshot;

use super::{
    connection::Connection,
    error::closed,
    group_commit::{End, Place},
    read,
    worker::{Turn, Worker},
    write,
};
use crate::{
    resource::{ResourceId, Value},
    store::{Change, Fetched, Plan, Scopes, StoreError, Transaction},
};

/// A transaction on the writer's connection, which is its own until it ends; or its turn in one that is
/// [shared](super::group_commit).
///
/// Short jobs run where the caller stands, since the way to the thread and back costs more; what may take long, and a
/// commit that waits for the disk, go there. Jobs run in the order in which they are sent, so that when this is dropped
/// (or the future that holds it, at any point), what is still running ends first, then all is undone, and only then the
/// next one gets the turn.
pub(super) struct SqliteTransaction {
    writer: Worker,
    /// `None` once the end was sent.
    turn: Option<Turn>,
    /// Whether others may share it.
    shared: bool,
    /// Whether a commit doesn't wait for the disk.
    at_once: bool,
    /// When it gives up.
    limit: Option<Instant>,
}

impl SqliteTransaction {
    /// Begins.
    pub(super) async fn begin(
        writer: Worker,
        turn: Turn,
        shared: bool,
        at_once: bool,
    ) -> Result<Self, StoreError> {
        // Before the first job: from here on, dropping it gives the turn back properly.
        let transaction = Self { writer, turn: Some(turn), shared, at_once, limit: None };
        // IMMEDIATE: nobody else writes between what is read here and what is written. Where another process does, the
        // thread waits for it.
        let begun = transaction.writer.run_at_once(|connection| connection.begin(shared, Place::AtOnce));
        match begun.flatten() {
            Some(begun) => begun?,
            None => {
                let begin = move |connection: &mut Connection| {
                    connection.begin(shared, Place::Thread).unwrap_or_else(|| Err(closed()))
                };
                transaction.writer.run(begin).await?;
            }
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
                connection.still_open()?;
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
            connection.still_open()?;
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
            && let Some(Some(outcome)) = self.writer.run_at_once(|connection| {
                connection.try_at_once(write::table(&change), |connection| {
                    connection.still_open()?;
                    connection.mark()?;
                    // Dropping this ends nothing that runs here.
                    connection.brake.until(self.limit);
                    let applied = write::apply(connection, &change, version, scopes);
                    connection.brake.until(None);
                    applied
                })
            })
        {
            return outcome;
        }
        let (version, scopes) = (version.cloned(), scopes.clone());
        let apply = move |connection: &mut Connection| {
            connection.mark()?;
            write::apply(connection, &change, version.as_ref(), &scopes)
        };
        Box::pin(self.run(apply)).await
    }

    /// Ends it, by committing or by leaving, and gives the turn back.
    async fn end(mut self: Box<Self>, leaves: bool) -> Result<(), StoreError> {
        let mut turn = self.turn.take();
        let (shared, writer) = (self.shared, self.writer.clone());
        let end = writer.run_at_once(|connection| match leaves {
            true => connection.leave(),
            false => connection.end(shared, &self.writer),
        });
        let end = match end {
            Some(end @ (End::Done(_) | End::Follow(_) | End::Lead(..))) => {
                turn = None;
                end
            }
            // Decided already, and the disk is to be waited for.
            Some(End::Commit) => Box::pin(self.end_on_the_thread(turn.take(), leaves, false)).await?,
            None => Box::pin(self.end_on_the_thread(turn.take(), leaves, shared)).await?,
        };
        drop(turn);
        match end {
            End::Done(outcome) => outcome,
            End::Follow(answer) => answer.await.unwrap_or_else(|_| Err(closed())),
            End::Lead(leader, answer) => Box::pin(leader.lead(&self.writer, answer, self.at_once)).await,
            End::Commit => Err(StoreError::Internal("the database's thread has not committed".into())),
        }
    }

    async fn end_on_the_thread(
        &self,
        turn: Option<Turn>,
        leaves: bool,
        shared: bool,
    ) -> Result<End, StoreError> {
        let (answer, answered) = oneshot::channel();
        let writer = self.writer.clone();
        self.writer.send(move |connection| {
            // Nobody waits any more: undone, as by dropping.
            let end = match leaves || answer.is_closed() {
                true => connection.leave(),
                false => connection.end(shared, &writer),
            };
            let end = match end {
                End::Commit => End::Done(connection.commit_alone()),
                end => end,
            };
            if let Err(End::Lead(..)) = answer.send(end) {
                connection.commit_open();
            }
            drop(turn);
        })?;
        answered.await.map_err(|_| self.writer.no_answer())
    }
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

    fn end_by(&mut self, limit: Instant) {
        self.limit = Some(limit);
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.end(false).await
    }

    async fn abandon(self: Box<Self>) -> Result<(), StoreError> {
        self.end(true).await
    }
}

impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            // If the thread is gone, its connection is closed and with it all is undone.
            let _ = self.writer.send(move |connection| {
                connection.leave();
                drop(turn);
            });
        }
    }
}
