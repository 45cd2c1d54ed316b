//! How a server stops: what runs is finished, then the store is closed.
//!
//! Rocket takes no new connection once it is told to stop, and lets those that it has go on for `shutdown.grace`
//! seconds; then it closes them, finished or not. The store must outlast the last request, and the grace the longest
//! write.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rocket::config::Shutdown;
use rocket::tokio::spawn;
use rocket::tokio::sync::Notify;
use rocket::tokio::time::timeout;
use rocket::{Build, Request, Rocket};

use crate::pending::{Kind, Pending};
use crate::store::Store;

/// How long clients may knock at a listener that nobody answers.
const UNNOTICED: Duration = Duration::from_millis(500);

/// How long before the end of the grace what is to be ended is.
const LAST_STEP: Duration = Duration::from_millis(250);

/// The requests that are being answered.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Counter>);

#[derive(Default)]
struct Counter {
    requests: AtomicUsize,
    none_left: Notify,
}

/// One of them. It lies in the request, and so it goes once all of the answer is sent.
struct Counted(InFlight);

impl InFlight {
    /// Counts a request until it is answered.
    pub(crate) fn count(&self, request: &Request<'_>) {
        request.local_cache(|| {
            self.0.requests.fetch_add(1, Ordering::Relaxed);
            Counted(self.clone())
        });
    }

    /// Waits until all are answered, so long at most. Answers whether they are.
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

/// What runs still shortly before the end of the grace is ended, first what reads: it is answered while its connection is
/// open, and nothing holds the server up when that closes.
async fn finish(in_flight: &InFlight, pending: &Pending, grace: Duration) {
    let step = LAST_STEP.min(grace / 8);
    if in_flight.finish(grace.saturating_sub(step * 2)).await {
        return;
    }
    pending.stop(Kind::Read);
    if in_flight.finish(step).await {
        return;
    }
    log::warn!("requests are still running after {grace:?}: they are broken off");
    pending.stop(Kind::Write);
    in_flight.finish(step).await;
}

/// Finishes what runs, at most for the grace that Rocket gives it, and closes the stores. What comes after that, on
/// a connection that is still open, finds them closed (503).
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
    // As long as this function runs Rocket does not close its listener, and who connects would wait for nothing. So
    // it goes on in the background where it takes long: Rocket waits for its grace to pass while a request runs.
    let _ = timeout(UNNOTICED, stopping).await;
}

/// Gives running requests as long as a write may take, unless the configuration says how long.
///
/// Rocket's own default is shorter than that of `write_timeout`: a write in flight would be undone, or worse, made
/// without an answer.
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
