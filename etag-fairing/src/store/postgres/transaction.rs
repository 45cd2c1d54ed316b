//! A write in progress.

use std::any::Any;

use async_trait::async_trait;
use rocket::tokio::time::{Instant, timeout_at};

use super::{connection::Connection, error::busy, insert_all, last_change::LockedRow, lock, new_row};
use crate::plan::{Change, Fetched, Plan, Root, Scopes};
use crate::schema::{Description, ResourceId, Value};
use crate::store::sql::answers;
use crate::store::sql::read::{Locking, fetch};
use crate::store::sql::write::apply;
use crate::store::{Claim, Constraint, KeptAnswer, KeptAnswers, RepeatableRequest, StoreError, Transaction};

/// A transaction on a connection of its own. Dropping it undoes it.
pub(crate) struct PostgresTransaction {
    pub(super) connection: Connection,
    /// The key that it has claimed.
    key: Option<ClaimedKey>,
    /// The row that was read last, if it was one.
    row: Option<LockedRow>,
    /// Whether its last change is committed with it, if it can be.
    ends_early: bool,
    is_committed: bool,
    /// When nobody waits for it any more.
    end: Option<Instant>,
}

/// A key, which a transaction takes before it locks any row, whenever it begins.
struct ClaimedKey {
    request: RepeatableRequest,
    kept_since: i64,
    /// What was found when the transaction began again, as long as nobody has asked for it.
    found: Option<Claim>,
}

impl PostgresTransaction {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, key: None, row: None, ends_early: true, is_committed: false, end: None }
    }
}

impl PostgresTransaction {
    async fn insert_and_commit(&mut self, change: Change, plan: &Plan) -> Result<Fetched, StoreError> {
        if let Some(made) = new_row::make(&self.connection, &change, plan, self.end).await? {
            self.is_committed = true;
            return Ok(made);
        }
        // It was refused. One statement after the other says which of the reasons comes first, and finds out what the row
        // would have needed. Nothing was read so far, so that the decision still holds.
        self.connection.begin_instead();
        let end = self.end;
        let again = Box::pin(async {
            let id = self.apply(change, &Scopes::NONE).await?;
            self.fetch(&Plan { root: Root::One(id), ..plan.clone() }).await
        });
        let made = match end {
            Some(end) => timeout_at(end, again).await.unwrap_or_else(|_| Err(busy()))?,
            None => again.await?,
        };
        if made.rows.is_empty() {
            return Err(StoreError::Constraint(Constraint::nameless()));
        }
        self.connection.commit().await?;
        self.is_committed = true;
        Ok(made)
    }
}

#[async_trait]
impl Transaction for PostgresTransaction {
    async fn fetch(&mut self, plan: &Plan) -> Result<Fetched, StoreError> {
        let fetched = fetch(&self.connection, plan, Locking::Root).await?;
        self.row = LockedRow::of(&self.connection, plan, &fetched);
        Ok(fetched)
    }

    async fn lock(&mut self, resource: &'static Description, ids: &[ResourceId]) -> Result<bool, StoreError> {
        lock::rows(&self.connection, resource, ids, lock::Strength::Change).await?;
        Ok(true)
    }

    fn as_any(&mut self) -> Option<&mut (dyn Any + Send)> {
        // It may be changed by other statements.
        self.row = None;
        Some(self)
    }

    async fn apply(&mut self, change: Change, scopes: &Scopes) -> Result<ResourceId, StoreError> {
        self.row = None;
        apply(&self.connection, &change, None, scopes).await
    }

    fn inserts_at_once(&self, resource: &'static Description) -> bool {
        insert_all::is_possible(&self.connection, resource)
    }

    async fn insert_all(
        &mut self,
        changes: &[Change],
        plan: &Plan,
    ) -> Result<Option<Vec<(ResourceId, Fetched)>>, StoreError> {
        insert_all::insert_all(&self.connection, changes, plan).await
    }

    async fn apply_to_version(
        &mut self,
        change: Change,
        version: &Value,
        scopes: &Scopes,
    ) -> Result<ResourceId, StoreError> {
        self.row = None;
        apply(&self.connection, &change, Some(version), scopes).await
    }

    fn commits_with(&self, change: &Change, scopes: &Scopes, plan: &Plan) -> bool {
        if matches!(change, Change::Insert { .. }) {
            return self.ends_early && new_row::can_make(&self.connection, change, scopes, plan);
        }
        let row = self.row.as_ref().filter(|_| self.ends_early);
        row.is_some_and(|row| match change {
            Change::Delete { .. } => row.can_be_deleted(&self.connection, change, scopes),
            _ => row.can_make(&self.connection, change, scopes, plan),
        })
    }

    async fn apply_and_commit(
        &mut self,
        change: Change,
        version: Option<&Value>,
        plan: &Plan,
    ) -> Result<Fetched, StoreError> {
        if matches!(change, Change::Insert { .. }) {
            return Box::pin(self.insert_and_commit(change, plan)).await;
        }
        let missing = || StoreError::Internal("a change was to be committed before its row was read".into());
        let row = self.row.take().ok_or_else(missing)?;
        let (connection, end) = (&self.connection, self.end);
        let answer = match change {
            Change::Delete { .. } => {
                let deleted = Box::pin(row.delete(connection, &change, version, end)).await;
                deleted.map(|()| Fetched::default())
            }
            _ => row.make(connection, &change, version, plan, end).await,
        };
        self.is_committed = answer.is_ok();
        answer
    }

    fn end_by(&mut self, limit: std::time::Instant) {
        self.end = Some(limit.into());
    }

    fn kept_answers(&mut self) -> Option<&mut dyn KeptAnswers> {
        Some(self)
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        if self.is_committed { Ok(()) } else { self.connection.commit().await }
    }

    fn must_be_repeated(&self) -> bool {
        self.connection.is_conflicted()
    }

    async fn begin_again(&mut self) -> Result<bool, StoreError> {
        self.row = None;
        // What kept it from its end may do so again.
        self.ends_early = false;
        self.connection.begin_again().await?;
        // The key first, as when it began: another node that has it may be waiting for one of the rows.
        if let Some(key) = &mut self.key {
            key.found = Some(answers::claim(&self.connection, &key.request, key.kept_since).await?);
            if key.found != Some(Claim::First) {
                return Ok(true);
            }
        }
        lock::all_wanted(&self.connection).await?;
        Ok(true)
    }
}

#[async_trait]
impl KeptAnswers for PostgresTransaction {
    async fn claim(&mut self, request: &RepeatableRequest, kept_since: i64) -> Result<Claim, StoreError> {
        let known = self.key.as_mut().filter(|key| key.request == *request && key.kept_since == kept_since);
        if let Some(found) = known.and_then(|key| key.found.take()) {
            return Ok(found);
        }
        self.key = Some(ClaimedKey { request: request.clone(), kept_since, found: None });
        answers::claim(&self.connection, request, kept_since).await
    }

    async fn keep(&mut self, request: &RepeatableRequest, answer: &KeptAnswer) -> Result<(), StoreError> {
        answers::keep(&self.connection, request, answer).await
    }

    async fn forget(&mut self, kept_since: i64) -> Result<u64, StoreError> {
        answers::forget(&self.connection, kept_since).await
    }
}
