//! Decisions on resources that the application listens to: what they change is kept until the commit.

use super::draft::whole_record;
use super::store_errors::Refusal;
use crate::api::JsonApi;
use crate::plan::{Change, Fetched, Plan, Scopes};
use crate::resource::committed::CommittedRecord;
use crate::schema::{ResourceId, Value};
use crate::store::{Decision, Transaction, WriteEvent};

/// A decision, and what it changes: the resource before and after.
pub(super) struct HeardDecision<'d, D> {
    pub(super) api: &'d JsonApi,
    pub(super) decision: &'d mut D,
    pub(super) change: Option<CommittedRecord>,
}

#[rocket::async_trait]
impl<D: Decision<Refusal = Refusal>> Decision for HeardDecision<'_, D> {
    type Refusal = Refusal;

    fn awaits_only_the_store(&self) -> bool {
        self.decision.awaits_only_the_store()
    }

    async fn decide(
        &mut self,
        current: Fetched,
        transaction: &mut dyn Transaction,
    ) -> Result<Change, Refusal> {
        // Of an attempt that was undone nobody hears.
        self.change = None;
        let change = self.decision.decide(current, transaction).await?;
        let resource = change.resource();
        if self.api.is_listened_to(resource) {
            let before = match &change {
                Change::Insert { .. } => None,
                Change::Update { id, .. } | Change::Delete { id, .. } => {
                    Some(whole_record(resource, id, transaction).await?)
                }
            };
            let after = before.clone().filter(|_| !matches!(change, Change::Delete { .. }));
            self.change = Some(CommittedRecord { resource, before, after });
        }
        Ok(change)
    }

    // Neither final nor unchanged: what is heard of is read before and after each change.

    fn version(&self) -> Option<&Value> {
        self.decision.version()
    }

    async fn changed(&mut self, id: &ResourceId, transaction: &mut dyn Transaction) -> Result<(), Refusal> {
        self.decision.changed(id, transaction).await?;
        if let Some(change) = &mut self.change
            && (change.before.is_none() || change.after.is_some())
        {
            change.after = Some(whole_record(change.resource, id, transaction).await?);
        }
        Ok(())
    }

    fn read_back(&self, id: &ResourceId) -> Option<Plan> {
        self.decision.read_back(id)
    }

    fn scopes(&self) -> &Scopes {
        self.decision.scopes()
    }

    fn on_event(&mut self, event: WriteEvent) {
        self.decision.on_event(event);
    }

    fn judge(&mut self, answer: &Fetched) -> Result<(), Refusal> {
        self.decision.judge(answer)
    }
}
