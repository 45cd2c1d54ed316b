//! `PATCH`, `POST`, `DELETE /sessions/1/relationships/speakers` (JSON:API §8.3).

use rocket::http::Status;
use serde_json::Value as JsonValue;

use super::body::{SentData, receive};
use super::call::{Answer, Call};
use super::conditions::Conditions;
use super::draft::{whole_record, write_of_hooks};
use super::judged_state::JudgedState;
use super::permission::ask_writer_of;
use super::permitted_query::permitted_query;
use super::prefer::{APPLIED, Return};
use super::relationship::linkage_plan;
use super::repeatable::Repeatable;
use super::representation::query_plan;
use super::row_scopes::{ReparentedResources, check_still_seen, has_left, reparented};
use super::state::{check_state, prefers_current};
use super::store_errors::{Refusal, corrupt, internal};
use super::subject::Subject;
use super::tags::tag_of_body;
use super::write::write;
use super::written::WrittenAnswer;
use crate::conditional::{EntityTag, Validator};
use crate::document::read::{
    Lengths, LinkageDocument, kept_in_ids, must_not_be_empty, part_of_id, seen_in_part, set_linkage,
};
use crate::document::write::View;
use crate::error::{ErrorObject, Errors};
use crate::plan::{Change, Fetched, LinkageChange, Plan, Scopes, has_members};
use crate::query::{Parameters, Query, Target};
use crate::resource::RelationshipChange;
use crate::resource::endpoint::{LinkageUpdate, OwnRelationship};
use crate::schema::{Corrupt, Description, Operation, ResourceId};
use crate::store::{Decision, StoreError, Transaction, WriteEvent};

pub(super) async fn update_linkage<'r>(
    call: &Call<'r>,
    subject: &Subject<'r>,
    own: OwnRelationship,
    update: LinkageUpdate,
    data: SentData<'_, '_>,
) -> Answer<'r> {
    let resource = subject.resource;
    permitted_query(call, resource, Target::Nothing).await?;
    let body = Box::pin(receive(call, data)).await?;
    let id = subject.id(call.config())?;
    let lengths = Lengths::of(call.config());
    let document = LinkageDocument::parse(&body, subject.base.clone(), resource, own.id, lengths);
    let pointer = document.as_ref().ok().map(LinkageDocument::pointer);
    ask_writer_of(call, resource, own, pointer).await?;
    let repeatable = Repeatable::of(call, [subject.behaviour], &body)?;
    let target = linkage_plan(call, resource, id.clone(), own);
    let mut decision = Box::new(UpdateLinkage {
        call,
        subject,
        own,
        update,
        conditions: subject.conditions(call.request),
        id,
        document,
        changing: Vec::new(),
        judged: JudgedState::Linkage,
        reparented: ReparentedResources::default(),
        scopes: call.scopes(),
    });
    let answer = |_: &ResourceId, fetched: &Fetched| {
        if has_left(call, resource, fetched) {
            return Ok(WrittenAnswer::nothing());
        }
        let document = linkage_document(call, resource, own, fetched)
            .map_err(|error| Refusal::Answer(corrupt(error)))?;
        let tag = subject.etag.map(|_| tag_of_body(call.request, &document));
        Ok(WrittenAnswer::written(call, subject, Status::Ok, document, tag))
    };
    match write(call, repeatable.as_ref(), Some(&target), &mut *decision, answer).await {
        Ok(response) => Ok(response),
        Err(refusal) => {
            let errors = decision.errors_of(refusal);
            Err(Box::pin(with_current_linkage(call, subject, own, &decision.id, errors)).await)
        }
    }
}

/// The errors of a change that was refused by 412, with the linkage that is there, if the client prefers that.
pub(super) async fn with_current_linkage(
    call: &Call<'_>,
    subject: &Subject<'_>,
    own: OwnRelationship,
    id: &ResourceId,
    errors: Errors,
) -> Errors {
    if !prefers_current(call, subject, Operation::Relationship, &errors).await {
        return errors;
    }
    let Ok(fetched) = call.store().fetch(&linkage_plan(call, subject.resource, id.clone(), own)).await else {
        return errors;
    };
    let Ok(document) = linkage_document(call, subject.resource, own, &fetched) else { return errors };
    let tag = subject.etag.map(|config| config.policy().issue(tag_of_body(call.request, &document)));
    let linkage = serde_json::from_slice(&document)
        .ok()
        .and_then(|mut document: JsonValue| document.get_mut("data").map(JsonValue::take));
    match linkage {
        Some(linkage) => {
            errors.with_current(linkage, tag).with_header(APPLIED, Return::Representation.applied())
        }
        None => errors,
    }
}

/// The representation at a relationship's own URL without parameters.
fn linkage_document(
    call: &Call<'_>,
    resource: &'static Description,
    own: OwnRelationship,
    fetched: &Fetched,
) -> Result<Vec<u8>, Corrupt> {
    call.writer().lenient().linkage(resource, own.id, &Parameters::default(), None, fetched, View::Whole)
}

pub(super) struct UpdateLinkage<'e, 'r> {
    pub(super) call: &'e Call<'r>,
    pub(super) subject: &'e Subject<'r>,
    pub(super) own: OwnRelationship,
    pub(super) update: LinkageUpdate,
    pub(super) conditions: Conditions<'r>,
    pub(super) id: ResourceId,
    pub(super) document: Result<LinkageDocument<'e>, Errors>,
    /// The changes that are made, for hooks: several, if the relationship leads to many of several types.
    pub(super) changing: Vec<RelationshipChange>,
    pub(super) judged: JudgedState,
    pub(super) reparented: ReparentedResources,
    pub(super) scopes: Scopes,
}

impl UpdateLinkage<'_, '_> {
    /// The errors of a refusal, pointing to the identifier that it is about.
    pub(super) fn errors_of(&self, refusal: Refusal) -> Errors {
        let resource = self.subject.resource;
        match (refusal, &self.document) {
            (Refusal::Store(StoreError::RelatedNotFound { relationship, id }), Ok(document)) => {
                let arm = resource.relationship_at(relationship).unwrap_or(&self.own);
                let target = arm.target().type_name;
                let detail = format!("there is no resource of type {target} with id {id}");
                ErrorObject::related_not_found(detail).pointer(document.pointer_to(arm, &id)).into()
            }
            (refusal, _) => refusal.into_errors(resource, None),
        }
    }

    /// Judges the preconditions. Returns whether the client has seen only a part of the linkage, by the tags that it names.
    fn check(&self, current: &Fetched) -> Result<bool, Refusal> {
        let (call, resource, conditions) = (self.call, self.subject.resource, &self.conditions);
        if self.judged == JudgedState::Linkage {
            check_linkage(call, resource, self.own, conditions, &self.id, current)?;
            return Ok(false);
        }
        let state = check_state(call, self.subject, conditions, &self.id, current)?;
        let in_part = state.map(|state| conditions.seen_in_part(&state)).unwrap_or_default();
        Ok(resource.arms(self.own.id).any(|(arm, _)| in_part.contains(&arm.place())))
    }
}

/// Judges preconditions that are about the linkage's own representation, at its URL.
pub(super) fn check_linkage(
    call: &Call<'_>,
    resource: &'static Description,
    own: OwnRelationship,
    conditions: &Conditions<'_>,
    id: &ResourceId,
    current: &Fetched,
) -> Result<(), Refusal> {
    if current.rows.is_empty() {
        return Err(Errors::from(ErrorObject::not_found()).into());
    }
    let tag = if conditions.need_tag() { Some(tag_of_linkage(call, resource, own, current)?) } else { None };
    let about = call.writer().relationship(resource, id, &own).own;
    let validator = tag.as_ref().map_or(Validator::Untagged, Validator::Tag);
    conditions.check(validator, None, &about)?;
    Ok(())
}

/// The entity tag at a relationship's own URL.
pub(super) fn tag_of_linkage(
    call: &Call<'_>,
    resource: &'static Description,
    own: OwnRelationship,
    fetched: &Fetched,
) -> Result<EntityTag, Corrupt> {
    let document = linkage_document(call, resource, own, fetched)?;
    Ok(tag_of_body(call.request, &document))
}

#[rocket::async_trait]
impl Decision for UpdateLinkage<'_, '_> {
    type Refusal = Refusal;

    async fn decide(
        &mut self,
        current: Fetched,
        transaction: &mut dyn Transaction,
    ) -> Result<Change, Refusal> {
        let (call, subject, own) = (self.call, self.subject, self.own);
        let resource = subject.resource;
        let row = current.rows.get(0).ok_or_else(|| Errors::from(ErrorObject::not_found()))?;
        let is_seen_in_part = self.check(&current)?;
        let document = self.document.as_ref().map_err(Clone::clone)?;
        if is_seen_in_part && self.update == LinkageUpdate::Replace && own.is_to_many() {
            return Err(Errors::from(seen_in_part(own.name).pointer(document.pointer())).into());
        }
        let mut linkage = vec![None; resource.relationships.len()];
        let (id, attributes) = (self.id.clone(), vec![None; resource.attributes.len()]);
        let of = |linkage| Change::Update { resource, id, attributes, linkage };
        if document.empties() && (own.is_required() || own.is_polymorphic()) {
            // It leads to what this client doesn't see: who writes back what they have read takes nothing away.
            if resource.arms(own.id).all(|(arm, _)| row.to_one(resource, arm).is_null()) {
                return Ok(of(linkage));
            }
        }
        if document.empties() && own.is_required() {
            return Err(Errors::from(must_not_be_empty(&own, document.pointer())).into());
        }
        if resource.is_relationship_of_key(own.id) {
            // Sent back as it is.
            let now = row.related_id(resource, own.id)?;
            if document.changes == [(own.id, LinkageChange::One(now))] {
                return Ok(of(linkage));
            }
            return Err(Errors::from(part_of_id(own.name).pointer(document.pointer())).into());
        }
        let (update, is_many_of) = (self.update, document.changes.len() > 1);
        let changes = document.changes.clone().into_iter().map(|(relationship, change)| {
            let change = match (update, change) {
                (LinkageUpdate::Add, LinkageChange::Replace(ids)) => LinkageChange::Add(ids),
                (LinkageUpdate::Remove, LinkageChange::Replace(ids)) => LinkageChange::Remove(ids),
                (_, change) => change,
            };
            (relationship, change)
        });
        let changes: Vec<_> = changes
            .filter(|(_, change)| match change {
                // Of types that are not named, nothing changes.
                LinkageChange::Add(ids) | LinkageChange::Remove(ids) => !(is_many_of && ids.is_empty()),
                LinkageChange::One(_) | LinkageChange::Replace(_) => true,
            })
            .collect();
        if own.is_kept_in_ids() {
            // The same members in another order have other positions, and no other ids.
            let now = own.id.of(&current.links).and_then(Option::as_ref).filter(|_| own.order.is_some());
            let is_same = |change| now.is_some_and(|now| has_members(now.of(0), change));
            if !changes.iter().all(|(_, change)| is_same(change)) {
                return Err(Errors::from(kept_in_ids(&own).pointer(document.pointer())).into());
            }
        }
        self.changing.clear();
        for (relationship, change) in changes {
            let (mut relationship, mut change) = (relationship, change);
            if let Some(hooks) = subject.behaviour.hooks {
                let name = own.name;
                let type_name = resource.relationship_at(relationship).unwrap_or(&own).target().type_name;
                let record = Box::pin(whole_record(resource, &self.id, transaction)).await?;
                let asked = RelationshipChange { name, type_name, change };
                let write = write_of_hooks(call, subject, transaction);
                let revised = (hooks.before_relationship)(record, asked, write).await?;
                change = revised.change;
                if is_many_of && revised.type_name != type_name {
                    return Err(internal(format_args!(
                        "a hook moves a change of `{name}` of `{}` to the type {:?}: what is of another type has a change of \
                         its own",
                        resource.rust_name, revised.type_name
                    ))
                    .into());
                }
                if revised.type_name != type_name {
                    let arm = resource.arm(own.id, revised.type_name).map(|(arm, _)| arm);
                    relationship = arm.ok_or_else(|| {
                        internal(format_args!(
                            "a hook lets `{name}` of `{}` lead to the type {:?}, which it doesn't lead to",
                            resource.rust_name, revised.type_name
                        ))
                    })?;
                }
                let type_name = revised.type_name;
                self.changing.push(RelationshipChange { name, type_name, change: change.clone() });
            }
            set_linkage(resource, relationship, change, &mut linkage);
        }
        self.reparented = reparented(call, resource, Some(&self.id), &linkage, transaction).await?;
        Ok(of(linkage))
    }

    async fn changed(&mut self, id: &ResourceId, transaction: &mut dyn Transaction) -> Result<(), Refusal> {
        let (call, subject) = (self.call, self.subject);
        for change in std::mem::take(&mut self.changing) {
            let Some(hooks) = subject.behaviour.hooks else { break };
            let record = Box::pin(whole_record(subject.resource, id, transaction)).await?;
            (hooks.after_relationship)(record, change, write_of_hooks(call, subject, transaction)).await?;
        }
        self.reparented.check(call, transaction).await
    }

    fn read_back(&self, id: &ResourceId) -> Option<Plan> {
        let (call, subject) = (self.call, self.subject);
        Some(match self.judged {
            JudgedState::Linkage => linkage_plan(call, subject.resource, id.clone(), self.own),
            JudgedState::Resource => query_plan(call, subject, id.clone(), &Query::default()),
        })
    }

    fn on_event(&mut self, event: WriteEvent) {
        self.call.count_write_event(event);
    }

    fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    fn judge(&mut self, read_back: &Fetched) -> Result<(), Refusal> {
        check_still_seen(self.call, self.subject.resource, read_back)
    }
}
