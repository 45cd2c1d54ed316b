//! How much is done at the same time, and how much memory is held for clients.
//!
//! A request is in progress from when all of it has come until its answer is made. A client that sends slowly, or does
//! not read its answer, keeps nobody from that; but what it sends and what it has not read takes memory, which is
//! bounded, too, by bytes. Small bodies are not counted: however many there are, they are bounded by the number of
//! connections, and a client whose answers are small is answered whatever others leave unread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::Errors;

/// A body up to this size is not counted.
pub(crate) const SMALL: usize = 64 << 10;

/// When to try again.
const RETRY_AFTER: u32 = 1;

/// The limits, and what is taken of them.
#[derive(Debug)]
pub(crate) struct Admission {
    requests: Count,
    bytes: Count,
    /// When the log last told of a refusal, in seconds.
    told: AtomicU64,
}

#[derive(Debug)]
struct Count {
    taken: AtomicUsize,
    most: usize,
}

impl Count {
    fn take(&self, number: usize) -> bool {
        let more = |taken: usize| taken.checked_add(number).filter(|taken| *taken <= self.most);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn give_back(&self, number: usize) {
        self.taken.fetch_sub(number, Ordering::Relaxed);
    }
}

/// A request in progress.
#[derive(Debug)]
pub(crate) struct Entered<'a>(&'a Admission);

/// Memory that is held for a client.
#[derive(Debug)]
pub(crate) struct Held {
    admission: Arc<Admission>,
    bytes: usize,
}

impl Admission {
    /// So many requests and bytes at the same time.
    pub(crate) fn new(requests: usize, bytes: usize) -> Self {
        let count = |most| Count { taken: AtomicUsize::new(0), most };
        Self { requests: count(requests), bytes: count(bytes), told: AtomicU64::new(0) }
    }

    /// Lets a request in.
    ///
    /// # Errors
    /// 503 if there are too many.
    pub(crate) fn enter(&self) -> Result<Entered<'_>, Errors> {
        match self.requests.take(1) {
            true => Ok(Entered(self)),
            false => Err(self.refused("requests in progress (max_requests)")),
        }
    }

    /// Whether a request would be let in now: to refuse one before its body is read.
    ///
    /// # Errors
    /// 503 if it would not.
    pub(crate) fn is_open(&self) -> Result<(), Errors> {
        self.enter().map(drop)
    }

    /// Holds memory for a body of this size.
    ///
    /// # Errors
    /// 503 if others hold too much.
    pub(crate) fn hold(self: &Arc<Self>, bytes: usize) -> Result<Option<Held>, Errors> {
        let mut held = None;
        self.hold_more(&mut held, bytes)?;
        Ok(held)
    }

    /// Holds as much memory as a body takes by now.
    ///
    /// # Errors
    /// 503 if others hold too much.
    pub(crate) fn hold_more(self: &Arc<Self>, held: &mut Option<Held>, bytes: usize) -> Result<(), Errors> {
        let before = held.as_ref().map_or(0, |held| held.bytes);
        if bytes <= SMALL || bytes <= before {
            return Ok(());
        }
        if !self.bytes.take(bytes - before) {
            return Err(self.refused("bytes that clients have not read or not sent to the end (max_unread)"));
        }
        match held {
            Some(held) => held.bytes = bytes,
            None => *held = Some(Held { admission: Arc::clone(self), bytes }),
        }
        Ok(())
    }

    /// Tells the log, at most once a second.
    fn refused(&self, what: &str) -> Errors {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if self.told.swap(now, Ordering::Relaxed) != now {
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

impl Drop for Held {
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
