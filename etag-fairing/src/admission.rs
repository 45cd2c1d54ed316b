//! The limits on the number of requests in progress and on the memory that is held for clients.
//!
//! A request is in progress from the moment when its body has been received until its answer is made. A client that sends
//! slowly, or doesn't read its answer, is not counted there. But the bytes that it has sent, or has not read yet, take
//! memory, so that their sum has a limit, too. Bodies up to [`SMALL`] are not counted: the number of connections limits
//! them, and a client whose answers are small is answered even if other clients leave large answers unread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::Errors;

/// A body up to this size is not counted, in bytes.
pub(crate) const SMALL: usize = 64 << 10;

/// After how many seconds a client that is refused may try again (`Retry-After`).
const RETRY_AFTER: u32 = 1;

/// The limits, and how much of them is taken at the moment.
#[derive(Debug)]
pub(crate) struct Admission {
    requests: Quota,
    bytes: Quota,
    /// How often each limit has refused something.
    refused: [AtomicU64; AdmissionLimit::ALL.len()],
    /// When the log was last told of a refusal, in seconds since 1970.
    last_logged: AtomicU64,
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AdmissionLimit {
    /// The requests in progress: `max_requests`.
    Requests,
    /// The bytes that are held for clients: `max_unread`, and the memo's.
    Bytes,
}

impl AdmissionLimit {
    pub(crate) const ALL: [Self; 2] = [Self::Requests, Self::Bytes];
}

/// How much of a limit is taken.
#[cfg(feature = "metrics")]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LimitFigures {
    pub(crate) taken: usize,
    pub(crate) most: usize,
    /// How often it has refused something, since launch.
    pub(crate) refused: u64,
}

#[derive(Debug)]
struct Quota {
    taken: AtomicUsize,
    most: usize,
}

impl Quota {
    fn take(&self, number: usize) -> bool {
        let more = |taken: usize| taken.checked_add(number).filter(|taken| *taken <= self.most);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn give_back(&self, number: usize) {
        self.taken.fetch_sub(number, Ordering::Relaxed);
    }
}

/// A request in progress, which counts until this is dropped.
#[derive(Debug)]
pub(crate) struct Entered<'a>(&'a Admission);

/// Memory that is held for a client, which counts until this is dropped.
#[derive(Debug)]
pub(crate) struct HeldBytes {
    admission: Arc<Admission>,
    bytes: usize,
}

impl Admission {
    /// Allows this many requests and bytes at the same time.
    pub(crate) fn new(requests: usize, bytes: usize) -> Self {
        let count = |most| Quota { taken: AtomicUsize::new(0), most };
        Self {
            requests: count(requests),
            bytes: count(bytes),
            refused: Default::default(),
            last_logged: AtomicU64::new(0),
        }
    }

    /// Counts a request as in progress.
    ///
    /// # Errors
    /// 503 if too many requests are in progress.
    pub(crate) fn enter(&self) -> Result<Entered<'_>, Errors> {
        if self.requests.take(1) { Ok(Entered(self)) } else { Err(self.refused(AdmissionLimit::Requests)) }
    }

    /// How much of a limit is taken.
    #[cfg(feature = "metrics")]
    pub(crate) fn figures(&self, limit: AdmissionLimit) -> LimitFigures {
        let quota = match limit {
            AdmissionLimit::Requests => &self.requests,
            AdmissionLimit::Bytes => &self.bytes,
        };
        let refused = self.refused.get(limit as usize).map_or(0, |refused| refused.load(Ordering::Relaxed));
        LimitFigures { taken: quota.taken.load(Ordering::Relaxed), most: quota.most, refused }
    }

    /// Whether a request could enter now, so that one that couldn't is refused before its body is read.
    ///
    /// # Errors
    /// 503 if too many requests are in progress.
    pub(crate) fn is_open(&self) -> Result<(), Errors> {
        self.enter().map(drop)
    }

    /// Counts the memory of a body of this size.
    ///
    /// # Errors
    /// 503 if too much memory is held.
    pub(crate) fn hold(self: &Arc<Self>, bytes: usize) -> Result<Option<HeldBytes>, Errors> {
        let mut held = None;
        self.hold_more(&mut held, bytes)?;
        Ok(held)
    }

    /// Counts a body that has grown to this size.
    ///
    /// # Errors
    /// 503 if too much memory is held.
    pub(crate) fn hold_more(
        self: &Arc<Self>,
        held: &mut Option<HeldBytes>,
        bytes: usize,
    ) -> Result<(), Errors> {
        let before = held.as_ref().map_or(0, |held| held.bytes);
        if bytes <= SMALL || bytes <= before {
            return Ok(());
        }
        if !self.bytes.take(bytes - before) {
            return Err(self.refused(AdmissionLimit::Bytes));
        }
        match held {
            Some(held) => held.bytes = bytes,
            None => *held = Some(HeldBytes { admission: Arc::clone(self), bytes }),
        }
        Ok(())
    }

    /// The answer to a request that is refused. The log is told at most once a second.
    fn refused(&self, limit: AdmissionLimit) -> Errors {
        if let Some(refused) = self.refused.get(limit as usize) {
            refused.fetch_add(1, Ordering::Relaxed);
        }
        let what = match limit {
            AdmissionLimit::Requests => "requests in progress (max_requests)",
            AdmissionLimit::Bytes => "bytes that clients have not read or not sent to the end (max_unread)",
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if self.last_logged.swap(now, Ordering::Relaxed) != now {
            log::warn!("too many {what}: requests are answered with 503");
        }
        Errors::unavailable(RETRY_AFTER)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.requests.give_back(1);
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        self.admission.bytes.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_in_progress_than_may_be() {
        let admission = Admission::new(2, 0);
        let first = admission.enter().expect("room");
        let second = admission.enter().expect("room");
        let refused = admission.enter().expect_err("full").to_response();
        assert_eq!((refused.status().code, refused.headers().get_one("Retry-After")), (503, Some("1")));
        assert!(admission.is_open().is_err());
        drop(first);
        assert!(admission.is_open().is_ok() && admission.enter().is_ok());
        drop(second);
    }

    #[test]
    fn bytes_are_held_until_they_are_given_back_and_small_bodies_always_fit() {
        let admission = Arc::new(Admission::new(1, 3 * SMALL));
        let mut held = admission.hold(2 * SMALL).expect("room");
        assert!(held.is_some());
        assert!(admission.hold(SMALL).expect("small").is_none());
        assert!(admission.hold(2 * SMALL).is_err());
        admission.hold_more(&mut held, 3 * SMALL).expect("room");
        assert!(admission.hold_more(&mut held, 3 * SMALL + 1).is_err());
        drop(held);
        assert!(admission.hold(3 * SMALL).expect("room").is_some());
        assert!(admission.hold(3 * SMALL).expect("given back").is_some());
    }
}
