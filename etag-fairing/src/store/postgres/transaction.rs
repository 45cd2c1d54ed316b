//! A write in progress.

use std::any::Any;

use async_trait::async_trait;

use super::{connection::Connection, insert_all, lock};
use crate::plan::{Change, Fetched, Plan, Scopes};
use crate::schema::{Description, ResourceId, Value};
use crate::store::sql::answers;
use crate::store::sql::read::{Locking, fetch};
use crate::store::sql::write::apply;
use crate::store::{Claim, KeptAnswer, KeptAnswers, RepeatableRequest, StoreError, Transaction};

/// A transaction on a connection of its own. Dropping it undoes it.
pub(crate) struct PostgresTransaction(pub(super) Connection);

#[async_trait]
impl Transaction for PostgresTransaction {
    async fn fetch(&mut self, plan: &Plan) -> Result<Fetched, StoreError> {
        fetch(&self.0, plan, Locking::Root).await
    }

    async fn lock(&mut self, resource: &'static Description, ids: &[ResourceId]) -> Result<bool, StoreError> {
        lock::rows(&self.0, resource, ids, lock::Strength::Change).await?;
        Ok(true)
    }

    fn as_any(&mut self) -> Option<&mut (dyn Any + Send)> {
        Some(self)
    }

    async fn apply(&mut self, change: Change, scopes: &Scopes) -> Result<ResourceId, StoreError> {
        apply(&self.0, &change, None, scopes).await
    }

    fn inserts_at_once(&self, resource: &'static Description) -> bool {
        insert_all::is_possible(&self.0, resource)
    }

    async fn insert_all(
        &mut self,
        changes: &[Change],
        plan: &Plan,
    ) -> Result<Option<Vec<(ResourceId, Fetched)>>, StoreError> {
        insert_all::insert_all(&self.0, changes, plan).await
    }

    async fn apply_to_version(
        &mut self,
        change: Change,
        version: &Value,
        scopes: &Scopes,
    ) -> Result<ResourceId, StoreError> {
        apply(&self.0, &change, Some(version), scopes).await
    }

    fn kept_answers(&mut self) -> Option<&mut dyn KeptAnswers> {
        Some(self)
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.0.commit().await
    }

    fn must_be_repeated(&self) -> bool {
        self.0.is_conflicted()
    }

    async fn begin_again(&mut self) -> Result<bool, StoreError> {
        self.0.begin_again().await?;
        lock::all_wanted(&self.0).await?;
        Ok(true)
    }
}

#[async_trait]
impl KeptAnswers for PostgresTransaction {
    async fn claim(&mut self, request: &RepeatableRequest, kept_since: i64) -> Result<Claim, StoreError> {
        answers::claim(&self.0, request, kept_since).await
    }

    async fn keep(&mut self, request: &RepeatableRequest, answer: &KeptAnswer) -> Result<(), StoreError> {
        answers::keep(&self.0, request, answer).await
    }

    async fn forget(&mut self, kept_since: i64) -> Result<u64, StoreError> {
        answers::forget(&self.0, kept_since).await
    }
}
