//! The header `Idempotency-Key`: a write that its client may send twice, and that is done once
//! (draft-ietf-httpapi-idempotency-key-header).

mod credentials;
mod kept_limit;
mod key;

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rocket::Request;
use rocket::data::ByteUnit;

pub(crate) use credentials::credentials;
pub(crate) use kept_limit::{Payer, size_of};
pub(crate) use key::parse_key;

use crate::store::{RepeatableRequest, Store, StoreError};
use kept_limit::{KeptLimit, Room};

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
    /// How much is kept of each caller.
    limit: KeptLimit,
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
    /// Keys whose answers are kept for so long, and of which each caller may have so many bytes.
    pub(crate) fn new(keep: Duration, most: ByteUnit, identify: Option<Identify>) -> Self {
        let limit = KeptLimit::new(most.as_u64());
        Self { keep, identify, limit, under_way: Mutex::default(), next_sweep: AtomicI64::new(now()) }
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

    /// After how many seconds there may be room for an answer to this caller; `None` if there is now.
    pub(crate) async fn full_for(&self, store: &dyn Store, payer: &Payer) -> Option<u32> {
        let room = |now| self.limit.room(payer, now, self.kept_since(now));
        let mut found = room(now());
        if let (Room::Unknown, Payer::Caller(caller)) = (found, payer) {
            Box::pin(self.ask(store, payer, caller)).await;
            found = room(now());
        }
        let Room::Full { oldest } = found else { return None };
        let keep = i64::try_from(self.keep.as_secs()).unwrap_or(i64::MAX);
        let seconds = oldest.saturating_add(keep).saturating_sub(now()).saturating_add(1);
        Some(u32::try_from(seconds.max(1)).unwrap_or(u32::MAX))
    }

    /// Asks the store how much is kept of a caller.
    async fn ask(&self, store: &dyn Store, payer: &Payer, caller: &str) {
        let began = Instant::now();
        match store.kept_of(caller, self.kept_since(now())).await {
            Ok(size) => {
                if self.limit.told(payer, size.unwrap_or_default(), began.elapsed(), now()) {
                    log::warn!(
                        "as many answers are kept of one caller as `idempotency_max_bytes` in `[default.jsonapi]` lets: new \
                         requests with an Idempotency-Key are answered with 429"
                    );
                }
            }
            // It is asked again in a minute. Until then what this node has kept counts.
            Err(error) => log::warn!("how much is kept of a caller is not known now: {error}"),
        }
    }

    /// Notes that so many bytes were kept for a caller.
    pub(crate) fn has_kept(&self, payer: &Payer, bytes: u64) {
        self.limit.add(payer, bytes, now());
    }

    /// Removes what is kept no longer, now and then, beside the request.
    pub(crate) fn sweep_now_and_then(&self, store: &Arc<dyn Store>) {
        let (now, due) = (now(), self.next_sweep.load(Ordering::Relaxed));
        let next = now.saturating_add(BETWEEN_SWEEPS);
        let is_mine = now >= due
            && self.next_sweep.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_mine {
            let (store, kept_since) = (Arc::clone(store), self.kept_since(now));
            self.limit.forget_idle(now, kept_since);
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
        let keys = IdempotencyKeys::new(Duration::from_secs(10), ByteUnit::Byte(u64::MAX), None);
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
