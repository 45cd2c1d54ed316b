//! Sends a statement behind another one, without waiting for its answer. The server runs them in the order in which they
//! come, so that the second one sees what the first one has done or has waited for.

use std::{
    future::poll_fn,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::Poll,
};

use rocket::futures::future::maybe_done;

use super::Connection;

/// How many statements were sent.
#[derive(Debug, Default)]
pub(super) struct Sent(AtomicUsize);

impl Sent {
    fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn number(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Connection {
    /// Waits for an answer, and counts its statement as sent: the first poll sends it.
    pub(super) async fn sending<T>(&self, answer: impl Future<Output = T>) -> T {
        let mut answer = pin!(answer);
        let mut is_sent = false;
        poll_fn(|context| {
            let answered = answer.as_mut().poll(context);
            if !std::mem::replace(&mut is_sent, true) {
                self.sent.count();
            }
            answered
        })
        .await
    }

    /// Does some work, and begins other work as soon as the first statement of the former is sent, or it has ended without
    /// one.
    pub(in super::super) async fn behind<A, B>(
        &self,
        first: impl Future<Output = A>,
        second: impl Future<Output = B>,
    ) -> (A, B) {
        self.behind_all(1, first, second).await
    }

    /// The same, as soon as all statements of the former are sent, of which there are so many.
    pub(super) async fn behind_all<A, B>(
        &self,
        number: usize,
        first: impl Future<Output = A>,
        second: impl Future<Output = B>,
    ) -> (A, B) {
        let all = self.sent.number() + number;
        let (mut first, mut second) = (pin!(maybe_done(first)), pin!(maybe_done(second)));
        // What is polled here sends its statements here, so that nobody has to be woken for them.
        poll_fn(|context| {
            let is_done = first.as_mut().poll(context).is_ready();
            let may_begin = is_done || self.sent.number() >= all;
            let are_done = may_begin && second.as_mut().poll(context).is_ready() && is_done;
            match are_done.then(|| (first.as_mut().take_output(), second.as_mut().take_output())) {
                Some((Some(first), Some(second))) => Poll::Ready((first, second)),
                _ => Poll::Pending,
            }
        })
        .await
    }
}
