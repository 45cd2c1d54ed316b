//! What the fairing did since launch.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::observe::PreconditionOutcome;

/// How a 304 came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotModifiedWay {
    /// The representation lies in the memo.
    Memo,
    /// The representation was built, and then left out.
    Built,
    /// A hand-written handler knew the tag before it did the work.
    Handler,
}

impl NotModifiedWay {
    pub(crate) const ALL: [Self; 3] = [Self::Memo, Self::Built, Self::Handler];

    /// The same, for an observation of the request.
    pub(crate) fn outcome(self) -> PreconditionOutcome {
        match self {
            Self::Memo => PreconditionOutcome::NotModifiedFromMemo,
            Self::Built => PreconditionOutcome::NotModifiedBuilt,
            Self::Handler => PreconditionOutcome::NotModifiedByHandler,
        }
    }
}

/// Counters of the fairing's work since launch, in Rocket's managed state.
///
/// ```
/// # use rocket::{State, get, routes};
/// use etag_fairing::Statistics;
///
/// #[get("/statistics")]
/// fn statistics(statistics: &State<Statistics>) -> String {
///     format!("{} of {} bodies stayed at home", statistics.not_modified(), statistics.digests())
/// }
/// # let _ = routes![statistics];
/// ```
#[derive(Debug, Default)]
pub struct Statistics {
    digests: AtomicU64,
    digests_saved: AtomicU64,
    not_modified: [AtomicU64; NotModifiedWay::ALL.len()],
    preconditions_failed: AtomicU64,
    preconditions_required: AtomicU64,
    bytes_saved: AtomicU64,
    memo_hits: AtomicU64,
    memo_misses: AtomicU64,
    memo_stale: AtomicU64,
    reads_timed_out: AtomicU64,
    reads_abandoned: AtomicU64,
}

impl Statistics {
    /// How many bodies were hashed.
    pub fn digests(&self) -> u64 {
        self.digests.load(Ordering::Relaxed)
    }

    /// How many bodies of hand-written routes, and representations that writes judge, were not hashed, because the
    /// same bytes had been before.
    pub fn digests_saved(&self) -> u64 {
        self.digests_saved.load(Ordering::Relaxed)
    }

    /// How many requests were answered with 304.
    pub fn not_modified(&self) -> u64 {
        NotModifiedWay::ALL.into_iter().map(|way| self.not_modified_by(way)).sum()
    }

    /// How many requests were answered with 412 or 428.
    pub fn preconditions_failed(&self) -> u64 {
        self.failed() + self.required()
    }

    /// The bytes of the bodies that a 304 left out, as far as their size was known. A body that was
    /// never built, because a handler of yours answered 304 early, isn't counted; one that the memo has, is.
    pub fn bytes_saved(&self) -> u64 {
        self.bytes_saved.load(Ordering::Relaxed)
    }

    /// How many reads of generated routes were answered from the memo.
    pub fn memo_hits(&self) -> u64 {
        self.memo_hits.load(Ordering::Relaxed)
    }

    /// How many answers were made because the memo had none.
    pub fn memo_misses(&self) -> u64 {
        self.memo_misses.load(Ordering::Relaxed)
    }

    /// How many answers were made anew because what the memo had was of another revision.
    pub fn memo_stale(&self) -> u64 {
        self.memo_stale.load(Ordering::Relaxed)
    }

    /// How many reads of generated routes were ended because they took longer than `read_timeout`.
    pub fn reads_timed_out(&self) -> u64 {
        self.reads_timed_out.load(Ordering::Relaxed)
    }

    /// How many reads of generated routes were ended because their client was gone (on Linux).
    pub fn reads_abandoned(&self) -> u64 {
        self.reads_abandoned.load(Ordering::Relaxed)
    }

    pub(crate) fn count_read_abandoned(&self) {
        self.reads_abandoned.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_read_timed_out(&self) {
        self.reads_timed_out.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_memo_hit(&self) {
        self.memo_hits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_memo_miss(&self) {
        self.memo_misses.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_memo_stale(&self) {
        self.memo_stale.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_digest_saved(&self) {
        self.digests_saved.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_digest(&self) {
        self.digests.fetch_add(1, Ordering::Relaxed);
    }

    /// How many requests were answered with 304 in this way.
    pub(crate) fn not_modified_by(&self, way: NotModifiedWay) -> u64 {
        self.not_modified.get(way as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// How many requests were answered with 412.
    pub(crate) fn failed(&self) -> u64 {
        self.preconditions_failed.load(Ordering::Relaxed)
    }

    /// How many requests were answered with 428.
    pub(crate) fn required(&self) -> u64 {
        self.preconditions_required.load(Ordering::Relaxed)
    }

    pub(crate) fn count_not_modified(&self, way: NotModifiedWay, bytes_saved: usize) {
        if let Some(count) = self.not_modified.get(way as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.bytes_saved.fetch_add(bytes_saved as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_precondition_failed(&self) {
        self.preconditions_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_precondition_required(&self) {
        self.preconditions_required.fetch_add(1, Ordering::Relaxed);
    }
}
