//! A write in progress.

use std::any::Any;

use async_trait::async_trait;

use super::{connection::Connection, insert_all, last_change::LockedRow, lock};
use crate::plan::{Change, Fetched, Plan, Scopes};
use crate::schema::{Description, ResourceId, Value};
use crate::store::sql::answers;
use crate::store::sql::read::{Locking, fetch};
use crate::store::sql::write::apply;
use crate::store::{Claim, KeptAnswer, KeptAnswers, RepeatableRequest, StoreError, Transaction};

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
        Self { connection, key: None, row: None, ends_early: true, is_committed: false }
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
        let row = self.row.as_ref().filter(|_| self.ends_early);
        row.is_some_and(|row| row.can_make(&self.connection, change, scopes, plan))
    }

    async fn apply_and_commit(
        &mut self,
        change: Change,
        version: Option<&Value>,
        plan: &Plan,
    ) -> Result<Fetched, StoreError> {
        let missing = || StoreError::Internal("a change was to be committed before its row was read".into());
        let row = self.row.take().ok_or_else(missing)?;
        let answer = row.make(&self.connection, &change, version, plan).await?;
        self.is_committed = true;
        Ok(answer)
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
