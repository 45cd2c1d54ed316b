//! Who may use which part of the readers, or of the connections that read.
//!
//! Nobody knows beforehand how long a read takes. So each begins, and one that has not ended after a moment goes on only
//! if one of the places for slow ones is free, which are half of the readers; else it is ended, and begins anew once one
//! is. So the other half is free again after a moment, whatever is asked for. What looks costly, or was slow before, has
//! to wait for one of few places even to try, so that many of those leave a reader to all others, too. And what looks
//! costly gets half of the slow places at most: on a busy machine a plain list may be slow as well, and it must not have
//! to wait behind the costly reads of others.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use rocket::tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use crate::plan::{Comparison, Filter, Include, Listing, Page, Plan, Root};
use crate::store::StoreError;

/// When to try again after waiting was in vain.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// So many rows are walked over without a thought.
const NEAR: u64 = 10_000;

/// So many relationships are included without a thought.
const FEW: usize = 8;

/// The least number of readers of which some are left to others.
#[cfg(feature = "sqlite")]
pub(in crate::store) const LEAST: usize = 2;

/// What a plan looks like, before anybody knows how long it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Look {
    /// As an ordinary page.
    Plain,
    /// As one that may take long over large tables.
    Costly,
}

/// The places.
pub(in crate::store) struct Lanes {
    /// For whatever is slow.
    slow: Arc<Semaphore>,
    /// Of them, those for what looks costly.
    costly: Arc<Semaphore>,
    /// To try what looks costly.
    trial: Arc<Semaphore>,
    /// To try what doesn't, but was slow before.
    plain_trial: Arc<Semaphore>,
    #[cfg(test)]
    readers: usize,
}

type Permit = OwnedSemaphorePermit;

/// The right to be slow, held by whoever waits for the answer and by the job itself: the reader is not free before the
/// job has ended.
#[derive(Clone, Default)]
pub(in crate::store) struct Pass(Arc<OnceLock<(Permit, Option<Permit>)>>);

impl Pass {
    fn take(&self, slow: Permit, costly: Option<Permit>) {
        // It is asked for once.
        let _ = self.0.set((slow, costly));
    }
}

impl Lanes {
    /// For so many readers.
    pub(in crate::store) fn new(readers: usize) -> Self {
        let places = |count: usize| Arc::new(Semaphore::new(count.max(1)));
        Self {
            slow: places(readers / 2),
            costly: places(readers / 4),
            trial: places(readers / 4),
            plain_trial: places(readers / 2),
            #[cfg(test)]
            readers,
        }
    }

    /// Waits until one of those that may be slow is allowed to try.
    pub(in crate::store) async fn trial(&self, look: Look, patience: Instant) -> Result<Permit, StoreError> {
        let places = match look {
            Look::Plain => &self.plain_trial,
            Look::Costly => &self.trial,
        };
        wait(places, patience).await
    }

    /// Lets what runs with this pass go on, if there is a place.
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

    /// Waits for a place.
    pub(in crate::store) async fn slow(&self, look: Look, patience: Instant) -> Result<Pass, StoreError> {
        // First the scarcer one: what looks costly waits there, out of the way of what doesn't.
        let costly = match look {
            Look::Plain => None,
            Look::Costly => Some(wait(&self.costly, patience).await?),
        };
        let pass = Pass::default();
        pass.take(wait(&self.slow, patience).await?, costly);
        Ok(pass)
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

    /// Gives no places any more.
    pub(in crate::store) fn close(&self) {
        for places in [&self.slow, &self.costly, &self.trial, &self.plain_trial] {
            places.close();
        }
    }
}

async fn wait(places: &Arc<Semaphore>, patience: Instant) -> Result<Permit, StoreError> {
    match timeout_at(patience, Arc::clone(places).acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        // No place in time, or none any more: the store is closed.
        Ok(Err(_)) | Err(_) => Err(StoreError::Busy { retry_after: RETRY_AFTER }),
    }
}

impl Look {
    /// What a plan looks like, by its form.
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

/// Whether a filter leads to other tables, or looks for a text within others.
fn leads_far(filter: &Filter) -> bool {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => filters.iter().any(leads_far),
        Filter::Not(filter) => leads_far(filter),
        Filter::Compare { member, comparison } => {
            !member.path.is_empty() || matches!(comparison, Comparison::Text { .. })
        }
        Filter::Related { .. } => true,
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
