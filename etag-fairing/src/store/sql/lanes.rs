//! Limits the share of readers, or of connections, that slow reads may use.
//!
//! Nobody knows in advance how long a read takes. So every read begins at once. A read that has not ended
//! after a short time may continue only if one of the places for slow reads is free; these are half of the
//! readers. Otherwise it is stopped and begins again when such a place is free. So the other half of the
//! readers is soon free again, whatever clients ask for.
//!
//! A read that looks costly, or that was slow before, needs one of few places even to begin, so that many
//! such reads still leave a reader to all others. Reads that look costly get at most half of the slow places:
//! on a busy machine a plain list may be slow too, and it must not wait behind the costly reads of others.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use rocket::tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use crate::plan::{Comparison, Filter, Include, Listing, Page, Plan, Root};
use crate::store::{QueueCounter, StoreError};

/// The `Retry-After` for a read that has waited in vain.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A page with at most this offset does not look costly.
const NEAR: u64 = 10_000;

/// A plan with at most this number of included relationships does not look costly.
const FEW: usize = 8;

/// The minimum number of readers for which the limits work.
#[cfg(feature = "sqlite")]
pub(in crate::store) const LEAST: usize = 2;

/// How costly a plan looks before it is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Look {
    /// An ordinary page.
    Plain,
    /// It may take long on large tables.
    Costly,
}

/// The places, as semaphores.
pub(in crate::store) struct Lanes {
    /// The places for all slow reads.
    slow: Arc<Semaphore>,
    /// The places for slow reads that look costly. Each of them needs a place in `slow` as well.
    costly: Arc<Semaphore>,
    /// The places to begin a read that looks costly.
    trial: Arc<Semaphore>,
    /// The places to begin a read that looks plain, but was slow before.
    plain_trial: Arc<Semaphore>,
    /// Those who wait for any of them.
    pub(in crate::store) queue: QueueCounter,
    #[cfg(test)]
    readers: usize,
}

type Permit = OwnedSemaphorePermit;

/// The permission to be slow. Both the caller that waits for the answer and the job itself own it, so that it
/// ends only when the job has ended.
#[derive(Clone, Default)]
pub(in crate::store) struct Pass(Arc<OnceLock<(Permit, Option<Permit>)>>);

impl Pass {
    fn take(&self, slow: Permit, costly: Option<Permit>) {
        // The result is ignored, since a pass is taken only once.
        let _ = self.0.set((slow, costly));
    }
}

impl Lanes {
    /// The places for this number of readers.
    pub(in crate::store) fn new(readers: usize) -> Self {
        let places = |count: usize| Arc::new(Semaphore::new(count.max(1)));
        Self {
            slow: places(readers / 2),
            costly: places(readers / 4),
            trial: places(readers / 4),
            plain_trial: places(readers / 2),
            queue: QueueCounter::default(),
            #[cfg(test)]
            readers,
        }
    }

    /// Waits for a place to begin a read that may be slow.
    pub(in crate::store) async fn trial(&self, look: Look, patience: Instant) -> Result<Permit, StoreError> {
        let places = match look {
            Look::Plain => &self.plain_trial,
            Look::Costly => &self.trial,
        };
        self.wait(places, patience).await
    }

    /// Lets a read with this pass continue, if a place is free.
    pub(in crate::store) fn may_be_slow(&self, look: Look, pass: &Pass) -> bool {
        let place = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned().ok();
        let costly = match look {
            Look::Plain => None,
            Look::Costly => match place(&self.costly) {
                None => return false,
                costly => costly,
            },
        };
        let Some(slow) = place(&self.slow) else { return false };
        pass.take(slow, costly);
        true
    }

    /// Waits for a place for a slow read.
    pub(in crate::store) async fn slow(&self, look: Look, patience: Instant) -> Result<Pass, StoreError> {
        // A costly read first waits for the rarer place, and so does not block plain reads.
        let costly = match look {
            Look::Plain => None,
            Look::Costly => Some(self.wait(&self.costly, patience).await?),
        };
        let pass = Pass::default();
        pass.take(self.wait(&self.slow, patience).await?, costly);
        Ok(pass)
    }

    async fn wait(&self, places: &Arc<Semaphore>, patience: Instant) -> Result<Permit, StoreError> {
        if let Ok(permit) = Arc::clone(places).try_acquire_owned() {
            return Ok(permit);
        }
        let _waits = self.queue.wait();
        match timeout_at(patience, Arc::clone(places).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            // No place became free in time, or the store is closed.
            ended => {
                if ended.is_err() {
                    self.queue.count_time_out();
                }
                Err(StoreError::Busy { retry_after: RETRY_AFTER })
            }
        }
    }

    /// Whether all places are free.
    #[cfg(test)]
    pub(in crate::store) fn is_idle(&self) -> bool {
        let free = |places: &Semaphore, all: usize| places.available_permits() == all.max(1);
        let (half, quarter) = (self.readers / 2, self.readers / 4);
        free(&self.slow, half)
            && free(&self.plain_trial, half)
            && free(&self.costly, quarter)
            && free(&self.trial, quarter)
    }

    /// Closes all places: every later wait fails.
    pub(in crate::store) fn close(&self) {
        for places in [&self.slow, &self.costly, &self.trial, &self.plain_trial] {
            places.close();
        }
    }
}

impl Look {
    /// How costly a plan looks.
    pub(in crate::store) fn of(plan: &Plan) -> Self {
        let listing = match &plan.root {
            Root::One(_) => None,
            Root::Collection(listing) | Root::Related { listing, .. } => Some(listing),
        };
        if listing.is_some_and(is_costly) || includes(&plan.selection.include) > FEW {
            Self::Costly
        } else {
            Self::Plain
        }
    }
}

fn is_costly(listing: &Listing) -> bool {
    listing.filter.as_ref().is_some_and(leads_far)
        || listing.sort.iter().any(|key| !key.member.path.is_empty())
        || matches!(listing.page, Page::Offset { offset, .. } if offset > NEAR)
}

/// Whether a filter reads other tables, or searches for a part of a text.
fn leads_far(filter: &Filter) -> bool {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => filters.iter().any(leads_far),
        Filter::Not(filter) => leads_far(filter),
        Filter::Compare { member, comparison } => {
            !member.path.is_empty() || matches!(comparison, Comparison::Text { .. })
        }
        Filter::Related { .. } | Filter::Count { .. } => true,
    }
}

fn includes(include: &[Include]) -> usize {
    include.iter().map(|include| 1 + includes(&include.selection.include)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_costly_leaves_a_slow_place_to_what_does_not() {
        rocket::async_test(async {
            let lanes = Lanes::new(4);
            let now = Instant::now();
            let (first, second, third) = (Pass::default(), Pass::default(), Pass::default());
            assert!(lanes.may_be_slow(Look::Costly, &first));
            assert!(!lanes.may_be_slow(Look::Costly, &second), "the other place is for plain ones");
            assert!(lanes.slow(Look::Costly, now).await.is_err());
            assert!(lanes.may_be_slow(Look::Plain, &second));
            assert!(!lanes.may_be_slow(Look::Plain, &third), "half of the readers are for what is quick");
            drop(first);
            assert!(lanes.slow(Look::Plain, now).await.is_ok());
            drop((second, third));
            assert!(lanes.is_idle());
        });
    }

    #[test]
    fn trials_of_what_looks_costly_keep_nothing_else_waiting() {
        rocket::async_test(async {
            let lanes = Lanes::new(2);
            let now = Instant::now();
            let _trial = lanes.trial(Look::Costly, now).await.expect("a place");
            assert!(lanes.trial(Look::Costly, now).await.is_err());
            assert!(lanes.trial(Look::Plain, now).await.is_ok());
        });
    }
}
