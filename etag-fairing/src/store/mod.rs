//! Stores: where resources are kept, and the seam for a data layer of your own.
//!
//! A store does two things. It answers a [`Plan`], all of it from one snapshot, and it opens a [`Transaction`],
//! in which a write is decided and made: [`modify`] is the one way in which every generated route writes.

// The resources of the contract's rules, for the unit tests of stores. They can't depend on that crate, for which this
// one is built without its tests.
#[cfg(test)]
#[path = "../../../etag-fairing-contract/src/resources.rs"]
pub(crate) mod contract;
mod error;
mod modify;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod unwritable;

use std::ops::RangeInclusive;

use std::time::Instant;

use async_trait::async_trait;

pub use error::{Constraint, Excess, PrepareError, StoreError};
pub use modify::{Decision, modify};
pub use unwritable::Unwritable;

pub use crate::plan::{
    Change, Comparison, Fetched, Field, Filter, Include, Included, LinkageChange, Links, Listing, Member,
    Page, Part, Place, Plan, Records, Relation, Revision, Root, Scopes, Seen, Selection, SortKey, fold_case,
    matches, order, value_of,
};
use crate::schema::{Description, ResourceId, Value};

/// A place where resources are kept.
///
/// A store is shared by all requests. Each method may be called from many tasks at once.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Makes the store ready for these resources, once, at launch: creates what is missing and checks what is
    /// there.
    ///
    /// # Errors
    /// With everything that doesn't fit, so that one launch tells all.
    async fn prepare(&self, resources: &[&'static Description]) -> Result<(), PrepareError>;

    /// What of a resource cannot be written, as [`prepare`](Self::prepare) has found. Asked once, at launch.
    fn unwritable(&self, resource: &'static Description) -> Unwritable {
        let _ = resource;
        Unwritable::default()
    }

    /// Answers a plan from one snapshot: no write becomes visible between its parts.
    ///
    /// # Errors
    /// If the store is busy or broken, or holds data that doesn't fit the description.
    async fn fetch(&self, plan: &Plan) -> Result<Fetched, StoreError>;

    /// The [`Revision`] of these tables together, as of now: every change that was committed before this was called
    /// is in it. [`Plan::tables`] says which tables an answer is made of.
    ///
    /// `None` if the store doesn't count the changes of each of them. Then nothing that is read from them is
    /// remembered, and each answer is made anew; which is what a store does that doesn't implement this.
    ///
    /// It is asked before every read and should cost next to nothing.
    ///
    /// # Errors
    /// If the store is busy or broken.
    async fn revision(&self, tables: &[&'static str]) -> Result<Option<Revision>, StoreError> {
        let _ = tables;
        Ok(None)
    }

    /// Opens a transaction that may write.
    ///
    /// Waits for its turn where the store has one writer. Readers never wait for it.
    ///
    /// # Errors
    /// If the store is busy or broken.
    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError>;

    /// Opens a transaction for a write that awaits nothing but the store ([`Decision::awaits_only_the_store`]), so that
    /// it may share a commit with other writes. A change or a refusal is then answered only after that commit; where
    /// the commit fails because of another write, this one is tried again ([`StoreError::Conflict`]).
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    async fn begin_shared(&self) -> Result<Box<dyn Transaction>, StoreError> {
        self.begin().await
    }

    /// The ids that clients may choose for new resources, where ids are whole numbers and the store makes those that
    /// nobody chooses. It makes each new one behind all that there are, so that an id at the end of its range would be
    /// the last one: the upper half is its own.
    fn client_ids(&self, resource: &'static Description) -> RangeInclusive<i64> {
        let _ = resource;
        i64::MIN..=i64::MAX / 2
    }

    /// Finishes what is running and closes the store.
    async fn close(&self) {}
}

/// A write in progress. Dropping it undoes it.
#[async_trait]
pub trait Transaction: Send {
    /// Answers a plan from the transaction's own state and locks the root: until the transaction ends no other
    /// one changes it.
    ///
    /// # Errors
    /// As [`Store::fetch`].
    async fn fetch(&mut self, plan: &Plan) -> Result<Fetched, StoreError>;

    /// Makes one change, visible to this transaction alone. Gives the id of the resource that was made, changed
    /// or deleted.
    ///
    /// A new resource whose id is 0 or empty ([`ResourceId::is_open`]) gets one from the store, as one without an id
    /// does.
    ///
    /// What the scopes hide is not there: a resource outside of them is not found, and neither is a related one.
    /// Linkage to what is hidden stays as it is: [`LinkageChange::Replace`] and [`LinkageChange::Remove`] end no such
    /// link, nor does [`LinkageChange::One`] of nothing. The ids of hidden resources are taken, and what deleting
    /// does to others it does to hidden ones too. Whether the changed resource is within the scopes afterwards is not
    /// the store's to judge.
    ///
    /// The store keeps what [`Description::kept`] names, whatever the change gives for it: with each change that a
    /// representation shows it goes on by [`Upkeep::next`](crate::schema::Upkeep::next), in the resource itself
    /// and in those that show its linkage. What a new resource is given begins by
    /// [`Upkeep::first`](crate::schema::Upkeep::first), above all that deleted ones of the table had.
    ///
    /// # Errors
    /// If a constraint stands against it, or a related resource does not exist.
    async fn apply(&mut self, change: Change, scopes: &Scopes) -> Result<ResourceId, StoreError>;

    /// Makes one change to a resource if its version is still this one: a store that can compares it in the
    /// statement that writes.
    ///
    /// # Errors
    /// [`StoreError::VersionChanged`] if the version is another, and then nothing was changed; else as
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

    /// Tells when nobody waits for it any more: the future that holds it is dropped then. A store on which something may
    /// run where that ends nothing has to end it by itself.
    fn end_by(&mut self, limit: Instant) {
        let _ = limit;
    }

    /// Makes the changes permanent and visible to all at once.
    ///
    /// # Errors
    /// If the store could not; then nothing was changed, unless it is [`StoreError::OutcomeUnknown`].
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;

    /// Undoes what was done, and answers once all that was seen here is permanent: only then may a refusal be told.
    ///
    /// # Errors
    /// If what was seen did not become permanent: [`StoreError::Conflict`] if the write may be tried again.
    async fn abandon(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether another write has come in between, so that this one can only be undone, and be tried again from its
    /// beginning ([`StoreError::Conflict`]).
    fn must_be_repeated(&self) -> bool {
        false
    }

    /// Undoes what was done and begins again, with what was learnt: a store may know by now which rows to lock, and in
    /// what order. Answers whether it did; else a new transaction is begun.
    ///
    /// # Errors
    /// As [`Store::begin`].
    async fn begin_again(&mut self) -> Result<bool, StoreError> {
        Ok(false)
    }
}
