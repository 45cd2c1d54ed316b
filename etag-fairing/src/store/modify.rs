//! The only way to write: read and lock, decide, change, read back, commit.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use async_trait::async_trait;
use rocket::tokio::time::{Instant, sleep, timeout_at};

use super::{Change, Fetched, Plan, Scopes, Store, StoreError, Transaction};
use crate::schema::{ResourceId, Value};

/// Decides on a write, based on the current state of its target inside the transaction.
#[async_trait]
pub trait Decision: Send {
    /// Why a write is refused. An error of the store is converted to it, too.
    type Refusal: From<StoreError> + Send;

    /// Whether the write waits for nothing but the store: it has no hooks and calls no other service. Then
    /// the store may commit it together with other writes ([`Store::begin_shared`]), since it does not delay
    /// them.
    fn awaits_only_the_store(&self) -> bool {
        false
    }

    /// Decides on the change, based on the current state. Nothing has been changed yet, and nothing will be
    /// if this refuses.
    ///
    /// It may be called more than once: after a conflict with another write, the whole write is undone and
    /// begins again.
    ///
    /// What is done in `transaction` is committed or undone together with the change.
    async fn decide(
        &mut self,
        current: Fetched,
        transaction: &mut dyn Transaction,
    ) -> Result<Change, Self::Refusal>;

    /// The version that the resource must still have when the change is made, so that the store can compare
    /// it in the statement that writes; `None` for any version. It is called after `decide`.
    fn version(&self) -> Option<&Value> {
        None
    }

    /// Continues in the transaction after the change was made, and before the resource is read back. If this
    /// refuses, the change is undone.
    async fn changed(
        &mut self,
        id: &ResourceId,
        transaction: &mut dyn Transaction,
    ) -> Result<(), Self::Refusal> {
        let _ = (id, transaction);
        Ok(())
    }

    /// The plan that reads the answer after the change; `None` if the response needs none.
    fn read_back(&self, id: &ResourceId) -> Option<Plan>;

    /// The scopes that limit the change. [`Scopes::NONE`] does not limit it.
    fn scopes(&self) -> &Scopes;

    /// Hears what becomes of the write beside its outcome, for whoever counts such events.
    fn on_event(&mut self, event: WriteEvent) {
        let _ = event;
    }

    /// Checks what was read back. If this refuses, the change is undone.
    fn judge(&mut self, answer: &Fetched) -> Result<(), Self::Refusal> {
        let _ = answer;
        Ok(())
    }
}

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

/// Reads and locks `target` (`None` if no stored state is needed), calls `decision`, makes the change, lets
/// `decision` continue, reads the answer and commits.
///
/// All of it is one transaction: no other write comes between the state that was judged and the state that
/// was written, and nothing is changed if any step fails. If two writes conflict, the store undoes one of
/// them ([`StoreError::Conflict`]). If it is this one, it begins again: `decision` is then called with the
/// new current state.
///
/// # Errors
/// The decision's refusal; [`StoreError::Busy`] if the write takes longer than `limit`.
pub async fn modify<D: Decision>(
    store: &dyn Store,
    target: Option<&Plan>,
    decision: &mut D,
    limit: Duration,
) -> Result<(ResourceId, Option<Fetched>), D::Refusal> {
    let deadline = Instant::now() + limit;
    let mut tries = 0;
    let mut undone = None;
    loop {
        tries += 1;
        if tries > 1 {
            decision.on_event(WriteEvent::BeginsAgain);
        }
        // A write that was undone because of another one doesn't share its commit when it is repeated.
        let sharing =
            if tries == 1 && decision.awaits_only_the_store() { Sharing::Shared } else { Sharing::Alone };
        // If the time is over, the future is dropped, and the transaction in it is dropped and so undone.
        let attempt = timeout_at(
            deadline,
            Box::pin(attempt(store, undone.take(), target, decision, sharing, deadline)),
        );
        let Ok(attempted) = attempt.await else {
            decision.on_event(WriteEvent::TimedOut);
            return Err(StoreError::Busy { retry_after: Duration::from_secs(1) }.into());
        };
        match attempted? {
            Attempt::Written(transaction, id, answer) => {
                // The commit has no time limit here: a caller that stops waiting doesn't know whether it
                // happened.
                match transaction.commit().await {
                    Ok(()) => return Ok((id, answer)),
                    Err(StoreError::Conflict) if tries < MOST_TRIES => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Attempt::Conflicted(transaction, _) if tries < MOST_TRIES => undone = Some(transaction),
            Attempt::Conflicted(_, refusal) => return Err(refusal),
            Attempt::Refused(transaction, refusal) => match transaction.abandon().await {
                Ok(()) => return Err(refusal),
                Err(StoreError::Conflict) if tries < MOST_TRIES => {}
                Err(error) => return Err(error.into()),
            },
        }
        if undone.is_none() && timeout_at(deadline, sleep(pause(tries))).await.is_err() {
            decision.on_event(WriteEvent::TimedOut);
            return Err(StoreError::Busy { retry_after: Duration::from_secs(1) }.into());
        }
    }
}

/// Whether a write may share its commit with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// It may, since it does not delay others.
    Shared,
    /// It commits by itself.
    Alone,
}

enum Attempt<R> {
    /// The change is made, but not committed.
    Written(Box<dyn Transaction>, ResourceId, Option<Fetched>),
    /// The decision or the store has refused the change.
    Refused(Box<dyn Transaction>, R),
    /// Another write conflicts with it.
    Conflicted(Box<dyn Transaction>, R),
}

async fn attempt<D: Decision>(
    store: &dyn Store,
    undone: Option<Box<dyn Transaction>>,
    target: Option<&Plan>,
    decision: &mut D,
    sharing: Sharing,
    deadline: Instant,
) -> Result<Attempt<D::Refusal>, D::Refusal> {
    let begin = async || match sharing {
        Sharing::Shared => store.begin_shared().await,
        Sharing::Alone => store.begin().await,
    };
    let mut transaction = match undone {
        None => begin().await?,
        Some(mut transaction) => match transaction.begin_again().await {
            Ok(true) => transaction,
            Ok(false) => {
                drop(transaction);
                begin().await?
            }
            Err(error) if transaction.must_be_repeated() => {
                return Ok(Attempt::Conflicted(transaction, error.into()));
            }
            Err(error) => return Err(error.into()),
        },
    };
    transaction.end_by(deadline.into_std());
    let written = write(transaction.as_mut(), target, decision).await;
    // The transaction knows about a conflict. The decision's error may not show it.
    match written {
        _ if transaction.must_be_repeated() => {
            let refusal = written.err().unwrap_or_else(|| StoreError::Conflict.into());
            Ok(Attempt::Conflicted(transaction, refusal))
        }
        Ok((id, answer)) => Ok(Attempt::Written(transaction, id, answer)),
        Err(refusal) => Ok(Attempt::Refused(transaction, refusal)),
    }
}

async fn write<D: Decision>(
    transaction: &mut dyn Transaction,
    target: Option<&Plan>,
    decision: &mut D,
) -> Result<(ResourceId, Option<Fetched>), D::Refusal> {
    let current = match target {
        Some(plan) => transaction.fetch(plan).await?,
        None => Fetched::default(),
    };
    let change = decision.decide(current, transaction).await?;
    let id = match decision.version() {
        Some(version) => transaction.apply_to_version(change, version, decision.scopes()).await?,
        None => transaction.apply(change, decision.scopes()).await?,
    };
    decision.changed(&id, transaction).await?;
    let answer = match decision.read_back(&id) {
        Some(plan) => {
            let answer = transaction.fetch(&plan).await?;
            decision.judge(&answer)?;
            Some(answer)
        }
        None => None,
    };
    Ok((id, answer))
}

/// A random pause, whose maximum grows with each attempt, so that two writes don't conflict again.
fn pause(tries: u32) -> Duration {
    let chance = RandomState::new().build_hasher().finish();
    let most = 5_000 << tries.min(6);
    Duration::from_micros(chance % most)
}
