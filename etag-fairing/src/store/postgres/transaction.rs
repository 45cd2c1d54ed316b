//! A write in progress.

use std::any::Any;

use async_trait::async_trait;

use super::{connection::Connection, lock};
use crate::plan::{Change, Fetched, Plan, Scopes};
use crate::schema::{Description, ResourceId, Value};
use crate::store::sql::read::{Locking, fetch};
use crate::store::sql::write::apply;
use crate::store::{StoreError, Transaction};

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

    async fn apply_to_version(
        &mut self,
        change: Change,
        version: &Value,
        scopes: &Scopes,
    ) -> Result<ResourceId, StoreError> {
        apply(&self.0, &change, Some(version), scopes).await
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
