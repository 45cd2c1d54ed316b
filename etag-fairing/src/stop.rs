//! How a server stops: running requests are finished, then the stores are closed.
//!
//! Once Rocket is told to stop, it takes no new connections. It gives the open ones `shutdown.grace` seconds and then closes
//! them, finished or not. So a store must be open until the last request is finished, and the grace must be longer than the
//! longest write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rocket::config::Shutdown;
use rocket::tokio::spawn;
use rocket::tokio::sync::Notify;
use rocket::tokio::time::timeout;
use rocket::{Build, Request, Rocket};

use crate::pending::{Pending, RequestKind};
use crate::store::Store;

/// How long the listener may stay open though no connection is accepted any more.
const UNNOTICED: Duration = Duration::from_millis(500);

/// How long before the end of the grace the requests of one kind are ended.
const LAST_STEP: Duration = Duration::from_millis(250);

/// Whether the server was told to stop, in Rocket's managed state.
#[derive(Default)]
pub(crate) struct Stopping(AtomicBool);

impl Stopping {
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts the requests that are being answered.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<InFlightCounter>);

#[derive(Default)]
struct InFlightCounter {
    requests: AtomicUsize,
    none_left: Notify,
}

/// A counted request. It lies in the request's local cache, which is dropped once all of the answer is sent.
struct Counted(InFlight);

impl InFlight {
    /// Counts a request until it is answered.
    pub(crate) fn count(&self, request: &Request<'_>) {
        request.local_cache(|| {
            self.0.requests.fetch_add(1, Ordering::Relaxed);
            Counted(self.clone())
        });
    }

    /// Waits until all requests are answered, at most for this time. Returns whether they are.
    async fn finish(&self, limit: Duration) -> bool {
        let none_left = async {
            while self.0.requests.load(Ordering::Acquire) > 0 {
                self.0.none_left.notified().await;
            }
        };
        timeout(limit, none_left).await.is_ok()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Self(InFlight(counter)) = self;
        if counter.requests.fetch_sub(1, Ordering::AcqRel) == 1 {
            counter.none_left.notify_one();
        }
    }
}

/// Waits for the running requests. Shortly before the end of the grace it ends the reads and then the writes, so that they are
/// answered while their connections are still open.
async fn finish(in_flight: &InFlight, pending: &Pending, grace: Duration) {
    let step = LAST_STEP.min(grace / 8);
    if in_flight.finish(grace.saturating_sub(step * 2)).await {
        return;
    }
    pending.stop(RequestKind::Read);
    if in_flight.finish(step).await {
        return;
    }
    log::warn!("requests are still running after {grace:?}: they are broken off");
    pending.stop(RequestKind::Write);
    in_flight.finish(step).await;
}

/// Finishes the running requests within the grace that Rocket gives them, and closes the stores. A request that comes later,
/// on a connection that is still open, finds them closed (503).
pub(crate) async fn stop(
    in_flight: InFlight,
    pending: Pending,
    stores: Vec<Arc<dyn Store>>,
    grace: Duration,
) {
    let stopping = spawn(async move {
        finish(&in_flight, &pending, grace).await;
        for store in stores {
            store.close().await;
        }
    });
    // While this function runs, Rocket doesn't close its listener, so that new clients would wait in vain. So if this takes
    // long, it goes on in the background: Rocket itself waits for running requests until the grace is over.
    let _ = timeout(UNNOTICED, stopping).await;
}

/// Sets the grace to the longest time that a write may take, unless the configuration says another.
///
/// Rocket's default is shorter than the default of `write_timeout`: a running write would be undone, or worse, be made
/// without an answer to the client.
pub(crate) fn with_grace(rocket: Rocket<Build>, write_timeout: Duration) -> Rocket<Build> {
    let figment = rocket.figment();
    let default = Shutdown::default().grace;
    let seconds = u32::try_from(write_timeout.as_secs()).unwrap_or(u32::MAX);
    let is_default = figment.extract_inner::<u32>("shutdown.grace").is_ok_and(|grace| grace == default)
        && figment
            .find_metadata("shutdown.grace")
            .is_none_or(|provider| provider.name.starts_with("rocket::Config"));
    if !is_default || seconds <= default {
        return rocket;
    }
    let figment = figment.clone().merge(("shutdown.grace", seconds));
    rocket.configure(figment)
}

#[cfg(test)]
mod tests {
    use rocket::figment::Figment;
    use rocket::figment::providers::{Format, Toml};

    use super::*;

    fn grace(figment: Figment, write_timeout: u64) -> u32 {
        let rocket = with_grace(rocket::custom(figment), Duration::from_secs(write_timeout));
        rocket.figment().extract_inner("shutdown.grace").unwrap()
    }

    fn configured(toml: &str) -> Figment {
        Figment::from(rocket::Config::default()).merge(Toml::string(toml).nested())
    }

    #[test]
    fn as_long_as_a_write_unless_somebody_says_otherwise() {
        assert_eq!(grace(configured(""), 10), 10);
        assert_eq!(grace(configured("[default]\nport = 1"), 30), 30);
        assert_eq!(grace(configured(""), 1), 2);
        for said in [0, 2, 60] {
            assert_eq!(grace(configured(&format!("[default.shutdown]\ngrace = {said}")), 10), said);
        }
        assert_eq!(grace(configured("[default.shutdown]\nmercy = 1"), 10), 10);
        let by_code = rocket::Config {
            shutdown: Shutdown { grace: 5, ..Shutdown::default() },
            ..rocket::Config::default()
        };
        assert_eq!(grace(Figment::from(by_code), 10), 5);
    }
}
