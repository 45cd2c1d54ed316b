//! The requests that clients wait for, and the two reasons to end one before its answer is there: its client is gone, or
//! the server stops.
//!
//! Rocket answers each request in a task of its own, which never learns that the client is gone. But hyper closes the
//! connection as soon as it reads the end of the client's bytes, even in the middle of a request. So this module looks at
//! the kernel's table of connections, which Linux shows as a file.
//!
//! - It only looks for reads that have waited for some time, and for all of them at once.
//! - A client is gone if its connection was in the table before, and then is missing twice in a row. (The kernel gives out
//!   the table in pieces, so that one look may miss a connection that exists.) If a fairing has replaced the address of
//!   the connection, the table never has it, and nothing is ended.
//! - Behind a proxy, what counts is the connection of the proxy. With HTTP/2, what counts is the connection, not the stream.
//!
//! A server that stops also ends the requests that are still running when its grace is over.

use std::collections::{HashMap, HashSet};
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use rocket::tokio::sync::oneshot::{self, Receiver, Sender};
use rocket::tokio::task::spawn_blocking;
use rocket::tokio::time::sleep;
use rocket::tokio::{select, spawn};

use crate::connections;

/// How long a read must have waited before its client is looked for.
const PATIENCE: Duration = Duration::from_millis(50);

/// The time between two looks.
const INTERVAL: Duration = Duration::from_millis(100);

/// With many connections a look takes long. The time between two looks is then this many times as long as a look, …
const SHARE: u32 = 10;

/// … but no longer than this.
const LONGEST: Duration = Duration::from_millis(500);

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// No client waits for it any more.
    ClientGone,
    /// The server stops.
    Stopping,
}

/// Whether a request reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestKind {
    /// It reads, and may be ended at any time.
    Read,
    /// It changes something, so that it goes on even if no client waits for it.
    Write,
}

/// The requests that clients wait for.
#[derive(Clone, Default)]
pub(crate) struct Pending(Arc<Mutex<PendingState>>);

#[derive(Default)]
struct PendingState {
    waiting: HashMap<u64, Waiting>,
    last: u64,
    /// Whether a task looks for the clients of the reads.
    is_watched: bool,
}

struct Waiting {
    kind: RequestKind,
    client: Option<SocketAddr>,
    since: Instant,
    sight: Sight,
    end: Sender<Ended>,
}

/// What is known about the connection of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// It was never in the table. Perhaps the address isn't that of the connection.
    NotYet,
    /// It was in the table at the last look.
    There,
    /// It was in the table before, but not at the last look.
    Missing,
    /// It was missing at the last two looks.
    Gone,
}

impl Sight {
    /// What is known after one more look.
    fn after(self, is_there: bool) -> Self {
        match (self, is_there) {
            (Self::Gone, _) | (Self::Missing, false) => Self::Gone,
            (_, true) => Self::There,
            (Self::There, false) => Self::Missing,
            (Self::NotYet, false) => Self::NotYet,
        }
    }
}

impl Pending {
    /// Waits for an answer. The answer's future is dropped if the request is ended before.
    ///
    /// An answer that is ready at the first poll costs nothing here.
    pub(crate) async fn answer<T>(
        &self,
        kind: RequestKind,
        client: Option<SocketAddr>,
        mut answer: Pin<Box<dyn Future<Output = T> + Send + '_>>,
    ) -> Result<T, Ended> {
        if let Poll::Ready(answer) = poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await {
            return Ok(answer);
        }
        // Boxed: there is no room for this in the future of an answer that is ready.
        Box::pin(self.wait_for(kind, client, answer)).await
    }

    async fn wait_for<T>(
        &self,
        kind: RequestKind,
        client: Option<SocketAddr>,
        mut answer: Pin<Box<dyn Future<Output = T> + Send + '_>>,
    ) -> Result<T, Ended> {
        let (_entry, ended) = self.enter(kind, client);
        select! {
            biased;
            answer = &mut answer => Ok(answer),
            // The sender lives as long as `_entry`, so that this is no error of a closed channel.
            Ok(ended) = ended => Err(ended),
        }
    }

    /// Ends all requests of a kind, since the server stops.
    pub(crate) fn stop(&self, kind: RequestKind) {
        self.end_if(Ended::Stopping, |waiting| waiting.kind == kind);
    }

    fn lock(&self) -> MutexGuard<'_, PendingState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, kind: RequestKind, client: Option<SocketAddr>) -> (PendingRequest<'_>, Receiver<Ended>) {
        let (end, ended) = oneshot::channel();
        let client = client.filter(|_| connections::CAN_BE_SEEN).map(connections::canonical);
        let watch = kind == RequestKind::Read && client.is_some();
        let mut state = self.lock();
        state.last += 1;
        let number = state.last;
        state
            .waiting
            .insert(number, Waiting { kind, client, since: Instant::now(), sight: Sight::NotYet, end });
        let begins = watch && !state.is_watched;
        state.is_watched |= watch;
        drop(state);
        if begins {
            spawn(self.clone().watch());
        }
        (PendingRequest { pending: self, number }, ended)
    }

    /// Looks for the clients of the reads as long as there are reads.
    async fn watch(self) {
        let mut interval = PATIENCE;
        loop {
            sleep(interval).await;
            interval = INTERVAL;
            if !self.has_reads() {
                return;
            }
            let begun = Instant::now();
            if !self.lock().waiting.values().any(|waiting| waiting.may_be_gone(begun)) {
                continue;
            }
            let look = || {
                let begun = Instant::now();
                connections::connected().map(|connected| (connected, begun.elapsed()))
            };
            // Where the table can't be read, the deadline of the read ends it.
            let Ok(Some((connected, took))) = spawn_blocking(look).await else { continue };
            interval = INTERVAL.max(took * SHARE).min(LONGEST);
            self.look(&connected, begun);
        }
    }

    /// Ends the reads whose clients are gone, given the connections at a look that began at `begun`.
    fn look(&self, connected: &HashSet<SocketAddr>, begun: Instant) {
        self.end_if(Ended::ClientGone, |waiting| {
            let is_there = waiting.client.is_none_or(|client| connected.contains(&client));
            if is_there || waiting.may_be_gone(begun) {
                waiting.sight = waiting.sight.after(is_there);
            }
            waiting.sight == Sight::Gone
        });
    }

    /// Whether there are reads with a client to look for. If not, the task that looks for them ends.
    fn has_reads(&self) -> bool {
        let mut state = self.lock();
        state.is_watched = state
            .waiting
            .values()
            .any(|waiting| waiting.kind == RequestKind::Read && waiting.client.is_some());
        state.is_watched
    }

    fn end_if(&self, why: Ended, mut ends: impl FnMut(&mut Waiting) -> bool) {
        let ended: Vec<Waiting> =
            self.lock().waiting.extract_if(|_, waiting| ends(waiting)).map(|(_, waiting)| waiting).collect();
        for waiting in ended {
            // This fails if the request was answered meanwhile, which is fine.
            let _ = waiting.end.send(why);
        }
    }
}

impl Waiting {
    /// Whether its client is looked for. (The client of a younger request may not be in the table yet.)
    fn may_be_gone(&self, now: Instant) -> bool {
        self.kind == RequestKind::Read && now.saturating_duration_since(self.since) >= PATIENCE
    }
}

/// A request in progress. It leaves the list when this is dropped.
struct PendingRequest<'p> {
    pending: &'p Pending,
    number: u64,
}

impl Drop for PendingRequest<'_> {
    fn drop(&mut self) {
        self.pending.lock().waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_gone_that_was_seen_and_then_missing_twice_in_a_row() {
        let after =
            |looks: &[bool]| looks.iter().fold(Sight::NotYet, |sight, is_there| sight.after(*is_there));
        for (looks, expected) in [
            (&[][..], Sight::NotYet),
            (&[false, false, false], Sight::NotYet),
            (&[true], Sight::There),
            (&[true, false], Sight::Missing),
            (&[true, false, true, false], Sight::Missing),
            (&[false, false, true, false, true], Sight::There),
            (&[true, false, false], Sight::Gone),
            (&[true, false, true, false, false], Sight::Gone),
        ] {
            assert_eq!(after(looks), expected, "{looks:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_a_read_whose_client_stays_away_is_ended() {
        let pending = Pending::default();
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let long_ago = |number| {
            // As if each had waited for long.
            if let Some(waiting) = pending.lock().waiting.get_mut(&number) {
                waiting.since = waiting.since.checked_sub(Duration::from_secs(1)).unwrap_or(waiting.since);
            }
        };
        rocket::async_test(async {
            let (read, mut read_ended) = pending.enter(RequestKind::Read, Some(address(1)));
            let (write, mut write_ended) = pending.enter(RequestKind::Write, Some(address(1)));
            let (other, mut other_ended) = pending.enter(RequestKind::Read, Some(address(2)));
            let (nowhere, mut nowhere_ended) = pending.enter(RequestKind::Read, None);
            for entry in [&read, &write, &other, &nowhere] {
                long_ago(entry.number);
            }
            let both = HashSet::from([address(1), address(2)]);
            let second = HashSet::from([address(2)]);
            for connected in [&both, &second, &both, &second] {
                pending.look(connected, Instant::now());
                assert!(read_ended.try_recv().is_err(), "missing once");
            }
            // One that has just come may have come after the table was read.
            let (late, mut late_ended) = pending.enter(RequestKind::Read, Some(address(1)));
            pending.look(&second, Instant::now());
            assert_eq!(read_ended.try_recv(), Ok(Ended::ClientGone));
            for _ in 0..3 {
                pending.look(&second, Instant::now());
            }
            for ended in [&mut write_ended, &mut other_ended, &mut nowhere_ended, &mut late_ended] {
                assert!(ended.try_recv().is_err());
            }
            drop(late);
        });
    }
}
