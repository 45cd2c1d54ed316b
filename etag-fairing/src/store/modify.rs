//! The one way to write: load, decide, change, read back, commit.

use std::time::Duration;

use async_trait::async_trait;

use super::{Change, Fetched, Plan, Scopes, Store, StoreError, Transaction};
use crate::resource::{ResourceId, Value};

/// What a write decides, once it sees the current state of its target inside the transaction.
#[async_trait]
pub trait Decision: Send {
    /// Why a write is refused. A store's own trouble must become one too.
    type Refusal: From<StoreError> + Send;

    /// Judges the current state. Nothing has changed yet, and if this refuses, nothing will.
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

/// Loads and locks `target` (`None`: nothing that there is takes part), asks `decision`, makes the change, lets
/// `decision` go on, reads it back and commits.
///
/// All of it is one transaction: between the state that was judged and the state that was written no other
/// write comes in, and if anything fails, nothing was changed.
///
/// # Errors
/// With the decision's refusal; with [`StoreError::Busy`] if all of it takes longer than `limit`.
pub async fn modify<D: Decision>(
    store: &dyn Store,
    target: Option<&Plan>,
    decision: &mut D,
    limit: Duration,
) -> Result<(ResourceId, Option<Fetched>), D::Refusal> {
    let write = async {
        let mut transaction = store.begin().await?;
        let current = match target {
            Some(plan) => transaction.fetch(plan).await?,
            None => Fetched::default(),
        };
        let change = decision.decide(current, transaction.as_mut()).await?;
        let id = match decision.version() {
            Some(version) => transaction.apply_to_version(change, version, decision.scopes()).await?,
            None => transaction.apply(change, decision.scopes()).await?,
        };
        decision.changed(&id, transaction.as_mut()).await?;
        let answer = match decision.read_back(&id) {
            Some(plan) => {
                let answer = transaction.fetch(&plan).await?;
                decision.judge(&answer)?;
                Some(answer)
            }
            None => None,
        };
        Ok::<_, D::Refusal>((transaction, id, answer))
    };
    // The transaction is dropped with the future, and a dropped transaction is undone.
    let Ok(written) = rocket::tokio::time::timeout(limit, write).await else {
        return Err(StoreError::Busy { retry_after: Duration::from_secs(1) }.into());
    };
    let (transaction, id, answer) = written?;
    // Outside the limit: whoever stops waiting for a commit doesn't know whether it happened.
    transaction.commit().await?;
    Ok((id, answer))
}
