//! Connections that read where the caller stands, without a thread of their own.
//!
//! The way to another thread and back costs more than SQLite takes to find one row by its key. What takes much longer
//! than that, or may have to wait for another process, goes to the [threads](super::worker).

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
    time::Instant,
};

use super::{connection::Connection, error::store_error, plan_history::PlanHistory, read, revisions::Watch};
use crate::plan::{Fetched, Plan};
use crate::store::StoreError;

/// A few connections that read, each used by one caller at a time and never waited for.
pub(super) struct InlineReaders {
    readers: Vec<Mutex<Option<Reader>>>,
    pub(super) history: PlanHistory,
}

struct Reader {
    connection: Connection,
    watch: Watch,
}

impl InlineReaders {
    /// # Errors
    /// If SQLite cannot be asked to keep to a budget.
    pub(super) fn new(connections: Vec<Connection>) -> Result<Self, StoreError> {
        let reader = |mut connection: Connection| {
            connection.budget.watch(&mut connection.sqlite).map_err(store_error)?;
            Ok(Mutex::new(Some(Reader { connection, watch: Watch::default() })))
        };
        let readers: Result<_, StoreError> = connections.into_iter().map(reader).collect();
        Ok(Self { readers: readers?, history: PlanHistory::default() })
    }

    /// Watches these tables from now on.
    pub(super) fn watch(&self, tables: &Arc<[&'static str]>) {
        for reader in &self.readers {
            if let Some(reader) = &mut *lock(reader) {
                reader.watch = Watch::new(Arc::clone(tables));
            }
        }
    }

    /// Answers a plan, if that is done within the budget.
    pub(super) fn fetch(&self, plan: &Plan) -> Option<Result<Fetched, StoreError>> {
        if !self.history.may_run_inline(plan) {
            return None;
        }
        let mut begun = None;
        let fetched = self.run(|connection, _| {
            begun = Some(Instant::now());
            read::fetch_snapshot(connection, plan)
        });
        match (&fetched, begun) {
            (Some(Ok(fetched)), Some(begun)) => {
                self.history.took(plan, begun.elapsed());
                self.learn(plan, fetched);
            }
            (None, Some(_)) => self.history.exceeded_budget(plan),
            (Some(_), _) | (None, None) => {}
        }
        fetched
    }

    /// Learns from an answer, whoever gave it.
    pub(super) fn learn(&self, plan: &Plan, fetched: &Fetched) {
        self.history.learn(plan, fetched);
    }

    /// Does something on a connection that is free now. `None` if there is none, if another process is in the way, or
    /// if it exceeds the budget.
    pub(super) fn run<T>(
        &self,
        work: impl FnOnce(&mut Connection, &mut Watch) -> Result<T, StoreError>,
    ) -> Option<Result<T, StoreError>> {
        let mut free = self.readers.iter().find_map(|reader| match reader.try_lock() {
            Ok(reader) => Some(reader),
            Err(TryLockError::Poisoned(poisoned)) => {
                let reader = poisoned.into_inner();
                if let Some(reader) = &*reader {
                    reader.connection.rollback();
                }
                Some(reader)
            }
            Err(TryLockError::WouldBlock) => None,
        })?;
        let reader = free.as_mut()?;
        reader.connection.budget.begin();
        let outcome = work(&mut reader.connection, &mut reader.watch);
        // Whatever has happened, the next one sees the database as it is then.
        reader.connection.rollback();
        match outcome {
            Err(StoreError::Busy { .. }) => None,
            // Whatever the outcome, it may not be whole.
            _ if reader.connection.budget.was_spent() => None,
            outcome => Some(outcome),
        }
    }

    /// Closes the connections.
    pub(super) fn close(&self) {
        for reader in &self.readers {
            *lock(reader) = None;
        }
    }
}

fn lock(reader: &Mutex<Option<Reader>>) -> MutexGuard<'_, Option<Reader>> {
    reader.lock().unwrap_or_else(PoisonError::into_inner)
}
