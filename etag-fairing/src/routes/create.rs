//! `POST /sessions` (JSON:API §9.1).

use rocket::Data;
use rocket::http::{Header, Status};

use super::call::{Answer, Exchange};
use super::conditions::Conditions;
use super::draft::Proposal;
use super::list;
use super::row_scopes::Moved;
use super::store_errors::{Refusal, corrupt};
use super::write::Given;
use crate::conditional::Validator;
use crate::error::{ErrorObject, Errors};
use crate::plan::{Change, Fetched, Plan, Scopes};
use crate::query::{Parameters, Query, Target};
use crate::schema::{IdKind, ResourceId};
use crate::store::{Decision, Transaction};

pub(super) async fn answer<'r>(exchange: &Exchange<'r>, data: &mut Option<Data<'_>>) -> Answer<'r> {
    let (parameters, query) = Box::pin(exchange.query(Target::Single)).await?;
    let body = Box::pin(exchange.body(data)).await?;
    let given = Given::read(&body, exchange);
    exchange.ask_for_links(&given).await?;
    // RFC 6585 §3: there is no state that a new resource would overwrite.
    let conditions = exchange.conditions().not_required();
    // RFC 9110 §13: the target of a POST is the collection at this URL, so its preconditions are about that.
    let collection = match conditions.need_tag() {
        true => Some(Box::pin(exchange.query(Target::Many)).await?.1),
        false => None,
    };
    let target = collection.as_ref().map(|query| Box::new(list::plan(exchange, query)));
    let mut create = Box::new(Create {
        exchange,
        conditions,
        parameters,
        query,
        collection,
        given,
        moved: Moved::default(),
        scopes: exchange.scopes(),
    });
    let written = exchange.make(target.as_deref(), &mut *create).await;
    let (id, fetched) =
        written.map_err(|refusal| refusal.answer(exchange.resource, create.given.object().ok()))?;
    let (body, tags) =
        exchange.written_document(&id, &create.parameters, &create.query, &fetched).map_err(corrupt)?;
    // RFC 9110 §15.3.2: the tag of what `Location` names, which has no parameters.
    let mut response = exchange.written(Status::Created, body, tags.map(|tags| tags.plain));
    // JSON:API §9.1.3.1: the same URL as data.links.self.
    response.set_header(Header::new("Location", exchange.writer().href(exchange.resource, &id)));
    Ok(response)
}

impl Exchange<'_> {
    /// The id that a client has chosen.
    ///
    /// # Errors
    /// 403 if only the server makes ids (JSON:API §9.1.2); 422 if it is none, or one behind which the server could not
    /// go on making ids.
    fn chosen_id(&self, sent: &str) -> Result<ResourceId, ErrorObject> {
        if self.api.unwritable(self.resource).is_some_and(|unwritable| unwritable.id) {
            let type_name = self.resource.type_name;
            let detail = format!("the database alone makes the ids of {type_name}");
            return Err(ErrorObject::client_id_not_allowed(detail));
        }
        if !self.config().client_ids {
            return Err(ErrorObject::client_id_not_allowed("the server makes the ids here"));
        }
        let kind = self.resource.id.kind;
        let id = kind
            .parse(sent)
            // 0 and the nil UUID stand for an id that is still to be chosen, in a fresh struct.
            .filter(|id| !id.is_open())
            .ok_or_else(|| {
                let type_name = self.resource.type_name;
                ErrorObject::validation_failed(format!("{sent:?} cannot be an id of {type_name}"))
            })?;
        let (IdKind::Integer { max, .. }, ResourceId::Integer(number)) = (kind, &id) else { return Ok(id) };
        let (first, last) = self.store().client_ids(self.resource).into_inner();
        // The field may hold less than the store does.
        let last = last.min(max / 2);
        if (first..=last).contains(number) {
            return Ok(id);
        }
        Err(ErrorObject::validation_failed(format!(
            "behind the id {sent} the server could not go on making ids of its own: choose one from {} to {last}",
            first.max(kind.least())
        )))
    }
}

struct Create<'e, 'r> {
    exchange: &'e Exchange<'r>,
    conditions: Conditions<'r>,
    parameters: Parameters,
    query: Query,
    /// Set where the collection's tag takes part in the decision.
    collection: Option<Query>,
    given: Given<'e>,
    moved: Moved,
    scopes: Scopes,
}

#[rocket::async_trait]
impl Decision for Create<'_, '_> {
    type Refusal = Refusal;

    fn awaits_only_the_store(&self) -> bool {
        // Reading the collection, or linking very many, may keep others waiting.
        self.exchange.hooks().is_none() && self.collection.is_none() && !self.given.has_lists
    }

    async fn decide(
        &mut self,
        current: Fetched,
        transaction: &mut dyn Transaction,
    ) -> Result<Change, Refusal> {
        let exchange = self.exchange;
        let about = exchange.writer().collection(exchange.resource);
        let tag = match &self.collection {
            Some(query) => {
                Some(exchange.digest(&list::document(exchange, &self.parameters, query, &current)?))
            }
            None => None,
        };
        self.conditions.check(tag.as_ref().map_or(Validator::Untagged, Validator::Tag), None, about)?;
        let object = self.given.object()?;
        let id = match &object.id {
            Some(id) => {
                let chosen = exchange.chosen_id(id);
                Some(chosen.map_err(|error| Errors::from(error.pointer(object.pointer_to_id())))?)
            }
            None => exchange.resource.id.kind.generate(),
        };
        let (attributes, linkage) = object.create(exchange.resource, exchange.made_by_database())?;
        let attributes = attributes.into_iter().map(Some).collect();
        let mut proposal = Proposal { id, attributes, linkage };
        exchange.revise(&mut proposal, None, object, transaction).await?;
        let Proposal { id, attributes, linkage } = proposal;
        let attributes = attributes.into_iter().map(Option::unwrap_or_default).collect();
        self.moved = exchange.moved(None, &linkage, transaction).await?;
        Ok(Change::Insert { resource: exchange.resource, id, attributes, linkage })
    }

    async fn changed(&mut self, id: &ResourceId, transaction: &mut dyn Transaction) -> Result<(), Refusal> {
        if let Some(hooks) = self.exchange.hooks() {
            let record = Box::pin(self.exchange.record(id, transaction)).await?;
            (hooks.after_create)(record, self.exchange.write(transaction)).await?;
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
