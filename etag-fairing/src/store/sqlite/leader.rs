//! Who commits for all who share a transaction.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rocket::tokio::{runtime::Handle, select, sync::oneshot::Receiver};

use super::{error::closed, group_commit::Outcome, worker::Worker};
use crate::store::StoreError;

/// Who has begun a transaction that is shared, and has to end it.
pub(super) struct Leader {
    number: u64,
    /// As long as it lives, others join.
    _alive: Arc<()>,
    /// Set while that is still to be done. Dropped before, it leaves it to a task.
    writer: Option<Worker>,
}

impl Leader {
    pub(super) fn new(number: u64, alive: Arc<()>, writer: Worker) -> Self {
        Self { number, _alive: alive, writer: Some(writer) }
    }

    /// Lets those who are ready have their turn, then commits for all.
    pub(super) async fn lead(
        mut self,
        writer: &Worker,
        mut answer: Receiver<Outcome>,
        at_once: bool,
    ) -> Outcome {
        OthersFirst(false).await;
        // Another one may have committed it, to begin its own, which may take long.
        select! {
            biased;
            outcome = &mut answer => {
                self.writer = None;
                return outcome.unwrap_or_else(|_| Err(closed()));
            }
            ended = commit(writer, self.number, at_once) => {
                self.writer = None;
                // Else the store has closed, and with that committed it.
                let _ = ended;
            }
        }
        answer.await.unwrap_or_else(|_| Err(closed()))
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        // Without a runtime the connection's thread does it, or whoever writes next.
        if let (Some(writer), Ok(runtime)) = (self.writer.take(), Handle::try_current()) {
            let number = self.number;
            runtime.spawn(async move { commit(&writer, number, false).await });
        }
    }
}

/// Commits the transaction of this number when its turn comes, if nobody else has.
async fn commit(writer: &Worker, number: u64, at_once: bool) -> Result<(), StoreError> {
    let turn = writer.turn_in_the_end().await?;
    if at_once
        && let Some(done) = writer.run_at_once(|connection| {
            connection.commit_number(number);
            Ok(())
        })
    {
        return done;
    }
    writer.send(move |connection| {
        connection.commit_number(number);
        drop(turn);
    })
}

/// Lets the tasks that are ready go first. Unlike tokio's own, an idle worker may take it up at once.
struct OthersFirst(bool);

impl Future for OthersFirst {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
