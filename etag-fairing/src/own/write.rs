//! [`WriteTransaction`]: what the closure of [`JsonApi::write`] is given.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;

use super::error::ApiError;
use super::find::{Find, Source};
use super::{api_error, id_of, plan_of};
use crate::api::JsonApi;
use crate::api::listeners::Deferred;
use crate::error::{ErrorObject, Errors, MOST_ERRORS};
use crate::plan::{Change, LinkageChange, Root, Scopes, Selection};
use crate::resource::JsonApiResource;
use crate::resource::committed::CommittedRecord;
use crate::resource::hooks::{Revised, change_to, record_of, records_of};
use crate::schema::member_path::typed_names;
use crate::schema::{Description, Record, ResourceId};
use crate::store::{StoreError, Transaction};

/// A transaction of the application's own code, which [`JsonApi::write`] opens and commits.
///
/// Each change sees those before it. All of them become visible to others at once, with the commit.
pub struct WriteTransaction {
    pub(super) api: JsonApi,
    pub(super) transaction: Box<dyn Transaction>,
    /// What was read, as the structs have it: an update writes only what differs from it.
    seen: HashMap<(TypeId, ResourceId), Record>,
    /// The changes that somebody wants to hear of after the commit, each resource once, with its id.
    pub(super) changes: Vec<(ResourceId, CommittedRecord)>,
    /// What is put off until after the commit.
    pub(super) deferred: Vec<Deferred>,
}

impl fmt::Debug for WriteTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteTransaction").finish_non_exhaustive()
    }
}

impl WriteTransaction {
    pub(super) fn new(api: JsonApi, transaction: Box<dyn Transaction>) -> Self {
        Self { api, transaction, seen: HashMap::new(), changes: Vec::new(), deferred: Vec::new() }
    }

    /// Reads one resource, with the linkage that its documents show, and locks it: nobody else changes it until the
    /// transaction ends.
    ///
    /// # Errors
    /// [`ApiError::is_not_found`] if there is no such resource; otherwise as [`JsonApi::read`].
    pub async fn read<T: JsonApiResource>(&mut self, id: impl Into<ResourceId>) -> Result<T, ApiError> {
        self.read_optional(id).await?.ok_or_else(|| not_found::<T>())
    }

    /// As [`read`](Self::read); `None` if there is no such resource.
    ///
    /// # Errors
    /// As [`JsonApi::read`].
    pub async fn read_optional<T: JsonApiResource>(
        &mut self,
        id: impl Into<ResourceId>,
    ) -> Result<Option<T>, ApiError> {
        let resource = T::description();
        self.api.check_is_here(resource)?;
        let Some(id) = id_of(resource, id.into()) else { return Ok(None) };
        let plan = plan_of(Root::One(id), Selection::whole(resource));
        let fetched = self.transaction.fetch(&plan).await.map_err(ApiError::about(resource))?;
        let records = records_of(resource, &fetched).map_err(api_error(resource))?;
        self.remember::<T>(&records);
        records.first().map(T::from_record).transpose().map_err(api_error(resource))
    }

    /// Finds resources by their members. [`Find::all`] and [`Find::first`] lock what they find.
    ///
    /// Only the rows that are found are locked. Another transaction may make one more that meets the condition, or change
    /// one so that it does. On SQLite, where one writes at a time, it comes later.
    pub fn find<T: JsonApiResource>(&mut self) -> Find<'_, T> {
        Find::new(Source::Transaction(self))
    }

    /// Creates a resource and returns its id. The store makes the id if that of the struct is 0, empty or nil.
    ///
    /// # Errors
    /// As the routes have them: 409 for an id or a unique value that is taken, 404 for a related resource that is not
    /// there, 422 for a value that the database refuses.
    pub async fn insert<T: JsonApiResource>(&mut self, new: &T) -> Result<ResourceId, ApiError> {
        let resource = T::description();
        let record = new.to_record()?;
        let id = record.id.filter(|id| !id.is_open());
        let linkage = record.linkage.into_iter().map(change_to).collect();
        self.apply(Change::Insert { resource, id, attributes: record.attributes, linkage }).await
    }

    /// Stores a struct that was read in this transaction and then changed. Only the members that differ from what was
    /// read are written; if none does, nothing is.
    ///
    /// A version and a date of the last change are the store's: they rise as with a route, whatever the struct has.
    ///
    /// # Errors
    /// [`ApiError::Mistake`] if the resource was not read in this transaction: it may have changed since, and what others
    /// have written would be lost. [`overwrite`](Self::overwrite) does that on purpose. Otherwise as
    /// [`insert`](Self::insert).
    pub async fn update<T: JsonApiResource>(&mut self, changed: &T) -> Result<(), ApiError> {
        let resource = T::description();
        let record = changed.to_record()?;
        let id = record.id.clone().ok_or_else(|| not_found::<T>())?;
        let key = (TypeId::of::<T>(), id.clone());
        let Some(before) = self.seen.get(&key) else {
            return Err(ApiError::mistake(format_args!(
                "the resource {id} of type {} is updated, but this transaction has not read it: read it with `tx.read` or \
                 `tx.find`, change that, and update; or write all of it with `tx.overwrite`",
                resource.type_name
            )));
        };
        let Revised { mut attributes, linkage, record, .. } = Revised::of(before.clone(), record);
        for (kept, _) in resource.kept() {
            if let Some(value) = kept.of_mut(&mut attributes) {
                *value = None;
            }
        }
        if attributes.iter().any(Option::is_some) || linkage.iter().any(Option::is_some) {
            self.apply(Change::Update { resource, id, attributes, linkage }).await?;
            self.seen.insert(key, record);
        }
        Ok(())
    }

    /// Stores all of a struct, whatever the resource with its id is now: what others have written to it is lost. Linkage
    /// that the struct doesn't have stays.
    ///
    /// It is for data whose source is elsewhere, as in an import. To change what is there, use [`read`](Self::read) and
    /// [`update`](Self::update).
    ///
    /// # Errors
    /// [`ApiError::is_not_found`] if there is no such resource; otherwise as [`insert`](Self::insert).
    pub async fn overwrite<T: JsonApiResource>(&mut self, whole: &T) -> Result<(), ApiError> {
        let resource = T::description();
        let record = whole.to_record()?;
        let id = record.id.clone().ok_or_else(|| not_found::<T>())?;
        let mut attributes: Vec<_> = record.attributes.iter().cloned().map(Some).collect();
        for (kept, _) in resource.kept() {
            if let Some(value) = kept.of_mut(&mut attributes) {
                *value = None;
            }
        }
        let linkage = record.linkage.iter().cloned().map(change_to).collect();
        self.apply(Change::Update { resource, id: id.clone(), attributes, linkage }).await?;
        self.seen.insert((TypeId::of::<T>(), id), record);
        Ok(())
    }

    /// Deletes a resource, with what `on_delete` says of others. One with `soft_delete` is marked as deleted.
    ///
    /// # Errors
    /// [`ApiError::is_not_found`] if there is no such resource; 409 if others refer to it and may not be left alone.
    pub async fn delete<T: JsonApiResource>(&mut self, id: impl Into<ResourceId>) -> Result<(), ApiError> {
        let resource = T::description();
        let id = id_of(resource, id.into()).ok_or_else(|| not_found::<T>())?;
        self.apply(Change::Delete { resource, id: id.clone() }).await?;
        self.seen.remove(&(TypeId::of::<T>(), id));
        Ok(())
    }

    /// Adds resources to a to-many relationship. Those that are in it already stay.
    ///
    /// # Errors
    /// [`ApiError::Mistake`] if `T` has no such to-many relationship; 404 if one of the resources is not there.
    pub async fn link<T: JsonApiResource>(
        &mut self,
        id: impl Into<ResourceId>,
        relationship: &str,
        related: impl IntoIterator<Item: Into<ResourceId>>,
    ) -> Result<(), ApiError> {
        self.change_linkage::<T>(id.into(), relationship, related, LinkageChange::Add).await
    }

    /// Removes resources from a to-many relationship. Those that are not in it don't matter.
    ///
    /// # Errors
    /// As [`link`](Self::link).
    pub async fn unlink<T: JsonApiResource>(
        &mut self,
        id: impl Into<ResourceId>,
        relationship: &str,
        related: impl IntoIterator<Item: Into<ResourceId>>,
    ) -> Result<(), ApiError> {
        self.change_linkage::<T>(id.into(), relationship, related, LinkageChange::Remove).await
    }

    /// Makes a to-many relationship lead to exactly these resources.
    ///
    /// A to-one relationship is a field of the struct: [`update`](Self::update) changes it.
    ///
    /// # Errors
    /// As [`link`](Self::link).
    pub async fn relink<T: JsonApiResource>(
        &mut self,
        id: impl Into<ResourceId>,
        relationship: &str,
        related: impl IntoIterator<Item: Into<ResourceId>>,
    ) -> Result<(), ApiError> {
        self.change_linkage::<T>(id.into(), relationship, related, LinkageChange::Replace).await
    }

    async fn change_linkage<T: JsonApiResource>(
        &mut self,
        id: ResourceId,
        name: &str,
        related: impl IntoIterator<Item: Into<ResourceId>>,
        change: impl FnOnce(Vec<ResourceId>) -> LinkageChange,
    ) -> Result<(), ApiError> {
        let resource = T::description();
        let id = id_of(resource, id).ok_or_else(|| not_found::<T>())?;
        // Of several types, the one that it is about stands behind the name, as in a path: `taggable.photos`.
        let (first, type_name) = name.split_once('.').map_or((name, None), |(first, of)| (first, Some(of)));
        let known = resource.relationship(first).filter(|(_, relationship)| relationship.is_to_many());
        let known = match (known, type_name) {
            (Some((id, relationship)), None) if relationship.is_polymorphic() => {
                return Err(ApiError::mistake(format_args!(
                    "{name:?} of {} leads to several types: name one of them, as in {}",
                    resource.type_name,
                    typed_names(resource, id)
                )));
            }
            (Some((id, relationship)), Some(of)) if relationship.is_polymorphic() => resource.arm(id, of),
            (known, None) => known,
            (_, Some(_)) => None,
        };
        let Some((relationship_id, relationship)) = known else {
            return Err(ApiError::mistake(format_args!(
                "{} has no to-many relationship {name:?}",
                resource.type_name
            )));
        };
        let target = relationship.target();
        let mut ids = Vec::new();
        for related in related {
            let related = related.into();
            let error = StoreError::RelatedNotFound { relationship: relationship_id, id: related.clone() };
            ids.push(id_of(target, related).ok_or_else(|| ApiError::about(resource)(error))?);
        }
        let change = change(ids);
        let may_only_reorder = relationship.order.is_some() && matches!(change, LinkageChange::Replace(_));
        if relationship.is_kept_in_ids() && !may_only_reorder {
            return Err(ApiError::mistake(format_args!(
                "{name:?} of {} is part of the ids of {}, which never change: insert and delete those instead",
                resource.type_name, target.type_name
            )));
        }
        let mut linkage = vec![None; resource.relationships.len()];
        if let Some(slot) = relationship_id.of_mut(&mut linkage) {
            *slot = Some(change);
        }
        let attributes = vec![None; resource.attributes.len()];
        self.apply(Change::Update { resource, id: id.clone(), attributes, linkage }).await?;
        // What it leads to now was not read.
        if let Some(record) = self.seen.get_mut(&(TypeId::of::<T>(), id))
            && let Some(linkage) = relationship_id.of_mut(&mut record.linkage)
        {
            *linkage = crate::schema::Linkage::Unread;
        }
        Ok(())
    }

    /// Judges a struct by its rules (`#[jsonapi(validate)]`), as the generated routes do before they store it. A resource
    /// without rules passes.
    ///
    /// # Errors
    /// 422 with each broken rule. What a rule is about is named in the error's detail, since nobody knows where the request
    /// has it.
    pub fn validate<T: JsonApiResource>(&self, value: &T) -> Result<(), ApiError> {
        let Some(validation) = T::behaviour().validation else { return Ok(()) };
        let broken = (validation.broken)(&value.to_record()?).map_err(api_error(T::description()))?;
        let errors = broken.into_iter().take(MOST_ERRORS).map(|rule| {
            let member = |name: &String| {
                let known = validation.members.iter().find(|(field, _)| field == name);
                known.map_or(name.as_str(), |(_, member)| member).to_owned()
            };
            let names: Vec<String> = rule.path.iter().map(member).collect();
            let place = if names.is_empty() { String::new() } else { names.join(".") + ": " };
            ErrorObject::validation_failed(place + &rule.message)
        });
        Errors::from_vec(errors.collect()).map_or(Ok(()), |errors| Err(errors.into()))
    }

    /// Runs a future after the commit, and drops it if there is none: for mail, messages, what another service should be
    /// told. Of a closure that runs more than once only what its last run has said counts.
    ///
    /// Several run one after the other, in order, before [`JsonApi::write`] returns. One that panics, or takes longer than
    /// `write_timeout`, is logged and changes nothing: the commit stands. A process that ends in between doesn't make up
    /// for it.
    pub fn after_commit(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.deferred.push(Box::pin(work));
    }

    async fn apply(&mut self, change: Change) -> Result<ResourceId, ApiError> {
        let resource = change.resource();
        self.api.check_is_here(resource)?;
        if self.api.is_listened_to(resource) {
            return Box::pin(self.apply_and_keep(change)).await;
        }
        self.transaction.apply(change, &Scopes::NONE).await.map_err(ApiError::about(resource))
    }

    /// Makes a change that somebody wants to hear of after the commit.
    async fn apply_and_keep(&mut self, change: Change) -> Result<ResourceId, ApiError> {
        let resource = change.resource();
        let (own_id, is_deletion) = match &change {
            Change::Insert { .. } => (None, false),
            Change::Update { id, .. } => (Some(id.clone()), false),
            Change::Delete { id, .. } => (Some(id.clone()), true),
        };
        let before = match &own_id {
            Some(id) => self.whole_record(resource, id).await?,
            None => None,
        };
        let applied = self.transaction.apply(change, &Scopes::NONE).await;
        let id = applied.map_err(ApiError::about(resource))?;
        let after = if is_deletion { None } else { self.whole_record(resource, &id).await? };
        let known = self.changes.iter_mut().find(|(known, it)| *known == id && it.resource.is(resource));
        match known {
            Some((_, known)) => known.after = after,
            None => self.changes.push((id.clone(), CommittedRecord { resource, before, after })),
        }
        Ok(id)
    }

    async fn whole_record(
        &mut self,
        resource: &'static Description,
        id: &ResourceId,
    ) -> Result<Option<Record>, ApiError> {
        let plan = plan_of(Root::One(id.clone()), Selection::whole(resource));
        let fetched = self.transaction.fetch(&plan).await.map_err(ApiError::about(resource))?;
        record_of(resource, &fetched).map_err(api_error(resource))
    }

    /// Remembers what was read, as the struct has it.
    pub(super) fn remember<T: JsonApiResource>(&mut self, records: &[Record]) {
        for record in records {
            // The store may hold a value in another form than the struct writes it in.
            let own_form = T::from_record(record).ok().and_then(|read| read.to_record().ok());
            if let (Some(id), Some(record)) = (record.id.clone(), own_form) {
                self.seen.insert((TypeId::of::<T>(), id), record);
            }
        }
    }
}

/// The id of a struct.
pub(super) fn id_in<T: JsonApiResource>(resource: &T) -> Result<ResourceId, ApiError> {
    resource.to_record()?.id.ok_or_else(|| not_found::<T>())
}

fn not_found<T: JsonApiResource>() -> ApiError {
    let resource: &'static Description = T::description();
    ApiError::about(resource)(StoreError::NotFound)
}
