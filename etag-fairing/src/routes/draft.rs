//! What a write proposes, before it is made: hooks revise it, rules judge it.

use super::call::Exchange;
use super::store_errors::Refusal;
use crate::document::read::ResourceObject;
use crate::error::{ErrorObject, Errors, MOST_ERRORS, Pointer};
use crate::plan::LinkageChange;
use crate::resource::HookError;
use crate::resource::hooks::{HookTable, Write, record_of};
use crate::schema::{IdKind, Linkage, Record, ResourceId, Value};
use crate::store::{StoreError, Transaction};

impl From<HookError> for Refusal {
    fn from(error: HookError) -> Self {
        match error {
            HookError::Refused(errors) => Self::Answer(errors),
            HookError::Store(
                error @ (StoreError::Busy { .. } | StoreError::ReadTimedOut { .. } | StoreError::StorageFull),
            ) => Self::Store(error),
            // Of another resource perhaps, so that no member of this one is to blame.
            HookError::Store(StoreError::Constraint(constraint)) => {
                log::warn!("what a hook wrote: {constraint:?}");
                let detail = "a rule of the store stands against what this change brings with it";
                Self::Answer(ErrorObject::foreign_key_violation(detail).into())
            }
            HookError::Store(error) => Self::Store(StoreError::Internal(format!("in a hook: {error}"))),
        }
    }
}

/// The members of a write: one entry an attribute, one a relationship.
pub(super) struct Proposal {
    pub(super) id: Option<ResourceId>,
    pub(super) attributes: Vec<Option<Value>>,
    pub(super) linkage: Vec<Option<LinkageChange>>,
}

impl Proposal {
    /// The resource as it would be.
    fn record(
        &self,
        current: Option<&Record>,
        kind: IdKind,
        resource: &crate::schema::Description,
    ) -> Record {
        let mut record = current.cloned().unwrap_or_else(|| Record {
            id: self.id.clone().or(matches!(kind, IdKind::Integer { .. }).then_some(ResourceId::Integer(0))),
            attributes: vec![Value::Null; resource.attributes.len()],
            linkage: resource
                .relationships
                .iter()
                .map(|it| if it.is_to_many() { Linkage::Many(Vec::new()) } else { Linkage::One(None) })
                .collect(),
        });
        for (value, new) in record.attributes.iter_mut().zip(&self.attributes) {
            if let Some(new) = new {
                value.clone_from(new);
            }
        }
        for (linkage, new) in record.linkage.iter_mut().zip(&self.linkage) {
            match new {
                Some(LinkageChange::One(id)) => *linkage = Linkage::One(id.clone()),
                Some(LinkageChange::Replace(ids)) => {
                    let mut ids = ids.clone();
                    ids.sort();
                    ids.dedup();
                    *linkage = Linkage::Many(ids);
                }
                // In no document of a resource.
                Some(LinkageChange::Add(_) | LinkageChange::Remove(_)) | None => {}
            }
        }
        record
    }
}

impl Exchange<'_> {
    pub(super) fn hooks(&self) -> Option<HookTable> {
        self.behaviour.hooks
    }

    /// The write that hooks are part of.
    pub(super) fn write<'a>(&'a self, transaction: &'a mut dyn Transaction) -> Write<'a> {
        Write::new(self.request, Pointer::ROOT, self.scopes(), transaction)
    }

    /// Lets hooks revise a new or changed resource, and rules judge what comes out.
    ///
    /// # Errors
    /// With the hook's refusal, or 422 with each broken rule.
    pub(super) async fn revise(
        &self,
        proposal: &mut Proposal,
        current: Option<&Record>,
        sent: &ResourceObject<'_>,
        transaction: &mut dyn Transaction,
    ) -> Result<(), Refusal> {
        match self.behaviour.hooks.is_none() && self.behaviour.validation.is_none() {
            true => Ok(()),
            false => Box::pin(self.revise_record(proposal, current, sent, transaction)).await,
        }
    }

    async fn revise_record(
        &self,
        proposal: &mut Proposal,
        current: Option<&Record>,
        sent: &ResourceObject<'_>,
        transaction: &mut dyn Transaction,
    ) -> Result<(), Refusal> {
        let mut record = proposal.record(current, self.resource.id.kind, self.resource);
        if let Some(hooks) = self.behaviour.hooks {
            let write = self.write(transaction);
            let revised = match current {
                None => (hooks.before_create)(record, None, write).await?,
                Some(current) => (hooks.before_update)(record, Some(current.clone()), write).await?,
            };
            if current.is_none() {
                proposal.id = revised.id.or(proposal.id.take());
            }
            for (slot, value) in proposal.attributes.iter_mut().zip(revised.attributes) {
                *slot = value.or(slot.take());
            }
            for (slot, change) in proposal.linkage.iter_mut().zip(revised.linkage) {
                *slot = change.or(slot.take());
            }
            record = revised.record;
        }
        self.judge(&record, sent)
    }

    /// JSON:API §11.1: all broken rules at once, each with its pointer.
    fn judge(&self, record: &Record, sent: &ResourceObject<'_>) -> Result<(), Refusal> {
        let Some(validation) = self.behaviour.validation else { return Ok(()) };
        let broken = (validation.broken)(record)?;
        let errors = broken.into_iter().take(MOST_ERRORS).map(|rule| {
            let error = ErrorObject::validation_failed(rule.message);
            let Some((field, inside)) = rule.path.split_first() else { return error.pointer(sent.pointer()) };
            let member = validation.members.iter().find(|(name, _)| name == field);
            error.pointer(
                member.map_or_else(|| sent.pointer(), |(_, member)| sent.pointer_inside(member, inside)),
            )
        });
        match Errors::from_vec(errors.collect()) {
            Some(errors) => Err(errors.into()),
            None => Ok(()),
        }
    }

    /// The resource as the transaction sees it now, whatever the caller sees of it.
    pub(super) async fn record(
        &self,
        id: &ResourceId,
        transaction: &mut dyn Transaction,
    ) -> Result<Record, Refusal> {
        let fetched = transaction.fetch(&self.unscoped(id)).await?;
        Ok(record_of(self.resource, &fetched)?.ok_or(StoreError::NotFound)?)
    }
}
