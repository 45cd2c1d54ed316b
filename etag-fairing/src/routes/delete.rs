//! `DELETE /sessions/1` (JSON:API §9.3).

use rocket::Response;
use rocket::http::{Header, Status};

use super::conditions::Conditions;
use super::exchange::{Answer, Exchange};
use super::trouble::Refusal;
use crate::query::Target;
use crate::resource::{Record, ResourceId, Value};
use crate::store::{Change, Decision, Fetched, Plan, Scopes, Transaction, modify};

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
        return Err(Box::pin(exchange.refused(refusal, &delete.conditions, &delete.id, None)).await);
    }
    Ok(Response::build().status(Status::NoContent).header(Header::new("Vary", "Accept")).finalize())
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
