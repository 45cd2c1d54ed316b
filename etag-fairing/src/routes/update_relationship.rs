//! `PATCH`, `POST`, `DELETE /sessions/1/relationships/speakers` (JSON:API §9.2.2).

use rocket::Data;
use rocket::http::{Method, Status};

use super::call::{Answer, Exchange};
use super::conditions::Conditions;
use super::relationship::plan;
use super::row_scopes::Moved;
use super::store_errors::{Refusal, corrupt, internal};
use crate::conditional::Validator;
use crate::document::read::{Lengths, LinkageDocument, must_not_be_empty};
use crate::document::write::View;
use crate::error::{ErrorObject, Errors, Pointer};
use crate::plan::{Change, Fetched, LinkageChange, Plan, Scopes};
use crate::query::{Parameters, Target};
use crate::resource::RelationshipChange;
use crate::schema::registry::encode_segment;
use crate::schema::{Corrupt, ResourceId};
use crate::store::{Decision, StoreError, Transaction};

pub(super) async fn answer<'r>(
    exchange: &Exchange<'r>,
    place: usize,
    data: &mut Option<Data<'_>>,
) -> Answer<'r> {
    exchange.query(Target::Nothing).await?;
    let body = Box::pin(exchange.body(data)).await?;
    let id = exchange.id()?;
    let Some(relationship) = exchange.resource.relationships.get(place) else {
        return Err(internal("a route of a relationship that isn't there"));
    };
    let document = LinkageDocument::parse(&body, Pointer::ROOT, relationship, Lengths::of(exchange.config()));
    let target = plan(exchange, id.clone(), place);
    let mut update = Box::new(UpdateRelationship {
        exchange,
        conditions: exchange.conditions(),
        id,
        place,
        document,
        changing: None,
        moved: Moved::default(),
        scopes: exchange.scopes(),
    });
    let written = exchange.make(Some(&target), &mut *update).await;
    let (_, fetched) = written.map_err(|refusal| match (refusal, &update.document) {
        (Refusal::Store(StoreError::RelatedNotFound { id, .. }), Ok(document)) => {
            let target = relationship.target().type_name;
            let error =
                ErrorObject::related_not_found(format!("there is no resource of type {target} with id {id}"));
            error.pointer(document.pointer_to(&id)).into()
        }
        (refusal, _) => refusal.answer(exchange.resource, None),
    })?;
    let body = exchange.linkage(place, &fetched).map_err(corrupt)?;
    let tag = exchange.etag.map(|_| exchange.digest(&body));
    Ok(exchange.written(Status::Ok, body, tag))
}

struct UpdateRelationship<'e, 'r> {
    exchange: &'e Exchange<'r>,
    conditions: Conditions<'r>,
    id: ResourceId,
    place: usize,
    document: Result<LinkageDocument<'e>, Errors>,
    /// The change that is made, for hooks.
    changing: Option<RelationshipChange>,
    moved: Moved,
    scopes: Scopes,
}

#[rocket::async_trait]
impl Decision for UpdateRelationship<'_, '_> {
    type Refusal = Refusal;

    async fn decide(
        &mut self,
        current: Fetched,
        transaction: &mut dyn Transaction,
    ) -> Result<Change, Refusal> {
        let exchange = self.exchange;
        let resource = exchange.resource;
        if current.rows.is_empty() {
            return Err(Errors::from(ErrorObject::not_found()).into());
        }
        // The target of the request is the linkage, so its preconditions are about the linkage's representation.
        let tag = match self.conditions.need_tag() {
            true => Some(exchange.digest(&exchange.linkage(self.place, &current)?)),
            false => None,
        };
        let name = resource.relationships.get(self.place).map_or("", |relationship| relationship.name);
        let href = exchange.writer().href(resource, &self.id);
        let about = format!("{href}/relationships/{}", encode_segment(name));
        self.conditions.check(tag.as_ref().map_or(Validator::Untagged, Validator::Tag), None, &about)?;
        let document = self.document.as_ref().map_err(Clone::clone)?;
        let given = document.change.clone();
        let mut linkage = vec![None; resource.relationships.len()];
        let (id, attributes) = (self.id.clone(), vec![None; resource.attributes.len()]);
        let of = |linkage| Change::Update { resource, id, attributes, linkage };
        if given == LinkageChange::One(None)
            && let Some(relationship) = resource.relationships.get(self.place)
            && relationship.is_required()
        {
            let looks_empty =
                current.rows.get(0).is_some_and(|row| row.to_one(resource, self.place).is_null());
            return match looks_empty {
                true => Ok(of(linkage)),
                false => Err(Errors::from(must_not_be_empty(relationship, document.pointer())).into()),
            };
        }
        let mut change = match (exchange.request.method(), given) {
            (Method::Post, LinkageChange::Replace(ids)) => LinkageChange::Add(ids),
            (Method::Delete, LinkageChange::Replace(ids)) => LinkageChange::Remove(ids),
            (_, given) => given,
        };
        if let Some(hooks) = exchange.hooks() {
            let record = Box::pin(exchange.record(&self.id, transaction)).await?;
            let asked = RelationshipChange { name, change };
            let revised = (hooks.before_relationship)(record, asked, exchange.write(transaction)).await?;
            change = revised.change;
            self.changing = Some(RelationshipChange { name, change: change.clone() });
        }
        if let Some(slot) = linkage.get_mut(self.place) {
            *slot = Some(change);
        }
        self.moved = exchange.moved(Some(&self.id), &linkage, transaction).await?;
        Ok(of(linkage))
    }

    async fn changed(&mut self, id: &ResourceId, transaction: &mut dyn Transaction) -> Result<(), Refusal> {
        if let (Some(hooks), Some(change)) = (self.exchange.hooks(), self.changing.take()) {
            let record = Box::pin(self.exchange.record(id, transaction)).await?;
            (hooks.after_relationship)(record, change, self.exchange.write(transaction)).await?;
        }
        match self.moved.is_empty() {
            true => Ok(()),
            false => Box::pin(self.exchange.check_moved(&self.moved, transaction)).await,
        }
    }

    fn read_back(&self, id: &ResourceId) -> Option<Plan> {
        Some(plan(self.exchange, id.clone(), self.place))
    }

    fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    fn judge(&mut self, answer: &Fetched) -> Result<(), Refusal> {
        self.exchange.check_answer(answer)
    }
}

impl Exchange<'_> {
    /// The representation at a relationship's own URL without parameters.
    fn linkage(&self, place: usize, fetched: &Fetched) -> Result<Vec<u8>, Corrupt> {
        self.writer().lenient().linkage(self.resource, place, &Parameters::default(), fetched, View::Whole)
    }
}
