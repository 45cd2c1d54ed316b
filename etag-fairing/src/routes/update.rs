//! `PATCH /sessions/1` (JSON:API §9.2).

use rocket::Data;
use rocket::http::Status;

use super::call::{Answer, Exchange};
use super::conditions::Conditions;
use super::draft::Proposal;
use super::row_scopes::Moved;
use super::store_errors::{Refusal, corrupt};
use super::write::Given;
use crate::document::read::Current;
use crate::error::{ErrorObject, Errors};
use crate::plan::{Change, Fetched, Links, Plan, Scopes};
use crate::query::{Query, Target};
use crate::schema::{Record, ResourceId, Value};
use crate::store::{Decision, Transaction};

pub(super) async fn answer<'r>(exchange: &Exchange<'r>, data: &mut Option<Data<'_>>) -> Answer<'r> {
    let (parameters, query) = Box::pin(exchange.query(Target::Single)).await?;
    let body = Box::pin(exchange.body(data)).await?;
    let id = exchange.id()?;
    let given = Given::read(&body, exchange);
    exchange.ask_for_links(&given).await?;
    let target = exchange.whole(id.clone());
    let mut update = Box::new(Update {
        exchange,
        conditions: exchange.conditions(),
        id,
        query,
        given,
        previous: None,
        version: None,
        moved: Moved::default(),
        scopes: exchange.scopes(),
    });
    let (id, fetched) = match exchange.make(Some(&target), &mut *update).await {
        Ok(written) => written,
        Err(refusal) => {
            let Update { conditions, id, given, .. } = &mut *update;
            return Err(Box::pin(exchange.refused(refusal, conditions, id, given.object().ok())).await);
        }
    };
    // The exact bytes of a GET on this URL, so their tag is the one that the next GET will have.
    let (body, tag) =
        exchange.written_document(&id, &parameters, &update.query, &fetched).map_err(corrupt)?;
    Ok(exchange.written(Status::Ok, body, tag.map(|tag| tag.own)))
}

impl Exchange<'_> {
    /// The linkage of the representation, and that of these relationships, which are no part of it.
    async fn linkage_beside(
        &self,
        id: &ResourceId,
        beside: &[usize],
        transaction: &mut dyn Transaction,
    ) -> Result<Vec<Option<Links>>, Refusal> {
        let mut plan = self.whole(id.clone());
        plan.selection.attributes.fill(false);
        for place in beside {
            if let Some(read) = plan.selection.linkage.get_mut(*place) {
                *read = true;
            }
        }
        Ok(transaction.fetch(&plan).await?.links)
    }
}

struct Update<'e, 'r> {
    exchange: &'e Exchange<'r>,
    conditions: Conditions<'r>,
    id: ResourceId,
    query: Query,
    given: Given<'e>,
    /// The resource before the change.
    previous: Option<Record>,
    /// The version that is changed, and no other.
    version: Option<Value>,
    moved: Moved,
    scopes: Scopes,
}

#[rocket::async_trait]
impl Decision for Update<'_, '_> {
    type Refusal = Refusal;

    fn awaits_only_the_store(&self) -> bool {
        self.exchange.hooks().is_none() && !self.given.has_lists
    }

    async fn decide(
        &mut self,
        current: Fetched,
        transaction: &mut dyn Transaction,
    ) -> Result<Change, Refusal> {
        let exchange = self.exchange;
        let resource = exchange.resource;
        let row = current.rows.get(0).ok_or_else(|| Errors::from(ErrorObject::not_found()))?;
        exchange.check_state(&self.conditions, &self.id, &current)?;
        // Only now the body (RFC 9110 §13.2.1): a wrong body with a stale tag is 412.
        let object = self.given.object()?;
        match &object.id {
            Some(id) if *id == self.id.to_string() => {}
            // In another spelling of a UUID.
            Some(id) if resource.id.kind.parse(id).as_ref() == Some(&self.id) => {}
            Some(id) => {
                let error = ErrorObject::id_mismatch(format!("this URL is that of {}, not of {id}", self.id));
                return Err(Errors::from(error.pointer(object.pointer_to_id())).into());
            }
            None => {
                let error = ErrorObject::missing_id("a resource object in a PATCH needs its id");
                return Err(Errors::from(error.pointer(object.pointer())).into());
            }
        }
        let beside = object.linkage_beside(resource);
        let read = match beside.is_empty() {
            true => None,
            false => Some(Box::pin(exchange.linkage_beside(&self.id, &beside, transaction)).await?),
        };
        let links = read.as_ref().unwrap_or(&current.links);
        let members = object.update(resource, Current { row, links }, exchange.made_by_database())?;
        let mut proposal = Proposal { id: None, attributes: members.attributes, linkage: members.linkage };
        self.previous = exchange.previous(&self.id, &current, transaction).await?;
        exchange.revise(&mut proposal, self.previous.as_ref(), object, transaction).await?;
        let Proposal { attributes, linkage, .. } = proposal;
        // What names nothing changes nothing, and needs no version to do it.
        if attributes.iter().any(Option::is_some) || linkage.iter().any(Option::is_some) {
            self.version = exchange.version_to_keep(&self.conditions, &current);
        }
        self.moved = exchange.moved(Some(&self.id), &linkage, transaction).await?;
        Ok(Change::Update { resource, id: self.id.clone(), attributes, linkage })
    }

    fn version(&self) -> Option<&Value> {
        self.version.as_ref()
    }

    async fn changed(&mut self, id: &ResourceId, transaction: &mut dyn Transaction) -> Result<(), Refusal> {
        if let (Some(hooks), Some(previous)) = (self.exchange.hooks(), self.previous.take()) {
            let record = Box::pin(self.exchange.record(id, transaction)).await?;
            (hooks.after_update)(record, previous, self.exchange.write(transaction)).await?;
        }
        match self.moved.is_empty() {
            true => Ok(()),
            false => Box::pin(self.exchange.check_moved(&self.moved, transaction)).await,
        }
    }

    fn read_back(&self, id: &ResourceId) -> Option<Plan> {
        Some(self.exchange.asked(id.clone(), &self.query))
    }

    fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    fn judge(&mut self, answer: &Fetched) -> Result<(), Refusal> {
        self.exchange.check_answer(answer)?;
        self.given.put_away();
        Ok(())
    }
}
