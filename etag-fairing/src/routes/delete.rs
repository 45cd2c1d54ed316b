//! `DELETE /sessions/1` (JSON:API §9.3).

use rocket::Response;
use rocket::http::{Header, Status};

use super::conditions::Conditions;
use super::exchange::{Answer, Exchange};
use super::trouble::Refusal;
use crate::conditional::Validator;
use crate::document::error::{ErrorObject, Errors};
use crate::query::Target;
use crate::resource::{Record, ResourceId};
use crate::store::{Change, Decision, Fetched, Plan, Root, Scopes, Selection, Transaction, modify};

pub(super) async fn answer<'r>(exchange: &Exchange<'r>) -> Answer<'r> {
    exchange.query(Target::Nothing).await?;
    let id = exchange.id()?;
    let conditions = exchange.conditions();
    // What nobody looks at is not read: a row that somebody has spoilt can still be deleted.
    let target = match conditions.need_tag() || exchange.hooks().is_some() {
        true => exchange.whole(id.clone()),
        false => exchange.plan(Root::One(id.clone()), Selection::identifiers(exchange.resource)),
    };
    let mut delete = Delete { exchange, conditions, id, previous: None, scopes: exchange.scopes() };
    modify(exchange.store(), Some(&target), &mut delete, exchange.config().write_timeout)
        .await
        .map_err(|refusal: Refusal| refusal.answer(exchange.resource, None))?;
    Ok(Response::build().status(Status::NoContent).header(Header::new("Vary", "Accept")).finalize())
}

struct Delete<'e, 'r> {
    exchange: &'e Exchange<'r>,
    conditions: Conditions<'r>,
    id: ResourceId,
    /// The resource that is deleted, for its hooks.
    previous: Option<Record>,
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
        if current.rows.is_empty() {
            return Err(Errors::from(ErrorObject::not_found()).into());
        }
        self.exchange.check_state(&self.conditions, &self.id, &current)?;
        if let Some(hooks) = self.exchange.hooks() {
            self.previous = self.exchange.previous(&self.id, &current, transaction).await?;
            if let Some(record) = self.previous.clone() {
                (hooks.before_delete)(record, self.exchange.write(transaction)).await?;
            }
        }
        Ok(Change::Delete { resource: self.exchange.resource, id: self.id.clone() })
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

impl Exchange<'_> {
    /// Judges a write's preconditions on the state that its transaction sees.
    pub(super) fn check_state(
        &self,
        conditions: &Conditions<'_>,
        id: &ResourceId,
        current: &Fetched,
    ) -> Result<(), Refusal> {
        let state = match conditions.need_tag() {
            true => Some(self.state_tag(&self.representation(id, current)?)),
            false => None,
        };
        let validator = state.as_ref().map_or(Validator::Untagged, Validator::State);
        Ok(conditions.check(validator, &self.writer.href(self.resource, id))?)
    }
}
