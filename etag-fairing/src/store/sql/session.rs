//! The seam under the SQL: what statements are run on, whichever database that is.
//!
//! What reads and writes is generic over a [`Session`] and asynchronous. SQLite's futures are ready at once, and are
//! driven by one poll where the connection stands. PostgreSQL's wait for the server, several of them at once.

use std::{borrow::Cow, collections::HashSet, sync::Arc};

use super::{
    Dialect, Statement,
    abilities::Limits,
    bound_query::BoundQuery,
    cache::Shape,
    cell::Cells,
    parameter::Parameter,
    referrer::Referrer,
    room::Room,
    versions::{Guard, KeptTable, Versions},
    visible::Visible,
};
use crate::plan::{Change, LinkageChange, Scopes};
use crate::schema::{Description, RelationshipId, ResourceId, Rows, Value};
use crate::store::{Constraint, Excess, StoreError};

/// A connection, in whatever transaction is open on it.
pub(crate) trait Session {
    /// How the database spells what databases spell differently.
    type Dialect: Dialect;

    /// A row that a statement gives.
    type Row<'r>: Cells
    where
        Self: 'r;

    /// Whether others write at the same time, so that rows are locked.
    const LOCKS_ROWS: bool;

    /// Whether an error undoes the whole transaction, unless a savepoint takes it back.
    const ERRORS_UNDO_ALL: bool;

    /// Reads the highest version that a deleted row had. Parameters: the names of its table and the column.
    const MARK: &'static str;

    /// Raises that version. Parameters: the names, and the version.
    const RAISE_MARK: &'static str;

    /// The dialect.
    fn dialect(&self) -> Self::Dialect;

    /// What the store itself keeps.
    fn versions(&self) -> Arc<Versions>;

    /// What can't be written.
    fn limits(&self) -> Arc<Limits>;

    /// All references, if the store has to follow them when a row is deleted; else none.
    fn referrers(&self) -> Arc<[Referrer]>;

    /// An error of a change, with what is known of the constraint that it breaks.
    fn explained(&self, change: &Change, error: StoreError) -> StoreError;

    /// The text of a statement of this shape, built if it is not known yet.
    fn text(
        &self,
        shape: Shape,
        build: impl FnOnce() -> Result<String, String>,
    ) -> Result<Arc<str>, StoreError>;

    /// What is seen by these scopes, with the forms in which the columns hold their values.
    fn seen<T>(&self, scopes: &Scopes, build: impl FnOnce(Visible<'_, Self::Dialect>) -> T) -> T;

    /// Runs a statement and hands each row that it gives to `row`. Answers how many there were.
    ///
    /// # Errors
    /// If the database fails, or `row` does. SQLite then leaves the other rows out.
    async fn each(
        &self,
        text: &str,
        values: &[Parameter<'_>],
        row: impl FnMut(&Self::Row<'_>) -> Result<(), StoreError>,
    ) -> Result<usize, StoreError>;

    /// The same, as long as the document has room for what is read.
    async fn each_within(
        &self,
        text: &str,
        values: &[Parameter<'_>],
        room: &Room,
        by: Excess,
        row: impl FnMut(&Self::Row<'_>) -> Result<(), StoreError>,
    ) -> Result<usize, StoreError> {
        let _ = (room, by);
        self.each(text, values, row).await
    }

    /// Whether a statement gives a row.
    async fn finds(&self, text: &str, values: &[Parameter<'_>]) -> Result<bool, StoreError> {
        Ok(self.each(text, values, |_| Ok(())).await? > 0)
    }

    /// Runs a statement that gives no rows. Answers how many it has changed.
    async fn run(&self, text: &str, values: &[Parameter<'_>]) -> Result<u64, StoreError>;

    /// Does several things side by side, where the database can. Answers their outcomes, in order.
    async fn all<T, W>(&self, work: Vec<W>) -> Result<Vec<T>, StoreError>
    where
        W: Future<Output = Result<T, StoreError>>;

    /// Does several things, all or none of them: whoever holds the transaction may go on after an error.
    async fn whole<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError>;

    /// Makes a row. Answers its id. `parameters` begin with the id, if it has one.
    async fn insert_row(
        &self,
        resource: &'static Description,
        id: Option<&ResourceId>,
        parameters: &[Parameter<'_>],
    ) -> Result<ResourceId, StoreError>;

    /// Rows of a resource, with memory for about so many.
    fn rows_for(&self, resource: &'static Description, expected: usize) -> Rows {
        let _ = expected;
        Rows::new(resource)
    }

    /// Learns from rows that were read how much memory to have for others.
    fn learn_rows(&self, resource: &'static Description, rows: &Rows) {
        let _ = (resource, rows);
    }

    /// Whether the order of a resource's ids is another one than that of their column.
    fn orders_by_meaning(&self, resource: &Description) -> bool {
        let _ = resource;
        false
    }

    /// A value that the store itself keeps, as the column holds it, in our own form.
    fn own_form(&self, table: &str, column: &str, value: Value) -> Result<Value, StoreError> {
        let _ = (table, column);
        Ok(value)
    }

    /// What the store itself keeps of a row, as its columns hold it.
    fn kept_as_stored<'v>(
        &self,
        table: &KeptTable,
        values: &'v [Value],
    ) -> Result<Cow<'v, [Value]>, StoreError> {
        let _ = table;
        Ok(Cow::Borrowed(values))
    }

    /// The values of a resource's attributes, as their columns hold them.
    fn values_as_stored<'v>(
        &self,
        resource: &Description,
        values: &'v [Value],
    ) -> Result<Cow<'v, [Value]>, StoreError> {
        let _ = resource;
        Ok(Cow::Borrowed(values))
    }

    /// New values of some attributes, as their columns hold them.
    fn changes_as_stored<'v>(
        &self,
        resource: &Description,
        values: &'v [Option<Value>],
    ) -> Result<Cow<'v, [Option<Value>]>, StoreError> {
        let _ = resource;
        Ok(Cow::Borrowed(values))
    }

    /// What the column of a version holds where the row has the version that it must have.
    async fn guarded(
        &self,
        resource: &Description,
        guard: &Guard<'_>,
        id: &ResourceId,
    ) -> Result<Value, StoreError> {
        let _ = (resource, id);
        Ok(guard.value.to_owned())
    }

    /// Lets all foreign keys wait for the commit, or the end of the transaction.
    fn let_foreign_keys_wait(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether rows of the table can be locked, and must be, since others write at the same time.
    fn can_lock(&self, table: &str) -> bool {
        let _ = table;
        false
    }

    /// Remembers a row that is about to be locked.
    fn want(&self, resource: &'static Description, id: &ResourceId) {
        let _ = (resource, id);
    }

    /// Locks a row for a change.
    async fn lock_row(&self, resource: &'static Description, id: &ResourceId) -> Result<(), StoreError> {
        let _ = (resource, id);
        Ok(())
    }

    /// Locks a row for a change. Answers where its to-one relationships lead, one entry a relationship, as far as that is
    /// read with it; `None` if the row is known not to be there.
    async fn lock_row_and_links(
        &self,
        resource: &'static Description,
        id: &ResourceId,
    ) -> Result<Option<Vec<Option<ResourceId>>>, StoreError> {
        let _ = (resource, id);
        Ok(Some(Vec::new()))
    }

    /// Locks what the change of one relationship is about. Answers those of the resources that must be there that are,
    /// but for the resource itself. `before` is where a to-one relationship leads so far.
    async fn lock_related(
        &self,
        resource: &'static Description,
        relationship: RelationshipId,
        own: Option<&ResourceId>,
        before: Option<&ResourceId>,
        change: &LinkageChange,
    ) -> Result<HashSet<ResourceId>, StoreError> {
        let _ = (resource, relationship, own, before, change);
        Ok(HashSet::new())
    }

    /// Locks those whose linkage ends since related resources come from them to another owner.
    async fn lock_owners_before(
        &self,
        resource: &'static Description,
        relationship: RelationshipId,
        own: Option<&ResourceId>,
        adopted: &[ResourceId],
    ) -> Result<(), StoreError> {
        let _ = (resource, relationship, own, adopted);
        Ok(())
    }

    /// Locks the rows that show linkage to a row that is about to end. `links` is where its own relationships lead.
    async fn lock_ends(
        &self,
        resource: &'static Description,
        id: &ResourceId,
        links: &[Option<ResourceId>],
    ) -> Result<(), StoreError> {
        let _ = (resource, id, links);
        Ok(())
    }

    /// Makes whoever decides by what a collection holds wait for whoever did so before.
    async fn lock_collection(&self, resource: &'static Description) -> Result<(), StoreError> {
        let _ = resource;
        Ok(())
    }

    /// A statement that reads what is seen by these scopes. Without any, its text is kept, and `parameters` are what it
    /// takes, in order. With some it is built each time, with all its values.
    fn bound_query<'p, const N: usize>(
        &self,
        scopes: &Scopes,
        shape: Shape,
        parameters: [impl Into<Parameter<'p>>; N],
        build: impl FnOnce(Visible<'_, Self::Dialect>) -> Result<Statement, String>,
    ) -> Result<BoundQuery<'p, N>, StoreError> {
        if scopes.is_empty() {
            let build = || self.seen(scopes, build).map(|statement| statement.text);
            return Ok(BoundQuery::given(self.text(shape, build)?, parameters));
        }
        self.seen(scopes, build).map(BoundQuery::built).map_err(StoreError::Internal)
    }

    /// Runs a query and hands each row to `row`, as long as the document has room. Answers how many there were.
    async fn read<const N: usize>(
        &self,
        query: &BoundQuery<'_, N>,
        room: &Room,
        by: Excess,
        row: impl FnMut(&Self::Row<'_>) -> Result<(), StoreError>,
    ) -> Result<usize, StoreError> {
        self.each_within(&query.text, &query.values(), room, by, row).await
    }
}

/// The outcome of a query about ids. An id that the column's type can't hold, where the attribute's can, is that of no row.
pub(crate) fn unless_unfit<T: Default>(outcome: Result<T, StoreError>) -> Result<T, StoreError> {
    match outcome {
        Err(StoreError::Constraint(Constraint::Value { column })) if column.is_empty() => Ok(T::default()),
        outcome => outcome,
    }
}
