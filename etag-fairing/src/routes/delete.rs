//! `DELETE /sessions/1` (JSON:API §9.3).

use rocket::Response;
use rocket::http::{Header, Status};

use super::call::{Answer, Exchange};
use super::conditions::Conditions;
use super::store_errors::Refusal;
use crate::error::{ErrorObject, Errors};
use crate::plan::{
    Change, Comparison, Fetched, Field, Filter, Listing, Member, Page, Plan, Relation, Root, Scopes,
    Selection,
};
use crate::query::Target;
use crate::schema::{Operation, Record, Relationship, RelationshipKind, ResourceId, Value};
use crate::store::{Constraint, Decision, StoreError, Transaction, modify};

pub(super) async fn answer<'r>(exchange: &Exchange<'r>) -> Answer<'r> {
    exchange.query(Target::Nothing).await?;
    let id = exchange.id()?;
    let conditions = exchange.conditions();
    if conditions.need_tag() {
        // The tag is that of the caller's own representation.
        exchange.ask_linkage([exchange.resource]).await?;
    }
    // What nobody looks at is not read: a row that somebody has spoilt can still be deleted.
    let target = match exchange.hooks() {
        Some(_) => exchange.whole(id.clone()),
        None => exchange.state_plan(id.clone(), &conditions),
    };
    let scopes = exchange.scopes();
    let mut delete = Box::new(Delete { exchange, conditions, id, previous: None, version: None, scopes });
    let limit = exchange.config().write_timeout;
    let deleted = Box::pin(modify(exchange.store(), Some(&target), &mut *delete, limit)).await;
    if let Err(refusal) = deleted {
        if matches!(refusal, Refusal::Store(StoreError::Constraint(Constraint::ForeignKey)))
            && let Some(errors) = Box::pin(exchange.still_referred_to(&delete.id)).await
        {
            return Err(errors);
        }
        return Err(Box::pin(exchange.refused(refusal, &delete.conditions, &delete.id, None)).await);
    }
    Ok(Response::build().status(Status::NoContent).header(Header::new("Vary", "Accept")).finalize())
}

impl Exchange<'_> {
    /// The answer to a deletion that references stand against: of which types they are, as far as these are mounted and
    /// everybody may list them. The database says no more than that there are some.
    async fn still_referred_to(&self, id: &ResourceId) -> Option<Errors> {
        let mut types = Vec::new();
        for resource in self.api.registry().resources() {
            let behaviour = self.behaviour_of(resource);
            let is_open = !behaviour.has_scope() && !behaviour.guards.has(Operation::List);
            let leads_here = |relationship: &Relationship| {
                relationship.target().table == self.resource.table
                    && matches!(relationship.kind, RelationshipKind::ToOne { .. })
            };
            let places =
                (0..).zip(resource.relationships).filter(|(_, relationship)| leads_here(relationship));
            for (place, _) in places.filter(|_| is_open) {
                let member = Member { path: Vec::new(), field: Field::ToOne(place) };
                let comparison = Comparison::Value(Relation::Equal, id.to_value());
                let listing = Listing {
                    filter: Some(Filter::Compare { member, comparison }),
                    page: Page::Offset { offset: 0, limit: 1 },
                    ..Listing::all()
                };
                let plan = Plan::new(Root::Collection(listing), Selection::identifiers(resource));
                let found = self.store().fetch(&plan).await.is_ok_and(|fetched| !fetched.rows.is_empty());
                if found && !types.contains(&resource.type_name) {
                    types.push(resource.type_name);
                }
            }
        }
        let names: Vec<serde_json::Value> = types.iter().map(|name| (*name).into()).collect();
        let (last, others) = types.split_last()?;
        let types = match others.is_empty() {
            true => (*last).to_owned(),
            false => format!("{} and {last}", others.join(", ")),
        };
        let detail = format!(
            "resources of type {types} refer to this one: delete them first, or let them refer to others"
        );
        let error = ErrorObject::foreign_key_violation(detail).meta("types", names);
        Some(error.into())
    }
}

struct Delete<'e, 'r> {
    exchange: &'e Exchange<'r>,
    conditions: Conditions<'r>,
    id: ResourceId,
    /// The resource that is deleted, for its hooks.
    previous: Option<Record>,
    /// The version that is deleted, and no other.
    version: Option<Value>,
    scopes: Scopes,
}

#[rocket::async_trait]
impl Decision for Delete<'_, '_> {
    type Refusal = Refusal;

    async fn decide(
        &mut self,
        current: Fetched,
        transaction: &mut dyn Transaction,
    ) -> Result<Change, Refusal> {
        self.exchange.check_state(&self.conditions, &self.id, &current)?;
        self.version = self.exchange.version_to_keep(&self.conditions, &current);
        if let Some(hooks) = self.exchange.hooks() {
            self.previous = self.exchange.previous(&self.id, &current, transaction).await?;
            if let Some(record) = self.previous.clone() {
                (hooks.before_delete)(record, self.exchange.write(transaction)).await?;
            }
        }
        Ok(Change::Delete { resource: self.exchange.resource, id: self.id.clone() })
    }

    fn version(&self) -> Option<&Value> {
        self.version.as_ref()
    }

    async fn changed(&mut self, _: &ResourceId, transaction: &mut dyn Transaction) -> Result<(), Refusal> {
        if let (Some(hooks), Some(record)) = (self.exchange.hooks(), self.previous.take()) {
            (hooks.after_delete)(record, self.exchange.write(transaction)).await?;
        }
        Ok(())
    }

    fn read_back(&self, _: &ResourceId) -> Option<Plan> {
        None
    }

    fn scopes(&self) -> &Scopes {
        &self.scopes
    }
}
