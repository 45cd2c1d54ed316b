//! `DELETE /sessions/1` (JSON:API §8.4).

use serde_json::Value as JsonValue;

use super::call::{Answer, Call};
use super::conditions::Conditions;
use super::draft::{previous_record, write_of_hooks};
use super::permitted_query::permitted_query;
use super::repeatable::Repeatable;
use super::representation::whole_plan;
use super::state::{check_state, refused_write, state_plan, version_to_keep};
use super::store_errors::Refusal;
use super::subject::Subject;
use super::write::write;
use super::written::WrittenAnswer;
use crate::error::{ErrorObject, Errors};
use crate::plan::{
    Change, Comparison, Fetched, Field, Filter, Listing, Member, Page, Plan, Relation, Root, Scopes,
    Selection,
};
use crate::query::Target;
use crate::schema::{Description, Operation, Record, Relationship, ResourceId, Value};
use crate::store::{Constraint, Decision, StoreError, Transaction, WriteEvent};

pub(super) async fn delete_resource<'r>(call: &Call<'r>, subject: &Subject<'r>) -> Answer<'r> {
    permitted_query(call, subject.resource, Target::Nothing).await?;
    let id = subject.id(call.config())?;
    let repeatable = Repeatable::of(call, [subject.behaviour], &[])?;
    let conditions = subject.conditions(call.request);
    if conditions.need_tag() {
        // The tag is that of the caller's own representation.
        call.ask_linkage([subject.resource]).await?;
    }
    let target = deleted_plan(call, subject, &id, &conditions);
    let scopes = call.scopes();
    let mut delete =
        Box::new(Delete { call, subject, conditions, id, previous: None, version: None, scopes });
    let answer = |_: &ResourceId, _: &Fetched| Ok(WrittenAnswer::nothing());
    match write(call, repeatable.as_ref(), Some(&target), &mut *delete, answer).await {
        Ok(response) => Ok(response),
        Err(refusal) => {
            let Delete { conditions, id, .. } = &*delete;
            if matches!(refusal, Refusal::Store(StoreError::Constraint(Constraint::ForeignKey)))
                && let Some(errors) = Box::pin(still_referred_to(call, subject.resource, id)).await
            {
                return Err(errors);
            }
            Err(Box::pin(refused_write(call, subject, refusal, conditions, id, None)).await)
        }
    }
}

/// What to read for a deletion. What nobody looks at is not read: a row that somebody has spoilt can still be deleted.
pub(super) fn deleted_plan(
    call: &Call<'_>,
    subject: &Subject<'_>,
    id: &ResourceId,
    conditions: &Conditions<'_>,
) -> Plan {
    match subject.behaviour.hooks {
        Some(_) => whole_plan(call, subject, id.clone()),
        None => state_plan(call, subject, id.clone(), conditions),
    }
}

/// The errors of a deletion that references stand against: of which types they are, as far as these are mounted and
/// everybody may list them. The database says no more than that there are some.
pub(super) async fn still_referred_to(
    call: &Call<'_>,
    resource: &Description,
    id: &ResourceId,
) -> Option<Errors> {
    let mut types = Vec::new();
    for referrer in call.api.registry().resources() {
        let behaviour = call.behaviour_of(referrer);
        let is_open = !behaviour.has_scope() && !behaviour.guards.has(Operation::List);
        let leads_here = |relationship: &Relationship| {
            relationship.target().table == resource.table && !relationship.is_to_many()
        };
        let leading_here =
            referrer.relationships_by_id().filter(|(_, relationship)| leads_here(relationship));
        for (relationship, _) in leading_here.filter(|_| is_open) {
            let member = Member { path: Vec::new(), field: Field::ToOne(relationship) };
            let comparison = Comparison::Value(Relation::Equal, id.to_value());
            let listing = Listing {
                filter: Some(Filter::Compare { member, comparison }),
                page: Page::Offset { offset: 0, limit: 1 },
                ..Listing::all()
            };
            let plan = Plan::new(Root::Collection(listing), Selection::identifiers(referrer));
            let found = call.store().fetch(&plan).await.is_ok_and(|fetched| !fetched.rows.is_empty());
            if found && !types.contains(&referrer.type_name) {
                types.push(referrer.type_name);
            }
        }
    }
    let names: Vec<JsonValue> = types.iter().map(|name| (*name).into()).collect();
    let (last, others) = types.split_last()?;
    let types =
        if others.is_empty() { (*last).to_owned() } else { format!("{} and {last}", others.join(", ")) };
    let detail = format!(
        "resources of type {types} refer to this one: delete them first, or let them refer to others"
    );
    let error = ErrorObject::foreign_key_violation(detail).meta("types", names);
    Some(error.into())
}

pub(super) struct Delete<'e, 'r> {
    pub(super) call: &'e Call<'r>,
    pub(super) subject: &'e Subject<'r>,
    pub(super) conditions: Conditions<'r>,
    pub(super) id: ResourceId,
    /// The resource that is deleted, for its hooks.
    pub(super) previous: Option<Record>,
    /// The version that is deleted, and no other.
    pub(super) version: Option<Value>,
    pub(super) scopes: Scopes,
}

#[rocket::async_trait]
impl Decision for Delete<'_, '_> {
    type Refusal = Refusal;

    async fn decide(
        &mut self,
        current: Fetched,
        transaction: &mut dyn Transaction,
    ) -> Result<Change, Refusal> {
        let (call, subject) = (self.call, self.subject);
        check_state(call, subject, &self.conditions, &self.id, &current)?;
        self.version = version_to_keep(subject, &self.conditions, &current);
        if let Some(hooks) = subject.behaviour.hooks {
            self.previous = previous_record(call, subject, &self.id, &current, transaction).await?;
            if let Some(record) = self.previous.clone() {
                (hooks.before_delete)(record, write_of_hooks(call, subject, transaction)).await?;
            }
        }
        Ok(Change::Delete { resource: subject.resource, id: self.id.clone() })
    }

    fn version(&self) -> Option<&Value> {
        self.version.as_ref()
    }

    async fn changed(&mut self, _: &ResourceId, transaction: &mut dyn Transaction) -> Result<(), Refusal> {
        if let (Some(hooks), Some(record)) = (self.subject.behaviour.hooks, self.previous.take()) {
            (hooks.after_delete)(record, write_of_hooks(self.call, self.subject, transaction)).await?;
        }
        Ok(())
    }

    fn read_back(&self, _: &ResourceId) -> Option<Plan> {
        None
    }

    fn is_final(&self) -> bool {
        self.subject.behaviour.hooks.is_none() && self.scopes.is_empty()
    }

    fn on_event(&mut self, event: WriteEvent) {
        self.call.count_write_event(event);
    }

    fn scopes(&self) -> &Scopes {
        &self.scopes
    }
}
