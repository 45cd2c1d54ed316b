//! The write-ahead log, where commits don't wait for the disk.
//!
//! With [`Synchronous::Normal`](super::Synchronous::Normal) a commit is a few writes into the log, which is done where
//! the request is answered. What does wait for the disk is to move the log into the database: a connection of its own
//! does that now and then, on a thread of its own, and neither readers nor the writer wait for it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::threads::Threads;

/// After so many commits the log is moved.
const COMMITS: u64 = 256;

/// The pages after which the writer moves the log itself: when one transaction has written very much.
pub(super) const PAGES: i64 = 10_000;

/// Who moves the log.
pub(super) struct Log {
    threads: Threads,
    commits: AtomicU64,
}

impl Log {
    pub(super) fn new(threads: Threads) -> Self {
        Self { threads, commits: AtomicU64::new(0) }
    }

    /// Tells of a commit.
    pub(super) fn committed(&self) {
        if self.commits.fetch_add(1, Ordering::Relaxed) % COMMITS != COMMITS - 1 {
            return;
        }
        // If the store is closing, that moves the log.
        let _ = self.threads.send(|connection| {
            // PASSIVE: as far as it goes without making anybody wait.
            let moved = connection.sqlite.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            if let Err(error) = moved {
                log::warn!("cannot move the log into the database: {error}");
            }
        });
    }

    /// Ends the thread.
    pub(super) fn stop(&self) {
        self.threads.stop();
    }
}
