//! What has become of the writes of the application's own code.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::WriteEvent;

/// Counts the writes of [`JsonApi::write`](super::JsonApi::write). All parts of an application share it.
#[derive(Debug, Default)]
pub(crate) struct OwnWrites {
    committed: AtomicU64,
    refused: AtomicU64,
    repeated: AtomicU64,
    timed_out: AtomicU64,
}

/// The numbers of a moment.
#[cfg(feature = "metrics")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnWriteFigures {
    pub(crate) committed: u64,
    /// By the closure's error, or by the store.
    pub(crate) refused: u64,
    /// How often one began again.
    pub(crate) repeated: u64,
    pub(crate) timed_out: u64,
}

impl OwnWrites {
    /// Counts a commit.
    pub(crate) fn count_commit(&self) {
        self.committed.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a write of which nothing is left, since the closure or the store has refused.
    pub(crate) fn count_refusal(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts what becomes of a write beside its outcome.
    pub(crate) fn count(&self, event: WriteEvent) {
        let counter = match event {
            WriteEvent::BeginsAgain => &self.repeated,
            WriteEvent::TimedOut => &self.timed_out,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    #[cfg(feature = "metrics")]
    pub(crate) fn figures(&self) -> OwnWriteFigures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        OwnWriteFigures {
            committed: read(&self.committed),
            refused: read(&self.refused),
            repeated: read(&self.repeated),
            timed_out: read(&self.timed_out),
        }
    }
}
