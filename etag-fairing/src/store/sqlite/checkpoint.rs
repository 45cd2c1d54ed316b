//! The write-ahead log, where commits don't wait for the disk.
//!
//! With [`Synchronous::Normal`](super::Synchronous::Normal) a commit is a few writes into the log, which is done where
//! the request is answered. What does wait for the disk is to move the log into the database: a connection of its own
//! does that now and then, on a thread of its own, and neither readers nor the writer wait for it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::worker::Worker;

/// After so many writes the log is moved.
const WRITES: u64 = 256;

/// The pages after which the writer moves the log itself: when one transaction has written very much.
pub(super) const PAGES: i64 = 10_000;

/// Who moves the log.
pub(super) struct Checkpointer {
    threads: Worker,
    writes: AtomicU64,
}

impl Checkpointer {
    pub(super) fn new(threads: Worker) -> Self {
        Self { threads, writes: AtomicU64::new(0) }
    }

    /// Tells of a commit of so many writes.
    pub(super) fn committed(&self, writes: u64) {
        let before = self.writes.fetch_add(writes, Ordering::Relaxed);
        if before / WRITES == (before + writes) / WRITES {
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
