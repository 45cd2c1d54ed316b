//! Answers that are being made: one at a time of each kind, and all who ask for it meanwhile wait for that one.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rocket::tokio::sync::Notify;
use rocket::tokio::time::{Instant, timeout_at};

use super::{Entry, Key, Memo};
use crate::error::Errors;
use crate::plan::Revision;

/// The answers that are being made. Of another revision is another answer: who asks after a change does not wait for
/// what was read before it.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<Making>);

type Making = HashMap<(Arc<Key>, Revision), Arc<Shared>>;

/// What those who wait for one answer share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    outcome: OnceLock<Outcome>,
    told: Notify,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// This was found out.
    Landed(Arc<Entry>),
    /// The store was in trouble: nobody who has waited for it need try again at once.
    Failed(Arc<Errors>),
    /// Whoever made the answer was given up, perhaps since its client is gone. It is the next one's turn.
    Abandoned,
}

/// Whose turn it is.
pub(super) enum Boarding<'m> {
    /// One's own.
    First(Flight<'m>),
    /// Another one's.
    Behind(Arc<Shared>),
}

impl Flights {
    fn lock(&self) -> MutexGuard<'_, Making> {
        // Nothing is left half done where this is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

impl Memo {
    /// Takes the turn to make an answer, or finds who has it.
    pub(super) fn board(&self, key: &Arc<Key>, revision: Revision) -> Boarding<'_> {
        match self.flights.lock().entry((Arc::clone(key), revision)) {
            Place::Occupied(place) => Boarding::Behind(Arc::clone(place.get())),
            Place::Vacant(place) => {
                let shared = Arc::clone(place.insert(Arc::default()));
                Boarding::First(Flight { memo: self, key: Arc::clone(key), revision, shared })
            }
        }
    }
}

impl Shared {
    /// Waits for what comes of it; `None` if that takes too long.
    pub(super) async fn outcome(&self, until: Instant) -> Option<Outcome> {
        let mut told = std::pin::pin!(self.told.notified());
        // From here on no word is missed.
        told.as_mut().enable();
        if self.outcome.get().is_none() {
            timeout_at(until, told).await.ok()?;
        }
        self.outcome.get().cloned()
    }
}

/// The turn to make an answer. Dropped without one, it goes to the next who waits.
pub(crate) struct Flight<'m> {
    memo: &'m Memo,
    key: Arc<Key>,
    revision: Revision,
    shared: Arc<Shared>,
}

impl Flight<'_> {
    /// Remembers what was found out and lets those who wait have it.
    pub(crate) fn land(self, entry: Entry) {
        let entry = Arc::new(entry);
        // Before the turn is given back, so that who takes the next one finds it.
        self.memo.entries.insert(Arc::clone(&self.key), Arc::clone(&entry));
        self.tell(Outcome::Landed(entry));
    }

    /// Lets those who wait have an error, and only them: who comes later tries again.
    pub(crate) fn fail(self, errors: &Errors) {
        self.tell(Outcome::Failed(Arc::new(errors.clone())));
    }

    fn tell(&self, outcome: Outcome) {
        // The first word counts.
        if self.shared.outcome.set(outcome).is_ok() {
            self.memo.flights.lock().remove(&(Arc::clone(&self.key), self.revision));
            self.shared.told.notify_waiters();
        }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.tell(Outcome::Abandoned);
    }
}
