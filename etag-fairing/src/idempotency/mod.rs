//! The header `Idempotency-Key`: a write that its client may send twice, and that is done once
//! (draft-ietf-httpapi-idempotency-key-header).

mod credentials;
mod key;

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rocket::Request;

pub(crate) use credentials::credentials;
pub(crate) use key::parse_key;

use crate::store::{RepeatableRequest, Store, StoreError};

/// The name of the header.
pub(crate) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The header of an answer that was given before.
pub(crate) const REPLAYED: &str = "Idempotency-Replayed";

/// How often a node removes what is kept no longer, in seconds.
const BETWEEN_SWEEPS: i64 = 60;

/// The application's function that tells callers apart.
pub(crate) type Identify = Arc<dyn Fn(&Request<'_>) -> Option<String> + Send + Sync>;

/// The keys of one part of the application.
pub(crate) struct IdempotencyKeys {
    /// How long answers are kept.
    keep: Duration,
    /// Tells callers apart.
    pub(crate) identify: Option<Identify>,
    /// The callers and keys of the requests that this process is answering now.
    under_way: Mutex<HashSet<(String, String)>>,
    /// When to remove what is kept no longer, in seconds since 1970.
    next_sweep: AtomicI64,
}

impl fmt::Debug for IdempotencyKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyKeys").field("keep", &self.keep).finish_non_exhaustive()
    }
}

/// A key that is taken in this process, until this is dropped.
pub(crate) struct Taken<'k> {
    keys: &'k IdempotencyKeys,
    name: (String, String),
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.keys.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

impl IdempotencyKeys {
    pub(crate) fn new(keep: Duration, identify: Option<Identify>) -> Self {
        Self { keep, identify, under_way: Mutex::default(), next_sweep: AtomicI64::new(now()) }
    }

    /// Takes a request's key in this process; `None` while another request has it.
    pub(crate) fn take(&self, request: &RepeatableRequest) -> Option<Taken<'_>> {
        let name = (request.caller.clone(), request.key.clone());
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.insert(name.clone()).then(|| Taken { keys: self, name })
    }

    /// What was kept before this time is kept no longer, for a request that came at `at`; both in seconds since 1970.
    pub(crate) fn kept_since(&self, at: i64) -> i64 {
        at.saturating_sub(i64::try_from(self.keep.as_secs()).unwrap_or(i64::MAX))
    }

    /// Removes what is kept no longer, now and then, beside the request.
    pub(crate) fn sweep_now_and_then(&self, store: &Arc<dyn Store>) {
        let (now, due) = (now(), self.next_sweep.load(Ordering::Relaxed));
        let next = now.saturating_add(BETWEEN_SWEEPS);
        let is_mine = now >= due
            && self.next_sweep.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_mine {
            let (store, kept_since) = (Arc::clone(store), self.kept_since(now));
            rocket::tokio::spawn(async move {
                // It comes again: nothing is lost if it fails.
                if let Err(error) = sweep(&*store, kept_since).await {
                    log::debug!("old answers are not removed now: {error}");
                }
            });
        }
    }
}

async fn sweep(store: &dyn Store, kept_since: i64) -> Result<(), StoreError> {
    loop {
        let mut transaction = store.begin().await?;
        let Some(answers) = transaction.kept_answers() else { return Ok(()) };
        let removed = answers.forget(kept_since).await?;
        transaction.commit().await?;
        if removed == 0 {
            return Ok(());
        }
    }
}

/// The time, in seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_free_again_when_its_request_is_over() {
        let keys = IdempotencyKeys::new(Duration::from_secs(10), None);
        let request = RepeatableRequest::new("ada", "k", "", 100);
        let other = RepeatableRequest::new("bob", "k", "", 100);
        let taken = keys.take(&request);
        assert!(taken.is_some());
        assert!(keys.take(&request).is_none());
        assert!(keys.take(&other).is_some(), "another caller's");
        drop(taken);
        assert!(keys.take(&request).is_some());
        assert_eq!(keys.kept_since(100), 90);
    }
}
