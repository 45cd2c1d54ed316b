//! A store with the fault that the checker must find.

use std::sync::Arc;

use etag_fairing::resource::{Description, ResourceId};
use etag_fairing::store::{Change, Fetched, Plan, PrepareError, Scopes, Store, StoreError, Transaction};

/// Reads and decides without a lock, and writes in a transaction that begins only then.
///
/// Between the state that was judged and the state that is written others come in.
pub(super) struct CheckThenWrite {
    store: Arc<dyn Store>,
}

impl CheckThenWrite {
    pub(super) fn over(store: impl Store) -> Self {
        Self { store: Arc::new(store) }
    }
}

#[rocket::async_trait]
impl Store for CheckThenWrite {
    async fn prepare(&self, resources: &[&'static Description]) -> Result<(), PrepareError> {
        self.store.prepare(resources).await
    }

    async fn fetch(&self, plan: &Plan) -> Result<Fetched, StoreError> {
        self.store.fetch(plan).await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        Ok(Box::new(Late { store: Arc::clone(&self.store), transaction: None }))
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

/// A transaction that begins with the first change.
struct Late {
    store: Arc<dyn Store>,
    transaction: Option<Box<dyn Transaction>>,
}

#[rocket::async_trait]
impl Transaction for Late {
    async fn fetch(&mut self, plan: &Plan) -> Result<Fetched, StoreError> {
        match &mut self.transaction {
            Some(transaction) => transaction.fetch(plan).await,
            None => self.store.fetch(plan).await,
        }
    }

    async fn apply(&mut self, change: Change, scopes: &Scopes) -> Result<ResourceId, StoreError> {
        let transaction = match &mut self.transaction {
            Some(transaction) => transaction,
            None => self.transaction.insert(self.store.begin().await?),
        };
        transaction.apply(change, scopes).await
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        match self.transaction {
            Some(transaction) => transaction.commit().await,
            None => Ok(()),
        }
    }
}
