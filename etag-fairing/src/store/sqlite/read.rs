//! Answers plans.

use rusqlite::types::ValueRef as SqliteValue;

use super::{
    cell,
    connection::{Connection, bound},
    dialect::Sqlite,
    error::store_error,
    include::include,
    linkage::linkage,
    spellings,
};
use crate::{
    resource::{Description, RelationshipKind, ResourceId, Row, Rows, Value, ValueRef},
    store::{
        Excess, Fetched, Listing, Page, Plan, Root, Scopes, Selection, StoreError,
        sql::{
            Statement,
            cache::{Shape, Verb},
            listing::{self, Source},
            plan::{bounds, can_be, edge, end_page, id_value, is_one_statement, reversed, with_next},
            room::Room,
            select::{self, Cell},
            spelling::Spelled,
            visible::Visible,
        },
    },
};

/// Answers a plan in a read transaction of its own: one snapshot.
pub(super) fn fetch_snapshot(connection: &mut Connection, plan: &Plan) -> Result<Fetched, StoreError> {
    if is_one_statement(plan) {
        // A statement sees one snapshot anyway.
        return fetch(connection, plan);
    }
    connection.control("BEGIN")?;
    let fetched = fetch(connection, plan);
    connection.rollback();
    fetched
}

/// Whether it takes no longer than to find one row by its key.
pub(super) fn is_short(plan: &Plan) -> bool {
    matches!(plan.root, Root::One(_)) && plan.scopes.is_empty() && is_one_statement(plan)
}

/// Answers a plan in whatever transaction is open.
pub(super) fn fetch(connection: &mut Connection, plan: &Plan) -> Result<Fetched, StoreError> {
    let Some(forms) = connection.spellings() else { return fetch_as_stored(connection, plan) };
    let plan = connection.plan_as_stored(&forms, plan)?;
    let mut fetched = fetch_as_stored(connection, &plan)?;
    spellings::told(&forms, &plan, &mut fetched);
    Ok(fetched)
}

fn fetch_as_stored(connection: &mut Connection, plan: &Plan) -> Result<Fetched, StoreError> {
    let (selection, scopes) = (&plan.selection, &plan.scopes);
    let room = Room::of(plan);
    let reading = Reading { selection, scopes, room: &room };
    let rows = connection.rows(selection.resource, expected(plan));
    let mut fetched = Fetched { parent: true, rows, ..Fetched::default() };
    match &plan.root {
        Root::One(id) => one(connection, reading, id, &mut fetched)?,
        Root::Collection(listing) => collection(connection, reading, listing, &mut fetched)?,
        Root::Related { parent, id, relationship, listing } => {
            let owner = Owner { resource: parent, id, relationship: *relationship };
            related(connection, reading, owner, listing, &mut fetched)?;
        }
    }
    connection.learn(selection.resource, &fetched.rows);
    if !selection.include.is_empty() {
        include(connection, plan, &room, &mut fetched)?;
        return Ok(fetched);
    }
    for (index, relationship) in selection.resource.relationships.iter().enumerate() {
        let wanted = selection.linkage.get(index).copied().unwrap_or(false) && relationship.is_to_many();
        let owners = fetched.rows.iter().map(Row::id);
        fetched.links.push(match wanted {
            true => Some(linkage(connection, scopes, &room, selection.resource, index, owners)?),
            false => None,
        });
    }
    Ok(fetched)
}

/// For how many rows to have memory at the beginning.
fn expected(plan: &Plan) -> usize {
    let listing = match &plan.root {
        Root::One(_) => return 1,
        Root::Collection(listing) | Root::Related { listing, .. } => listing,
    };
    let limit = match listing.page {
        Page::All => return 0,
        Page::Offset { limit, .. } | Page::Between { limit, .. } => limit,
    };
    // One more tells whether there is a next page.
    usize::try_from(limit.min(100)).unwrap_or(0) + 1
}

/// Whether the resource exists.
pub(super) fn exists(
    connection: &mut Connection,
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
    let mut statement = connection.prepare(&question.text)?;
    statement.exists(bound(&question.values())).map_err(store_error)
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

fn one(
    connection: &mut Connection,
    reading: Reading<'_>,
    id: &ResourceId,
    fetched: &mut Fetched,
) -> Result<(), StoreError> {
    let Reading { selection, scopes, .. } = reading;
    if !can_be(id, selection.resource.id.kind) {
        return Ok(());
    }
    let shape = Shape::new(Verb::One, selection.resource).columns(selection.attributes.clone());
    let question =
        connection.question(scopes, shape, [id_value(id)], |visible| select::one(visible, selection, id))?;
    let rows = &mut fetched.rows;
    read_rows(connection, &question.text, &question.values(), reading, Join::None, rows)?;
    Ok(())
}

fn collection(
    connection: &mut Connection,
    reading: Reading<'_>,
    listing: &Listing,
    fetched: &mut Fetched,
) -> Result<(), StoreError> {
    if !listing::is_plain(listing) || orders_by_meaning(connection, reading.selection.resource) {
        return shaped(connection, reading, Source::Collection, listing, fetched);
    }
    let Reading { selection, scopes, .. } = reading;
    let resource = selection.resource;
    let shape = Shape::new(Verb::Collection, resource).columns(selection.attributes.clone());
    let window = with_next(listing);
    let page = connection
        .question(scopes, shape, bounds(window), |visible| select::collection(visible, selection, window))?;
    read_rows(connection, &page.text, &page.values(), reading, Join::None, &mut fetched.rows)?;
    end_page(listing, fetched);
    if listing.total {
        let shape = Shape::new(Verb::Count, resource);
        let total = connection.question(scopes, shape, [], |visible| select::count(visible, resource))?;
        fetched.total = Some(count(connection, &total.text, &total.values())?);
    }
    Ok(())
}

/// Whether the order of a resource's ids is not that of their column.
fn orders_by_meaning(connection: &Connection, resource: &Description) -> bool {
    connection.spellings().is_some_and(|forms| {
        matches!(forms.spelled(resource.table, resource.id.column), Some(Spelled::Any(_)))
    })
}

/// A page of a shape that a client gave.
fn shaped(
    connection: &mut Connection,
    reading: Reading<'_>,
    source: Source<'_>,
    listing: &Listing,
    fetched: &mut Fetched,
) -> Result<(), StoreError> {
    let Reading { selection, scopes, .. } = reading;
    let forms = connection.forms();
    let visible = Visible::new(Sqlite, scopes).holding(&forms);
    let page = listing::page(visible, selection, source, listing).map_err(StoreError::Internal)?;
    let rows = &mut fetched.rows;
    read_rows(connection, &page.text, &values(&page), reading, Join::None, rows)?;
    end_page(listing, fetched);
    if listing::is_backwards(&listing.page) {
        fetched.rows = reversed(&fetched.rows);
    }
    if listing.total {
        let total =
            listing::total(visible, selection.resource, source, listing).map_err(StoreError::Internal)?;
        fetched.total = Some(count(connection, &total.text, &values(&total))?);
    }
    Ok(())
}

fn values(statement: &Statement) -> Vec<ValueRef<'_>> {
    statement.values.iter().map(Value::as_ref).collect()
}

fn related(
    connection: &mut Connection,
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
            let forms = connection.forms();
            let visible = Visible::new(Sqlite, scopes).holding(&forms);
            let found = listing::related_one(visible, owner.resource, owner.id, column, selection, filter)
                .map_err(StoreError::Internal)?;
            let rows = &mut fetched.rows;
            let number = read_rows(connection, &found.text, &values(&found), reading, Join::Left, rows)?;
            fetched.parent = number > 0;
            return Ok(());
        }
        let shape = shape(Verb::RelatedOne).columns(selection.attributes.clone());
        let found = connection.question(scopes, shape, [id], |visible| {
            select::related_one(visible, owner.resource, owner.id, column, selection)
        })?;
        let rows = &mut fetched.rows;
        let number = read_rows(connection, &found.text, &found.values(), reading, Join::Left, rows)?;
        fetched.parent = number > 0;
        return Ok(());
    }
    fetched.parent = exists(connection, scopes, owner.resource, owner.id)?;
    if !fetched.parent {
        return Ok(());
    }
    let edge = edge(owner.resource, owner.relationship)?;
    if !listing::is_plain(listing) || orders_by_meaning(connection, selection.resource) {
        return shaped(connection, reading, Source::Related(&edge, owner.id), listing, fetched);
    }
    let page_shape = shape(Verb::RelatedPage).columns(selection.attributes.clone());
    let window = with_next(listing);
    let [limit, offset] = bounds(window);
    let page = connection.question(scopes, page_shape, [id, limit, offset], |visible| {
        select::related_page(visible, &edge, selection, owner.id, window)
    })?;
    read_rows(connection, &page.text, &page.values(), reading, Join::None, &mut fetched.rows)?;
    end_page(listing, fetched);
    if listing.total {
        let total = connection.question(scopes, shape(Verb::CountRelated), [id], |visible| {
            select::count_related(visible, &edge, owner.id)
        })?;
        fetched.total = Some(count(connection, &total.text, &total.values())?);
    }
    Ok(())
}

fn count(connection: &Connection, text: &str, parameters: &[ValueRef<'_>]) -> Result<u64, StoreError> {
    let mut statement = connection.prepare(text)?;
    let count: i64 = statement.query_row(bound(parameters), |row| row.get(0)).map_err(store_error)?;
    Ok(count.unsigned_abs())
}

/// Which rows of an answer are rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    /// Each.
    None,
    /// Those with an id: the others are owners with nothing at the other end.
    Left,
}

/// Reads rows. Answers how many there were, those without an id included.
fn read_rows(
    connection: &Connection,
    text: &str,
    parameters: &[ValueRef<'_>],
    Reading { selection, room, .. }: Reading<'_>,
    join: Join,
    rows: &mut Rows,
) -> Result<usize, StoreError> {
    let cells: Vec<Option<Cell>> = select::cells(selection).collect();
    let mut statement = connection.prepare(text)?;
    let mut found = statement.query(bound(parameters)).map_err(store_error)?;
    let mut number = 0;
    while let Some(row) = found.next().map_err(store_error)? {
        number += 1;
        if join == Join::Left && row.get_ref(0).map_err(store_error)? == SqliteValue::Null {
            continue;
        }
        let before = rows.text_bytes();
        push_row(row, 0, &cells, selection.resource.table, rows)?;
        room.take_row(rows, before, Excess::Primary)?;
    }
    Ok(number)
}

/// Adds a row, whose columns begin at the `first`. A row without an id is no resource.
pub(super) fn push_row(
    row: &rusqlite::Row<'_>,
    first: usize,
    cells: &[Option<Cell>],
    table: &str,
    rows: &mut Rows,
) -> Result<(), StoreError> {
    let mut index = first;
    for cell in cells {
        let Some(cell) = cell else {
            rows.push(ValueRef::Null);
            continue;
        };
        let value = row.get_ref(index).map_err(store_error)?;
        if let Err(detail) = cell::push(cell, value, rows) {
            log::warn!("table `{table}`, column `{}`: {detail}; the row is not shown", cell.column);
            rows.skip_row();
            return Ok(());
        }
        index += 1;
    }
    Ok(())
}
