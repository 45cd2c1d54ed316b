//! The leader of a [group](super::group_commit): the write that commits for all of them.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rocket::tokio::{runtime::Handle, select, sync::oneshot::Receiver, task::yield_now};

use super::{
    Synchronous,
    error::closed,
    group::{Members, Outcome},
    group_commit::{Leadership, WriteEnd},
    worker::{Command, Workers},
};
use crate::store::StoreError;

/// The write that has begun a group's transaction, and has to commit it.
///
/// If it is dropped before, a task does that in its place. Without a runtime the connection's thread does, or the next
/// write.
pub(super) struct Leader {
    /// `None` once nothing is left to do.
    task: Option<Task>,
    outcome: Receiver<Outcome>,
    /// As long as it lives, others join.
    joined: Arc<Members>,
}

/// To commit the group of this number.
#[derive(Clone)]
struct Task {
    writer: Workers,
    number: u64,
}

impl WriteEnd<Leadership> {
    /// The same, where a leader can send commands.
    pub(super) fn led_through(self, writer: &Workers) -> WriteEnd<Leader> {
        match self {
            Self::Done(outcome) => WriteEnd::Done(outcome),
            Self::CommitOnThread => WriteEnd::CommitOnThread,
            Self::Follow(outcome) => WriteEnd::Follow(outcome),
            Self::Lead(Leadership { number, joined, outcome, needs_watch }) => {
                if needs_watch {
                    // If the thread is gone, all was committed.
                    let _ = writer.send(Command::WatchGroup);
                }
                let task = Some(Task { writer: writer.clone(), number });
                WriteEnd::Lead(Leader { task, outcome, joined })
            }
        }
    }
}

impl Leader {
    /// Lets the writes that are ready have their turn, as long as more of them come, then commits for the group. A commit
    /// costs what a hundred statements do, and a look next to nothing.
    pub(super) async fn lead(mut self, synchronous: Synchronous) -> Outcome {
        let mut seen = 0;
        while self.joined.number() > seen {
            seen = self.joined.number();
            everybody_who_is_there().await;
        }
        if let Some(task) = self.task.clone() {
            select! {
                biased;
                // Another write has committed the group, to begin its own transaction, which may take long.
                outcome = &mut self.outcome => {
                    self.task = None;
                    return outcome.unwrap_or_else(|_| Err(closed()));
                }
                committed = task.commit(synchronous) => {
                    self.task = None;
                    // On an error the store has closed, and has committed the group with that.
                    let _ = committed;
                }
            }
        }
        (&mut self.outcome).await.unwrap_or_else(|_| Err(closed()))
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        if let (Some(task), Ok(runtime)) = (self.task.take(), Handle::try_current()) {
            // On the thread: nobody waits for it here.
            runtime.spawn(async move { task.commit(Synchronous::Full).await });
        }
    }
}

impl Task {
    /// Commits the group when its turn comes, if nobody else has: where it stands, or on the thread if that has to wait
    /// for the disk.
    async fn commit(self, synchronous: Synchronous) -> Result<(), StoreError> {
        let turn = self.writer.turn_in_the_end().await?;
        let number = self.number;
        if synchronous == Synchronous::Normal
            && self.writer.run_inline(|connection| connection.commit_group_of(number)).is_some()
        {
            return Ok(());
        }
        self.writer.send(Command::CommitGroup { number, turn })
    }
}

/// Lets those go first who are ready, and those whose request has arrived, but was not looked at yet.
async fn everybody_who_is_there() {
    // A worker looks at its sockets only when nothing is ready any more. It does so before it goes on here.
    yield_now().await;
    // What it has found there comes behind this, and goes first as well.
    OthersFirst(false).await;
}

/// Lets the tasks go first that are ready now.
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
