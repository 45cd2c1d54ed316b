//! What the stores over databases count, for their [figures](super::figures).

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::{CommitSizes, QueueFigures};

/// Counts commits by their size.
#[derive(Debug, Default)]
pub(crate) struct CommitCounter {
    commits: [AtomicU64; CommitSizes::UP_TO.len() + 1],
    writes: AtomicU64,
}

impl CommitCounter {
    /// Counts a commit of so many writes.
    pub(crate) fn count(&self, writes: usize) {
        let writes = writes as u64;
        let place = CommitSizes::UP_TO.partition_point(|most| *most < writes);
        if let Some(commits) = self.commits.get(place) {
            commits.fetch_add(1, Ordering::Relaxed);
        }
        self.writes.fetch_add(writes, Ordering::Relaxed);
    }

    pub(crate) fn figures(&self) -> CommitSizes {
        CommitSizes {
            commits: std::array::from_fn(|place| {
                self.commits.get(place).map_or(0, |commits| commits.load(Ordering::Relaxed))
            }),
            writes: self.writes.load(Ordering::Relaxed),
        }
    }
}

/// Counts statements and the rows that they give.
#[derive(Debug, Default)]
pub(crate) struct StatementCounter {
    pub(crate) statements: AtomicU64,
    pub(crate) rows: AtomicU64,
}

impl StatementCounter {
    pub(crate) fn count_statement(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_rows(&self, rows: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }

    pub(crate) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }
}

/// Counts those who wait in a queue.
#[derive(Debug, Default)]
pub(crate) struct QueueCounter {
    waits: AtomicU64,
    nanoseconds: AtomicU64,
    timed_out: AtomicU64,
    waiting: AtomicUsize,
}

/// One who waits, until this is dropped.
#[must_use]
pub(crate) struct Waits<'a> {
    queue: &'a QueueCounter,
    begun: Instant,
}

impl QueueCounter {
    /// Counts one who begins to wait.
    pub(crate) fn wait(&self) -> Waits<'_> {
        self.waits.fetch_add(1, Ordering::Relaxed);
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waits { queue: self, begun: Instant::now() }
    }

    /// Counts one who has waited in vain.
    pub(crate) fn count_time_out(&self) {
        self.timed_out.fetch_add(1, Ordering::Relaxed);
    }

    /// How many wait at the moment.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(crate) fn figures(&self, name: &'static str) -> QueueFigures {
        QueueFigures {
            name,
            waits: self.waits.load(Ordering::Relaxed),
            waited: Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)),
            timed_out: self.timed_out.load(Ordering::Relaxed),
            waiting: self.waiting(),
        }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let waited = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.queue.nanoseconds.fetch_add(waited, Ordering::Relaxed);
        self.queue.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_commit_is_counted_at_its_size() {
        let counter = CommitCounter::default();
        for writes in [1, 1, 2, 3, 4, 5, 8, 9, 64, 65, 1000] {
            counter.count(writes);
        }
        let sizes = counter.figures();
        assert_eq!(sizes.commits, [2, 1, 2, 2, 1, 0, 1, 2]);
        assert_eq!((sizes.number(), sizes.writes), (11, 1162));
    }

    #[test]
    fn who_waits_is_counted_until_it_goes() {
        let queue = QueueCounter::default();
        let (first, second) = (queue.wait(), queue.wait());
        drop(first);
        queue.count_time_out();
        let figures = queue.figures("a");
        assert_eq!((figures.waits, figures.waiting, figures.timed_out), (2, 1, 1));
        drop(second);
        assert_eq!(queue.figures("a").waiting, 0);
        assert!(queue.figures("a").waited > Duration::ZERO);
    }
}
