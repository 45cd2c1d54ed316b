//! One question for all who wait: requests that come at the same time share its answer.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rocket::tokio::{runtime::Handle, sync::oneshot, task::yield_now};

use super::{
    super::error::busy,
    turns::{Call, Turns},
};
use crate::store::StoreError;

/// How often a request asks again after its question was dropped without an answer, as when the runtime ends that it was
/// asked in.
const TRIES: usize = 3;

/// Questions about tables, shared by those who wait for the answers. [`Turns`] has the rule.
///
/// Each question is a task of its own, so that no request is needed for the answer of another one: whoever is dropped
/// while waiting takes nothing along.
pub(super) struct Sharing<A> {
    state: Mutex<State<A>>,
}

struct State<A> {
    turns: Turns<oneshot::Sender<Result<Arc<A>, StoreError>>>,
    /// The tables that those who wait ask for, each once.
    wanted: Vec<&'static str>,
}

impl<A> Default for Sharing<A> {
    fn default() -> Self {
        Self { state: Mutex::new(State { turns: Turns::default(), wanted: Vec::new() }) }
    }
}

impl<A: Send + Sync + 'static> Sharing<A> {
    /// The answer about these tables and perhaps others, by a question that is asked from now on. `asker` makes what asks
    /// the questions, if this request has to call for one.
    pub(super) async fn answer<Q, F>(
        self: &Arc<Self>,
        tables: &[&'static str],
        asker: impl Fn() -> Q,
    ) -> Result<Arc<A>, StoreError>
    where
        Q: Fn(Vec<&'static str>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Arc<A>, StoreError>> + Send + 'static,
    {
        for _ in 0..TRIES {
            let (teller, told) = oneshot::channel();
            let call = {
                let mut state = self.lock();
                for table in tables {
                    if !state.wanted.contains(table) {
                        state.wanted.push(table);
                    }
                }
                state.turns.come(teller)
            };
            if call == Call::Ask {
                let run = Run { sharing: Arc::clone(self), place: Place::Called };
                let runtime =
                    Handle::try_current().map_err(|error| StoreError::Internal(error.to_string()))?;
                drop(runtime.spawn(run.ask(asker())));
            }
            if let Ok(answer) = told.await {
                return answer;
            }
        }
        Err(busy())
    }

    fn lock(&self) -> MutexGuard<'_, State<A>> {
        // A panic leaves nothing half done while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a task is that asks questions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is called for a question that has not departed.
    Called,
    /// Its question has departed.
    Departed,
    /// It has ended.
    Over,
}

/// A task that asks one question after the other, as long as there is somebody who waits for the next one.
struct Run<A: Send + Sync + 'static> {
    sharing: Arc<Sharing<A>>,
    place: Place,
}

impl<A: Send + Sync + 'static> Run<A> {
    async fn ask<Q, F>(mut self, asker: Q)
    where
        Q: Fn(Vec<&'static str>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Arc<A>, StoreError>> + Send + 'static,
    {
        while self.place == Place::Called {
            // Requests that the runtime has read already come along.
            yield_now().await;
            let (tellers, tables) = {
                let mut state = self.sharing.lock();
                (state.turns.depart(), mem::take(&mut state.wanted))
            };
            self.place = Place::Departed;
            if tellers.iter().all(oneshot::Sender::is_closed) {
                self.end(&Ok(()));
                continue;
            }
            let answer = asker(tables).await;
            self.end(&answer);
            for teller in tellers {
                // Whoever doesn't wait any more isn't told.
                let _ = teller.send(copy(&answer));
            }
        }
    }

    /// Notes that the question has ended, and whether the next one is asked.
    fn end<T>(&mut self, outcome: &Result<T, StoreError>) {
        let mut in_vain = Vec::new();
        let mut state = self.sharing.lock();
        // If the database is away, whoever waits for the next question would wait as long once more. An error is never
        // too old to be told.
        if outcome.as_ref().is_err_and(StoreError::is_want_of_time) {
            in_vain = state.turns.turn_away();
            state.wanted.clear();
        }
        self.place = match state.turns.end() {
            Call::Ask => Place::Called,
            Call::Leave => Place::Over,
        };
        drop(state);
        if let Err(error) = outcome {
            for teller in in_vain {
                let _ = teller.send(Err(again(error)));
            }
        }
    }
}

impl<A: Send + Sync + 'static> Drop for Run<A> {
    fn drop(&mut self) {
        if self.place == Place::Over {
            return;
        }
        // The task was dropped. Those who have waited for it find their tellers gone, and come again.
        let mut state = self.sharing.lock();
        let is_called = match self.place {
            Place::Departed => state.turns.end() == Call::Ask,
            Place::Called | Place::Over => true,
        };
        let mut turned_away = Vec::new();
        if is_called {
            turned_away = state.turns.miss();
            state.wanted.clear();
        }
        drop(state);
        drop(turned_away);
    }
}

fn copy<A>(answer: &Result<Arc<A>, StoreError>) -> Result<Arc<A>, StoreError> {
    answer.as_ref().map(Arc::clone).map_err(again)
}

/// The same error, for one more request.
fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Busy { retry_after } => StoreError::Busy { retry_after: *retry_after },
        StoreError::ReadTimedOut { limit } => StoreError::ReadTimedOut { limit: *limit },
        StoreError::Conflict => StoreError::Conflict,
        StoreError::Internal(text) => StoreError::Internal(text.clone()),
        other => StoreError::Internal(other.to_string()),
    }
}

#[cfg(test)]
#[path = "sharing_tests.rs"]
mod tests;
