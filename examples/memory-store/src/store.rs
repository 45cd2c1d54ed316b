//! [`MemoryStore`]: the methods of the traits.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use etag_fairing::resource::{Description, ResourceId};
use etag_fairing::store::{
    Change, Fetched, Plan, PrepareError, Revision, Scopes, Store, StoreError, Transaction,
};
use rocket::tokio::sync::{Mutex, OwnedMutexGuard};

use crate::answer::answer;
use crate::state::State;

/// Resources in memory, for as long as the process lives.
#[derive(Debug, Default)]
pub struct MemoryStore {
    current: Arc<RwLock<Arc<State>>>,
    /// Whoever holds it writes. Tokio's mutex is fair: writers come in the order of asking.
    turn: Arc<Mutex<()>>,
}

/// A write in progress: a state of its own, which takes the current one's place at the end.
struct MemoryTransaction {
    current: Arc<RwLock<Arc<State>>>,
    state: State,
    _turn: OwnedMutexGuard<()>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn snapshot(&self) -> Arc<State> {
        // The lock is held to copy or replace a pointer: there is nothing half done behind a poisoned one.
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn prepare(&self, _: &[&'static Description]) -> Result<(), PrepareError> {
        // Tables come into being with their first row.
        Ok(())
    }

    async fn fetch(&self, plan: &Plan) -> Result<Fetched, StoreError> {
        answer(&self.snapshot(), plan)
    }

    async fn revision(&self, _: &[&'static str]) -> Result<Option<Revision>, StoreError> {
        // One number for all tables will do: whatever is written, every answer is made anew once.
        Ok(Some(Revision::new(self.snapshot().writes)))
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        // After the turn came: the state that this transaction will replace.
        let state = State::clone(&self.snapshot());
        Ok(Box::new(MemoryTransaction { current: Arc::clone(&self.current), state, _turn: turn }))
    }
}

#[async_trait]
impl Transaction for MemoryTransaction {
    async fn fetch(&mut self, plan: &Plan) -> Result<Fetched, StoreError> {
        answer(&self.state, plan)
    }

    async fn apply(&mut self, change: Change, scopes: &Scopes) -> Result<ResourceId, StoreError> {
        // A change is made whole or not at all, whatever its caller does after an error.
        let mut changed = self.state.clone();
        let id = changed.apply(change, scopes)?;
        changed.keep_versions(&self.state)?;
        self.state = changed;
        Ok(id)
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.state.writes += 1;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(self.state);
        Ok(())
    }
}
