//! Who may use which part of the readers, or of the connections that read.
//!
//! Nobody knows beforehand how long a read takes. So each begins, and one that has not ended after a moment goes on only
//! if one of the places for slow ones is free, which are half of the readers; else it is ended, and begins anew once one
//! is. So the other half is free again after a moment, whatever is asked for. What looks costly, or was slow before, has
//! to wait for one of few places even to try, so that many of those leave a reader to all others, too.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use rocket::tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use crate::store::{Comparison, Filter, Include, Listing, Page, Plan, Root, StoreError};

/// When to try again after waiting was in vain.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// So many rows are walked over without a thought.
const NEAR: u64 = 10_000;

/// So many relationships are included without a thought.
const FEW: usize = 8;

/// The least number of readers of which some are left to others.
pub(in crate::store) const LEAST: usize = 2;

/// The places.
pub(in crate::store) struct Lanes {
    slow: Arc<Semaphore>,
    trial: Arc<Semaphore>,
    #[cfg(test)]
    readers: usize,
}

/// The right to be slow, held by whoever waits for the answer and by the job itself: the reader is not free before the
/// job has ended.
#[derive(Clone, Default)]
pub(in crate::store) struct Pass(Arc<OnceLock<OwnedSemaphorePermit>>);

impl Pass {
    fn of(permit: OwnedSemaphorePermit) -> Self {
        let pass = Self::default();
        pass.take(permit);
        pass
    }

    fn take(&self, permit: OwnedSemaphorePermit) {
        // It is asked for once.
        let _ = self.0.set(permit);
    }
}

impl Lanes {
    /// For so many readers.
    pub(in crate::store) fn new(readers: usize) -> Self {
        let places = |count: usize| Arc::new(Semaphore::new(count.max(1)));
        Self {
            slow: places(readers / 2),
            trial: places(readers / 4),
            #[cfg(test)]
            readers,
        }
    }

    /// Waits until one of those that may be slow is allowed to try.
    pub(in crate::store) async fn trial(
        &self,
        patience: Instant,
    ) -> Result<OwnedSemaphorePermit, StoreError> {
        wait(&self.trial, patience).await
    }

    /// Lets what runs with this pass go on, if there is a place.
    pub(in crate::store) fn may_be_slow(&self, pass: &Pass) -> bool {
        match Arc::clone(&self.slow).try_acquire_owned() {
            Ok(permit) => {
                pass.take(permit);
                true
            }
            Err(_) => false,
        }
    }

    /// Waits for a place.
    pub(in crate::store) async fn slow(&self, patience: Instant) -> Result<Pass, StoreError> {
        wait(&self.slow, patience).await.map(Pass::of)
    }

    /// Whether all places are free.
    #[cfg(test)]
    pub(in crate::store) fn is_idle(&self) -> bool {
        let free = |places: &Semaphore, all: usize| places.available_permits() == all.max(1);
        free(&self.slow, self.readers / 2) && free(&self.trial, self.readers / 4)
    }

    /// Gives no places any more.
    pub(in crate::store) fn close(&self) {
        self.slow.close();
        self.trial.close();
    }
}

async fn wait(places: &Arc<Semaphore>, patience: Instant) -> Result<OwnedSemaphorePermit, StoreError> {
    match timeout_at(patience, Arc::clone(places).acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        // No place in time, or none any more: the store is closed.
        Ok(Err(_)) | Err(_) => Err(StoreError::Busy { retry_after: RETRY_AFTER }),
    }
}

/// Whether a plan may take long over large tables, by its form.
pub(in crate::store) fn looks_costly(plan: &Plan) -> bool {
    let listing = match &plan.root {
        Root::One(_) => None,
        Root::Collection(listing) | Root::Related { listing, .. } => Some(listing),
    };
    listing.is_some_and(is_costly) || includes(&plan.selection.include) > FEW
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
