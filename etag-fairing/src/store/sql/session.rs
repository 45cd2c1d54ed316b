//! The interface between the SQL of all stores and the database that runs it.
//!
//! Reads and writes are generic over a [`Session`] and asynchronous. SQLite's futures are ready at once: one
//! poll on the thread of the connection completes them. PostgreSQL's futures wait for the server, several at
//! the same time.

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

/// A connection with its current transaction.
pub(crate) trait Session {
    /// The database's SQL dialect.
    type Dialect: Dialect;

    /// A row that a statement returns.
    type Row<'r>: Cells
    where
        Self: 'r;

    /// Whether other transactions write at the same time, so that rows must be locked.
    const LOCKS_ROWS: bool;

    /// Whether an error undoes the whole transaction, unless there is a savepoint.
    const ERRORS_UNDO_ALL: bool;

    /// Reads the highest version of the deleted rows. Parameters: the names of the table and of the column.
    const MARK: &'static str;

    /// Raises that version. Parameters: the names of the table and of the column, and the version.
    const RAISE_MARK: &'static str;

    fn dialect(&self) -> Self::Dialect;

    /// The columns that the store itself sets.
    fn versions(&self) -> Arc<Versions>;

    /// The writes that are impossible.
    fn limits(&self) -> Arc<Limits>;

    /// All references, if the store has to follow them when a row is deleted; otherwise empty.
    fn referrers(&self) -> Arc<[Referrer]>;

    /// Adds what is known about the broken constraint to the error of a change.
    fn explained(&self, change: &Change, error: StoreError) -> StoreError;

    /// The cached text of the statement with this shape. It is built if it is not in the cache.
    fn text(
        &self,
        shape: Shape,
        build: impl FnOnce() -> Result<String, String>,
    ) -> Result<Arc<str>, StoreError>;

    /// Replaces the text of the statement with this shape.
    #[cfg(feature = "postgres")]
    fn replace_text(&self, shape: Shape, text: &str) -> Result<(), StoreError> {
        let _ = (shape, text);
        Ok(())
    }

    /// Calls `build` with what these scopes let through, and with the forms of the columns' values.
    fn seen<T>(&self, scopes: &Scopes, build: impl FnOnce(Visible<'_, Self::Dialect>) -> T) -> T;

    /// Runs a statement and calls `row` with each row. Returns the number of rows.
    ///
    /// # Errors
    /// If the database or `row` fails. SQLite then skips the other rows.
    async fn each(
        &self,
        text: &str,
        values: &[Parameter<'_>],
        row: impl FnMut(&Self::Row<'_>) -> Result<(), StoreError>,
    ) -> Result<usize, StoreError>;

    /// The same, but it fails if the document becomes too large.
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

    /// Whether all that is read now is read in one snapshot, or in a transaction that writes. Otherwise each statement has
    /// a snapshot of its own.
    fn is_in_transaction(&self) -> bool {
        true
    }

    /// Whether a statement returns a row.
    async fn finds(&self, text: &str, values: &[Parameter<'_>]) -> Result<bool, StoreError> {
        Ok(self.each(text, values, |_| Ok(())).await? > 0)
    }

    /// Runs a statement that returns no rows. Returns the number of changed rows.
    async fn run(&self, text: &str, values: &[Parameter<'_>]) -> Result<u64, StoreError>;

    /// Runs several futures concurrently, if the database can. Returns their results in order.
    async fn all<T, W>(&self, work: Vec<W>) -> Result<Vec<T>, StoreError>
    where
        W: Future<Output = Result<T, StoreError>>;

    /// Does some work and then other work, which doesn't depend on what the former answers. If the database can, the other
    /// work begins as soon as the first statement of the former was sent, and sees what that does.
    async fn behind<A, B>(&self, first: impl Future<Output = A>, second: impl Future<Output = B>) -> (A, B) {
        let first = first.await;
        (first, second.await)
    }

    /// Runs several statements, all or none of them. After an error the transaction can still be used.
    async fn whole<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError>;

    /// Inserts a row and returns its id. `parameters` begin with the id, if it is given, and end with the positions in the
    /// columns `placed`.
    async fn insert_row(
        &self,
        resource: &'static Description,
        id: Option<&ResourceId>,
        parameters: &[Parameter<'_>],
        placed: &[&'static str],
    ) -> Result<ResourceId, StoreError>;

    /// An empty set of rows of a resource, with memory for about this number of rows.
    fn rows_for(&self, resource: &'static Description, expected: usize) -> Rows {
        let _ = expected;
        Rows::new(resource)
    }

    /// Remembers how much memory these rows took, for later reads.
    fn learn_rows(&self, resource: &'static Description, rows: &Rows) {
        let _ = (resource, rows);
    }

    /// How many digits of a decimal number a column's type declares behind the point, if it doesn't keep them itself.
    fn scale(&self, table: &str, column: &str) -> Option<usize> {
        let _ = (table, column);
        None
    }

    /// Whether ids are ordered by their meaning, and not as their column orders them.
    fn orders_by_meaning(&self, resource: &Description) -> bool {
        let _ = resource;
        false
    }

    /// Converts a value of a column that the store itself sets to our own form.
    fn own_form(&self, table: &str, column: &str, value: Value) -> Result<Value, StoreError> {
        let _ = (table, column);
        Ok(value)
    }

    /// Converts values of columns that the store itself sets to the columns' forms.
    fn kept_as_stored<'v>(
        &self,
        table: &KeptTable,
        values: &'v [Value],
    ) -> Result<Cow<'v, [Value]>, StoreError> {
        let _ = table;
        Ok(Cow::Borrowed(values))
    }

    /// Converts the values of a resource's attributes to the columns' forms.
    fn values_as_stored<'v>(
        &self,
        resource: &Description,
        values: &'v [Value],
    ) -> Result<Cow<'v, [Value]>, StoreError> {
        let _ = resource;
        Ok(Cow::Borrowed(values))
    }

    /// Converts new values of some attributes to the columns' forms.
    fn changes_as_stored<'v>(
        &self,
        resource: &Description,
        values: &'v [Option<Value>],
    ) -> Result<Cow<'v, [Option<Value>]>, StoreError> {
        let _ = resource;
        Ok(Cow::Borrowed(values))
    }

    /// The stored value of the version column, if the row has the version that it must have.
    async fn guarded(
        &self,
        resource: &Description,
        guard: &Guard<'_>,
        id: &ResourceId,
    ) -> Result<Value, StoreError> {
        let _ = (resource, id);
        Ok(guard.value.to_owned())
    }

    /// Defers the check of all foreign keys to the commit, or to the end of the transaction.
    fn let_foreign_keys_wait(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether rows of the table can and must be locked, since other transactions write at the same time.
    fn can_lock(&self, table: &str) -> bool {
        let _ = table;
        false
    }

    /// Notes a row that is about to be locked.
    fn want(&self, resource: &'static Description, id: &ResourceId) {
        let _ = (resource, id);
    }

    /// Whether the transaction has locked this row for a change, if it is there.
    fn has_locked(&self, resource: &'static Description, id: &ResourceId) -> bool {
        let _ = (resource, id);
        false
    }

    /// Locks a row for a change.
    async fn lock_row(&self, resource: &'static Description, id: &ResourceId) -> Result<(), StoreError> {
        let _ = (resource, id);
        Ok(())
    }

    /// Locks a row for a change. Returns the ids in its to-one relationships, one entry for each
    /// relationship, as far as the same statement reads them; `None` if the row doesn't exist.
    async fn lock_row_and_links(
        &self,
        resource: &'static Description,
        id: &ResourceId,
    ) -> Result<Option<Vec<Option<ResourceId>>>, StoreError> {
        let _ = (resource, id);
        Ok(Some(Vec::new()))
    }

    /// Locks the rows that the change of one relationship concerns. Returns the ids of those related
    /// resources that exist, without the resource itself. `before` is the current id in a to-one
    /// relationship.
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

    /// Locks the previous owners of related resources that get another owner: their linkage changes, too.
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

    /// Locks the rows that show linkage to a row that will be deleted. `links` are the ids in its own to-one
    /// relationships.
    async fn lock_ends(
        &self,
        resource: &'static Description,
        id: &ResourceId,
        links: &[Option<ResourceId>],
    ) -> Result<(), StoreError> {
        let _ = (resource, id, links);
        Ok(())
    }

    /// A transaction that decides by the content of a collection calls this first, to wait for earlier
    /// transactions that do the same.
    async fn lock_collection(&self, resource: &'static Description) -> Result<(), StoreError> {
        let _ = resource;
        Ok(())
    }

    /// A statement that reads what these scopes let through. Without scopes its text is cached, and
    /// `parameters` are its values in order. With scopes it is built each time, with all its values.
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

    /// Runs a query and calls `row` with each row, until the document becomes too large. Returns the number
    /// of rows.
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

/// The result of a query by ids. If the column's type cannot hold an id that the attribute's type can hold,
/// no row has that id.
pub(crate) fn unless_unfit<T: Default>(outcome: Result<T, StoreError>) -> Result<T, StoreError> {
    match outcome {
        Err(StoreError::Constraint(Constraint::Value { column })) if column.is_empty() => Ok(T::default()),
        outcome => outcome,
    }
}
