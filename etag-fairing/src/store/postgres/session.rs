//! Runs statements on a PostgreSQL connection. Several may run at the same time.

use std::{
    borrow::Cow,
    collections::HashSet,
    sync::{Arc, PoisonError},
};

use rocket::futures::future::try_join_all;
use tokio_postgres::Row;

use super::{
    connection::{Connection, Purpose},
    dialect::Postgres,
    insert::insert_row,
    lock, marks,
};
use crate::plan::{Change, Fetched, LinkageChange, Plan, Root, Scopes};
use crate::schema::{Description, RelationshipId, ResourceId, Value};
use crate::store::sql::Dialect as _;
use crate::store::sql::abilities::Limits;
use crate::store::sql::cache::Shape;
use crate::store::sql::parameter::Parameter;
use crate::store::sql::plan::is_one_statement;
use crate::store::sql::read::{Locking, fetch};
use crate::store::sql::referrer::Referrer;
use crate::store::sql::room::Room;
use crate::store::sql::select::Total;
use crate::store::sql::session::Session;
use crate::store::sql::together::Together;
use crate::store::sql::trigrams::looks_into_them;
use crate::store::sql::versions::Versions;
use crate::store::sql::visible::Visible;
use crate::store::{Excess, StoreError};

impl Session for Connection {
    type Dialect = Postgres;
    type Row<'r> = Row;

    const LOCKS_ROWS: bool = true;
    const ERRORS_UNDO_ALL: bool = true;
    const MARK: &'static str = marks::MARK;
    const RAISE_MARK: &'static str = marks::RAISE;

    fn dialect(&self) -> Postgres {
        Postgres
    }

    fn text(
        &self,
        shape: Shape,
        build: impl FnOnce() -> Result<String, String>,
    ) -> Result<Arc<str>, StoreError> {
        let mut texts = self.shared.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.get(shape, build).map_err(StoreError::Internal)
    }

    fn replace_text(&self, shape: Shape, text: &str) -> Result<(), StoreError> {
        let mut texts = self.shared.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.replace(shape, text);
        Ok(())
    }

    fn versions(&self) -> Arc<Versions> {
        Arc::clone(&self.known().versions)
    }

    fn limits(&self) -> Arc<Limits> {
        Arc::clone(&self.known().limits)
    }

    fn referrers(&self) -> Arc<[Referrer]> {
        Arc::clone(&self.known().referrers)
    }

    fn values_as_stored<'v>(
        &self,
        resource: &Description,
        values: &'v [Value],
    ) -> Result<Cow<'v, [Value]>, StoreError> {
        self.known().rules.check_digits(resource, values.iter().map(Some))?;
        Ok(Cow::Borrowed(values))
    }

    fn changes_as_stored<'v>(
        &self,
        resource: &Description,
        values: &'v [Option<Value>],
    ) -> Result<Cow<'v, [Option<Value>]>, StoreError> {
        self.known().rules.check_digits(resource, values.iter().map(Option::as_ref))?;
        Ok(Cow::Borrowed(values))
    }

    fn explained(&self, change: &Change, error: StoreError) -> StoreError {
        self.known().rules.explained(change, error)
    }

    fn seen<T>(&self, scopes: &Scopes, build: impl FnOnce(Visible<'_, Postgres>) -> T) -> T {
        build(Visible::new(Postgres, scopes))
    }

    async fn each(
        &self,
        text: &str,
        values: &[Parameter<'_>],
        row: impl FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<usize, StoreError> {
        let rows = self.rows(text, values).await?;
        self.shared.counter.count_rows(rows.len());
        rows.iter().try_for_each(row)?;
        Ok(rows.len())
    }

    async fn each_within(
        &self,
        text: &str,
        values: &[Parameter<'_>],
        room: &Room,
        by: Excess,
        row: impl FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<usize, StoreError> {
        let rows = self.rows_within(text, values, room, |row| (by, row.len())).await?;
        self.shared.counter.count_rows(rows.len());
        rows.iter().try_for_each(row)?;
        Ok(rows.len())
    }

    fn is_in_transaction(&self) -> bool {
        self.is_open()
    }

    fn can_lock(&self, table: &str) -> bool {
        self.known().can_lock(table)
    }

    fn want(&self, resource: &'static Description, id: &ResourceId) {
        Connection::want(self, resource, std::iter::once(id));
    }

    fn has_locked(&self, resource: &'static Description, id: &ResourceId) -> bool {
        self.wants(resource, id)
    }

    async fn lock_row(&self, resource: &'static Description, id: &ResourceId) -> Result<(), StoreError> {
        lock::row(self, resource, id).await.map(drop)
    }

    async fn lock_row_and_links(
        &self,
        resource: &'static Description,
        id: &ResourceId,
    ) -> Result<Option<Vec<Option<ResourceId>>>, StoreError> {
        lock::row_and_links(self, resource, id).await
    }

    async fn lock_related(
        &self,
        resource: &'static Description,
        relationship: RelationshipId,
        own: Option<&ResourceId>,
        before: Option<&ResourceId>,
        change: &LinkageChange,
    ) -> Result<HashSet<ResourceId>, StoreError> {
        lock::related(self, resource, relationship, own, before, change).await
    }

    async fn lock_owners_before(
        &self,
        resource: &'static Description,
        relationship: RelationshipId,
        own: Option<&ResourceId>,
        adopted: &[ResourceId],
    ) -> Result<(), StoreError> {
        lock::owners_before(self, resource, relationship, own, adopted).await
    }

    async fn lock_ends(
        &self,
        resource: &'static Description,
        id: &ResourceId,
        links: &[Option<ResourceId>],
    ) -> Result<(), StoreError> {
        lock::ends(self, resource, id, links).await
    }

    async fn lock_collection(&self, resource: &'static Description) -> Result<(), StoreError> {
        lock::collection(self, resource).await
    }

    async fn insert_row(
        &self,
        resource: &'static Description,
        id: Option<&ResourceId>,
        parameters: &[Parameter<'_>],
        placed: &[&'static str],
    ) -> Result<ResourceId, StoreError> {
        insert_row(self, resource, id, parameters, placed).await
    }

    async fn run(&self, text: &str, values: &[Parameter<'_>]) -> Result<u64, StoreError> {
        Connection::run(self, text, values).await
    }

    async fn all<T, W>(&self, work: Vec<W>) -> Result<Vec<T>, StoreError>
    where
        W: Future<Output = Result<T, StoreError>>,
    {
        try_join_all(work).await
    }

    async fn behind<A, B>(&self, first: impl Future<Output = A>, second: impl Future<Output = B>) -> (A, B) {
        Connection::behind(self, first, second).await
    }

    async fn whole<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        Connection::whole(self, work).await
    }
}

/// The server's plans of this transaction are made for the values of each statement.
pub(super) const PLAN_FOR_VALUES: &str = "SET LOCAL plan_cache_mode = force_custom_plan";

impl Connection {
    /// Answers a plan in its own read transaction, which has one snapshot.
    pub(super) async fn fetch_snapshot(&self, plan: &Plan) -> Result<Fetched, StoreError> {
        // One statement has one snapshot anyway. The transaction ends when the connection is returned to the
        // pool.
        if looks_into_them(plan) {
            self.begin(Purpose::Read);
            self.send_ahead(PLAN_FOR_VALUES);
            return fetch(self, plan, Locking::None).await;
        }
        if !is_one_statement(plan, Total::Counted) {
            if let Some(fetched) = self.fetch_together(plan).await? {
                return Ok(fetched);
            }
            self.begin_snapshot();
            return fetch(self, plan, Locking::None).await;
        }
        let fetched = fetch(self, plan, Locking::None).await?;
        if fetched.total.is_some() || !plan.is_counted() {
            return Ok(fetched);
        }
        // A page behind the last one has no row that its total could come with.
        self.begin_snapshot();
        fetch(self, plan, Locking::None).await
    }

    /// Answers a plan by one statement; `None` if it takes several.
    async fn fetch_together(&self, plan: &Plan) -> Result<Option<Fetched>, StoreError> {
        let Some(together) = Together::of(plan) else { return Ok(None) };
        if let Root::One(id) = &plan.root
            && !self.dialect().can_be(id, plan.selection.resource.id.kind)
        {
            return Ok(None);
        }
        let (text, Some(values)) = (together.statement(self)?, together.values()) else { return Ok(None) };
        if text.is_empty() {
            return Ok(None);
        }
        let room = Room::of(plan);
        let by = |row: &Row| together.counts_as(row.try_get(0).unwrap_or(0));
        let rows = match self.rows_within(&text, values.as_slice(), &room, by).await {
            Err(StoreError::Internal(_)) if self.is_of_use() => {
                // What the columns of one table refer to may be of another type in the other one.
                together.forget(self)?;
                self.undo().await?;
                return Ok(None);
            }
            rows => rows?,
        };
        self.shared.counter.count_rows(rows.len());
        let fetched = together.answer(&rows, &room)?;
        // A page behind the last one has no row that its total could come with.
        Ok(fetched.filter(|fetched| fetched.total.is_some() || !plan.is_counted()))
    }
}
