//! What the fairing did since launch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::conditional::Reason;
use crate::observe::PreconditionOutcome;
use crate::store::WriteEvent;

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

/// Counters of the fairing's work since launch, in Rocket's managed state. A clone counts, and tells, the same.
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
#[derive(Clone, Debug, Default)]
pub struct Statistics(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    digests: Counter,
    digests_saved: Counter,
    not_modified: [Counter; NotModifiedWay::ALL.len()],
    preconditions_failed: [Counter; Reason::ALL.len()],
    preconditions_required: Counter,
    bytes_saved: Counter,
    memo_hits: Counter,
    memo_misses: Counter,
    memo_stale: Counter,
    reads_timed_out: Counter,
    reads_abandoned: Counter,
    writes_repeated: Counter,
    writes_timed_out: Counter,
    answers_repeated: Counter,
}

#[derive(Debug, Default)]
struct Counter(AtomicU64);

impl Counter {
    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }
}

impl Statistics {
    /// How many bodies were hashed.
    pub fn digests(&self) -> u64 {
        self.0.digests.get()
    }

    /// How many bodies of hand-written routes, and representations that writes judge, were not hashed, because the
    /// same bytes had been before.
    pub fn digests_saved(&self) -> u64 {
        self.0.digests_saved.get()
    }

    /// How many requests were answered with 304.
    pub fn not_modified(&self) -> u64 {
        self.0.not_modified.iter().map(Counter::get).sum()
    }

    /// How many requests were answered with 412 or 428.
    pub fn preconditions_failed(&self) -> u64 {
        self.0.preconditions_failed.iter().map(Counter::get).sum::<u64>() + self.preconditions_required()
    }

    /// How many requests were answered with 428, since they must have had an `If-Match` and had none.
    pub fn preconditions_required(&self) -> u64 {
        self.0.preconditions_required.get()
    }

    /// The bytes of the bodies that a 304 left out, before any content coding, as far as their size was known. A body that was
    /// never built, because a handler of yours answered 304 early, isn't counted; one that the memo has, is.
    pub fn bytes_saved(&self) -> u64 {
        self.0.bytes_saved.get()
    }

    /// How many reads of generated routes were answered from the memo.
    pub fn memo_hits(&self) -> u64 {
        self.0.memo_hits.get()
    }

    /// How many answers were made because the memo had none.
    pub fn memo_misses(&self) -> u64 {
        self.0.memo_misses.get()
    }

    /// How many answers were made anew because what the memo had was of another revision.
    pub fn memo_stale(&self) -> u64 {
        self.0.memo_stale.get()
    }

    /// How many reads of generated routes were ended because they took longer than `read_timeout`.
    pub fn reads_timed_out(&self) -> u64 {
        self.0.reads_timed_out.get()
    }

    /// How many reads of generated routes were ended because their client was gone (on Linux).
    pub fn reads_abandoned(&self) -> u64 {
        self.0.reads_abandoned.get()
    }

    /// How often a write of a generated route began again, because another write had come in between.
    pub fn writes_repeated(&self) -> u64 {
        self.0.writes_repeated.get()
    }

    /// How many writes of generated routes were undone because they took longer than `write_timeout`.
    pub fn writes_timed_out(&self) -> u64 {
        self.0.writes_timed_out.get()
    }

    /// How many writes with an `Idempotency-Key` had come before, so that they were given their first answer again.
    pub fn answers_repeated(&self) -> u64 {
        self.0.answers_repeated.get()
    }

    /// How many requests were answered with 304 in this way.
    #[cfg(feature = "metrics")]
    pub(crate) fn not_modified_by(&self, way: NotModifiedWay) -> u64 {
        self.0.not_modified.get(way as usize).map_or(0, Counter::get)
    }

    /// How many requests were answered with 412 for this reason.
    #[cfg(feature = "metrics")]
    pub(crate) fn failed_because(&self, reason: Reason) -> u64 {
        self.0.preconditions_failed.get(reason as usize).map_or(0, Counter::get)
    }

    pub(crate) fn count_read_abandoned(&self) {
        self.0.reads_abandoned.add(1);
    }

    pub(crate) fn count_read_timed_out(&self) {
        self.0.reads_timed_out.add(1);
    }

    pub(crate) fn count_memo_hit(&self) {
        self.0.memo_hits.add(1);
    }

    pub(crate) fn count_memo_miss(&self) {
        self.0.memo_misses.add(1);
    }

    pub(crate) fn count_memo_stale(&self) {
        self.0.memo_stale.add(1);
    }

    pub(crate) fn count_digest_saved(&self) {
        self.0.digests_saved.add(1);
    }

    pub(crate) fn count_digest(&self) {
        self.0.digests.add(1);
    }

    pub(crate) fn count_not_modified(&self, way: NotModifiedWay, bytes_saved: usize) {
        if let Some(count) = self.0.not_modified.get(way as usize) {
            count.add(1);
        }
        self.0.bytes_saved.add(bytes_saved as u64);
    }

    pub(crate) fn count_precondition_failed(&self, reason: Reason) {
        if let Some(count) = self.0.preconditions_failed.get(reason as usize) {
            count.add(1);
        }
    }

    pub(crate) fn count_precondition_required(&self) {
        self.0.preconditions_required.add(1);
    }

    pub(crate) fn count_answer_repeated(&self) {
        self.0.answers_repeated.add(1);
    }

    pub(crate) fn count_write_event(&self, event: WriteEvent) {
        match event {
            WriteEvent::BeginsAgain => self.0.writes_repeated.add(1),
            WriteEvent::TimedOut => self.0.writes_timed_out.add(1),
        }
    }
}
