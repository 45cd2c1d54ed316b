//! Stores: where resources are stored. Implement `Store` for a data layer of your own.
//!
//! A store does two things. It answers a [`Plan`] from one snapshot, and it opens a [`Transaction`] in which
//! a write is decided and made. All generated routes write by [`modify`].

mod answers;
// The resources of the contract's tests, for the unit tests of stores. These tests cannot depend on the
// contract's crate, which uses this crate without its tests.
#[cfg(test)]
#[path = "../../../etag-fairing-contract/src/resources.rs"]
pub(crate) mod contract;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod counters;
mod error;
mod figures;
mod health;
mod modify;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod transact;
mod unwritable;

use std::any::Any;
use std::ops::RangeInclusive;

use std::time::Instant;

use async_trait::async_trait;

pub use answers::{Claim, KeptAnswer, KeptAnswers, KeptSize, RepeatableRequest};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use counters::{CommitCounter, QueueCounter, StatementCounter};
pub use error::{Constraint, DigitLimit, Excess, PrepareError, StoreError};
pub use figures::{CommitSizes, ConnectionFigures, QueueFigures, StoreFigures};
pub use health::HealthCheck;
pub use modify::{Decision, modify};
pub(crate) use modify::{Modification, Written, write_in};
pub use transact::WriteEvent;
pub(crate) use transact::{Attempts, Ended, Sharing, Work, timed_out, transact};
pub use unwritable::Unwritable;

pub use crate::plan::{
    Arrangement, Change, Comparison, Counts, Fetched, Field, Filter, Include, Included, LinkageChange, Links,
    Listing, Member, Page, Part, Place, Plan, Records, Relation, Revision, Root, Scopes, Seen, Selection,
    SortKey, Window, Windows, changes_id, fold_case, gives_position, id_of_members, lists_of, matches, order,
    value_of,
};
use crate::schema::{Description, ResourceId, Value};

/// Where resources are stored.
///
/// All requests share one store. Each method may be called by many tasks at the same time.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Prepares the store for these resources at launch, once: creates missing tables and checks existing
    /// ones.
    ///
    /// # Errors
    /// With all problems together, so that one launch shows all of them.
    async fn prepare(&self, resources: &[&'static Description]) -> Result<(), PrepareError>;

    /// The writes to a resource that are impossible, as [`prepare`](Self::prepare) has found out. It is called
    /// once, at launch.
    fn unwritable(&self, resource: &'static Description) -> Unwritable {
        let _ = resource;
        Unwritable::default()
    }

    /// Makes a place for the answers that [`Transaction::kept_answers`] keeps, at launch, after
    /// [`prepare`](Self::prepare), if the application wants to keep any. Returns whether there is one; `false` if the store
    /// keeps none, as in this default.
    ///
    /// # Errors
    /// If the store fails.
    async fn prepare_answers(&self) -> Result<bool, PrepareError> {
        Ok(false)
    }

    /// The answer that a request was given before, as it is committed; [`Claim::Reused`] if its caller has sent something else
    /// under its key. `None` if nothing was kept since `kept_since` (in seconds since 1970), or the store can't tell without a
    /// transaction, as in this default.
    ///
    /// It is for requests whose key another one has at this moment: many that come at once need not wait for each other.
    ///
    /// # Errors
    /// If the store is busy or fails.
    async fn kept_answer(
        &self,
        request: &RepeatableRequest,
        kept_since: i64,
    ) -> Result<Option<Claim>, StoreError> {
        let _ = (request, kept_since);
        Ok(None)
    }

    /// How much was kept for requests of a caller since `kept_since` (in seconds since 1970), as it is committed. `None` if the
    /// store can't tell, as in this default: then nothing limits it.
    ///
    /// It is asked for now and then, of callers of whom much is kept.
    ///
    /// # Errors
    /// If the store is busy or fails.
    async fn kept_of(&self, caller: &str, kept_since: i64) -> Result<Option<KeptSize>, StoreError> {
        let _ = (caller, kept_since);
        Ok(None)
    }

    /// Answers a plan from one snapshot: no other write becomes visible between its parts.
    ///
    /// # Errors
    /// If the store is busy or fails, or if its data doesn't fit the description.
    async fn fetch(&self, plan: &Plan) -> Result<Fetched, StoreError>;

    /// The current [`Revision`] of these tables together. It includes every change that was committed before
    /// this call. [`Plan::tables`] lists the tables that an answer depends on.
    ///
    /// `None` if the store doesn't count the changes of each of these tables, as in this default. Then no
    /// answer from them is cached, and each request reads the rows again.
    ///
    /// It is called before every read and should be very cheap.
    ///
    /// # Errors
    /// If the store is busy or fails.
    async fn revision(&self, tables: &[&'static str]) -> Result<Option<Revision>, StoreError> {
        let _ = tables;
        Ok(None)
    }

    /// The current revision of each of these tables, in their order; `None` for a table whose changes the store
    /// doesn't count. As this default, it asks for one after the other.
    ///
    /// It is called before and after a write if caches are told which tables the write has changed
    /// ([`JsonApiConfig::surrogate_keys`](crate::config::JsonApiConfig::surrogate_keys)).
    ///
    /// # Errors
    /// If the store is busy or fails.
    async fn revisions(&self, tables: &[&'static str]) -> Result<Vec<Option<Revision>>, StoreError> {
        let mut revisions = Vec::with_capacity(tables.len());
        for table in tables {
            revisions.push(self.revision(&[*table]).await?);
        }
        Ok(revisions)
    }

    /// Opens a transaction that may write.
    ///
    /// In a store with one writer, it waits until other writes have ended. Readers never wait for it.
    ///
    /// # Errors
    /// If the store is busy or fails.
    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError>;

    /// Opens a transaction for a write that waits for nothing but the store
    /// ([`Decision::awaits_only_the_store`]), so that several writes may share a commit. The client then gets
    /// the response, even a refusal, only after that commit. If the commit fails because of another write,
    /// this write is repeated ([`StoreError::Conflict`]).
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    async fn begin_shared(&self) -> Result<Box<dyn Transaction>, StoreError> {
        self.begin().await
    }

    /// The ids that clients may choose for new resources, if ids are whole numbers and the store makes the
    /// others. The store makes each new id larger than all existing ones, so that a client's id at the end of
    /// the range would be the last one. Therefore the upper half of the range belongs to the store.
    fn client_ids(&self, resource: &'static Description) -> RangeInclusive<i64> {
        let _ = resource;
        i64::MIN..=i64::MAX / 2
    }

    /// Looks whether the store can serve requests to these resources now: one check for each thing that it looks at.
    /// [`Health`](crate::Health) calls it about once a second at most, and doesn't wait for it for long.
    ///
    /// By default it reads one id, which tells whether the store answers.
    async fn check_health(&self, resources: &[&'static Description]) -> Vec<HealthCheck> {
        let Some(resource) = resources.first() else { return vec![HealthCheck::passed(HealthCheck::STORE)] };
        let listing = Listing::all().paged(Page::Offset { offset: 0, limit: 1 });
        let plan = Plan::new(Root::Collection(listing), Selection::identifiers(resource));
        vec![match self.fetch(&plan).await {
            Ok(_) => HealthCheck::passed(HealthCheck::STORE),
            Err(error) => {
                HealthCheck::failed(HealthCheck::STORE, "the store does not answer", error.to_string())
            }
        }]
    }

    /// What the store did since it was opened, and how busy it is, for metrics. It is called at each scrape and should
    /// answer from counters.
    ///
    /// `None` if the store counts nothing, as in this default.
    fn figures(&self) -> Option<StoreFigures> {
        None
    }

    /// Waits for running work and closes the store.
    async fn close(&self) {}
}

/// A write in progress. If it is dropped, it is undone.
#[async_trait]
pub trait Transaction: Send {
    /// Answers a plan from the transaction's own state and locks the root's row: no other transaction changes
    /// it until this one ends.
    ///
    /// # Errors
    /// As [`Store::fetch`].
    async fn fetch(&mut self, plan: &Plan) -> Result<Fetched, StoreError>;

    /// Locks these rows: no other transaction changes them until this one ends. Returns whether another transaction
    /// may have changed them since they were read, so that they must be read again.
    ///
    /// By default it reads one after the other with [`fetch`](Self::fetch), which locks each. A store with one writer
    /// needs to do nothing.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    async fn lock(&mut self, resource: &'static Description, ids: &[ResourceId]) -> Result<bool, StoreError> {
        for id in ids {
            self.fetch(&Plan::new(Root::One(id.clone()), Selection::identifiers(resource))).await?;
        }
        Ok(true)
    }

    /// Makes one change, which only this transaction sees until the commit. Returns the id of the created,
    /// changed or deleted resource.
    ///
    /// A new resource without an id, or with the id 0 or empty text ([`ResourceId::is_open`]), gets an id
    /// from the store.
    ///
    /// Resources outside the scopes do not exist for the change: neither the resource itself nor a related
    /// resource is found. Linkage to hidden resources stays as it is: [`LinkageChange::Replace`],
    /// [`LinkageChange::Remove`] and an empty [`LinkageChange::One`] do not end it. The ids of hidden
    /// resources count as used, and a deletion has its effects on hidden resources, too. The store does not
    /// check whether the changed resource is within the scopes afterwards.
    ///
    /// The store itself sets the attributes of [`Description::kept`], whatever values the change has for
    /// them. After each change that a representation shows, they get the value of
    /// [`Upkeep::next`](crate::schema::Upkeep::next), in the resource itself and in the resources that show
    /// its linkage. A new resource gets the value of [`Upkeep::first`](crate::schema::Upkeep::first), which
    /// is higher than in all deleted resources of the table.
    ///
    /// # Errors
    /// If a constraint forbids the change, or if a related resource does not exist.
    async fn apply(&mut self, change: Change, scopes: &Scopes) -> Result<ResourceId, StoreError>;

    /// Whether [`insert_all`](Self::insert_all) may be worth a try for new resources of this type. It is not in a store
    /// that makes one after the other as fast, as in this default.
    fn inserts_at_once(&self, resource: &'static Description) -> bool {
        let _ = resource;
        false
    }

    /// Makes several new resources of one type, and reads each of them back as `plan` says, whose root is not looked at.
    /// What comes of it is what [`apply`](Self::apply) and [`fetch`](Self::fetch) would have made of each change, one
    /// after the other, within the scopes of the plan. Returns the ids and what was read, in the order of the changes.
    ///
    /// `None` if the store can't make these at once, as in this default, or if one of them is refused: then nothing
    /// is changed, and the caller makes one after the other, to find out which.
    ///
    /// # Errors
    /// If the store is busy or fails, or if the transaction must be repeated.
    async fn insert_all(
        &mut self,
        changes: &[Change],
        plan: &Plan,
    ) -> Result<Option<Vec<(ResourceId, Fetched)>>, StoreError> {
        let _ = (changes, plan);
        Ok(None)
    }

    /// Makes one change to a resource if it still has this version. A store should compare the version in the
    /// statement that writes, if it can.
    ///
    /// # Errors
    /// [`StoreError::VersionChanged`] if the version differs; then nothing was changed. Otherwise as
    /// [`apply`](Self::apply).
    async fn apply_to_version(
        &mut self,
        change: Change,
        version: &Value,
        scopes: &Scopes,
    ) -> Result<ResourceId, StoreError> {
        let (Change::Update { resource, id, .. } | Change::Delete { resource, id }) = &change else {
            return Err(StoreError::Internal("a new resource has no version yet".into()));
        };
        let Some(version_id) = resource.version else {
            return Err(StoreError::Internal(format!("`{}` has no version to compare", resource.rust_name)));
        };
        let selection = Selection::identifiers(resource).with_attribute(version_id);
        let mut plan = Plan::new(Root::One(id.clone()), selection);
        plan.scopes = scopes.clone();
        let current = self.fetch(&plan).await?;
        let row = current.rows.get(0).ok_or(StoreError::NotFound)?;
        if row.attribute(version_id) != version.as_ref() {
            return Err(StoreError::VersionChanged);
        }
        self.apply(change, scopes).await
    }

    /// Whether [`apply_and_commit`](Self::apply_and_commit) can make this change, within these scopes, and read it back by
    /// this plan. The transaction has read what is changed, by [`fetch`](Self::fetch), and nothing after it. Of the plan for a
    /// new resource the root is not looked at, and nothing of that for a deletion, which is not read back.
    ///
    /// `false`, as in this default, if it is as fast to do one after the other.
    fn commits_with(&self, change: &Change, scopes: &Scopes, plan: &Plan) -> bool {
        let _ = (change, scopes, plan);
        false
    }

    /// Makes the last change of a transaction as [`apply`](Self::apply) or, with a version,
    /// [`apply_to_version`](Self::apply_to_version) does it, reads it back and commits, without a wait between them. A
    /// [`commit`](Self::commit) afterwards does nothing.
    ///
    /// It is called only where [`commits_with`](Self::commits_with) says that it can be. A caller that stops waiting for it
    /// doesn't know whether the change was made.
    ///
    /// # Errors
    /// As those of these functions. Nothing has changed then, unless the error is [`StoreError::OutcomeUnknown`].
    async fn apply_and_commit(
        &mut self,
        change: Change,
        version: Option<&Value>,
        plan: &Plan,
    ) -> Result<Fetched, StoreError> {
        let _ = (change, version, plan);
        Err(StoreError::Internal("the store commits no change together with making it".into()))
    }

    /// The transaction in its own type, for what only this store can do; `None` if it offers nothing. Code of the
    /// application's own gets it by [`WriteTransaction::store_transaction`](crate::own::WriteTransaction::store_transaction).
    fn as_any(&mut self) -> Option<&mut (dyn Any + Send)> {
        None
    }

    /// The answers that the store keeps, so that a request with an `Idempotency-Key` is done once; `None` if it keeps none.
    fn kept_answers(&mut self) -> Option<&mut dyn KeptAnswers> {
        None
    }

    /// Sets the time after which nobody waits for the transaction. The future that owns it is dropped then. A
    /// store in which a statement could still run after that must end the statement itself.
    fn end_by(&mut self, limit: Instant) {
        let _ = limit;
    }

    /// Makes the changes permanent and visible to others, all at once.
    ///
    /// # Errors
    /// If the commit fails. Then nothing was changed, unless the error is [`StoreError::OutcomeUnknown`].
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;

    /// Undoes the changes and waits until everything that the transaction has read is permanent. Only after that is the client
    /// answered: with a refusal, or with success where there was nothing to change.
    ///
    /// # Errors
    /// If something that was read did not become permanent: [`StoreError::Conflict`] if the write may be
    /// repeated.
    async fn abandon(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether another write conflicts with this one, so that this one can only be undone and repeated from
    /// its beginning ([`StoreError::Conflict`]).
    fn must_be_repeated(&self) -> bool {
        false
    }

    /// Undoes the changes and begins again in the same transaction object, which may know by now which rows
    /// to lock, and in which order. Returns whether it did so; if not, the caller begins a new transaction.
    ///
    /// # Errors
    /// As [`Store::begin`].
    async fn begin_again(&mut self) -> Result<bool, StoreError> {
        Ok(false)
    }
}
