//! Ending what runs on a connection's thread.
//!
//! A statement is ended in two ways at once. SQLite's interrupt is seen by what is running now, wherever in it; the
//! progress handler, every so many instructions, by what comes next of the same job. Both are for one job alone: a
//! [`Ticket`] knows whether its job waits, runs or is over, under one lock with what ends it, so that the next job on the
//! connection is never met.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::InterruptHandle;

use super::{error::interrupted, rusqlite_versions::Outcome};
use crate::store::StoreError;

/// After so many instructions SQLite asks whether to go on: some ten microseconds.
const STEP: i32 = 1000;

/// No limit.
const NEVER: u64 = u64::MAX;

/// What one connection's statements are ended by.
#[derive(Clone)]
pub(super) struct Brake(Arc<State>);

struct State {
    handle: InterruptHandle,
    /// Whether the job that runs is to end.
    ended: AtomicBool,
    /// When what runs now ends by itself, in nanoseconds of the clock.
    limit: AtomicU64,
    clock: Instant,
    /// The job that runs.
    current: Mutex<Option<Ticket>>,
}

impl State {
    fn must_end(&self) -> bool {
        if self.ended.load(Ordering::Relaxed) {
            return true;
        }
        let limit = self.limit.load(Ordering::Relaxed);
        limit != NEVER && nanoseconds(self.clock.elapsed()) > limit
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(NEVER)
}

impl Brake {
    /// That of a connection, which from now on asks it.
    pub(super) fn of(sqlite: &mut rusqlite::Connection) -> rusqlite::Result<Self> {
        let state = Arc::new(State {
            handle: sqlite.get_interrupt_handle(),
            ended: AtomicBool::new(false),
            limit: AtomicU64::new(NEVER),
            clock: Instant::now(),
            current: Mutex::default(),
        });
        let asked = Arc::clone(&state);
        sqlite.progress_handler(STEP, Some(move || asked.must_end())).outcome()?;
        Ok(Self(state))
    }

    /// Takes up a job. `false` if nobody waits for it any more.
    pub(super) fn begin(&self, ticket: &Ticket) -> bool {
        let mut phase = ticket.lock();
        if matches!(*phase, Phase::Ended) {
            return false;
        }
        self.0.ended.store(false, Ordering::Relaxed);
        *phase = Phase::Running(Arc::clone(&self.0));
        drop(phase);
        *lock(&self.0.current) = Some(ticket.clone());
        true
    }

    /// From here on nothing of the job is ended: it is done, or undone.
    pub(super) fn finish(&self) {
        self.until(None);
        let ticket = lock(&self.0.current).take();
        if let Some(ticket) = ticket {
            let mut phase = ticket.lock();
            *phase = Phase::Ended;
            self.0.ended.store(false, Ordering::Relaxed);
        }
    }

    /// Does something that ends by itself then.
    pub(super) fn until(&self, limit: Option<Instant>) {
        let limit = limit.map_or(NEVER, |limit| nanoseconds(limit.saturating_duration_since(self.0.clock)));
        self.0.limit.store(limit, Ordering::Relaxed);
    }

    /// Ends the job that runs now, if one does.
    pub(super) fn end_current(&self) {
        let ticket = lock(&self.0.current).clone();
        if let Some(ticket) = ticket {
            ticket.end();
        }
    }

    /// # Errors
    /// If the job that runs is to end.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match self.0.ended.load(Ordering::Relaxed) {
            true => Err(interrupted()),
            false => Ok(()),
        }
    }
}

/// One job, from when it is sent.
#[derive(Clone, Default)]
pub(super) struct Ticket(Arc<Mutex<Phase>>);

#[derive(Default)]
enum Phase {
    /// In the queue.
    #[default]
    Queued,
    Running(Arc<State>),
    /// Over, or not to begin.
    Ended,
}

impl Ticket {
    fn lock(&self) -> MutexGuard<'_, Phase> {
        lock(&self.0)
    }

    /// Ends it: in the queue it is left out, and what it runs is interrupted.
    pub(super) fn end(&self) {
        let mut phase = self.lock();
        match std::mem::replace(&mut *phase, Phase::Ended) {
            Phase::Running(state) => {
                state.ended.store(true, Ordering::Relaxed);
                // Still under the ticket's lock: the job cannot be over, and the next one not be there.
                state.handle.interrupt();
            }
            Phase::Queued | Phase::Ended => {}
        }
    }
}

/// Ends a job when it is dropped: whoever waited for its answer is gone.
pub(super) struct EndsWithCaller(pub(super) Ticket);

impl Drop for EndsWithCaller {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

    fn run(sqlite: &rusqlite::Connection, sql: &str) -> rusqlite::Result<i64> {
        sqlite.query_row(sql, [], |row| row.get(0))
    }

    #[test]
    fn a_job_is_ended_and_the_next_is_not() {
        let mut sqlite = rusqlite::Connection::open_in_memory().unwrap();
        let brake = Brake::of(&mut sqlite).unwrap();
        let ticket = Ticket::default();
        assert!(brake.begin(&ticket));
        let other = ticket.clone();
        let ending = std::thread::spawn(move || other.end());
        assert!(run(&sqlite, ENDLESS).is_err());
        ending.join().unwrap();
        assert!(brake.check().is_err(), "nor does the rest of the job begin");
        brake.finish();
        assert_eq!(run(&sqlite, "SELECT 1"), Ok(1));
        let next = Ticket::default();
        assert!(brake.begin(&next));
        ticket.end();
        assert!(brake.check().is_ok());
        let many = ENDLESS.replace("FROM n)", "FROM n WHERE i < 100000)");
        assert_eq!(run(&sqlite, &many), Ok(100_000), "what is over ends nothing");
        brake.finish();
    }

    #[test]
    fn a_job_that_is_ended_in_the_queue_does_not_begin() {
        let mut sqlite = rusqlite::Connection::open_in_memory().unwrap();
        let brake = Brake::of(&mut sqlite).unwrap();
        let ticket = Ticket::default();
        drop(EndsWithCaller(ticket.clone()));
        assert!(!brake.begin(&ticket));
    }

    #[test]
    fn what_has_a_limit_ends_then() {
        let mut sqlite = rusqlite::Connection::open_in_memory().unwrap();
        let brake = Brake::of(&mut sqlite).unwrap();
        brake.until(Some(Instant::now() + Duration::from_millis(5)));
        assert!(run(&sqlite, ENDLESS).is_err());
        brake.until(None);
        assert_eq!(run(&sqlite, "SELECT 1"), Ok(1));
    }
}
