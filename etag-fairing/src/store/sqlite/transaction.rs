//! A write in progress.

use std::{any::Any, time::Instant};

use async_trait::async_trait;
use rocket::tokio::sync::oneshot;

use super::{
    Synchronous,
    connection::Connection,
    error::closed,
    group_commit::{Ending, RunsOn, WriteEnd},
    leader::Leader,
    read,
    session::at_once,
    worker::{Command, Turn, Workers},
    write,
};
use crate::plan::{Change, Fetched, Plan, Scopes};
use crate::schema::{Description, ResourceId, Value};
use crate::store::sql::answers;
use crate::store::transact::Sharing;
use crate::store::{Claim, KeptAnswer, KeptAnswers, RepeatableRequest, StoreError, Transaction};

/// A transaction on the writer's connection, which belongs to one write until that ends; or the write's turn in the
/// transaction of a [group](super::group_commit).
///
/// What is short runs where the caller stands, since the way to the thread and back costs more; what may take long, and a
/// commit that waits for the disk, go there. Commands are executed in the order in which they are sent. So when this is
/// dropped (or the future that holds it, at any point), what is still running ends first, then all is undone, and only
/// then the next write gets the turn.
pub(crate) struct SqliteTransaction {
    writer: Workers,
    /// `None` once the end was sent.
    turn: Option<Turn>,
    sharing: Sharing,
    synchronous: Synchronous,
    /// When nobody waits for it any more.
    limit: Option<Instant>,
}

impl SqliteTransaction {
    /// Begins.
    pub(super) async fn begin(
        writer: Workers,
        turn: Turn,
        sharing: Sharing,
        synchronous: Synchronous,
    ) -> Result<Self, StoreError> {
        // Made before the first command: from here on, dropping it gives the turn back properly.
        let transaction = Self { writer, turn: Some(turn), sharing, synchronous, limit: None };
        // IMMEDIATE: nobody else writes between what is read here and what is written. Where another process does, the
        // thread waits for it.
        let begun =
            transaction.writer.run_inline(|connection| connection.begin_write(sharing, RunsOn::Caller));
        match begun.flatten() {
            Some(begun) => begun?,
            None => transaction.writer.ask(|reply| Command::BeginWrite { sharing, reply }).await?,
        }
        Ok(transaction)
    }

    /// Does something on the thread, inside the transaction.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer
            .run(move |connection| {
                connection.check_transaction()?;
                work(connection)
            })
            .await
    }

    async fn change(
        &self,
        change: Change,
        version: Option<&Value>,
        scopes: &Scopes,
    ) -> Result<ResourceId, StoreError> {
        if scopes.is_empty()
            && write::is_short(&change)
            && let Some(Some(outcome)) = self.writer.run_inline(|connection| {
                connection.try_at_once(write::table(&change), |connection| {
                    connection.check_transaction()?;
                    connection.set_savepoint()?;
                    // Dropping this transaction ends nothing that runs here.
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
        Box::pin(self.writer.ask(|reply| Command::Apply { change, version, scopes, reply })).await
    }

    /// Ends it, and gives the turn back.
    async fn end(mut self: Box<Self>, ending: Ending) -> Result<(), StoreError> {
        let turn = self.turn.take();
        let ended = self.writer.run_inline(|connection| connection.end_write(ending, self.writer.waiting()));
        let ended = match ended.map(|ended| ended.led_through(&self.writer)) {
            // What comes of sharing is decided already.
            Some(WriteEnd::CommitOnThread) => {
                Box::pin(self.end_on_the_thread(turn, Ending::Commit(Sharing::Alone))).await?
            }
            None => Box::pin(self.end_on_the_thread(turn, ending)).await?,
            Some(ended) => {
                drop(turn);
                ended
            }
        };
        match ended {
            WriteEnd::Done(outcome) => outcome,
            WriteEnd::Follow(outcome) => outcome.await.unwrap_or_else(|_| Err(closed())),
            WriteEnd::Lead(leader) => Box::pin(leader.lead(self.synchronous)).await,
            WriteEnd::CommitOnThread => {
                Err(StoreError::Internal("the database's thread has not committed".into()))
            }
        }
    }

    async fn end_on_the_thread(
        &self,
        turn: Option<Turn>,
        ending: Ending,
    ) -> Result<WriteEnd<Leader>, StoreError> {
        let (end, ended) = oneshot::channel();
        let turn = turn.ok_or_else(closed)?;
        self.writer.send(Command::EndWrite { ending, turn, writer: self.writer.clone(), end })?;
        ended.await.map_err(|_| self.writer.no_answer())
    }
}

#[async_trait]
impl Transaction for SqliteTransaction {
    async fn fetch(&mut self, plan: &Plan) -> Result<Fetched, StoreError> {
        if read::is_short(plan)
            && let Some(outcome) = self.writer.run_inline(|connection| {
                connection.check_transaction()?;
                read::fetch(connection, plan)
            })
        {
            return outcome;
        }
        // Boxed, as elsewhere here, since most transactions do without: memory for it would be taken with each step.
        let plan = Box::new(plan.clone());
        Box::pin(self.writer.ask(|reply| Command::Fetch { plan, reply })).await
    }

    async fn lock(&mut self, _: &'static Description, _: &[ResourceId]) -> Result<bool, StoreError> {
        // It is the only writer.
        Ok(false)
    }

    fn as_any(&mut self) -> Option<&mut (dyn Any + Send)> {
        Some(self)
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

    fn kept_answers(&mut self) -> Option<&mut dyn KeptAnswers> {
        Some(self)
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let ending = Ending::Commit(self.sharing);
        self.end(ending).await
    }

    async fn abandon(self: Box<Self>) -> Result<(), StoreError> {
        self.end(Ending::Undo).await
    }
}

#[async_trait]
impl KeptAnswers for SqliteTransaction {
    async fn claim(&mut self, request: &RepeatableRequest, kept_since: i64) -> Result<Claim, StoreError> {
        let request = request.clone();
        self.run(move |connection| {
            connection.set_savepoint()?;
            at_once(answers::claim(connection, &request, kept_since))
        })
        .await
    }

    async fn keep(&mut self, request: &RepeatableRequest, answer: &KeptAnswer) -> Result<(), StoreError> {
        let (request, answer) = (request.clone(), answer.clone());
        self.run(move |connection| at_once(answers::keep(connection, &request, &answer))).await
    }

    async fn forget(&mut self, kept_since: i64) -> Result<u64, StoreError> {
        self.run(move |connection| {
            connection.set_savepoint()?;
            at_once(answers::forget(connection, kept_since))
        })
        .await
    }
}

impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            // If the thread is gone, its connection is closed, and with it all is undone.
            let _ = self.writer.send(Command::DropWrite { turn });
        }
    }
}
