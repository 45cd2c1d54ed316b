//! Sends a statement behind another one, without waiting for its answer. The server runs them in the order in which they
//! come, so that the second one sees what the first one has done or has waited for.

use std::{
    future::poll_fn,
    pin::pin,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    task::Poll,
};

use rocket::futures::{future::join, task::AtomicWaker};

use super::Connection;

/// How many statements were sent, and who waits for the next one to be.
#[derive(Debug, Default)]
pub(super) struct Sent {
    statements: AtomicUsize,
    waker: AtomicWaker,
}

impl Sent {
    fn count(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.waker.wake();
    }

    /// Waits until so many were sent, or `is_done`.
    async fn until(&self, number: usize, is_done: &AtomicBool) {
        poll_fn(|context| {
            self.waker.register(context.waker());
            let are_sent = self.statements.load(Ordering::Relaxed) >= number;
            if are_sent || is_done.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
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
        let all = self.sent.statements.load(Ordering::Relaxed) + number;
        let is_done = AtomicBool::new(false);
        let first = async {
            let done = first.await;
            is_done.store(true, Ordering::Relaxed);
            self.sent.waker.wake();
            done
        };
        let second = async {
            self.sent.until(all, &is_done).await;
            second.await
        };
        join(first, second).await
    }
}
