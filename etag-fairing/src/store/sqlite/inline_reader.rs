//! Connections that are used where the caller stands, without a thread of their own.
//!
//! The way to another thread and back costs more than SQLite takes to find one row by its key. What takes much longer
//! than that, or may have to wait for another process, goes to the threads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Instant;

use super::{connection::Connection, error::store_error, inline_budget::Experience, read, revisions::Watch};
use crate::store::{Fetched, Plan, StoreError};

/// A few connections that read, each used by one caller at a time and never waited for.
pub(super) struct InlineReaders {
    places: Vec<Mutex<Option<Place>>>,
    pub(super) experience: Experience,
}

struct Place {
    connection: Connection,
    watch: Watch,
}

impl InlineReaders {
    /// # Errors
    /// If SQLite cannot be asked to keep to a budget.
    pub(super) fn new(connections: Vec<Connection>) -> Result<Self, StoreError> {
        let place = |connection: Connection| {
            connection.budget.watch(&connection.sqlite).map_err(store_error)?;
            Ok(Mutex::new(Some(Place { connection, watch: Watch::default() })))
        };
        let places: Result<_, StoreError> = connections.into_iter().map(place).collect();
        Ok(Self { places: places?, experience: Experience::default() })
    }

    /// Watches these tables from now on.
    pub(super) fn watch(&self, tables: &Arc<[&'static str]>) {
        for place in &self.places {
            if let Some(place) = &mut *lock(place) {
                place.watch = Watch::new(Arc::clone(tables));
            }
        }
    }

    /// Answers a plan, if that is brief.
    pub(super) fn fetch(&self, plan: &Plan) -> Option<Result<Fetched, StoreError>> {
        if !self.experience.is_brief(plan) {
            return None;
        }
        let mut begun = None;
        let fetched = self.run(|connection, _| {
            begun = Some(Instant::now());
            read::fetch_snapshot(connection, plan)
        });
        match (&fetched, begun) {
            (Some(Ok(fetched)), Some(begun)) => {
                self.experience.took(plan, begun.elapsed());
                self.learn(plan, fetched);
            }
            (None, Some(_)) => self.experience.took_long(plan),
            (Some(_), _) | (None, None) => {}
        }
        fetched
    }

    /// Learns from an answer, whoever gave it.
    pub(super) fn learn(&self, plan: &Plan, fetched: &Fetched) {
        self.experience.learn(plan, fetched);
    }

    /// Runs a job on a connection that is free now. `None` if there is none, if another process is in the way, or if
    /// it takes too long.
    pub(super) fn run<T>(
        &self,
        work: impl FnOnce(&mut Connection, &mut Watch) -> Result<T, StoreError>,
    ) -> Option<Result<T, StoreError>> {
        let mut free = self.places.iter().find_map(|place| match place.try_lock() {
            Ok(place) => Some(place),
            Err(TryLockError::Poisoned(poisoned)) => {
                let place = poisoned.into_inner();
                if let Some(place) = &*place {
                    place.connection.rollback();
                }
                Some(place)
            }
            Err(TryLockError::WouldBlock) => None,
        })?;
        let place = free.as_mut()?;
        place.connection.budget.begin();
        let outcome = work(&mut place.connection, &mut place.watch);
        // Whatever has happened, the next one sees the database as it is then.
        place.connection.rollback();
        match outcome {
            Err(StoreError::Busy { .. }) => None,
            // Whatever came of it, it may not be whole.
            _ if place.connection.budget.was_spent() => None,
            outcome => Some(outcome),
        }
    }

    /// Closes the connections.
    pub(super) fn close(&self) {
        for place in &self.places {
            *lock(place) = None;
        }
    }
}

fn lock(place: &Mutex<Option<Place>>) -> MutexGuard<'_, Option<Place>> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
