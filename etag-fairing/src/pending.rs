//! Requests that are waited for, and what ends them before their answer is there.
//!
//! Rocket answers each request in a task of its own, which never learns that the client has gone. But the connection is
//! closed then: hyper does that as soon as it reads its end, in the middle of a request too. So the kernel's table of
//! connections is looked at, on Linux, where one file has them all. Only reads that have waited for a while are looked for,
//! all of them at once, and only who was seen there before can be gone: an address that some fairing has put in place of
//! the connection's own is never found. Behind a proxy the proxy's connection counts, and of HTTP/2 the connection, not
//! the stream.
//!
//! A server that stops ends them too, when its grace is over.

use std::{
    collections::HashMap,
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::{Duration, Instant},
};

use rocket::tokio::{
    select, spawn,
    sync::oneshot::{self, Receiver, Sender},
    task::spawn_blocking,
    time::sleep,
};

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
    /// Whether its connection was seen.
    seen: bool,
    end: Sender<Ended>,
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
        let client = client.filter(|_| connections::CAN_BE_SEEN).map(canonical);
        let watch = kind == Kind::Read && client.is_some();
        let mut state = self.lock();
        state.last += 1;
        let number = state.last;
        state.waiting.insert(number, Waiting { kind, client, since: Instant::now(), seen: false, end });
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
            let is_gone = |waiting: &mut Waiting| {
                let is_there = waiting.client.is_none_or(|client| connected.contains(&client));
                waiting.may_be_gone(begun) && !is_there && waiting.seen
            };
            self.end_if(Ended::ClientGone, is_gone);
            for waiting in self.lock().waiting.values_mut() {
                waiting.seen |= waiting.client.is_some_and(|client| connected.contains(&client));
            }
        }
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

/// An address of IPv4 has one form, whichever socket it came to.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    // Without the scope of a link, which the table doesn't have.
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
