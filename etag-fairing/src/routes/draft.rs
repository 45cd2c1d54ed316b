//! What a write proposes, before it is made: hooks revise it, rules judge it.

use super::call::Call;
use super::store_errors::Refusal;
use super::subject::Subject;
use crate::document::read::ResourceObject;
use crate::error::{ErrorObject, Errors, MOST_ERRORS};
use crate::plan::{Fetched, LinkageChange, Plan, Root, Selection, each_once};
use crate::resource::hooks::{Write, record_of};
use crate::resource::rules::Validation;
use crate::schema::{Description, IdKind, Linkage, Record, ResourceId, Value};
use crate::store::{StoreError, Transaction};

/// The members of a write: one entry an attribute, one a relationship.
pub(super) struct Draft {
    pub(super) id: Option<ResourceId>,
    pub(super) attributes: Vec<Option<Value>>,
    pub(super) linkage: Vec<Option<LinkageChange>>,
}

impl Draft {
    /// The composite id that the members of a new resource make.
    pub(super) fn id_of_members(&self, resource: &Description) -> Option<ResourceId> {
        resource.id_of_members(
            |id| id.of(&self.attributes).and_then(Option::as_ref),
            |id| match id.of(&self.linkage) {
                Some(Some(LinkageChange::One(related))) => related.as_ref(),
                _ => None,
            },
        )
    }

    /// The resource as it would be.
    fn record(&self, current: Option<&Record>, resource: &Description) -> Record {
        let is_integer = matches!(resource.id.kind, IdKind::Integer { .. });
        let mut record = current.cloned().unwrap_or_else(|| Record {
            id: self.id.clone().or(is_integer.then_some(ResourceId::Integer(0))),
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
        let relationships = resource.relationships.iter();
        for ((linkage, new), relationship) in record.linkage.iter_mut().zip(&self.linkage).zip(relationships)
        {
            match new {
                Some(LinkageChange::Replace(ids)) if relationship.order.is_some() => {
                    *linkage = Linkage::Many(each_once(ids));
                }
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

/// The write that hooks are part of.
pub(super) fn write_of_hooks<'a>(
    call: &'a Call<'_>,
    subject: &Subject<'_>,
    transaction: &'a mut dyn Transaction,
) -> Write<'a> {
    Write::new(call.request, subject.base.clone(), call.scopes(), transaction)
}

/// Lets hooks revise a new or changed resource, and rules judge what comes out.
///
/// # Errors
/// With the hook's refusal, or 422 with each broken rule.
pub(super) async fn revise(
    call: &Call<'_>,
    subject: &Subject<'_>,
    draft: &mut Draft,
    current: Option<&Record>,
    sent: &ResourceObject<'_>,
    transaction: &mut dyn Transaction,
) -> Result<(), Refusal> {
    if subject.behaviour.hooks.is_none() && subject.behaviour.validation.is_none() {
        return Ok(());
    }
    Box::pin(revise_record(call, subject, draft, current, sent, transaction)).await
}

async fn revise_record(
    call: &Call<'_>,
    subject: &Subject<'_>,
    draft: &mut Draft,
    current: Option<&Record>,
    sent: &ResourceObject<'_>,
    transaction: &mut dyn Transaction,
) -> Result<(), Refusal> {
    let mut record = draft.record(current, subject.resource);
    if let Some(hooks) = subject.behaviour.hooks {
        let write = write_of_hooks(call, subject, transaction);
        let revised = match current {
            None => (hooks.before_create)(record, None, write).await?,
            Some(current) => (hooks.before_update)(record, Some(current.clone()), write).await?,
        };
        if current.is_none() {
            draft.id = revised.id.or(draft.id.take());
        }
        for (slot, value) in draft.attributes.iter_mut().zip(revised.attributes) {
            *slot = value.or(slot.take());
        }
        for (slot, change) in draft.linkage.iter_mut().zip(revised.linkage) {
            *slot = change.or(slot.take());
        }
        record = revised.record;
    }
    match subject.behaviour.validation {
        Some(validation) => check_rules(validation, &record, sent),
        None => Ok(()),
    }
}

/// JSON:API §10.1: all broken rules at once, each with its pointer.
fn check_rules(validation: Validation, record: &Record, sent: &ResourceObject<'_>) -> Result<(), Refusal> {
    let broken = (validation.broken)(record)?;
    let errors = broken.into_iter().take(MOST_ERRORS).map(|rule| {
        let error = ErrorObject::validation_failed(rule.message);
        let Some((field, inside)) = rule.path.split_first() else { return error.pointer(sent.pointer()) };
        let member = validation.members.iter().find(|(name, _)| name == field);
        error
            .pointer(member.map_or_else(|| sent.pointer(), |(_, member)| sent.pointer_inside(member, inside)))
    });
    match Errors::from_vec(errors.collect()) {
        Some(errors) => Err(errors.into()),
        None => Ok(()),
    }
}

/// The resource as the transaction sees it now, whatever the caller sees of it.
pub(super) async fn whole_record(
    resource: &'static Description,
    id: &ResourceId,
    transaction: &mut dyn Transaction,
) -> Result<Record, Refusal> {
    // A plan of the program's own: it sees everything.
    let plan = Plan::new(Root::One(id.clone()), Selection::whole(resource));
    let fetched = transaction.fetch(&plan).await?;
    Ok(record_of(resource, &fetched)?.ok_or(StoreError::NotFound)?)
}

/// The resource before a write, as hooks and rules see it: whole, whatever the caller sees of it. `None` where there are
/// neither.
pub(super) async fn previous_record(
    call: &Call<'_>,
    subject: &Subject<'_>,
    id: &ResourceId,
    current: &Fetched,
    transaction: &mut dyn Transaction,
) -> Result<Option<Record>, Refusal> {
    let Subject { resource, behaviour, .. } = subject;
    if behaviour.hooks.is_none() && behaviour.validation.is_none() {
        return Ok(None);
    }
    if call.sees_all() {
        return Ok(record_of(resource, current)?);
    }
    Ok(Some(Box::pin(whole_record(resource, id, transaction)).await?))
}
