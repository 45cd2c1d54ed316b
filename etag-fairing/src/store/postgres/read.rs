//! Answers plans.

use super::{
    cell::{self, push_row},
    connection::{Connection, Purpose},
    dialect::{Postgres, is_of_kind},
    encode::Parameter,
    include::include,
    linkage::linkage,
    lock,
};
use crate::{
    resource::{Description, IdKind, Kind, RelationshipKind, ResourceId, Row, Rows, Value},
    store::{
        Excess, Fetched, Links, Listing, Plan, Root, Scopes, Selection, StoreError,
        sql::{
            Statement,
            cache::{Shape, Verb},
            listing::{self, Source},
            plan::{self, bounds, edge, end_page, id_value, is_one_statement, reversed, with_next},
            question::Question,
            room::Room,
            select::{self, Cell},
            visible::Visible,
        },
    },
};

/// Answers a plan in a read transaction of its own: one snapshot.
pub(super) async fn fetch_snapshot(connection: &Connection, plan: &Plan) -> Result<Fetched, StoreError> {
    // A statement sees one snapshot anyway. What was begun ends when the connection is given back.
    if !is_one_statement(plan) {
        connection.begin(Purpose::Read);
    }
    fetch(connection, plan, Locking::None).await
}

/// Whether the root of a plan is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locking {
    /// It is read as it was.
    None,
    /// Nobody else changes it until the transaction ends.
    Root,
}

/// Answers a plan in whatever transaction is open.
pub(super) async fn fetch(
    connection: &Connection,
    plan: &Plan,
    locking: Locking,
) -> Result<Fetched, StoreError> {
    let (selection, scopes) = (&plan.selection, &plan.scopes);
    let room = Room::of(plan);
    let reading = Reading { selection, scopes, room: &room };
    let mut fetched = Fetched { parent: true, rows: Rows::new(selection.resource), ..Fetched::default() };
    match &plan.root {
        Root::One(id) => one(connection, reading, id, locking, &mut fetched).await?,
        Root::Collection(listing) => {
            if locking == Locking::Root {
                lock::collection(connection, selection.resource).await?;
            }
            collection(connection, reading, listing, &mut fetched).await?;
        }
        Root::Related { parent, id, relationship, listing } => {
            if locking == Locking::Root && can_be(id, parent.id.kind) {
                lock::row(connection, parent, id).await?;
            }
            let owner = Owner { resource: parent, id, relationship: *relationship };
            related(connection, reading, owner, listing, &mut fetched).await?;
        }
    }
    if !selection.include.is_empty() {
        include(connection, plan, &room, &mut fetched).await?;
        return Ok(fetched);
    }
    fetched.links = all_linkage(connection, reading, &fetched.rows).await?;
    Ok(fetched)
}

/// The linkage that the selection asks for, all of it at once.
async fn all_linkage(
    connection: &Connection,
    Reading { selection, scopes, room }: Reading<'_>,
    rows: &Rows,
) -> Result<Vec<Option<Links>>, StoreError> {
    let relationships = selection.resource.relationships.iter().enumerate();
    let links = relationships.map(|(index, relationship)| async move {
        let wanted = selection.linkage.get(index).copied().unwrap_or(false) && relationship.is_to_many();
        if !wanted {
            return Ok(None);
        }
        let owners = rows.iter().map(Row::id);
        linkage(connection, scopes, room, selection.resource, index, owners).await.map(Some)
    });
    rocket::futures::future::try_join_all(links).await
}

/// Whether an id is of the kind that the resource has, and a text that PostgreSQL takes for one.
pub(super) fn can_be(id: &ResourceId, kind: IdKind) -> bool {
    plan::can_be(id, kind)
        && match (id, kind) {
            (ResourceId::Text(id), IdKind::Uuid) => is_of_kind(Kind::Uuid, id),
            (ResourceId::Text(id), _) => !id.contains('\0'),
            _ => true,
        }
}

/// Whether the resource exists.
pub(super) async fn exists(
    connection: &Connection,
    scopes: &Scopes,
    resource: &'static Description,
    id: &ResourceId,
) -> Result<bool, StoreError> {
    if !can_be(id, resource.id.kind) {
        return Ok(false);
    }
    let shape = Shape::new(Verb::Exists, resource);
    let question = connection
        .question(scopes, shape, [id_value(id)], |visible| select::exists(visible, resource, id))?;
    Ok(!connection.ask(&question).await?.is_empty())
}

#[derive(Clone, Copy)]
struct Owner<'a> {
    resource: &'static Description,
    id: &'a ResourceId,
    relationship: usize,
}

/// What is read of each row, and who reads.
#[derive(Clone, Copy)]
struct Reading<'a> {
    selection: &'a Selection,
    scopes: &'a Scopes,
    room: &'a Room,
}

async fn one(
    connection: &Connection,
    reading: Reading<'_>,
    id: &ResourceId,
    locking: Locking,
    fetched: &mut Fetched,
) -> Result<(), StoreError> {
    let Reading { selection, scopes, .. } = reading;
    let resource = selection.resource;
    if !can_be(id, resource.id.kind) {
        return Ok(());
    }
    let mut locks = locking == Locking::Root && connection.known().can_lock(resource.table);
    if locks && !scopes.is_empty() {
        // The row of the table: of a subquery none can be locked. What the caller sees of it is read after that.
        lock::row(connection, resource, id).await?;
        locks = false;
    }
    if locks {
        connection.want(resource, std::iter::once(id));
    }
    let verb = if locks { Verb::OneLocked } else { Verb::One };
    let shape = Shape::new(verb, resource).columns(selection.attributes.clone());
    let question = connection.question(scopes, shape, [id_value(id)], |visible| {
        let mut statement = select::one(visible, selection, id)?;
        if locks {
            // One that waits for the lock answers the row as it is then.
            statement.text.push_str(" FOR UPDATE");
        }
        Ok(statement)
    })?;
    read_question(connection, &question, reading, Join::None, &mut fetched.rows).await?;
    Ok(())
}

async fn collection(
    connection: &Connection,
    reading: Reading<'_>,
    listing: &Listing,
    fetched: &mut Fetched,
) -> Result<(), StoreError> {
    if !listing::is_plain(listing) {
        return shaped(connection, reading, Source::Collection, listing, fetched).await;
    }
    let Reading { selection, scopes, .. } = reading;
    let resource = selection.resource;
    let shape = Shape::new(Verb::Collection, resource).columns(selection.attributes.clone());
    let window = with_next(listing);
    let page = connection
        .question(scopes, shape, bounds(window), |visible| select::collection(visible, selection, window))?;
    read_question(connection, &page, reading, Join::None, &mut fetched.rows).await?;
    end_page(listing, fetched);
    if listing.total {
        let shape = Shape::new(Verb::Count, resource);
        let total = connection.question(scopes, shape, [], |visible| select::count(visible, resource))?;
        fetched.total = Some(count(&connection.ask(&total).await?)?);
    }
    Ok(())
}

/// A page of a shape that a client gave.
async fn shaped(
    connection: &Connection,
    reading: Reading<'_>,
    source: Source<'_>,
    listing: &Listing,
    fetched: &mut Fetched,
) -> Result<(), StoreError> {
    let Reading { selection, scopes, .. } = reading;
    let visible = Visible::new(Postgres, scopes);
    let page = listing::page(visible, selection, source, listing).map_err(StoreError::Internal)?;
    let rows = &mut fetched.rows;
    read_rows(connection, &page.text, &values(&page), reading, Join::None, rows).await?;
    end_page(listing, fetched);
    if listing::is_backwards(&listing.page) {
        fetched.rows = reversed(&fetched.rows);
    }
    if listing.total {
        let total =
            listing::total(visible, selection.resource, source, listing).map_err(StoreError::Internal)?;
        fetched.total = Some(count(&connection.rows(&total.text, &values(&total)).await?)?);
    }
    Ok(())
}

fn values(statement: &Statement) -> Vec<Parameter<'_>> {
    statement.values.iter().map(|value| Value::as_ref(value).into()).collect()
}

async fn related(
    connection: &Connection,
    reading: Reading<'_>,
    owner: Owner<'_>,
    listing: &Listing,
    fetched: &mut Fetched,
) -> Result<(), StoreError> {
    let Reading { selection, scopes, .. } = reading;
    let wrong =
        || StoreError::Internal("a plan asks for a relationship that the resource doesn't have".into());
    let relationship = owner.resource.relationships.get(owner.relationship).ok_or_else(wrong)?;
    if !selection.resource.is(relationship.target()) {
        return Err(wrong());
    }
    if !can_be(owner.id, owner.resource.id.kind) {
        fetched.parent = false;
        return Ok(());
    }
    let shape = |verb| Shape::new(verb, owner.resource).relationship(owner.relationship);
    let id = id_value(owner.id);
    if let RelationshipKind::ToOne { column, .. } = relationship.kind {
        if let Some(filter) = &listing.filter {
            let visible = Visible::new(Postgres, scopes);
            let found = listing::related_one(visible, owner.resource, owner.id, column, selection, filter)
                .map_err(StoreError::Internal)?;
            let rows = &mut fetched.rows;
            let number =
                read_rows(connection, &found.text, &values(&found), reading, Join::Left, rows).await?;
            fetched.parent = number > 0;
            return Ok(());
        }
        let shape = shape(Verb::RelatedOne).columns(selection.attributes.clone());
        let found = connection.question(scopes, shape, [id], |visible| {
            select::related_one(visible, owner.resource, owner.id, column, selection)
        })?;
        let rows = &mut fetched.rows;
        fetched.parent = read_question(connection, &found, reading, Join::Left, rows).await? > 0;
        return Ok(());
    }
    fetched.parent = exists(connection, scopes, owner.resource, owner.id).await?;
    if !fetched.parent {
        return Ok(());
    }
    let edge = edge(owner.resource, owner.relationship)?;
    if !listing::is_plain(listing) {
        return shaped(connection, reading, Source::Related(&edge, owner.id), listing, fetched).await;
    }
    let page_shape = shape(Verb::RelatedPage).columns(selection.attributes.clone());
    let window = with_next(listing);
    let [limit, offset] = bounds(window);
    let page = connection.question(scopes, page_shape, [id, limit, offset], |visible| {
        select::related_page(visible, &edge, selection, owner.id, window)
    })?;
    read_question(connection, &page, reading, Join::None, &mut fetched.rows).await?;
    end_page(listing, fetched);
    if listing.total {
        let total = connection.question(scopes, shape(Verb::CountRelated), [id], |visible| {
            select::count_related(visible, &edge, owner.id)
        })?;
        fetched.total = Some(count(&connection.ask(&total).await?)?);
    }
    Ok(())
}

fn count(rows: &[tokio_postgres::Row]) -> Result<u64, StoreError> {
    let count = rows.first().map(|row| cell::number(row, 0)).transpose()?.flatten();
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// Which rows of an answer are rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    /// Each.
    None,
    /// Those with an id: the others are owners with nothing at the other end.
    Left,
}

async fn read_question<const N: usize>(
    connection: &Connection,
    question: &Question<'_, N>,
    reading: Reading<'_>,
    join: Join,
    rows: &mut Rows,
) -> Result<usize, StoreError> {
    push_found(&connection.ask_within(question, reading.room, Excess::Primary).await?, reading, join, rows)
}

/// Reads rows. Answers how many there were, those without an id included.
async fn read_rows(
    connection: &Connection,
    text: &str,
    parameters: &[Parameter<'_>],
    reading: Reading<'_>,
    join: Join,
    rows: &mut Rows,
) -> Result<usize, StoreError> {
    let found = connection.rows_within(text, parameters, reading.room, Excess::Primary).await?;
    push_found(&found, reading, join, rows)
}

fn push_found(
    found: &[tokio_postgres::Row],
    Reading { selection, room, .. }: Reading<'_>,
    join: Join,
    rows: &mut Rows,
) -> Result<usize, StoreError> {
    let cells: Vec<Option<Cell>> = select::cells(selection).collect();
    for row in found {
        if join == Join::Left && cell::is_null(row, 0)? {
            continue;
        }
        let before = rows.text_bytes();
        push_row(row, 0, &cells, selection.resource.table, rows)?;
        room.take_row(rows, before, Excess::Primary)?;
    }
    Ok(found.len())
}
