//! The application's own code before and after each operation.

use std::error::Error;
use std::fmt;

use rocket::Request;

use super::JsonApiResource;
use super::guard::Boxed;
use crate::error::{ErrorObject, Errors, Pointer};
use crate::plan::{Change, Fetched, LinkageChange, Plan, Root, Scopes, Selection};
use crate::schema::{Corrupt, Description, Linkage, Mismatch, Operation, Record, ResourceId, Row, Value};
use crate::store::{StoreError, Transaction};

/// The application's code before and after the operations of a resource, which needs `#[jsonapi(hooks)]`.
///
/// The hooks of a write run inside its transaction, after its precondition was found true and its document
/// was found to fit the struct. So they see the same state as the write. A hook that returns an error refuses
/// the write: nothing is changed, neither by the write nor by what hooks did to other rows. Before-hooks run
/// before validation, so that the values they set are validated too. After-hooks see the resource as it was
/// stored. The write and its hooks must end within `write_timeout`; otherwise all is undone and the status
/// is 503. If the store has to undo one of two conflicting writes, it repeats that write and its hooks.
///
/// ```
/// use etag_fairing::document::error::ErrorObject;
/// use etag_fairing::resource::{HookError, Hooks, Write};
/// use etag_fairing::{JsonApiResource, ToOne};
///
/// #[derive(Clone, Debug, JsonApiResource)]
/// #[jsonapi(type = "sessions", hooks)]
/// struct Session {
///     #[jsonapi(id)]
///     id: i64,
///     title: String,
///     #[jsonapi(read_only, default)]
///     slug: String,
/// }
///
/// #[derive(Clone, Debug, JsonApiResource)]
/// #[jsonapi(type = "changes")]
/// struct LogEntry {
///     #[jsonapi(id)]
///     id: i64,
///     what: String,
/// }
///
/// #[rocket::async_trait]
/// impl Hooks for Session {
///     async fn before_create(&mut self, _: &mut Write<'_>) -> Result<(), HookError> {
///         self.slug = self.title.to_lowercase().replace(' ', "-");
///         Ok(())
///     }
///
///     async fn before_update(&mut self, current: &Self, write: &mut Write<'_>) -> Result<(), HookError> {
///         if write.request().headers().get_one("X-Role") != Some("editor") && self.title != current.title {
///             let error = ErrorObject::new(rocket::http::Status::Forbidden, "not_an_editor", "Not an editor");
///             return Err(error.pointer("/data/attributes/title").into());
///         }
///         Ok(())
///     }
///
///     async fn after_delete(&self, write: &mut Write<'_>) -> Result<(), HookError> {
///         // Committed with the deletion, or not at all. The store makes the id.
///         write.insert(&LogEntry { id: 0, what: format!("{} is gone", self.title) }).await?;
///         Ok(())
///     }
/// }
/// ```
///
/// Hooks run only for requests to their own resource. They do not run for rows that another resource's write
/// changes: rows that are deleted along with another, rows that the linkage of an inverse changes, and rows
/// that hooks write.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has `#[jsonapi(hooks)]`, but no hooks",
    label = "no hooks",
    note = "write `#[rocket::async_trait] impl etag_fairing::resource::Hooks for {Self} {{ … }}`"
)]
#[rocket::async_trait]
pub trait Hooks: JsonApiResource {
    /// Before resources of this type are read. `operation` says at which of their URLs. It is
    /// [`Operation::List`] if they are read through `include`, `filter` or `sort` of another resource.
    async fn before_read(request: &Request<'_>, operation: Operation) -> Result<(), HookError> {
        let _ = (request, operation);
        Ok(())
    }

    /// After resources were read at one of their own URLs and before the response is sent, for example to log
    /// the read or to refuse it. The hook cannot change the response, since its entity tag stands for what is
    /// stored. The hook also runs for a response without a body (304, HEAD), but not for a read that was
    /// refused.
    async fn after_read(request: &Request<'_>, operation: Operation) -> Result<(), HookError> {
        let _ = (request, operation);
        Ok(())
    }

    /// Before a resource is created. Changes to `self` are stored too. Its id is 0 if the store will make
    /// one; if the hook sets another id, that is used.
    async fn before_create(&mut self, write: &mut Write<'_>) -> Result<(), HookError> {
        let _ = write;
        Ok(())
    }

    /// After a resource was created.
    async fn after_create(&self, write: &mut Write<'_>) -> Result<(), HookError> {
        let _ = write;
        Ok(())
    }

    /// Before `current` is replaced by `self`. Changes to `self` are stored too, except for the id, which
    /// cannot change.
    async fn before_update(&mut self, current: &Self, write: &mut Write<'_>) -> Result<(), HookError> {
        let _ = (current, write);
        Ok(())
    }

    /// After `previous` was replaced by `self`.
    async fn after_update(&self, previous: &Self, write: &mut Write<'_>) -> Result<(), HookError> {
        let _ = (previous, write);
        Ok(())
    }

    /// Before the resource is deleted.
    async fn before_delete(&self, write: &mut Write<'_>) -> Result<(), HookError> {
        let _ = write;
        Ok(())
    }

    /// After the resource was deleted.
    async fn after_delete(&self, write: &mut Write<'_>) -> Result<(), HookError> {
        let _ = write;
        Ok(())
    }

    /// Before a relationship of the resource is changed at the relationship's own URL. (Relationships in a
    /// document of the resource are part of create and update.)
    async fn before_relationship(
        &self,
        change: &mut RelationshipChange,
        write: &mut Write<'_>,
    ) -> Result<(), HookError> {
        let _ = (change, write);
        Ok(())
    }

    /// After the relationship was changed. `self` is the resource after the change.
    async fn after_relationship(
        &self,
        change: &RelationshipChange,
        write: &mut Write<'_>,
    ) -> Result<(), HookError> {
        let _ = (change, write);
        Ok(())
    }
}

/// A change of one relationship.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RelationshipChange {
    /// The relationship's member name. A hook cannot change it.
    pub name: &'static str,
    /// The type of the resources that the change names. Of a polymorphic relationship a hook can change it, to another
    /// of the types that the relationship leads to.
    pub type_name: &'static str,
    /// How the linkage changes.
    pub change: LinkageChange,
}

/// The write that a hook is part of: its request and its transaction.
///
/// What a hook reads and writes is not limited by the request's scopes. [`Write::scopes`] are the caller's
/// scopes, for a plan or a change that must be limited to what the caller sees.
pub struct Write<'a> {
    request: &'a Request<'a>,
    /// The place in the request's document of the document that this write is made from.
    base: Pointer,
    scopes: Scopes,
    transaction: &'a mut dyn Transaction,
}

/// Why a hook refuses an operation, or could not do its work.
#[derive(Debug)]
#[non_exhaustive]
pub enum HookError {
    /// The errors for the client.
    Refused(Errors),
    /// An error of the store: 503 if it is busy, 409 for a constraint, otherwise 500.
    Store(StoreError),
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(_) => f.write_str("a hook refuses"),
            Self::Store(_) => f.write_str("a hook could not do its work"),
        }
    }
}

impl Error for HookError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(errors) => Some(errors),
            Self::Store(error) => Some(error),
        }
    }
}

impl<'a> Write<'a> {
    pub(crate) fn new(
        request: &'a Request<'a>,
        base: Pointer,
        scopes: Scopes,
        transaction: &'a mut dyn Transaction,
    ) -> Self {
        Self { request, base, scopes, transaction }
    }

    /// Makes the JSON pointers in a hook's errors relative to the request. The hook writes them as if the
    /// request had this one document only.
    fn located<T>(&self, answer: Result<T, HookError>) -> Result<T, HookError> {
        answer.map_err(|error| match error {
            HookError::Refused(errors) => HookError::Refused(errors.located(&self.base)),
            HookError::Store(error) => HookError::Store(error),
        })
    }

    /// The request.
    pub fn request(&self) -> &'a Request<'a> {
        self.request
    }

    /// The caller's scopes: the scopes of all resources that the request has reached, and of those that their
    /// linkage leads to.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// The transaction. What a hook does in it is committed or undone together with the write.
    pub fn transaction(&mut self) -> &mut dyn Transaction {
        self.transaction
    }

    /// Reads one resource, with the linkage that its documents show.
    ///
    /// # Errors
    /// If the store fails, or if another program has stored a value that the struct cannot have.
    pub async fn find<T: JsonApiResource>(&mut self, id: &ResourceId) -> Result<Option<T>, HookError> {
        let selection = Selection::whole(T::description());
        let fetched = self.transaction.fetch(&Plan::new(Root::One(id.clone()), selection)).await?;
        // Not read leniently: if the struct was written back, a null would overwrite the odd value.
        let record = record_with_links(T::description(), &fetched, Row::to_record)?;
        Ok(record.map(|record| T::from_record(&record)).transpose()?)
    }

    /// Creates a resource. The store makes its id if that is 0 or empty.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn insert<T: JsonApiResource>(&mut self, new: &T) -> Result<ResourceId, HookError> {
        let resource = T::description();
        let record = new.to_record()?;
        let id = record.id.filter(|id| !id.is_open());
        let linkage = record.linkage.into_iter().map(change_to).collect();
        let change = Change::Insert { resource, id, attributes: record.attributes, linkage };
        Ok(self.transaction.apply(change, &Scopes::NONE).await?)
    }

    /// Replaces the resource that has the same id. Linkage that was not read is not changed.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn update<T: JsonApiResource>(&mut self, changed: &T) -> Result<(), HookError> {
        let resource = T::description();
        let record = changed.to_record()?;
        let id = record.id.ok_or(StoreError::NotFound)?;
        let attributes = record.attributes.into_iter().map(Some).collect();
        let linkage = record.linkage.into_iter().map(change_to).collect();
        self.transaction.apply(Change::Update { resource, id, attributes, linkage }, &Scopes::NONE).await?;
        Ok(())
    }

    /// Deletes a resource.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn delete<T: JsonApiResource>(&mut self, id: &ResourceId) -> Result<(), HookError> {
        self.transaction
            .apply(Change::Delete { resource: T::description(), id: id.clone() }, &Scopes::NONE)
            .await?;
        Ok(())
    }
}

impl fmt::Debug for Write<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write").field("request", &self.request.uri()).finish_non_exhaustive()
    }
}

/// The first row as a record, with null for each value that its attribute cannot have; `None` if there is no
/// row.
pub(crate) fn record_of(resource: &Description, fetched: &Fetched) -> Result<Option<Record>, Corrupt> {
    record_with_links(resource, fetched, Row::to_lenient_record)
}

fn record_with_links<'f>(
    resource: &Description,
    fetched: &'f Fetched,
    read: impl FnOnce(Row<'f>, &Description) -> Result<Record, Corrupt>,
) -> Result<Option<Record>, Corrupt> {
    fetched.rows.get(0).map(|row| Ok(with_links(read(row, resource)?, fetched, 0))).transpose()
}

/// All rows as records. None is read leniently: if the struct was written back, a null would overwrite the odd value.
pub(crate) fn records_of(resource: &Description, fetched: &Fetched) -> Result<Vec<Record>, Corrupt> {
    let rows = fetched.rows.iter().enumerate();
    rows.map(|(index, row)| Ok(with_links(row.to_record(resource)?, fetched, index))).collect()
}

/// A record with the to-many linkage that was read for its row.
fn with_links(mut record: Record, fetched: &Fetched, row: usize) -> Record {
    for (linkage, links) in record.linkage.iter_mut().zip(&fetched.links) {
        if let (Linkage::Unread, Some(links)) = (&*linkage, links) {
            *linkage = Linkage::Many(links.of(row).to_vec());
        }
    }
    record
}

pub(crate) fn change_to(linkage: Linkage) -> Option<LinkageChange> {
    match linkage {
        Linkage::Unread => None,
        Linkage::One(id) => Some(LinkageChange::One(id)),
        Linkage::Many(ids) => Some(LinkageChange::Replace(ids)),
    }
}

/// The resource after a before-hook has run, and what the hook changed.
#[derive(Debug)]
pub(crate) struct Revised {
    /// The resource as it must be stored.
    pub(crate) record: Record,
    /// The id, if the hook changed it.
    pub(crate) id: Option<ResourceId>,
    /// The values that the hook changed.
    pub(crate) attributes: Vec<Option<Value>>,
    /// The linkage that the hook changed.
    pub(crate) linkage: Vec<Option<LinkageChange>>,
}

impl Revised {
    /// Compares the values as the struct converts them, since the store may hold the same value in another
    /// form.
    pub(crate) fn of(before: Record, after: Record) -> Self {
        let attributes = before.attributes.iter().zip(&after.attributes);
        let linkage = before.linkage.iter().zip(&after.linkage);
        Self {
            id: after.id.clone().filter(|id| before.id.as_ref() != Some(id)),
            attributes: attributes.map(|(before, after)| (before != after).then(|| after.clone())).collect(),
            linkage: linkage
                .map(|(before, after)| if before == after { None } else { change_to(after.clone()) })
                .collect(),
            record: after,
        }
    }
}

type Before = for<'a> fn(Record, Write<'a>) -> Boxed<'a, Result<(), HookError>>;
type Changing = for<'a> fn(Record, Option<Record>, Write<'a>) -> Boxed<'a, Result<Revised, HookError>>;

/// The hooks of a resource as functions over records.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct HookTable {
    pub(crate) before_read: for<'a> fn(&'a Request<'a>, Operation) -> Boxed<'a, Result<(), HookError>>,
    pub(crate) after_read: for<'a> fn(&'a Request<'a>, Operation) -> Boxed<'a, Result<(), HookError>>,
    pub(crate) before_create: Changing,
    pub(crate) after_create: Before,
    pub(crate) before_update: Changing,
    pub(crate) after_update: for<'a> fn(Record, Record, Write<'a>) -> Boxed<'a, Result<(), HookError>>,
    pub(crate) before_delete: Before,
    pub(crate) after_delete: Before,
    pub(crate) before_relationship:
        for<'a> fn(Record, RelationshipChange, Write<'a>) -> Boxed<'a, Result<RelationshipChange, HookError>>,
    pub(crate) after_relationship:
        for<'a> fn(Record, RelationshipChange, Write<'a>) -> Boxed<'a, Result<(), HookError>>,
}

impl HookTable {
    /// The hooks of a struct.
    pub const fn of<T: Hooks>() -> Self {
        Self {
            before_read: |request, operation| Box::pin(T::before_read(request, operation)),
            after_read: |request, operation| Box::pin(T::after_read(request, operation)),
            before_create: |record, _, mut write| {
                Box::pin(async move {
                    let mut new = T::from_record(&record)?;
                    let before = new.to_record()?;
                    let answer = new.before_create(&mut write).await;
                    write.located(answer)?;
                    Ok(Revised::of(before, new.to_record()?))
                })
            },
            after_create: |record, mut write| {
                Box::pin(async move {
                    let answer = T::from_record(&record)?.after_create(&mut write).await;
                    write.located(answer)
                })
            },
            before_update: |record, current, mut write| {
                Box::pin(async move {
                    let mut new = T::from_record(&record)?;
                    let before = new.to_record()?;
                    let current = T::from_record(current.as_ref().unwrap_or(&record))?;
                    let answer = new.before_update(&current, &mut write).await;
                    write.located(answer)?;
                    Ok(Revised::of(before, new.to_record()?))
                })
            },
            after_update: |record, previous, mut write| {
                Box::pin(async move {
                    let previous = T::from_record(&previous)?;
                    let answer = T::from_record(&record)?.after_update(&previous, &mut write).await;
                    write.located(answer)
                })
            },
            before_delete: |record, mut write| {
                Box::pin(async move {
                    let answer = T::from_record(&record)?.before_delete(&mut write).await;
                    write.located(answer)
                })
            },
            after_delete: |record, mut write| {
                Box::pin(async move {
                    let answer = T::from_record(&record)?.after_delete(&mut write).await;
                    write.located(answer)
                })
            },
            before_relationship: |record, mut change, mut write| {
                Box::pin(async move {
                    let answer = T::from_record(&record)?.before_relationship(&mut change, &mut write).await;
                    write.located(answer)?;
                    Ok(change)
                })
            },
            after_relationship: |record, change, mut write| {
                Box::pin(async move {
                    let answer = T::from_record(&record)?.after_relationship(&change, &mut write).await;
                    write.located(answer)
                })
            },
        }
    }
}

impl From<Errors> for HookError {
    fn from(errors: Errors) -> Self {
        Self::Refused(errors)
    }
}

impl From<ErrorObject> for HookError {
    fn from(error: ErrorObject) -> Self {
        Self::Refused(error.into())
    }
}

impl From<StoreError> for HookError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Corrupt> for HookError {
    fn from(corrupt: Corrupt) -> Self {
        Self::Store(corrupt.into())
    }
}

impl From<Mismatch> for HookError {
    fn from(mismatch: Mismatch) -> Self {
        Self::Store(StoreError::Internal(format!("a hook made a value that cannot be stored: it {mismatch}")))
    }
}
