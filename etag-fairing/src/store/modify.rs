//! How a decision becomes a change: read and lock, decide, change, read back.

use std::time::Duration;

use async_trait::async_trait;

use super::transact::{Begun, Sharing, Work, WriteEvent, transact};
use super::{Change, Fetched, Plan, Root, Scopes, Selection, Store, StoreError, Transaction};
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
    /// What is done in `transaction` is committed or undone together with the change; it is undone where there is nothing to
    /// change (see [`unchanged`](Self::unchanged)).
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

    /// Whether nothing that comes after `decide` can refuse the change: `changed` has nothing to do, and `judge` lets all
    /// answers pass. Then the store may commit the change together with making it, and neither of them is called.
    /// [`read_back`](Self::read_back) is then asked before the id of a new resource is known, with the id 0: it may name the
    /// id in the root of the plan, and nowhere else. For a deletion it may not be asked at all.
    fn is_final(&self) -> bool {
        false
    }

    /// What `decide` was given, if the plan of [`read_back`](Self::read_back) reads just that. It is asked after `decide`, where
    /// the decision [is final](Self::is_final) and its change names neither an attribute nor a relationship.
    ///
    /// Then this is the answer: nothing is made or read any more, `changed` and `judge` are not called, and the transaction is
    /// [abandoned](Transaction::abandon), unless other changes are made in it. So it is `None` if `decide` has written anything.
    fn unchanged(&mut self) -> Option<Fetched> {
        None
    }

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
    transact(store, limit, &mut Modification::new(target, decision)).await
}

/// The id of what was changed, and what was read back.
pub(crate) type Written = (ResourceId, Option<Fetched>);

/// A change as work in a transaction.
pub(crate) struct Modification<'d, D> {
    target: Option<&'d Plan>,
    decision: &'d mut D,
    /// The change that is to be committed as it is made, and the plan by which it is read back.
    last: Option<(Change, Plan)>,
}

impl<'d, D: Decision> Modification<'d, D> {
    pub(crate) fn new(target: Option<&'d Plan>, decision: &'d mut D) -> Self {
        Self { target, decision, last: None }
    }
}

#[async_trait]
impl<D: Decision> Work for Modification<'_, D> {
    type Done = Written;
    type Refusal = D::Refusal;

    fn sharing(&self) -> Sharing {
        if self.decision.awaits_only_the_store() { Sharing::Shared } else { Sharing::Alone }
    }

    async fn attempt(&mut self, transaction: &mut dyn Transaction) -> Result<Written, D::Refusal> {
        write_in(transaction, self.target, self.decision).await
    }

    async fn begin(&mut self, transaction: &mut dyn Transaction) -> Result<Begun<Written>, D::Refusal> {
        let change = decided(transaction, self.target, self.decision).await?;
        if let Some(written) = unchanged(self.decision, &change) {
            return Ok(Begun::Unchanged(written));
        }
        if !self.decision.is_final() {
            return make(transaction, change, self.decision, None).await.map(Begun::Done);
        }
        let plan = match &change {
            // Nothing of it is read back.
            Change::Delete { resource, id } => {
                Some(Plan::new(Root::One(id.clone()), Selection::identifiers(resource)))
            }
            _ => self.decision.read_back(changed_id(&change).unwrap_or(&OPEN)),
        };
        match plan {
            Some(plan) if transaction.commits_with(&change, self.decision.scopes(), &plan) => {
                self.last = Some((change, plan));
                Ok(Begun::Decided)
            }
            plan => {
                let plan = plan.filter(|_| !matches!(change, Change::Delete { .. }));
                make(transaction, change, self.decision, plan).await.map(Begun::Done)
            }
        }
    }

    async fn end(&mut self, transaction: &mut dyn Transaction) -> Result<Written, D::Refusal> {
        let missing = || StoreError::Internal("a change was to be made before it was decided".into());
        let (change, plan) = self.last.take().ok_or_else(missing)?;
        let id = changed_id(&change).filter(|id| !id.is_open()).cloned();
        let is_read = !matches!(change, Change::Delete { .. });
        let answer = transaction.apply_and_commit(change, self.decision.version(), &plan).await?;
        let id = match id {
            Some(id) => id,
            None => answer.rows.get(0).ok_or_else(missing)?.resource_id().map_err(StoreError::from)?,
        };
        Ok((id, is_read.then_some(answer)))
    }

    fn on_event(&mut self, event: WriteEvent) {
        self.decision.on_event(event);
    }
}

/// Makes one change in a transaction, which may have made others before: this one is decided by what they have left.
pub(crate) async fn write_in<D: Decision>(
    transaction: &mut dyn Transaction,
    target: Option<&Plan>,
    decision: &mut D,
) -> Result<Written, D::Refusal> {
    let change = decided(transaction, target, decision).await?;
    if let Some(written) = unchanged(decision, &change) {
        return Ok(written);
    }
    make(transaction, change, decision, None).await
}

/// What is answered where there is nothing to do.
fn unchanged<D: Decision>(decision: &mut D, change: &Change) -> Option<Written> {
    let id = changed_id(change).filter(|_| change.names_nothing() && decision.is_final())?;
    Some((id.clone(), Some(decision.unchanged()?)))
}

/// The id of a resource that has none so far.
static OPEN: ResourceId = ResourceId::Integer(0);

/// The id of what a change changes or makes; `None` if the store is to make one.
fn changed_id(change: &Change) -> Option<&ResourceId> {
    match change {
        Change::Insert { id, .. } => id.as_ref(),
        Change::Update { id, .. } | Change::Delete { id, .. } => Some(id),
    }
}

async fn decided<D: Decision>(
    transaction: &mut dyn Transaction,
    target: Option<&Plan>,
    decision: &mut D,
) -> Result<Change, D::Refusal> {
    let current = match target {
        Some(plan) => transaction.fetch(plan).await?,
        None => Fetched::default(),
    };
    decision.decide(current, transaction).await
}

async fn make<D: Decision>(
    transaction: &mut dyn Transaction,
    change: Change,
    decision: &mut D,
    plan: Option<Plan>,
) -> Result<Written, D::Refusal> {
    let id = match decision.version() {
        Some(version) => transaction.apply_to_version(change, version, decision.scopes()).await?,
        None => transaction.apply(change, decision.scopes()).await?,
    };
    decision.changed(&id, transaction).await?;
    let plan = match plan {
        // The id may not have been known.
        Some(plan) if matches!(plan.root, Root::One(_)) => Some(Plan { root: Root::One(id.clone()), ..plan }),
        plan => plan.or_else(|| decision.read_back(&id)),
    };
    let answer = match plan {
        Some(plan) => {
            let answer = transaction.fetch(&plan).await?;
            decision.judge(&answer)?;
            Some(answer)
        }
        None => None,
    };
    Ok((id, answer))
}
