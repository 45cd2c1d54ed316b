//! `POST /sessions` (JSON:API §8.1).

use rocket::http::Status;

use super::body::{SentData, receive};
use super::call::{Answer, Call};
use super::conditions::Conditions;
use super::draft::{Draft, revise, whole_record, write_of_hooks};
use super::list::{collection_document, collection_plan};
use super::permission::{ask_for_linkage, ask_writers};
use super::permitted_query::{own_query, permitted_query};
use super::repeatable::Repeatable;
use super::representation::{query_plan, written_document};
use super::row_scopes::{ReparentedResources, check_seen, reparented};
use super::store_errors::{Refusal, corrupt};
use super::subject::Subject;
use super::tags::tag_of_body;
use super::write::{RequestBody, write};
use super::written::WrittenAnswer;
use crate::conditional::Validator;
use crate::document::read::{ResourceObject, Settable};
use crate::error::{ErrorObject, Errors};
use crate::plan::{Change, Fetched, Plan, Scopes};
use crate::query::{Parameters, Query, Target};
use crate::schema::{Description, IdKind, MemberId, ResourceId};
use crate::store::{Decision, Transaction, WriteEvent};

pub(super) async fn create_resource<'r>(
    call: &Call<'r>,
    subject: &Subject<'r>,
    data: SentData<'_, '_>,
) -> Answer<'r> {
    let resource = subject.resource;
    let (parameters, query) = Box::pin(own_query(call, resource)).await?;
    let received = Box::pin(receive(call, data)).await?;
    let body = RequestBody::read(&received, call, subject);
    ask_for_linkage(call, subject, &body).await?;
    let unwritable = ask_writers(call, subject, &body).await?;
    let repeatable = Repeatable::of(call, [subject.behaviour], &received)?;
    // RFC 6585 §3: there is no state that a new resource would overwrite.
    let conditions = subject.conditions(call.request).not_required();
    // RFC 9110 §13: the target of a POST is the collection at this URL, so its preconditions are about that.
    let collection = if conditions.need_tag() {
        Some(Box::pin(permitted_query(call, resource, Target::Many)).await?.1)
    } else {
        None
    };
    let target = collection.as_ref().map(|query| Box::new(collection_plan(call, subject, query)));
    let mut create = Box::new(Create {
        call,
        subject,
        conditions,
        parameters: &parameters,
        query: &query,
        collection,
        body: &body,
        unwritable,
        reparented: ReparentedResources::default(),
        scopes: call.scopes(),
    });
    let answer = |id: &ResourceId, fetched: &Fetched| {
        let (document, tags) = written_document(call, subject, id, &parameters, &query, fetched)
            .map_err(|error| Refusal::Answer(corrupt(error)))?;
        // RFC 9110 §15.3.2: the tag of what `Location` names, which has no parameters.
        let tag = tags.map(|tags| tags.plain);
        let written = WrittenAnswer::written(call, subject, Status::Created, document, tag)
            .with_profile(query.profile());
        // JSON:API §8.1.2.1: the same URL as data.links.self.
        Ok(written.with_field("Location", call.writer().href(resource, id)))
    };
    let written = write(call, repeatable.as_ref(), target.as_deref(), &mut *create, answer).await;
    written.map_err(|refusal| refusal.into_errors(resource, body.object().ok()))
}

/// The id that a client has chosen.
///
/// # Errors
/// 403 if only the server makes ids (JSON:API §8.1.1); 422 if it is none, or one behind which the server could not
/// go on making ids.
fn chosen_id(call: &Call<'_>, resource: &'static Description, sent: &str) -> Result<ResourceId, ErrorObject> {
    let (kind, type_name) = (resource.id.kind, resource.type_name);
    if call.api.unwritable(resource).is_some_and(|unwritable| unwritable.id) {
        let detail = format!("the database alone makes the ids of {type_name}");
        return Err(ErrorObject::client_id_not_allowed(detail));
    }
    if !call.config().client_ids {
        return Err(ErrorObject::client_id_not_allowed("the server makes the ids here"));
    }
    // 0 and the nil UUID stand for an id that is still to be chosen, in a fresh struct.
    let id = kind
        .parse(sent)
        .filter(|id| !id.is_open())
        .ok_or_else(|| ErrorObject::validation_failed(format!("{sent:?} cannot be an id of {type_name}")))?;
    let (IdKind::Integer { max, .. }, ResourceId::Integer(number)) = (kind, &id) else { return Ok(id) };
    let (first, last) = call.store().client_ids(resource).into_inner();
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

/// The id that the members of a new resource make.
///
/// # Errors
/// 422 if they make none, or one that is longer than ids may be; 409 if the document says another one.
fn made_id(
    resource: &'static Description,
    draft: &Draft,
    sent: &ResourceObject<'_>,
) -> Result<ResourceId, Errors> {
    let made = draft.id_of_members(resource);
    let named = made.as_ref().map(ToString::to_string);
    // What no URL could name is no id.
    let (Some(made), Some(named)) = (
        made.filter(|id| {
            named.as_ref().is_some_and(|text| resource.id.kind.parse(text).as_ref() == Some(id))
        }),
        &named,
    ) else {
        let names: Vec<&str> = resource.key().iter().filter_map(|part| part.name(resource)).collect();
        let detail = format!("{} make the id, and these values make none", names.join(" and "));
        let pointer = names.first().map_or_else(|| sent.pointer(), |name| sent.pointer_of(name));
        return Err(ErrorObject::validation_failed(detail).pointer(pointer).into());
    };
    // Its own URL would be 404.
    sent.check_made_id(named).map_err(|error| error.pointer(sent.pointer()))?;
    match &sent.id {
        Some(id) if id != named => {
            let error = ErrorObject::id_mismatch(format!(
                "the members of this resource make the id {named}, not {id}"
            ));
            Err(error.pointer(sent.pointer_to_id()).into())
        }
        _ => Ok(made),
    }
}

pub(super) struct Create<'e, 'r> {
    pub(super) call: &'e Call<'r>,
    pub(super) subject: &'e Subject<'r>,
    pub(super) conditions: Conditions<'r>,
    pub(super) parameters: &'e Parameters,
    pub(super) query: &'e Query,
    /// Set where the collection's tag takes part in the decision.
    pub(super) collection: Option<Query>,
    pub(super) body: &'e RequestBody<'e>,
    /// The attributes of the document that the caller may not write.
    pub(super) unwritable: Vec<MemberId>,
    pub(super) reparented: ReparentedResources,
    pub(super) scopes: Scopes,
}

#[rocket::async_trait]
impl Decision for Create<'_, '_> {
    type Refusal = Refusal;

    fn awaits_only_the_store(&self) -> bool {
        // Reading the collection, or linking very many, may keep others waiting.
        self.subject.behaviour.hooks.is_none() && self.collection.is_none() && !self.body.has_lists
    }

    async fn decide(
        &mut self,
        current: Fetched,
        transaction: &mut dyn Transaction,
    ) -> Result<Change, Refusal> {
        let (call, subject) = (self.call, self.subject);
        let resource = subject.resource;
        let tag = match &self.collection {
            Some(query) => {
                let document = collection_document(call, subject, self.parameters, query, &current)?;
                Some(tag_of_body(call.request, &document))
            }
            None => None,
        };
        let validator = tag.as_ref().map_or(Validator::Untagged, Validator::Tag);
        self.conditions.check(validator, None, call.writer().collection(resource))?;
        let object = self.body.object()?;
        let id = match &object.id {
            // The members make it.
            _ if !resource.key().is_empty() => None,
            Some(id) => {
                let chosen = chosen_id(call, resource, id);
                Some(chosen.map_err(|error| Errors::from(error.pointer(object.pointer_to_id())))?)
            }
            None => resource.id.kind.generate(),
        };
        let (unreadable, unwritable) = (&call.hidden().members, &self.unwritable);
        let settable = Settable { made: call.made_by_database(resource), unreadable, unwritable };
        let (attributes, linkage) = object.create(resource, &settable)?;
        let attributes = attributes.into_iter().map(Some).collect();
        let mut draft = Draft { id, attributes, linkage };
        draft.id = draft.id.take().or_else(|| draft.id_of_members(resource));
        revise(call, subject, &mut draft, None, object, transaction).await?;
        if !resource.key().is_empty() {
            draft.id = Some(made_id(resource, &draft, object)?);
        }
        let Draft { id, attributes, linkage } = draft;
        let attributes = attributes.into_iter().map(Option::unwrap_or_default).collect();
        self.reparented = reparented(call, resource, None, &linkage, transaction).await?;
        Ok(Change::Insert { resource, id, attributes, linkage })
    }

    async fn changed(&mut self, id: &ResourceId, transaction: &mut dyn Transaction) -> Result<(), Refusal> {
        let (call, subject) = (self.call, self.subject);
        if let Some(hooks) = subject.behaviour.hooks {
            let record = Box::pin(whole_record(subject.resource, id, transaction)).await?;
            (hooks.after_create)(record, write_of_hooks(call, subject, transaction)).await?;
        }
        self.reparented.check(call, transaction).await
    }

    fn read_back(&self, id: &ResourceId) -> Option<Plan> {
        Some(query_plan(self.call, self.subject, id.clone(), self.query))
    }

    fn is_final(&self) -> bool {
        // Whoever sees all of what there is sees what is new, too.
        self.subject.behaviour.hooks.is_none() && self.scopes.is_empty()
    }

    fn on_event(&mut self, event: WriteEvent) {
        self.call.count_write_event(event);
    }

    fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    fn judge(&mut self, read_back: &Fetched) -> Result<(), Refusal> {
        check_seen(self.call, self.subject.resource, read_back)?;
        Ok(())
    }
}
