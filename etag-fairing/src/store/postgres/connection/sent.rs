//! Sends a statement behind another one, without waiting for its answer. The server runs them in the order in which they
//! come, so that the second one sees what the first one has done or has waited for.

use std::{
    future::poll_fn,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
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

    async fn more_than(&self, before: usize) {
        poll_fn(|context| {
            self.waker.register(context.waker());
            if self.statements.load(Ordering::Relaxed) > before { Poll::Ready(()) } else { Poll::Pending }
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
        let before = self.sent.statements.load(Ordering::Relaxed);
        let first = async {
            let done = first.await;
            self.sent.count();
            done
        };
        let second = async {
            self.sent.more_than(before).await;
            second.await
        };
        join(first, second).await
    }
}
