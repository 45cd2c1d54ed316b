//! `PATCH /sessions/1` (JSON:API §8.2).

use rocket::http::Status;

use super::body::{SentData, receive};
use super::call::{Answer, Call};
use super::conditions::Conditions;
use super::draft::{Draft, previous_record, revise, whole_record, write_of_hooks};
use super::permission::{ask_for_linkage, ask_writers};
use super::permitted_query::own_query;
use super::repeatable::Repeatable;
use super::representation::{query_plan, whole_plan, written_document};
use super::row_scopes::{ReparentedResources, check_still_seen, has_left, reparented};
use super::state::{check_state, refused_write, version_to_keep};
use super::store_errors::{Refusal, corrupt};
use super::subject::Subject;
use super::write::{RequestBody, write};
use super::written::WrittenAnswer;
use crate::document::read::{Current, Settable};
use crate::error::{ErrorObject, Errors};
use crate::plan::{Change, Fetched, Links, Plan, Scopes, Selection};
use crate::query::Query;
use crate::schema::{MemberId, Record, RelationshipId, ResourceId, Value};
use crate::store::{Decision, Transaction, WriteEvent};

pub(super) async fn update_resource<'r>(
    call: &Call<'r>,
    subject: &Subject<'r>,
    data: SentData<'_, '_>,
) -> Answer<'r> {
    let (parameters, query) = Box::pin(own_query(call, subject.resource)).await?;
    let received = Box::pin(receive(call, data)).await?;
    let id = subject.id(call.config())?;
    let body = RequestBody::read(&received, call, subject);
    ask_for_linkage(call, subject, &body).await?;
    let unwritable = ask_writers(call, subject, &body).await?;
    let repeatable = Repeatable::of(call, [subject.behaviour], &received)?;
    let target = whole_plan(call, subject, id.clone());
    let mut update = Box::new(Update {
        call,
        subject,
        conditions: subject.conditions(call.request),
        id,
        query: &query,
        body: &body,
        unwritable,
        previous: None,
        unchanged: None,
        version: None,
        reparented: ReparentedResources::default(),
        scopes: call.scopes(),
    });
    let answer = |id: &ResourceId, fetched: &Fetched| {
        if has_left(call, subject.resource, fetched) {
            return Ok(WrittenAnswer::nothing());
        }
        // The exact bytes of a GET on this URL, so their tag is the one that the next GET will have.
        let (document, tags) = written_document(call, subject, id, &parameters, &query, fetched)
            .map_err(|error| Refusal::Answer(corrupt(error)))?;
        let written = WrittenAnswer::written(call, subject, Status::Ok, document, tags.map(|tags| tags.own));
        Ok(written.with_profile(query.profile()))
    };
    match write(call, repeatable.as_ref(), Some(&target), &mut *update, answer).await {
        Ok(response) => Ok(response),
        Err(refusal) => {
            let Update { conditions, id, .. } = &mut *update;
            let sent = body.object().ok();
            Err(Box::pin(refused_write(call, subject, refusal, conditions, id, sent)).await)
        }
    }
}

/// The linkage of the representation, and that of these relationships, which are no part of it.
async fn linkage_beside(
    call: &Call<'_>,
    subject: &Subject<'_>,
    id: &ResourceId,
    beside: &[RelationshipId],
    transaction: &mut dyn Transaction,
) -> Result<Vec<Option<Links>>, Refusal> {
    let mut plan = whole_plan(call, subject, id.clone());
    plan.selection.attributes.fill(false);
    plan.selection = beside.iter().copied().fold(plan.selection, Selection::with_linkage);
    Ok(transaction.fetch(&plan).await?.links)
}

pub(super) struct Update<'e, 'r> {
    pub(super) call: &'e Call<'r>,
    pub(super) subject: &'e Subject<'r>,
    pub(super) conditions: Conditions<'r>,
    pub(super) id: ResourceId,
    pub(super) query: &'e Query,
    pub(super) body: &'e RequestBody<'e>,
    /// The attributes of the document that the caller may not write.
    pub(super) unwritable: Vec<MemberId>,
    /// The resource before the change.
    pub(super) previous: Option<Record>,
    /// The same, as it was read, where nothing of it changes and this is what the answer shows.
    pub(super) unchanged: Option<Fetched>,
    /// The version that is changed, and no other.
    pub(super) version: Option<Value>,
    pub(super) reparented: ReparentedResources,
    pub(super) scopes: Scopes,
}

impl Update<'_, '_> {
    /// The state by which was decided, if the answer shows all of it and no more.
    fn shown_by_answer(&self, state: Fetched) -> Option<Fetched> {
        let answer = query_plan(self.call, self.subject, self.id.clone(), self.query);
        let is_same = answer.selection.reads_just(&Selection::whole(self.subject.resource));
        (is_same && state.has_room_in(&answer)).then_some(state)
    }
}

#[rocket::async_trait]
impl Decision for Update<'_, '_> {
    type Refusal = Refusal;

    fn awaits_only_the_store(&self) -> bool {
        self.subject.behaviour.hooks.is_none() && !self.body.has_lists
    }

    async fn decide(
        &mut self,
        current: Fetched,
        transaction: &mut dyn Transaction,
    ) -> Result<Change, Refusal> {
        let (call, subject) = (self.call, self.subject);
        let resource = subject.resource;
        let row = current.rows.get(0).ok_or_else(|| Errors::from(ErrorObject::not_found()))?;
        let state = check_state(call, subject, &self.conditions, &self.id, &current)?;
        let in_part = state.map(|state| self.conditions.seen_in_part(&state)).unwrap_or_default();
        // Only now the body (RFC 9110 §13.2.1): a wrong body with a stale tag is 412.
        let object = self.body.object()?;
        match &object.id {
            Some(id) if *id == self.id.to_string() => {}
            // In another spelling of a UUID.
            Some(id) if resource.id.kind.parse(id).as_ref() == Some(&self.id) => {}
            Some(id) => {
                let error = ErrorObject::id_mismatch(format!("this URL is that of {}, not of {id}", self.id));
                return Err(Errors::from(error.pointer(object.pointer_to_id())).into());
            }
            // The operation that it is part of names the resource.
            None if object.lid.is_some() => {}
            None => {
                let error = ErrorObject::missing_id("a resource object in a PATCH needs its id");
                return Err(Errors::from(error.pointer(object.pointer())).into());
            }
        }
        let beside = object.linkage_beside(resource);
        let read = if beside.is_empty() {
            None
        } else {
            Some(Box::pin(linkage_beside(call, subject, &self.id, &beside, transaction)).await?)
        };
        let links = read.as_ref().unwrap_or(&current.links);
        let (unreadable, unwritable) = (&call.hidden().members, &self.unwritable);
        let settable = Settable { made: call.made_by_database(resource), unreadable, unwritable };
        let members = object.update(resource, Current { row, links, in_part: &in_part }, &settable)?;
        let mut draft = Draft { id: None, attributes: members.attributes, linkage: members.linkage };
        self.previous = previous_record(call, subject, &self.id, &current, transaction).await?;
        revise(call, subject, &mut draft, self.previous.as_ref(), object, transaction).await?;
        let Draft { attributes, linkage, .. } = draft;
        self.reparented = reparented(call, resource, Some(&self.id), &linkage, transaction).await?;
        let change = Change::Update { resource, id: self.id.clone(), attributes, linkage };
        // What names nothing changes nothing, and needs no version to do it.
        let names_nothing = change.names_nothing();
        self.version =
            if names_nothing { None } else { version_to_keep(subject, &self.conditions, &current) };
        self.unchanged = if names_nothing && self.is_final() { self.shown_by_answer(current) } else { None };
        Ok(change)
    }

    fn version(&self) -> Option<&Value> {
        self.version.as_ref()
    }

    async fn changed(&mut self, id: &ResourceId, transaction: &mut dyn Transaction) -> Result<(), Refusal> {
        let (call, subject) = (self.call, self.subject);
        if let (Some(hooks), Some(previous)) = (subject.behaviour.hooks, self.previous.take()) {
            let record = Box::pin(whole_record(subject.resource, id, transaction)).await?;
            (hooks.after_update)(record, previous, write_of_hooks(call, subject, transaction)).await?;
        }
        self.reparented.check(call, transaction).await
    }

    fn read_back(&self, id: &ResourceId) -> Option<Plan> {
        Some(query_plan(self.call, self.subject, id.clone(), self.query))
    }

    fn on_event(&mut self, event: WriteEvent) {
        self.call.count_write_event(event);
    }

    fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    fn unchanged(&mut self) -> Option<Fetched> {
        self.unchanged.take()
    }

    fn is_final(&self) -> bool {
        // Whoever sees all of what there is sees what is left, too.
        self.subject.behaviour.hooks.is_none() && self.scopes.is_empty()
    }

    fn judge(&mut self, read_back: &Fetched) -> Result<(), Refusal> {
        check_still_seen(self.call, self.subject.resource, read_back)?;
        Ok(())
    }
}
