//! How much may be read where a request is answered, without a thread of its own.
//!
//! How long a plan takes depends on the data, on indexes, and on how far in a page lies, so that nobody knows it
//! beforehand. Each plan may begin where the request is answered, within a budget of SQLite's instructions and of time.
//! What exceeds the budget goes to a thread and begins anew. The clock is looked at between instructions.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::rusqlite_versions::Outcome;

/// After so many instructions SQLite asks whether to go on.
const STEP: u32 = 200;

/// How often it may ask: some hundred microseconds together, unless rows are large.
const STEPS: u32 = 80;

/// What is not done by then goes to a thread, too.
const LIMIT: Duration = Duration::from_millis(8);

/// The budget of one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct InlineBudget(Arc<Spent>);

#[derive(Debug)]
struct Spent {
    steps: AtomicU32,
    /// Where the clock stood at the beginning, in nanoseconds.
    begun: AtomicU64,
    clock: Instant,
    interrupted: AtomicBool,
    lifted: AtomicBool,
}

impl Default for Spent {
    fn default() -> Self {
        Self {
            steps: AtomicU32::new(0),
            begun: AtomicU64::new(0),
            clock: Instant::now(),
            interrupted: AtomicBool::new(false),
            lifted: AtomicBool::new(false),
        }
    }
}

impl Spent {
    fn now(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Counts a step, and answers whether it is too much: few instructions take long where rows are large.
    fn is_all(&self) -> bool {
        self.steps.fetch_add(1, Ordering::Relaxed) >= STEPS
            || u128::from(self.now().saturating_sub(self.begun.load(Ordering::Relaxed))) > LIMIT.as_nanos()
    }
}

impl InlineBudget {
    /// Interrupts a connection's statements whenever the budget is spent.
    pub(super) fn watch(&self, sqlite: &mut rusqlite::Connection) -> rusqlite::Result<()> {
        let spent = Arc::clone(&self.0);
        let step = i32::try_from(STEP).unwrap_or(i32::MAX);
        let interrupt = move || {
            let is_spent = !spent.lifted.load(Ordering::Relaxed) && spent.is_all();
            if is_spent {
                spent.interrupted.store(true, Ordering::Relaxed);
            }
            is_spent
        };
        sqlite.progress_handler(step, Some(interrupt)).outcome()
    }

    /// Gives the whole budget, for something new.
    pub(super) fn begin(&self) {
        self.0.interrupted.store(false, Ordering::Relaxed);
        self.0.lifted.store(false, Ordering::Relaxed);
        self.renew();
    }

    /// Sets no limit until the next [`begin`](Self::begin). After the schema has changed, to look at the triggers again
    /// takes as long as the schema is large; if that were given up each time, it would never be done.
    pub(super) fn lift(&self) {
        self.0.lifted.store(true, Ordering::Relaxed);
    }

    /// Gives the whole budget again, so that what was begun can be ended.
    pub(super) fn renew(&self) {
        self.0.steps.store(0, Ordering::Relaxed);
        self.0.begun.store(self.0.now(), Ordering::Relaxed);
    }

    /// Whether a statement was interrupted.
    pub(super) fn was_spent(&self) -> bool {
        self.0.interrupted.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_ends_and_is_renewed() {
        let mut sqlite = rusqlite::Connection::open_in_memory().unwrap();
        let budget = InlineBudget::default();
        budget.watch(&mut sqlite).unwrap();
        let count = |rows: u32| {
            let sql = format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT sum(i) FROM n"
            );
            sqlite.query_row(&sql, [], |row| row.get::<_, i64>(0))
        };
        assert!(count(10).is_ok() && !budget.was_spent());
        assert!(count(100_000).is_err() && budget.was_spent());
        budget.renew();
        assert!(count(10).is_ok() && budget.was_spent());
        budget.begin();
        assert!(count(10).is_ok() && !budget.was_spent());
    }
}
