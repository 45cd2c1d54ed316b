//! Connections that are used where the caller stands, without a thread of their own.
//!
//! The way to another thread and back costs more than SQLite takes to find one row by its key. What may take longer
//! than that, or may have to wait for another process, goes to the threads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use super::{connection::Connection, revisions::Watch};
use crate::store::StoreError;

/// A few connections that read, each used by one caller at a time and never waited for.
pub(super) struct Direct {
    places: Vec<Mutex<Option<Place>>>,
}

struct Place {
    connection: Connection,
    watch: Watch,
}

impl Direct {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        let place = |connection| Mutex::new(Some(Place { connection, watch: Watch::default() }));
        Self { places: connections.into_iter().map(place).collect() }
    }

    /// Watches these tables from now on.
    pub(super) fn watch(&self, tables: &Arc<[&'static str]>) {
        for place in &self.places {
            if let Some(place) = &mut *lock(place) {
                place.watch = Watch::new(Arc::clone(tables));
            }
        }
    }

    /// Runs a job on a connection that is free now. `None` if there is none, or if another process is in the way.
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
        match work(&mut place.connection, &mut place.watch) {
            Err(StoreError::Busy { .. }) => None,
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
