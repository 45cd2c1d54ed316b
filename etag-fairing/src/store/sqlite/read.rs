//! Answers plans.

use rusqlite::types::ValueRef as SqliteValue;

use super::{
    cell,
    connection::{Connection, bound},
    dialect::Sqlite,
    error::store_error,
};
use crate::{
    resource::{Corrupt, Description, IdKind, RelationshipKind, ResourceId, Rows, ValueRef},
    store::{
        Fetched, Links, Listing, Page, Plan, Root, Selection, StoreError,
        sql::{
            cache::{Shape, Verb},
            edge::Edge,
            select::{self, Cell},
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

fn is_one_statement(plan: &Plan) -> bool {
    let to_many = |owner: &Description, relationship: usize| {
        owner.relationships.get(relationship).is_none_or(|relationship| relationship.is_to_many())
    };
    let root = match &plan.root {
        Root::One(_) => true,
        Root::Collection(listing) => !listing.total,
        Root::Related { parent, relationship, .. } => !to_many(parent, *relationship),
    };
    let selection = &plan.selection;
    let mut linkage = selection.linkage.iter().enumerate();
    root && linkage.all(|(index, wanted)| !wanted || !to_many(selection.resource, index))
}

/// Answers a plan in whatever transaction is open.
pub(super) fn fetch(connection: &mut Connection, plan: &Plan) -> Result<Fetched, StoreError> {
    let selection = &plan.selection;
    let mut fetched = Fetched { parent: true, rows: Rows::new(selection.resource), ..Fetched::default() };
    match &plan.root {
        Root::One(id) => one(connection, selection, id, &mut fetched)?,
        Root::Collection(listing) => collection(connection, selection, listing, &mut fetched)?,
        Root::Related { parent, id, relationship, listing } => {
            let owner = Owner { resource: parent, id, relationship: *relationship };
            related(connection, selection, owner, listing, &mut fetched)?;
        }
    }
    for (index, relationship) in selection.resource.relationships.iter().enumerate() {
        let wanted = selection.linkage.get(index).copied().unwrap_or(false) && relationship.is_to_many();
        fetched.links.push(match wanted {
            true => Some(linkage(connection, selection.resource, index, &fetched.rows)?),
            false => None,
        });
    }
    Ok(fetched)
}

/// Whether the resource exists.
pub(super) fn exists(
    connection: &mut Connection,
    resource: &'static Description,
    id: &ResourceId,
) -> Result<bool, StoreError> {
    if !can_be(id, resource.id.kind) {
        return Ok(false);
    }
    let text = connection
        .text(Shape::new(Verb::Exists, resource), || Ok::<_, String>(select::exists(Sqlite, resource)))?;
    let mut statement = connection.prepare(&text)?;
    statement.exists(bound(&[id_value(id)])).map_err(store_error)
}

/// Whether an id is of the kind that the resource has. SQLite would take `'1'` for 1.
pub(super) fn can_be(id: &ResourceId, kind: IdKind) -> bool {
    match (id, kind) {
        (ResourceId::Integer(id), IdKind::Integer { min, max }) => (min..=max).contains(id),
        (ResourceId::Text(_), IdKind::Text | IdKind::Uuid) => true,
        _ => false,
    }
}

/// An id as a parameter.
pub(super) fn id_value(id: &ResourceId) -> ValueRef<'_> {
    match id {
        ResourceId::Integer(id) => ValueRef::Integer(*id),
        ResourceId::Text(id) => ValueRef::Text(id),
    }
}

/// Ids as the one parameter that [`Dialect::id_list`](crate::store::sql::Dialect::id_list) takes: a JSON array.
pub(super) fn id_list<'a>(ids: impl Iterator<Item = ValueRef<'a>>) -> Result<String, StoreError> {
    let mut list = String::from("[");
    for id in ids {
        if list.len() > 1 {
            list.push(',');
        }
        match id {
            ValueRef::Integer(id) => list.push_str(itoa::Buffer::new().format(id)),
            ValueRef::Text(id) => {
                list.push_str(&serde_json::to_string(id).map_err(|e| StoreError::Internal(e.to_string()))?);
            }
            other => return Err(Corrupt::expected("an id", other).into()),
        }
    }
    list.push(']');
    Ok(list)
}

#[derive(Clone, Copy)]
struct Owner<'a> {
    resource: &'static Description,
    id: &'a ResourceId,
    relationship: usize,
}

fn one(
    connection: &mut Connection,
    selection: &Selection,
    id: &ResourceId,
    fetched: &mut Fetched,
) -> Result<(), StoreError> {
    if !can_be(id, selection.resource.id.kind) {
        return Ok(());
    }
    let shape = Shape::new(Verb::One, selection.resource).columns(selection.attributes.clone());
    let text = connection.text(shape, || Ok::<_, String>(select::one(Sqlite, selection)))?;
    read_rows(connection, &text, &[id_value(id)], selection, Join::None, &mut fetched.rows)?;
    Ok(())
}

fn collection(
    connection: &mut Connection,
    selection: &Selection,
    page: &Listing,
    fetched: &mut Fetched,
) -> Result<(), StoreError> {
    let resource = selection.resource;
    let shape = Shape::new(Verb::Collection, resource).columns(selection.attributes.clone());
    let text = connection.text(shape, || Ok::<_, String>(select::collection(Sqlite, selection)))?;
    read_rows(connection, &text, &bounds(page), selection, Join::None, &mut fetched.rows)?;
    end_page(page, fetched);
    if page.total {
        let text = connection
            .text(Shape::new(Verb::Count, resource), || Ok::<_, String>(select::count(Sqlite, resource)))?;
        fetched.total = Some(count(connection, &text, &[])?);
    }
    Ok(())
}

fn related(
    connection: &mut Connection,
    selection: &Selection,
    owner: Owner<'_>,
    page: &Listing,
    fetched: &mut Fetched,
) -> Result<(), StoreError> {
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
        let shape = shape(Verb::RelatedOne).columns(selection.attributes.clone());
        let build = || Ok::<_, String>(select::related_one(Sqlite, owner.resource, column, selection));
        let text = connection.text(shape, build)?;
        fetched.parent = read_rows(connection, &text, &[id], selection, Join::Left, &mut fetched.rows)? > 0;
        return Ok(());
    }
    fetched.parent = exists(connection, owner.resource, owner.id)?;
    if !fetched.parent {
        return Ok(());
    }
    let edge = edge(owner.resource, owner.relationship)?;
    let page_shape = shape(Verb::RelatedPage).columns(selection.attributes.clone());
    let text =
        connection.text(page_shape, || Ok::<_, String>(select::related_page(Sqlite, &edge, selection)))?;
    let [limit, offset] = bounds(page);
    read_rows(connection, &text, &[id, limit, offset], selection, Join::None, &mut fetched.rows)?;
    end_page(page, fetched);
    if page.total {
        let text = connection
            .text(shape(Verb::CountRelated), || Ok::<_, String>(select::count_related(Sqlite, &edge)))?;
        fetched.total = Some(count(connection, &text, &[id])?);
    }
    Ok(())
}

/// The edge of a to-many relationship.
pub(super) fn edge(owner: &Description, relationship: usize) -> Result<Edge, StoreError> {
    let found = owner.relationships.get(relationship).map(|found| Edge::of(owner, found));
    match found {
        Some(Ok(Some(edge))) => Ok(edge),
        Some(Err(problem)) => Err(StoreError::Internal(problem)),
        Some(Ok(None)) | None => {
            Err(StoreError::Internal(format!("`{}` has no such to-many relationship", owner.rust_name)))
        }
    }
}

fn window(listing: &Listing) -> (u64, Option<u64>) {
    match listing.page {
        Page::All => (0, None),
        Page::Offset { offset, limit } => (offset, Some(limit)),
        Page::Between { limit, .. } => (0, Some(limit)),
    }
}

/// One row more than the page tells whether there is a next one.
fn bounds(listing: &Listing) -> [ValueRef<'static>; 2] {
    let number = |number: u64| ValueRef::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let (offset, limit) = window(listing);
    [number(limit.map_or(u64::MAX, |limit| limit.saturating_add(1))), number(offset)]
}

fn end_page(listing: &Listing, fetched: &mut Fetched) {
    let (_, limit) = window(listing);
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    fetched.more = fetched.rows.len() > limit;
    fetched.rows.truncate(limit);
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
    selection: &Selection,
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
        let mut index = 0;
        for cell in &cells {
            let Some(cell) = cell else {
                rows.push(ValueRef::Null);
                continue;
            };
            let value = row.get_ref(index).map_err(store_error)?;
            cell::push(selection.resource.table, cell, value, rows)?;
            index += 1;
        }
    }
    Ok(number)
}

/// The linkage of one to-many relationship for all rows, by one statement.
fn linkage(
    connection: &mut Connection,
    owner: &'static Description,
    relationship: usize,
    rows: &Rows,
) -> Result<Links, StoreError> {
    let mut links = Links::default();
    if rows.is_empty() {
        return Ok(links);
    }
    let edge = edge(owner, relationship)?;
    let shape = Shape::new(Verb::Linkage, owner).relationship(relationship);
    let text = connection.text(shape, || Ok::<_, String>(select::linkage(Sqlite, &edge)))?;
    let list = id_list(rows.iter().map(|row| row.id()))?;
    let mut statement = connection.prepare(&text)?;
    let mut found = statement.query(bound(&[ValueRef::Text(&list)])).map_err(store_error)?;
    let mut ended = 0;
    let mut last: Option<(usize, ResourceId)> = None;
    while let Some(row) = found.next().map_err(store_error)? {
        let place: i64 = row.get(0).map_err(store_error)?;
        let place = usize::try_from(place).unwrap_or(usize::MAX).min(rows.len());
        let value = row.get_ref(1).map_err(store_error)?;
        let id = cell::id(edge.table, edge.target_column, edge.target.id.kind, value)?;
        let edge = Some((place, id));
        if edge == last {
            // A join table of the user's may hold an edge twice; linkage names it once (JSON:API §7.2.2.2).
            continue;
        }
        while ended < place {
            links.end_row();
            ended += 1;
        }
        if let Some((_, id)) = &edge {
            links.push(id.clone());
        }
        last = edge;
    }
    while ended < rows.len() {
        links.end_row();
        ended += 1;
    }
    Ok(links)
}
