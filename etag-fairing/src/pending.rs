//! Requests that are waited for, and what ends them before their answer is there.
//!
//! Rocket answers each request in a task of its own, which never learns that the client has gone. But the connection is
//! closed then: hyper does that as soon as it reads the end of the client's bytes, also in the middle of a request. So
//! this module looks at the kernel's table of connections, which Linux shows as a file.
//!
//! - Only reads that have waited for a while are looked for, all of them at once.
//! - A client is gone if its connection was seen before and is then missing twice in a row. An address that a fairing has
//!   put in place of the connection's own is never seen, so it ends nothing. The kernel gives the table in pieces, so
//!   that one look may miss a connection that is there.
//! - Behind a proxy the proxy's connection counts. Of HTTP/2 the connection counts, not the stream.
//!
//! A server that stops ends them too, when its grace is over.

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

/// Who has waited for less is answered soon, or soon enough.
const PATIENCE: Duration = Duration::from_millis(50);

/// How often to look.
const INTERVAL: Duration = Duration::from_millis(100);

/// Where there are so many connections that looking takes long, that is done less often, …
const SHARE: u32 = 10;

/// … and this often at least.
const LONGEST: Duration = Duration::from_millis(500);

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nobody waits for it.
    ClientGone,
    /// The server stops.
    Stopping,
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It reads, and may be ended at any time.
    Read,
    /// It changes something, whoever waits for it.
    Write,
}

/// The requests that are waited for.
#[derive(Clone, Default)]
pub(crate) struct Pending(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    waiting: HashMap<u64, Waiting>,
    last: u64,
    /// Whether somebody looks after the reads.
    is_watched: bool,
}

struct Waiting {
    kind: Kind,
    client: Option<SocketAddr>,
    since: Instant,
    sight: Sight,
    end: Sender<Ended>,
}

/// What is known of the connection of who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// It was never seen, and may have an address of which there is no connection.
    NotYet,
    /// It is there.
    There,
    /// It was seen before, but not at last.
    Missing,
    /// It was missing twice in a row.
    Gone,
}

impl Sight {
    /// What is known after another look.
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
    /// Waits for an answer, which is dropped where there is something that ends it before.
    ///
    /// What is there at once costs nothing.
    pub(crate) async fn answer<T>(
        &self,
        kind: Kind,
        client: Option<SocketAddr>,
        mut answer: Pin<Box<dyn Future<Output = T> + Send + '_>>,
    ) -> Result<T, Ended> {
        let first = poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await;
        if let Poll::Ready(answer) = first {
            return Ok(answer);
        }
        let (_entry, ended) = self.enter(kind, client);
        select! {
            biased;
            answer = &mut answer => Ok(answer),
            // Its sender is there as long as the entry.
            Ok(ended) = ended => Err(ended),
        }
    }

    /// Ends all of a kind, since the server stops.
    pub(crate) fn stop(&self, kind: Kind) {
        self.end_if(Ended::Stopping, |waiting| waiting.kind == kind);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, kind: Kind, client: Option<SocketAddr>) -> (Entry<'_>, Receiver<Ended>) {
        let (end, ended) = oneshot::channel();
        let client = client.filter(|_| connections::CAN_BE_SEEN).map(connections::canonical);
        let watch = kind == Kind::Read && client.is_some();
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
        (Entry { pending: self, number }, ended)
    }

    /// Looks after the reads as long as there are any.
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
            // Not known: the deadline ends them.
            let Ok(Some((connected, took))) = spawn_blocking(look).await else { continue };
            interval = INTERVAL.max(took * SHARE).min(LONGEST);
            self.look(&connected, begun);
        }
    }

    /// Ends the reads that nobody waits for, by the connections that were there when somebody began to look.
    fn look(&self, connected: &HashSet<SocketAddr>, begun: Instant) {
        self.end_if(Ended::ClientGone, |waiting| {
            let is_there = waiting.client.is_none_or(|client| connected.contains(&client));
            if is_there || waiting.may_be_gone(begun) {
                waiting.sight = waiting.sight.after(is_there);
            }
            waiting.sight == Sight::Gone
        });
    }

    /// Whether there is a read to look after; if not, nobody does from now on.
    fn has_reads(&self) -> bool {
        let mut state = self.lock();
        state.is_watched =
            state.waiting.values().any(|waiting| waiting.kind == Kind::Read && waiting.client.is_some());
        state.is_watched
    }

    fn end_if(&self, why: Ended, mut ends: impl FnMut(&mut Waiting) -> bool) {
        let ended: Vec<Waiting> =
            self.lock().waiting.extract_if(|_, waiting| ends(waiting)).map(|(_, waiting)| waiting).collect();
        for waiting in ended {
            // Answered meanwhile: all is well.
            let _ = waiting.end.send(why);
        }
    }
}

impl Waiting {
    /// Whether to look for it: one that has come while others were looked for is not in the table.
    fn may_be_gone(&self, now: Instant) -> bool {
        self.kind == Kind::Read && now.saturating_duration_since(self.since) >= PATIENCE
    }
}

/// One of them, until it is dropped.
struct Entry<'p> {
    pending: &'p Pending,
    number: u64,
}

impl Drop for Entry<'_> {
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
            let (read, mut read_ended) = pending.enter(Kind::Read, Some(address(1)));
            let (write, mut write_ended) = pending.enter(Kind::Write, Some(address(1)));
            let (other, mut other_ended) = pending.enter(Kind::Read, Some(address(2)));
            let (nowhere, mut nowhere_ended) = pending.enter(Kind::Read, None);
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
            let (late, mut late_ended) = pending.enter(Kind::Read, Some(address(1)));
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
