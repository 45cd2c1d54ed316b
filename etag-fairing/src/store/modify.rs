//! The one way to write: load, decide, change, read back, commit.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use async_trait::async_trait;
use rocket::tokio::time::{Instant, sleep, timeout_at};

use super::{Change, Fetched, Plan, Scopes, Store, StoreError, Transaction};
use crate::schema::{ResourceId, Value};

/// What a write decides, once it sees the current state of its target inside the transaction.
#[async_trait]
pub trait Decision: Send {
    /// Why a write is refused. A store's own trouble must become one too.
    type Refusal: From<StoreError> + Send;

    /// Whether this write awaits nothing but the store: no hook and no other service. Then the store may commit it
    /// together with other writes ([`Store::begin_shared`]), since it keeps none of them waiting.
    fn awaits_only_the_store(&self) -> bool {
        false
    }

    /// Judges the current state. Nothing has changed yet, and if this refuses, nothing will.
    ///
    /// It may be asked more than once: where another write came in between, all of this one is undone and begun again.
    ///
    /// `transaction` is the write's own: what is done in it is committed or undone with the change.
    async fn decide(
        &mut self,
        current: Fetched,
        transaction: &mut dyn Transaction,
    ) -> Result<Change, Self::Refusal>;

    /// The version that the resource must still have when the change is made, so that the store compares it in the
    /// statement itself; `None` for whichever. Asked once the decision is made.
    fn version(&self) -> Option<&Value> {
        None
    }

    /// Goes on inside the transaction, once the change is made and before it is read back. If this refuses,
    /// nothing was changed.
    async fn changed(
        &mut self,
        id: &ResourceId,
        transaction: &mut dyn Transaction,
    ) -> Result<(), Self::Refusal> {
        let _ = (id, transaction);
        Ok(())
    }

    /// What to read back for the answer, once the change is made; `None` if there is nothing to read.
    fn read_back(&self, id: &ResourceId) -> Option<Plan>;

    /// What the change sees. [`Scopes::NONE`] sees everything.
    fn scopes(&self) -> &Scopes;

    /// Judges what was read back. If this refuses, nothing was changed.
    fn judge(&mut self, answer: &Fetched) -> Result<(), Self::Refusal> {
        let _ = answer;
        Ok(())
    }
}

/// How often a write is tried at most, where others come in between.
const MOST_TRIES: u32 = 8;

/// Loads and locks `target` (`None`: nothing that there is takes part), asks `decision`, makes the change, lets
/// `decision` go on, reads it back and commits.
///
/// All of it is one transaction: between the state that was judged and the state that was written no other
/// write comes in, and if anything fails, nothing was changed. If the store has to choose between two writes
/// ([`StoreError::Conflict`]), the other one is undone and begun again: `decision` is then asked again, about the
/// state that it meets now.
///
/// # Errors
/// With the decision's refusal; with [`StoreError::Busy`] if all of it takes longer than `limit`.
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
        // A write that was undone because of another one shares its commit with nobody the next time.
        let sharing =
            if tries == 1 && decision.awaits_only_the_store() { Sharing::Shared } else { Sharing::Alone };
        // The transaction is dropped with the future, and a dropped transaction is undone.
        let attempt = timeout_at(
            deadline,
            Box::pin(attempt(store, undone.take(), target, decision, sharing, deadline)),
        );
        let Ok(attempted) = attempt.await else {
            return Err(StoreError::Busy { retry_after: Duration::from_secs(1) }.into());
        };
        match attempted? {
            Attempt::Written(transaction, id, answer) => {
                // Outside the limit: whoever stops waiting for a commit doesn't know whether it happened.
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
            return Err(StoreError::Busy { retry_after: Duration::from_secs(1) }.into());
        }
    }
}

/// Whether a write may share its commit with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// It may: nobody waits long for it.
    Shared,
    /// It commits by itself.
    Alone,
}

enum Attempt<R> {
    /// All but committed.
    Written(Box<dyn Transaction>, ResourceId, Option<Fetched>),
    /// The decision was against it, or the store.
    Refused(Box<dyn Transaction>, R),
    /// Another write came in between.
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
    // Asked of the transaction: what a decision makes of its errors is its own affair.
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

/// Longer each time, and never the same for two, so that those who met do not meet again.
fn pause(tries: u32) -> Duration {
    let chance = RandomState::new().build_hasher().finish();
    let most = 5_000 << tries.min(6);
    Duration::from_micros(chance % most)
}
