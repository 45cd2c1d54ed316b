//! Reads the answers to plans.

use super::{
    Dialect, Statement,
    bound_query::BoundQuery,
    cache::{Shape, Verb},
    cell::{self, Cells, push_row},
    count::count,
    include::include,
    link::Link,
    linkage_read::{Owners, linkage},
    listing::{self, Source},
    parameter::Parameter,
    plan::{bounds, edge, end_page, reversed, with_next},
    room::Room,
    select::{self, Cell, Total},
    session::{Session, unless_unfit},
};
#[cfg(feature = "postgres")]
use super::{ids::list_of_ids, include::to_one};
use crate::plan::{Fetched, Links, Listing, Page, Plan, Root, Scopes, Selection};
#[cfg(feature = "postgres")]
use crate::schema::ValueRef;
use crate::schema::{Description, IdKind, Relationship, RelationshipId, ResourceId, Rows, Value};
use crate::store::{Excess, StoreError};

/// Whether the root of a plan is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Locking {
    /// It is not locked.
    None,
    /// It is locked: no other transaction changes it until this one ends.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(dead_code, reason = "of SQLite's writers there is one at a time")
    )]
    Root,
}

/// Answers a plan in the current transaction.
pub(crate) async fn fetch(
    session: &impl Session,
    plan: &Plan,
    locking: Locking,
) -> Result<Fetched, StoreError> {
    let (selection, scopes) = (&plan.selection, &plan.scopes);
    let room = Room::of(plan);
    let reading = Reading { session, selection, scopes, room: &room };
    let rows = session.rows_for(selection.resource, expected(plan));
    let mut fetched = Fetched { parent: true, rows, ..Fetched::default() };
    let mut is_linked = false;
    match &plan.root {
        Root::One(id) if reading.links_are_of(id) => {
            let owners = Owners::one(id)?;
            let row = reading.one(id, locking, &mut fetched.rows);
            // Boxed, as what is included below: otherwise each read would be moved about with room for both.
            let (row, links) = Box::pin(session.behind(row, reading.linkage_of(&owners))).await;
            row?;
            // Of what is not there, or not seen, no linkage is told.
            if !fetched.rows.is_empty() {
                fetched.links = links?;
                is_linked = true;
            }
        }
        Root::One(id) => reading.one(id, locking, &mut fetched.rows).await?,
        Root::Collection(listing) => {
            if locking == Locking::Root {
                session.lock_collection(selection.resource).await?;
            }
            reading.collection(listing, &mut fetched).await?;
        }
        Root::Related { parent, id, relationship, listing } => {
            if locking == Locking::Root && session.dialect().can_be(id, parent.id.kind) {
                session.lock_row(parent, id).await?;
            }
            let owner = Owner { resource: parent, id, relationship: *relationship };
            reading.related(owner, listing, &mut fetched).await?;
        }
    }
    session.learn_rows(selection.resource, &fetched.rows);
    if !selection.include.is_empty() {
        Box::pin(include(session, plan, &room, &mut fetched)).await?;
    } else if !is_linked {
        fetched.links = reading.all_linkage(&fetched.rows).await?;
    }
    if plan.counts() {
        count(session, plan, &room, &mut fetched).await?;
    }
    Ok(fetched)
}

/// The number of rows to reserve memory for.
fn expected(plan: &Plan) -> usize {
    let listing = match &plan.root {
        Root::One(_) => return 1,
        Root::Collection(listing) | Root::Related { listing, .. } => listing,
    };
    let limit = match listing.page {
        Page::All => return 0,
        Page::Offset { limit, .. } | Page::Between { limit, .. } => limit,
    };
    // One more row, which shows whether there is a next page.
    usize::try_from(limit.min(100)).unwrap_or(0) + 1
}

/// Whether the resource exists.
pub(crate) async fn exists(
    session: &impl Session,
    scopes: &Scopes,
    resource: &'static Description,
    id: &ResourceId,
) -> Result<bool, StoreError> {
    if !session.dialect().can_be(id, resource.id.kind) {
        return Ok(false);
    }
    let shape = Shape::new(Verb::Exists, resource);
    let query = session
        .bound_query(scopes, shape, [Parameter::id(id)], |visible| select::exists(visible, resource, id))?;
    unless_unfit(session.finds(&query.text, &query.values()).await)
}

/// The rows with these ids that the caller sees, in any order.
#[cfg(feature = "postgres")]
pub(crate) async fn listed(
    session: &impl Session,
    selection: &Selection,
    scopes: &Scopes,
    room: &Room,
    ids: &[ResourceId],
) -> Result<Rows, StoreError> {
    let (reading, mut rows) = (Reading { session, selection, scopes, room }, Rows::new(selection.resource));
    let list = list_of_ids(ids.iter())?;
    let shape = Shape::new(Verb::IncludeOne, selection.resource).columns(selection.attributes.clone());
    let query = session
        .bound_query(scopes, shape, [ValueRef::Text(&list)], |visible| to_one(visible, selection, &list))?;
    reading.rows(&query, Join::None, &mut rows).await?;
    Ok(rows)
}

/// The linkage of one resource that a selection asks for.
#[cfg(feature = "postgres")]
pub(crate) async fn linkage_of_one(
    session: &impl Session,
    selection: &Selection,
    scopes: &Scopes,
    id: &ResourceId,
) -> Result<Vec<Option<Links>>, StoreError> {
    let reading = Reading { session, selection, scopes, room: &Room::endless() };
    reading.linkage_of(&Owners::one(id)?).await
}

#[derive(Clone, Copy)]
struct Owner<'a> {
    resource: &'static Description,
    id: &'a ResourceId,
    relationship: RelationshipId,
}

/// What is read of each row, and the session that reads it.
struct Reading<'a, S> {
    session: &'a S,
    selection: &'a Selection,
    scopes: &'a Scopes,
    room: &'a Room,
}

impl<S: Session> Reading<'_, S> {
    async fn one(&self, id: &ResourceId, locking: Locking, rows: &mut Rows) -> Result<(), StoreError> {
        let Self { session, selection, scopes, .. } = self;
        let resource = selection.resource;
        if !session.dialect().can_be(id, resource.id.kind) {
            return Ok(());
        }
        let mut locks = locking == Locking::Root && session.can_lock(resource.table);
        if locks && (!scopes.is_empty() || scopes.changes_rows_of(resource)) {
            // The row of the table is locked first, since a row of a subquery cannot be locked. The next
            // statement reads what the caller sees of it.
            session.lock_row(resource, id).await?;
            locks = false;
        }
        if locks {
            session.want(resource, id);
        }
        let verb = if locks { Verb::OneLocked } else { Verb::One };
        let shape = Shape::new(verb, resource).columns(selection.attributes.clone());
        let query = session.bound_query(scopes, shape, [Parameter::id(id)], |visible| {
            let mut statement = select::one(visible, selection, id)?;
            if locks {
                // A statement that had to wait for the lock returns the row as it is after the wait.
                statement.text.push_str(" FOR UPDATE");
            }
            Ok(statement)
        })?;
        self.rows(&query, Join::None, rows).await?;
        Ok(())
    }

    async fn collection(&self, listing: &Listing, fetched: &mut Fetched) -> Result<(), StoreError> {
        let Self { session, selection, scopes, .. } = self;
        let resource = selection.resource;
        if !listing::is_plain(listing) || session.orders_by_meaning(resource) {
            return self.shaped(Source::Collection, listing, fetched).await;
        }
        let (window, total) = (with_next(listing), self.total_of(listing));
        let variant = window.bound().unwrap_or_default() << 1 | u64::from(total == Total::Counted);
        let shape =
            Shape::new(Verb::Collection, resource).columns(selection.attributes.clone()).variant(variant);
        let page = session.bound_query(scopes, shape, bounds(window), |visible| {
            select::collection(visible, selection, window, total)
        })?;
        self.page_of(&page.text, &page.values(), listing, total, fetched, None).await?;
        end_page(listing, fetched);
        if self.is_uncounted(listing, fetched) {
            let shape = Shape::new(Verb::Count, resource);
            let none: [Parameter<'_>; 0] = [];
            let total =
                session.bound_query(scopes, shape, none, |visible| select::count(visible, resource))?;
            fetched.total = Some(self.count(&total.text, &total.values()).await?);
        }
        Ok(())
    }

    /// A page whose statement depends on a client's filter, sort or page.
    async fn shaped(
        &self,
        source: Source<'_>,
        listing: &Listing,
        fetched: &mut Fetched,
    ) -> Result<(), StoreError> {
        let Self { session, selection, scopes, .. } = self;
        let total = self.total_of(listing);
        let page = session.seen(scopes, |visible| listing::page(visible, selection, source, listing, total));
        let page = page.map_err(StoreError::Internal)?;
        let mut positions = Vec::new();
        let placed = listing::is_by_position(source, listing).then_some(&mut positions);
        self.page_of(&page.text, &values(&page), listing, total, fetched, placed).await?;
        fetched.positions = positions;
        end_page(listing, fetched);
        fetched.positions.truncate(fetched.rows.len());
        if listing::is_backwards(&listing.page) {
            fetched.rows = reversed(&fetched.rows);
            fetched.positions.reverse();
        }
        if self.is_uncounted(listing, fetched) {
            let total = session
                .seen(scopes, |visible| listing::total(visible, selection.resource, source, listing))
                .map_err(StoreError::Internal)?;
            fetched.total = Some(self.count(&total.text, &values(&total)).await?);
        }
        Ok(())
    }

    /// Whether the rows of a page come with their total.
    fn total_of(&self, listing: &Listing) -> Total {
        match listing.total && self.session.dialect().is_far_away() {
            true => Total::Counted,
            false => Total::None,
        }
    }

    /// Whether the total is still to be counted. That of a page without rows is not counted here, unless what is read now is
    /// of the same state as the page.
    fn is_uncounted(&self, listing: &Listing, fetched: &Fetched) -> bool {
        listing.total && fetched.total.is_none() && self.session.is_in_transaction()
    }

    /// Reads the rows of a page, and its total where it comes with them.
    async fn page_of(
        &self,
        text: &str,
        values: &[Parameter<'_>],
        listing: &Listing,
        total: Total,
        fetched: &mut Fetched,
        positions: Option<&mut Vec<Option<i64>>>,
    ) -> Result<(), StoreError> {
        let mut counted = None;
        let more = More { positions, total: (total == Total::Counted).then_some(&mut counted) };
        let number = self.placed_rows_of(text, values, Join::None, &mut fetched.rows, more).await?;
        if total == Total::Counted {
            // Of a page from the beginning there is no row only where there is none at all.
            let is_first = matches!(listing.page, Page::All | Page::Offset { offset: 0, .. });
            let none = (number == 0 && is_first).then_some(0);
            fetched.total = counted.map(i64::unsigned_abs).or(none);
        }
        Ok(())
    }

    async fn related(
        &self,
        owner: Owner<'_>,
        listing: &Listing,
        fetched: &mut Fetched,
    ) -> Result<(), StoreError> {
        let Self { session, selection, scopes, .. } = self;
        let wrong =
            || StoreError::Internal("a plan asks for a relationship that the resource doesn't have".into());
        let relationship = owner.resource.relationship_at(owner.relationship).ok_or_else(wrong)?;
        if !selection.resource.is(relationship.target()) {
            return Err(wrong());
        }
        if !session.dialect().can_be(owner.id, owner.resource.id.kind) {
            fetched.parent = false;
            return Ok(());
        }
        let shape = |verb| Shape::new(verb, owner.resource).relationship(owner.relationship);
        let id = Parameter::id(owner.id);
        if let Some(link) = Link::of(relationship) {
            let rows = &mut fetched.rows;
            let number = if let Some(filter) = &listing.filter {
                let found = session.seen(scopes, |visible| {
                    listing::related_one(visible, owner.resource, owner.id, link, selection, filter)
                });
                let found = found.map_err(StoreError::Internal)?;
                self.rows_of(&found.text, &values(&found), Join::Left, rows).await?
            } else {
                let shape = shape(Verb::RelatedOne).columns(selection.attributes.clone());
                let found = session.bound_query(scopes, shape, [id], |visible| {
                    select::related_one(visible, owner.resource, owner.id, link, selection)
                })?;
                self.rows(&found, Join::Left, rows).await?
            };
            fetched.parent = number > 0;
            return Ok(());
        }
        fetched.parent = exists(*session, scopes, owner.resource, owner.id).await?;
        if !fetched.parent {
            return Ok(());
        }
        let edge = edge(owner.resource, owner.relationship)?;
        let is_fixed = listing::is_plain(listing) && edge.order.is_none();
        if !is_fixed || session.orders_by_meaning(selection.resource) {
            return self.shaped(Source::Related(&edge, owner.id), listing, fetched).await;
        }
        let page_shape = shape(Verb::RelatedPage).columns(selection.attributes.clone());
        let window = with_next(listing);
        let [limit, offset] = bounds(window).map(Parameter::from);
        let page = session.bound_query(scopes, page_shape, [id, limit, offset], |visible| {
            select::related_page(visible, &edge, selection, owner.id, window)
        })?;
        self.rows(&page, Join::None, &mut fetched.rows).await?;
        end_page(listing, fetched);
        if listing.total {
            let total = session.bound_query(scopes, shape(Verb::CountRelated), [id], |visible| {
                select::count_related(visible, &edge, owner.id)
            })?;
            fetched.total = Some(self.count(&total.text, &total.values()).await?);
        }
        Ok(())
    }

    /// Whether the linkage of this resource can be asked for before its row is known: all that is asked for is linkage by
    /// its id, which the row can't spell in another way.
    fn links_are_of(&self, id: &ResourceId) -> bool {
        let resource = self.selection.resource;
        let is_plain = matches!(resource.id.kind, IdKind::Integer { .. } | IdKind::Uuid);
        S::LOCKS_ROWS
            && is_plain
            && self.selection.include.is_empty()
            && self.session.dialect().can_be(id, resource.id.kind)
            && resource.relationships_by_id().any(|(id, relationship)| self.wants_linkage(id, relationship))
    }

    fn wants_linkage(&self, id: RelationshipId, relationship: &Relationship) -> bool {
        self.selection.reads_linkage(id) && relationship.is_to_many()
    }

    /// The linkage that the selection asks for.
    async fn all_linkage(&self, rows: &Rows) -> Result<Vec<Option<Links>>, StoreError> {
        let resource = self.selection.resource;
        if !resource.relationships_by_id().any(|(id, relationship)| self.wants_linkage(id, relationship)) {
            return Ok(resource.relationships.iter().map(|_| None).collect());
        }
        self.linkage_of(&Owners::of_rows(rows, resource)?).await
    }

    /// The linkage of these owners that the selection asks for. The relationships are read concurrently, if the database can.
    async fn linkage_of(&self, owners: &Owners) -> Result<Vec<Option<Links>>, StoreError> {
        let Self { session, selection, scopes, room } = self;
        let resource = selection.resource;
        let work = resource
            .relationships_by_id()
            .filter(|(id, relationship)| self.wants_linkage(*id, relationship))
            .map(|(id, _)| linkage(*session, scopes, room, resource, id, owners));
        let mut found = session.all(work.collect()).await?.into_iter();
        let links = resource
            .relationships_by_id()
            .map(|(id, relationship)| if self.wants_linkage(id, relationship) { found.next() } else { None });
        Ok(links.collect())
    }

    async fn count(&self, text: &str, values: &[Parameter<'_>]) -> Result<u64, StoreError> {
        let mut count = None;
        self.session
            .each(text, values, |row| {
                count = cell::number(row, 0)?;
                Ok(())
            })
            .await?;
        Ok(count.unwrap_or(0).unsigned_abs())
    }

    async fn rows<const N: usize>(
        &self,
        query: &BoundQuery<'_, N>,
        join: Join,
        rows: &mut Rows,
    ) -> Result<usize, StoreError> {
        self.rows_of(&query.text, &query.values(), join, rows).await
    }

    /// Reads rows. Returns their number, with the rows that have no id.
    async fn rows_of(
        &self,
        text: &str,
        values: &[Parameter<'_>],
        join: Join,
        rows: &mut Rows,
    ) -> Result<usize, StoreError> {
        self.placed_rows_of(text, values, join, rows, More::default()).await
    }

    /// The same, with what stands behind the columns of each row.
    async fn placed_rows_of(
        &self,
        text: &str,
        values: &[Parameter<'_>],
        join: Join,
        rows: &mut Rows,
        mut more: More<'_>,
    ) -> Result<usize, StoreError> {
        let Self { session, selection, room, .. } = self;
        let cells: Vec<Option<Cell>> =
            select::known_cells(selection, |table, column| session.scale(table, column));
        let position_at = cells.iter().flatten().count();
        let total_at = position_at + usize::from(more.positions.is_some());
        session
            .each_within(text, values, room, Excess::Primary, |row| {
                if join == Join::Left && row.is_null(0)? {
                    return Ok(());
                }
                let (before, number) = (rows.text_bytes(), rows.len());
                push_row(row, 0, &cells, selection.resource.table, rows)?;
                if let Some(total) = &mut more.total
                    && total.is_none()
                {
                    **total = cell::number(row, total_at)?;
                }
                if let Some(positions) = &mut more.positions
                    && rows.len() > number
                {
                    positions.push(cell::number(row, position_at)?);
                }
                room.take_row(rows, before, Excess::Primary)
            })
            .await
    }
}

fn values(statement: &Statement) -> Vec<Parameter<'_>> {
    statement.values.iter().map(|value| Value::as_ref(value).into()).collect()
}

/// What stands behind the columns of a page's rows.
#[derive(Default)]
struct More<'a> {
    /// The position of each row.
    positions: Option<&'a mut Vec<Option<i64>>>,
    /// The number of all rows, the same in each.
    total: Option<&'a mut Option<i64>>,
}

/// Which rows of a result are resources.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    /// All of them.
    None,
    /// Those with an id. A row without an id is an owner without a related resource.
    Left,
}
