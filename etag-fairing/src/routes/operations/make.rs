//! Makes the operations of a request, in one transaction.

mod at_once;

use std::collections::{BTreeMap, BTreeSet};

use rocket::Response;

use super::super::conditions::Conditions;
use super::super::create::Create;
use super::super::delete::{Delete, deleted_plan};
use super::super::judged_state::JudgedState;
use super::super::relationship::linkage_plan;
use super::super::repeatable::{Repeatable, Responded, respond};
use super::super::representation::{whole_plan, written_document};
use super::super::response::content_type;
use super::super::row_scopes::{ReparentedResources, has_left};
use super::super::store_errors::{Refusal, corrupt, internal};
use super::super::update::Update;
use super::super::update_relationship::{UpdateLinkage, tag_of_linkage};
use super::super::write::change_in;
use super::super::written::WrittenAnswer;
use super::made::{MadeResult, document};
use super::operation::Operation;
use super::profiles::profiles;
use super::refused::{Refused, errors_of};
use crate::conditional::ConditionalHeaders;
use crate::document::read::{Lengths, LinkageDocument, LocalIds, Reading, ResourceName, ResourceObject};
use crate::error::{ErrorObject, Errors};
use crate::negotiate::ATOMIC;
use crate::plan::{Fetched, Plan, Selection};
use crate::query::{Parameters, Query};
use crate::resource::committed::CommittedRecord;
use crate::resource::endpoint::{Endpoint, LinkageUpdate, OwnRelationship};
use crate::routes::call::Call;
use crate::schema::{Description, ResourceId};
use crate::store::{Sharing, StoreError, Transaction, Work, WriteEvent};
use at_once::AtOnce;

/// One attempt to make the operations.
struct Attempt<'a, 'e> {
    call: &'a Call<'e>,
    local_ids: &'a LocalIds,
    as_it_is: &'a AsItIs,
    transaction: &'a mut dyn Transaction,
    /// The resources that it has made: no client knows a tag of them.
    made: Vec<(&'static Description, ResourceId)>,
    /// What the application wants to hear of after the commit.
    heard: Vec<CommittedRecord>,
}

/// The operations of a request, made one after the other, each on what those before it have left; all of them, or none.
struct AllOperations<'a, 'e> {
    call: &'a Call<'e>,
    operations: &'a [Operation<'e>],
    local_ids: &'a LocalIds,
    /// What the application wants to hear of after the commit.
    heard: Vec<CommittedRecord>,
}

#[rocket::async_trait]
impl Work for AllOperations<'_, '_> {
    type Done = Vec<MadeResult>;
    type Refusal = Refused;

    fn sharing(&self) -> Sharing {
        Sharing::Alone
    }

    async fn attempt(&mut self, transaction: &mut dyn Transaction) -> Result<Vec<MadeResult>, Refused> {
        let (call, local_ids) = (self.call, self.local_ids);
        local_ids.clear();
        let as_it_is = &AsItIs::default();
        let (made, heard) = (Vec::new(), Vec::new());
        let mut attempt = Attempt { call, local_ids, as_it_is, transaction, made, heard };
        let results = attempt.make(self.operations).await?;
        self.heard = attempt.heard;
        Ok(results)
    }

    fn on_event(&mut self, event: WriteEvent) {
        self.call.count_write_event(event);
    }
}

/// Makes the operations, and responds with their results.
///
/// # Errors
/// Those of the first operation that is refused.
pub(super) async fn make_all<'e>(
    call: &Call<'e>,
    repeatable: Option<&Repeatable<'_>>,
    operations: &[Operation<'e>],
    local_ids: &LocalIds,
) -> Result<Response<'static>, Errors> {
    let mut all = AllOperations { call, operations, local_ids, heard: Vec::new() };
    let answer = |results: &Vec<MadeResult>| {
        let profiles = profiles(call.request);
        let Some(document) = document(results, profiles) else { return Ok(WrittenAnswer::nothing()) };
        // With the answer, since the same request again gets it as it is, whatever it accepts then.
        let media_type = content_type(Some(ATOMIC), profiles);
        Ok(WrittenAnswer::of_document(document).with_field("Content-Type", media_type))
    };
    match respond(call, repeatable, &mut all, answer).await {
        Ok(Responded { response, is_new }) => {
            // As of a single write, also if it was answered as before.
            if response.status().class().is_success() {
                let types = operations.iter().map(|operation| operation.subject.resource.type_name);
                call.api.state.operation_writes.count(types);
            }
            if is_new {
                call.api.tell(&all.heard).await;
            }
            Ok(response)
        }
        Err(refused) => Err(errors_of(call, operations, refused).await),
    }
}

impl<'a, 'e> Attempt<'a, 'e> {
    async fn make(&mut self, operations: &[Operation<'e>]) -> Result<Vec<MadeResult>, Refused> {
        self.lock_targets(operations).await?;
        let mut results = Results::up_to(self.call.config().max_document.as_u64());
        // Before this one, each operation is made alone.
        let mut alone_until = 0;
        while let Some(operation) = operations.get(results.made.len()) {
            let index = results.made.len();
            if index >= alone_until {
                match Box::pin(self.add_at_once(operations, index)).await? {
                    AtOnce::Made(made) => {
                        for result in made {
                            results.add(self.call, None, result)?;
                        }
                        continue;
                    }
                    AtOnce::Alone(number) => alone_until = index + number,
                }
            }
            let id = self.id_of(operation).map_err(|errors| Refused::at(index, None, errors.into()))?;
            // Boxed: the futures of the decisions are large.
            let made = match operation.subject.endpoint {
                Endpoint::Create => Box::pin(self.create(operation)).await,
                Endpoint::Update => Box::pin(self.update(operation, &id)).await,
                Endpoint::Delete => Box::pin(self.delete(operation, &id)).await,
                Endpoint::UpdateRelationship(own, update) => {
                    Box::pin(self.update_linkage(operation, &id, own, update)).await
                }
                Endpoint::List | Endpoint::Read | Endpoint::Related(_) | Endpoint::Relationship(_) => {
                    Err(internal("an operation that reads").into())
                }
            };
            let made = made.map_err(|refusal| Refused::at(index, id.clone(), refusal))?;
            results.add(self.call, id, made)?;
        }
        Ok(results.made)
    }

    /// Locks all that the operations name, table by table, in the order of the ids: so two requests that change the same
    /// resources in another order don't wait for each other in a circle.
    async fn lock_targets(&mut self, operations: &[Operation<'e>]) -> Result<(), StoreError> {
        let [_, _, ..] = operations else { return Ok(()) };
        let mut targets: BTreeMap<&str, (&'static Description, BTreeSet<ResourceId>)> = BTreeMap::new();
        for operation in operations {
            let resource = operation.subject.resource;
            // What is wrong with an id is told by its operation.
            if let Some(ResourceName::Id(id)) = &operation.name
                && let Ok(id) = operation.subject.read_id(Some(id), self.call.config())
            {
                targets.entry(resource.table).or_insert_with(|| (resource, BTreeSet::new())).1.insert(id);
            }
        }
        for (resource, ids) in targets.into_values() {
            let ids: Vec<ResourceId> = ids.into_iter().collect();
            self.transaction.lock(resource, &ids).await?;
        }
        Ok(())
    }

    /// The id of the resource that an operation names; `None` for one that it makes.
    fn id_of(&self, operation: &Operation<'_>) -> Result<Option<ResourceId>, Errors> {
        let subject = &operation.subject;
        match &operation.name {
            None => Ok(None),
            Some(ResourceName::Id(id)) => subject.read_id(Some(id), self.call.config()).map(Some),
            Some(ResourceName::Lid(lid)) => match self.local_ids.id_of(subject.resource, lid) {
                Some(id) => Ok(Some(id)),
                None => Err(ErrorObject::not_found().into()),
            },
        }
    }

    /// The preconditions of an operation. Of a resource that this request has made nobody has seen a state.
    fn conditions(&self, operation: &Operation<'e>, id: Option<&ResourceId>) -> Conditions<'e> {
        let conditions = conditions_of(self.call, operation);
        let resource = operation.subject.resource;
        let is_made =
            |id: &ResourceId| self.made.iter().any(|(made, known)| made.is(resource) && known == id);
        if id.is_none_or(is_made) { conditions.not_required() } else { conditions }
    }

    async fn create(&mut self, operation: &Operation<'e>) -> Result<MadeResult, Refusal> {
        let mut create = Box::new(self.creation(operation)?);
        let written = change_in(self.call, self.transaction, None, &mut *create, &mut self.heard).await;
        let object = create.body.object()?;
        let (id, fetched) =
            written.map_err(|refusal| refusal.into_errors(operation.subject.resource, Some(object)))?;
        self.created(operation, object, &id, fetched.as_ref())
    }

    /// The decision on a new resource.
    fn creation<'o>(&self, operation: &'o Operation<'e>) -> Result<Create<'o, 'e>, Refusal>
    where
        'a: 'o,
    {
        let Operation { subject, body: Some(body), unwritable, .. } = operation else {
            return Err(internal("an operation without its resource object").into());
        };
        let AsItIs { parameters, query } = self.as_it_is;
        Ok(Create {
            call: self.call,
            subject,
            conditions: self.conditions(operation, None),
            parameters,
            query,
            collection: None,
            body,
            unwritable: unwritable.clone(),
            reparented: ReparentedResources::default(),
            scopes: self.call.scopes(),
        })
    }

    /// The result of an operation that has made a resource, which later ones may name by its local id.
    fn created(
        &mut self,
        operation: &Operation<'e>,
        object: &ResourceObject<'_>,
        id: &ResourceId,
        fetched: Option<&Fetched>,
    ) -> Result<MadeResult, Refusal> {
        let resource = operation.subject.resource;
        if let Some(lid) = &object.lid {
            self.local_ids.assign(resource, lid, id.clone());
        }
        self.made.push((resource, id.clone()));
        self.result(operation, id, fetched)
    }

    async fn update(
        &mut self,
        operation: &Operation<'e>,
        id: &Option<ResourceId>,
    ) -> Result<MadeResult, Refusal> {
        let (Operation { subject, body: Some(body), unwritable, .. }, Some(id)) = (operation, id) else {
            return Err(internal("an operation without its resource object").into());
        };
        let call = self.call;
        let target = whole_plan(call, subject, id.clone());
        let query = Query::default();
        let mut update = Box::new(Update {
            call,
            subject,
            conditions: self.conditions(operation, Some(id)),
            id: id.clone(),
            query: &query,
            body,
            unwritable: unwritable.clone(),
            previous: None,
            unchanged: None,
            version: None,
            reparented: ReparentedResources::default(),
            scopes: call.scopes(),
        });
        let written = change_in(call, self.transaction, Some(&target), &mut *update, &mut self.heard).await;
        let (id, fetched) = written?;
        self.result(operation, &id, fetched.as_ref())
    }

    async fn delete(
        &mut self,
        operation: &Operation<'e>,
        id: &Option<ResourceId>,
    ) -> Result<MadeResult, Refusal> {
        let Some(id) = id else { return Err(internal("a removal of nothing").into()) };
        let (call, subject) = (self.call, &operation.subject);
        let conditions = self.conditions(operation, Some(id));
        let target = deleted_plan(call, subject, id, &conditions);
        let (id, scopes) = (id.clone(), call.scopes());
        let mut delete =
            Box::new(Delete { call, subject, conditions, id, previous: None, version: None, scopes });
        change_in(call, self.transaction, Some(&target), &mut *delete, &mut self.heard).await?;
        Ok(MadeResult::nothing())
    }

    async fn update_linkage(
        &mut self,
        operation: &Operation<'e>,
        id: &Option<ResourceId>,
        own: OwnRelationship,
        update: LinkageUpdate,
    ) -> Result<MadeResult, Refusal> {
        let Some(id) = id else { return Err(internal("a relationship of nothing").into()) };
        let (call, subject) = (self.call, &operation.subject);
        let reading = Reading { lengths: Lengths::of(call.config()), local_ids: Some(self.local_ids) };
        let base = subject.base.clone();
        let document = LinkageDocument::parse(operation.text, base, subject.resource, own.id, reading);
        let judged = JudgedState::of_operation(subject.resource, &own);
        let target = match judged {
            JudgedState::Resource => linkage_in_state(call, operation, id, own),
            JudgedState::Linkage => linkage_plan(call, subject.resource, id.clone(), own),
        };
        let mut decision = Box::new(UpdateLinkage {
            call,
            subject,
            own,
            update,
            conditions: self.conditions(operation, Some(id)),
            id: id.clone(),
            document,
            changing: Vec::new(),
            judged,
            reparented: ReparentedResources::default(),
            scopes: call.scopes(),
        });
        let written = change_in(call, self.transaction, Some(&target), &mut *decision, &mut self.heard).await;
        let (id, fetched) = written.map_err(|refusal| decision.errors_of(refusal))?;
        let Some(fetched) = fetched.filter(|fetched| !has_left(call, subject.resource, fetched)) else {
            return Ok(MadeResult::nothing());
        };
        let tag = match (judged, subject.etag) {
            (JudgedState::Resource, _) => self.tag(operation, &id, &fetched)?,
            (JudgedState::Linkage, Some(config)) => {
                let tag = tag_of_linkage(call, subject.resource, own, &fetched).map_err(corrupt)?;
                Some(config.policy().issue(tag).borrowed().to_field())
            }
            (JudgedState::Linkage, None) => None,
        };
        Ok(MadeResult::tag(tag.as_deref()))
    }

    /// The result of an operation that has written a resource.
    fn result(
        &self,
        operation: &Operation<'e>,
        id: &ResourceId,
        fetched: Option<&Fetched>,
    ) -> Result<MadeResult, Refusal> {
        let (call, resource) = (self.call, operation.subject.resource);
        let Some(fetched) = fetched.filter(|fetched| !has_left(call, resource, fetched)) else {
            return Ok(MadeResult::nothing());
        };
        let etag = self.tag(operation, id, fetched)?;
        let mut object = Vec::new();
        let writer = call.writer().lenient();
        writer.resource_object(resource, fetched, etag, &mut object).map_err(corrupt)?;
        Ok(MadeResult::resource(&object))
    }

    /// The entity tag that a GET of the resource would have now, as it is sent.
    fn tag(
        &self,
        operation: &Operation<'e>,
        id: &ResourceId,
        fetched: &Fetched,
    ) -> Result<Option<String>, Refusal> {
        let subject = &operation.subject;
        let Some(config) = subject.etag else { return Ok(None) };
        let (parameters, query) = (Parameters::default(), Query::default());
        let written = written_document(self.call, subject, id, &parameters, &query, fetched);
        let (_, tags) = written.map_err(corrupt)?;
        Ok(tags.map(|tags| config.policy().issue(tags.plain).borrowed().to_field()))
    }
}

/// What the URL of a resource has no parameters for is told as it is.
#[derive(Default)]
struct AsItIs {
    parameters: Parameters,
    query: Query,
}

/// The results so far.
struct Results {
    made: Vec<MadeResult>,
    size: usize,
    most: usize,
}

impl Results {
    /// None so far, and this many bytes of them at most: each operation on a large resource tells all of it once more.
    fn up_to(most: u64) -> Self {
        Self { made: Vec::new(), size: 0, most: usize::try_from(most).unwrap_or(usize::MAX) }
    }

    /// Adds the next one. `id` is that of the resource that its operation is about.
    fn add(&mut self, call: &Call<'_>, id: Option<ResourceId>, result: MadeResult) -> Result<(), Refused> {
        self.size = self.size.saturating_add(result.size());
        if self.size > self.most {
            return Err(Refused::at(self.made.len(), id, too_much(call).into()));
        }
        self.made.push(result);
        Ok(())
    }
}

/// The errors of operations whose results are too large together.
fn too_much(call: &Call<'_>) -> Errors {
    let most = call.config().max_document;
    let detail = format!(
        "up to here the results make a document of more than {most}, which is as much as one may have here (max_document): \
         send fewer operations at once"
    );
    ErrorObject::limit_exceeded(detail).into()
}

/// The preconditions of an operation.
pub(super) fn conditions_of<'e>(call: &Call<'e>, operation: &Operation<'e>) -> Conditions<'e> {
    let sent = &operation.conditions;
    let fields = [("If-Match", &sent.if_match), ("If-Unmodified-Since", &sent.if_unmodified_since)];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?.as_bytes())));
    let fields = ConditionalHeaders::from_fields(fields).into_owned();
    let subject = &operation.subject;
    Conditions::with_fields(fields, call.request, subject.resource, subject.etag)
}

/// What to read for a change of linkage: the resource, whose state is judged, with this linkage.
fn linkage_in_state(
    call: &Call<'_>,
    operation: &Operation<'_>,
    id: &ResourceId,
    own: OwnRelationship,
) -> Plan {
    let plan = whole_plan(call, &operation.subject, id.clone());
    let selection: Selection = plan.selection.with_linkage(own.id);
    Plan { selection, ..plan }
}
