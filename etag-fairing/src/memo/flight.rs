//! Flights: answers that are being made. The first request for an answer makes it (it is the leader), and all requests for
//! the same answer that come meanwhile wait for it (they are waiters).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rocket::tokio::sync::Notify;
use rocket::tokio::time::{Instant, timeout_at};

use super::{Memo, MemoEntry, MemoKey};
use crate::error::Errors;
use crate::plan::Revision;

/// The answers that are being made. An answer at another revision is another answer, so that a request that comes after a
/// change doesn't wait for what was read before the change.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<Making>);

type Making = HashMap<(Arc<MemoKey>, Revision), Arc<SharedOutcome>>;

/// The outcome of a flight, which its leader and its waiters share.
#[derive(Debug, Default)]
pub(super) struct SharedOutcome {
    outcome: OnceLock<FlightOutcome>,
    told: Notify,
}

/// What became of a flight.
#[derive(Clone, Debug)]
pub(super) enum FlightOutcome {
    /// The leader has this result.
    Landed(Arc<MemoEntry>),
    /// The store has failed. The waiters fail too, so that they don't all ask the store again at once.
    Failed(Arc<Errors>),
    /// The leader's request has ended without a result, perhaps since its client is gone. A waiter becomes the leader.
    Abandoned,
}

/// Whether a request leads a flight or waits for it.
pub(super) enum Boarding<'m> {
    /// The request is the leader.
    First(Flight<'m>),
    /// Another request is the leader.
    Behind(Arc<SharedOutcome>),
}

impl Flights {
    fn lock(&self) -> MutexGuard<'_, Making> {
        // A panic leaves nothing half done while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

impl Memo {
    /// Begins a flight, or joins the one that there is.
    pub(super) fn board(&self, key: &Arc<MemoKey>, revision: Revision) -> Boarding<'_> {
        match self.flights.lock().entry((Arc::clone(key), revision)) {
            Entry::Occupied(there) => Boarding::Behind(Arc::clone(there.get())),
            Entry::Vacant(there) => {
                let shared = Arc::clone(there.insert(Arc::default()));
                Boarding::First(Flight { memo: self, key: Arc::clone(key), revision, shared })
            }
        }
    }
}

impl SharedOutcome {
    /// Waits for the outcome; `None` if that takes too long.
    pub(super) async fn outcome(&self, until: Instant) -> Option<FlightOutcome> {
        let mut told = std::pin::pin!(self.told.notified());
        // From here on a notification is not missed.
        told.as_mut().enable();
        if self.outcome.get().is_none() {
            timeout_at(until, told).await.ok()?;
        }
        self.outcome.get().cloned()
    }
}

/// The leader's side of a flight. If it is dropped without an outcome, the flight counts as abandoned.
pub(crate) struct Flight<'m> {
    memo: &'m Memo,
    key: Arc<MemoKey>,
    revision: Revision,
    shared: Arc<SharedOutcome>,
}

impl Flight<'_> {
    /// Remembers the result and gives it to the waiters.
    pub(crate) fn land(self, entry: MemoEntry) {
        let entry = Arc::new(entry);
        // It is remembered before the flight ends, so that the leader of the next flight finds it.
        self.memo.entries.insert(Arc::clone(&self.key), Arc::clone(&entry));
        self.tell(FlightOutcome::Landed(entry));
    }

    /// Gives an error to the waiters. It isn't remembered, so that later requests try again.
    pub(crate) fn fail(self, errors: &Errors) {
        self.tell(FlightOutcome::Failed(Arc::new(errors.clone())));
    }

    fn tell(&self, outcome: FlightOutcome) {
        // The first outcome counts.
        if self.shared.outcome.set(outcome).is_ok() {
            self.memo.flights.lock().remove(&(Arc::clone(&self.key), self.revision));
            self.shared.told.notify_waiters();
        }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.tell(FlightOutcome::Abandoned);
    }
}
