//! The only way to write: begin, work, commit; and begin again where another write came in between.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use async_trait::async_trait;
use rocket::tokio::time::{Instant, sleep, timeout_at};

use super::{Store, StoreError, Transaction};

/// What may become of a write before it has an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteEvent {
    /// Another write came in between: this one was undone and begins again.
    BeginsAgain,
    /// It has taken longer than it may, and was undone.
    TimedOut,
}

/// The maximum number of attempts for a write that conflicts with others.
const MOST_TRIES: u32 = 8;

/// Work in a transaction: one change or several. Where another write came in between, all of it is undone and done again.
#[async_trait]
pub(crate) trait Work: Send {
    /// What comes of it.
    type Done: Send;
    /// Why it is refused. An error of the store is converted to it, too.
    type Refusal: From<StoreError> + Send;

    /// Whether it may share its commit with other writes.
    fn sharing(&self) -> Sharing;

    /// Does all of it, in a transaction that has just begun.
    async fn attempt(&mut self, transaction: &mut dyn Transaction) -> Result<Self::Done, Self::Refusal>;

    /// Does all of it as [`attempt`](Self::attempt), or all but its end, if that is committed as it is done.
    async fn begin(&mut self, transaction: &mut dyn Transaction) -> Result<Begun<Self::Done>, Self::Refusal> {
        self.attempt(transaction).await.map(Begun::Done)
    }

    /// Does the end of what was begun, and commits it.
    async fn end(&mut self, transaction: &mut dyn Transaction) -> Result<Self::Done, Self::Refusal> {
        let _ = transaction;
        Err(StoreError::Internal("some work has no end".into()).into())
    }

    /// Hears what becomes of it beside its outcome.
    fn on_event(&mut self, event: WriteEvent);
}

/// How far some work has come.
pub(crate) enum Begun<T> {
    /// All of it is done, and to be committed.
    Done(T),
    /// All is decided: [`Work::end`] does it and commits it.
    Decided,
    /// Nothing is to be done, and this comes of it.
    Unchanged(T),
}

/// What came of work in a transaction.
pub(crate) enum Outcome<T, R> {
    /// It is to be committed.
    Done(T),
    /// There is nothing to commit.
    Unchanged(T),
    /// All of it is to be undone.
    Refused(R),
}

impl<T, R> From<Result<T, R>> for Outcome<T, R> {
    fn from(done: Result<T, R>) -> Self {
        match done {
            Ok(done) => Self::Done(done),
            Err(refusal) => Self::Refused(refusal),
        }
    }
}

/// Does some work in a transaction, and commits it; nothing of it is done if any step fails.
///
/// # Errors
/// The work's refusal; [`StoreError::Busy`] if it takes longer than `limit`.
pub(crate) async fn transact<W: Work>(
    store: &dyn Store,
    limit: Duration,
    work: &mut W,
) -> Result<W::Done, W::Refusal> {
    let mut attempts = Attempts::new(store, limit);
    let deadline = attempts.deadline();
    loop {
        let attempt = attempt(&mut attempts, work);
        let Ok(attempted) = timeout_at(deadline, Box::pin(attempt)).await else {
            work.on_event(WriteEvent::TimedOut);
            return Err(timed_out().into());
        };
        let (mut transaction, begun) = attempted?;
        let mut is_late = false;
        let outcome = match begun {
            Ok(Begun::Done(done)) => Outcome::Done(done),
            Ok(Begun::Unchanged(done)) => Outcome::Unchanged(done),
            // As a commit, it has no time limit here: a caller that stops waiting doesn't know whether it happened.
            Ok(Begun::Decided) => {
                let done = work.end(transaction.as_mut()).await;
                is_late = done.is_err() && Instant::now() >= deadline;
                done.into()
            }
            Err(refusal) => Outcome::Refused(refusal),
        };
        match attempts.end(transaction, outcome).await {
            Ended::Done(done) => return Ok(done),
            Ended::Refused(refusal) => {
                if is_late {
                    work.on_event(WriteEvent::TimedOut);
                }
                return Err(refusal);
            }
            Ended::Again => work.on_event(WriteEvent::BeginsAgain),
            Ended::TimedOut => {
                work.on_event(WriteEvent::TimedOut);
                return Err(timed_out().into());
            }
        }
    }
}

async fn attempt<W: Work>(
    attempts: &mut Attempts<'_>,
    work: &mut W,
) -> Result<(Box<dyn Transaction>, Result<Begun<W::Done>, W::Refusal>), StoreError> {
    let mut transaction = attempts.begin(work.sharing()).await?;
    let begun = work.begin(transaction.as_mut()).await;
    Ok((transaction, begun))
}

/// The attempts to do some work in a transaction: one change, or several, each of which sees those before it.
///
/// Whoever works asks for a transaction by [`begin`](Self::begin), does the work within the [`deadline`](Self::deadline),
/// and gives the transaction back to [`end`](Self::end), which commits it or says that the work has to be done again.
pub(crate) struct Attempts<'s> {
    store: &'s dyn Store,
    deadline: Instant,
    tries: u32,
    /// A transaction that was undone, and can begin again.
    undone: Option<Box<dyn Transaction>>,
}

/// What became of an attempt.
pub(crate) enum Ended<T, R> {
    /// It is committed, or there was nothing to commit.
    Done(T),
    /// All of it is undone, since the work or the store has refused.
    Refused(R),
    /// All of it is undone because of another write ([`StoreError::Conflict`]): the work has to be done again.
    Again,
    /// All of it is undone, and there is no time left to do it again.
    TimedOut,
}

impl<'s> Attempts<'s> {
    /// No attempt so far. All of them together may take this long.
    pub(crate) fn new(store: &'s dyn Store, limit: Duration) -> Self {
        Self { store, deadline: Instant::now() + limit, tries: 0, undone: None }
    }

    /// When the work must be done. If it is not, its future is dropped, and the transaction in it is dropped and so undone.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// If the store is busy or fails.
    pub(crate) async fn begin(&mut self, sharing: Sharing) -> Result<Box<dyn Transaction>, StoreError> {
        let mut transaction = loop {
            self.tries += 1;
            let Some(mut undone) = self.undone.take() else { break self.begin_anew(sharing).await? };
            match undone.begin_again().await {
                Ok(true) => break undone,
                Ok(false) => {
                    drop(undone);
                    break self.begin_anew(sharing).await?;
                }
                Err(_) if undone.must_be_repeated() && self.tries < MOST_TRIES => self.undone = Some(undone),
                Err(error) => return Err(error),
            }
        };
        transaction.end_by(self.deadline.into_std());
        Ok(transaction)
    }

    async fn begin_anew(&mut self, sharing: Sharing) -> Result<Box<dyn Transaction>, StoreError> {
        match sharing {
            // A write that was undone because of another one doesn't share its commit when it is repeated.
            Sharing::Shared if self.tries == 1 => self.store.begin_shared().await,
            _ => self.store.begin().await,
        }
    }

    /// Ends an attempt: commits what was done, or undoes the transaction.
    pub(crate) async fn end<T, R: From<StoreError>>(
        &mut self,
        transaction: Box<dyn Transaction>,
        outcome: impl Into<Outcome<T, R>>,
    ) -> Ended<T, R> {
        let outcome = outcome.into();
        let may_repeat = self.tries < MOST_TRIES;
        // The transaction knows about a conflict. The work's error may not show it.
        if transaction.must_be_repeated() {
            if !may_repeat {
                return Ended::Refused(match outcome {
                    Outcome::Refused(refusal) => refusal,
                    Outcome::Done(_) | Outcome::Unchanged(_) => StoreError::Conflict.into(),
                });
            }
            self.undone = Some(transaction);
            return Ended::Again;
        }
        let ended = match outcome {
            // The commit has no time limit here: a caller that stops waiting doesn't know whether it happened.
            Outcome::Done(output) => transaction.commit().await.map(|()| Ok(output)),
            // What was read is told only once it is permanent.
            Outcome::Unchanged(output) => transaction.abandon().await.map(|()| Ok(output)),
            Outcome::Refused(refusal) => transaction.abandon().await.map(|()| Err(refusal)),
        };
        match ended {
            Ok(Ok(output)) => Ended::Done(output),
            Ok(Err(refusal)) => Ended::Refused(refusal),
            Err(StoreError::Conflict) if may_repeat => {
                match timeout_at(self.deadline, sleep(pause(self.tries))).await {
                    Ok(()) => Ended::Again,
                    Err(_) => Ended::TimedOut,
                }
            }
            Err(error) => Ended::Refused(error.into()),
        }
    }
}

/// The error of a write that has taken longer than it may.
pub(crate) fn timed_out() -> StoreError {
    StoreError::Busy { retry_after: Duration::from_secs(1) }
}

/// Whether a write may share its commit with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// It may, since it does not delay others.
    Shared,
    /// It commits by itself.
    Alone,
}

/// A random pause, whose maximum grows with each attempt, so that two writes don't conflict again.
fn pause(tries: u32) -> Duration {
    let chance = RandomState::new().build_hasher().finish();
    let most = 5_000 << tries.min(6);
    Duration::from_micros(chance % most)
}
