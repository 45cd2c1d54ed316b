//! Reads included resources, level by level. Each edge of the plan takes one statement for all its owners.
//!
//! The statements begin with the list and then look up the rows, as SQLite does for `CROSS JOIN`. They have
//! no `ORDER BY`: sorting whole rows takes memory, and each time a process-wide lock of SQLite. Most rows
//! come in order anyway, and [`Document`](super::document::Document) sorts the others.

use std::collections::BTreeSet;

use sea_query::{JoinType, Query};

use super::{
    Dialect, Statement,
    cache::{Shape, Verb},
    cell::{self, Cells, push_row},
    document::{Demand, Document, Step, steps},
    edge::{Edge, EdgeKind},
    ids::{IdColumns, list_of_ids},
    linkage_read::{Owners, linkage},
    positions::position,
    room::Room,
    schema::kind_of_id,
    select::{ROWS, add_cells, cells, rows_of},
    session::Session,
    visible::Visible,
    visit::Visit,
    window,
};
use crate::plan::{Fetched, Plan, Selection};
use crate::schema::{Description, ResourceId, ValueRef};
use crate::store::{Excess, StoreError};

/// Adds the included resources and all linkage to an answer that already has the root's rows.
pub(crate) async fn include(
    session: &impl Session,
    plan: &Plan,
    room: &Room,
    fetched: &mut Fetched,
) -> Result<(), StoreError> {
    let mut document = Document::new(plan, room, std::mem::take(&mut fetched.rows), |table, column| {
        session.scale(table, column)
    })?;
    let mut waiting = document.first_steps(plan)?;
    while let Some(step) = waiting.pop_front() {
        let reached = follow(session, &mut document, &step).await?;
        if !reached.is_empty() {
            let reached: Vec<ResourceId> = reached.into_iter().collect();
            waiting.extend(steps(&step.include.selection, &reached));
        }
    }
    let unread = document.unread();
    let unread = unread.into_iter().map(|unread| {
        let owners = Owners::of(unread.owners.iter())?;
        Ok((unread, owners))
    });
    let unread = unread.collect::<Result<Vec<_>, StoreError>>()?;
    let work = unread.iter().map(|(unread, owners)| {
        linkage(session, document.scopes, room, unread.owner, unread.relationship, owners)
    });
    let linkage = session.all(work.collect()).await?;
    for ((unread, _), links) in unread.into_iter().zip(&linkage) {
        document.put(unread, links);
    }
    document.finish(fetched);
    Ok(())
}

/// Reads the resources that an edge leads to. If the plan includes more from them, returns the ids of all of
/// them, even of those that were already in the document.
async fn follow<'p>(
    session: &impl Session,
    document: &mut Document<'p>,
    step: &Step<'p>,
) -> Result<BTreeSet<ResourceId>, StoreError> {
    let (scopes, room) = (document.scopes, document.room);
    match document.demand(step)? {
        Demand::Nothing => Ok(BTreeSet::new()),
        Demand::ToOne { mut links, new, selection } => {
            let resource = selection.resource;
            if !new.is_empty() {
                let first = document.number(resource)?;
                let list = list_of_ids(new.iter())?;
                let shape = Shape::new(Verb::IncludeOne, resource).columns(selection.attributes.clone());
                let query = session.bound_query(scopes, shape, [ValueRef::Text(&list)], |visible| {
                    to_one(visible, selection, &list)
                })?;
                session
                    .read(&query, room, Excess::Included, |row| match id_of(resource, row, 0)? {
                        Some(id) => document
                            .add(resource, id, |cells, rows| push_row(row, 0, cells, resource.table, rows)),
                        None => Ok(()),
                    })
                    .await?;
                document.sort(resource, first)?;
            }
            if !step.goes_on() {
                return Ok(BTreeSet::new());
            }
            links.retain(|id| document.has(resource, id));
            Ok(links)
        }
        Demand::ToMany { edge, selection, mut links } => {
            if let Some(listing) = &step.include.window {
                let windows =
                    Box::pin(window::follow(session, document, step, &edge, selection, listing)).await?;
                let ids = windows.iter().flat_map(|window| &window.ids);
                let reached = if step.goes_on() { ids.cloned().collect() } else { BTreeSet::new() };
                document.keep_windows(step, windows)?;
                return Ok(reached);
            }
            let resource = selection.resource;
            let shape = Shape::new(Verb::IncludeMany, step.owner)
                .relationship(step.include.relationship)
                .columns(selection.attributes.clone());
            let list = list_of_ids(step.owners.iter())?;
            let query = session.bound_query(scopes, shape, [ValueRef::Text(&list)], |visible| {
                to_many(visible, &edge, selection, &list)
            })?;
            let first = document.number(resource)?;
            let mut reached = BTreeSet::new();
            let position_at = 2 + cells(selection).flatten().count();
            session
                .read(&query, room, Excess::Included, |row| {
                    let related =
                        cell::known_id(edge.table, edge.target_columns, edge.target.id.kind, row, 0)?;
                    let Some(related) = related else { return Ok(()) };
                    room.take_link(&related)?;
                    let position = if edge.order.is_some() { cell::number(row, position_at)? } else { None };
                    links.push(cell::number(row, 1)?.unwrap_or(-1), &related, position);
                    let id = match edge.kind {
                        EdgeKind::Inverse { .. } => Some(related),
                        EdgeKind::Join if row.is_null(2)? => None,
                        EdgeKind::Join => id_of(resource, row, 2)?,
                    };
                    let Some(id) = id else { return Ok(()) };
                    if step.goes_on() {
                        reached.insert(id.clone());
                    }
                    document.add(resource, id, |cells, rows| push_row(row, 2, cells, resource.table, rows))
                })
                .await?;
            document.sort(resource, first)?;
            document.keep(step, links)?;
            Ok(reached)
        }
    }
}

pub(super) fn id_of(
    resource: &Description,
    row: &impl Cells,
    column: usize,
) -> Result<Option<ResourceId>, StoreError> {
    cell::known_id(resource.table, resource.id.columns(), resource.id.kind, row, column)
}

/// The resources of a list, in any order. Parameters: the list of ids.
pub(crate) fn to_one<D: Dialect>(
    visible: Visible<'_, D>,
    selection: &Selection,
    list: &str,
) -> Result<Statement, String> {
    let dialect = visible.dialect;
    let id = &selection.resource.id;
    let mut select = rows_of(dialect, selection);
    select
        .from(dialect.list(list, kind_of_id(id.kind)))
        .cross_join(visible.rows(selection.resource, ROWS, Visit::Few)?)
        .and_where(IdColumns::of(Some(ROWS), selection.resource).is_element(dialect));
    Statement::new(dialect, &select)
}

/// The edges of one relationship for many owners: the related id, the owner's place in the list, and the
/// related resource, and the position of the edge if the relationship has an order; in any order. The columns of a
/// missing resource are null. Parameters: the list of owners' ids.
pub(crate) fn to_many<D: Dialect>(
    visible: Visible<'_, D>,
    edge: &Edge,
    selection: &Selection,
    list: &str,
) -> Result<Statement, String> {
    let dialect = visible.dialect;
    let target = edge.target;
    let edges = match edge.kind {
        EdgeKind::Join => "j",
        EdgeKind::Inverse { .. } => ROWS,
    };
    let related = edge.related(edges);
    let mut select = Query::select();
    select.expr(related.cell(dialect)).column(("e", "key"));
    add_cells(dialect, &mut select, selection);
    if let Some(position) = position(dialect, edge, edges) {
        select.expr(position);
    }
    select
        .from(dialect.list(list, kind_of_id(edge.owner_id)))
        .cross_join(visible.edges(edge, edges)?)
        .and_where(edge.owner(edges).is_element(dialect))
        .and_where_option(edge.is_edge(edges));
    if edge.kind == EdgeKind::Join {
        // A join table that the user has created may have nulls, and ids of rows that no longer exist.
        let on = IdColumns::of(Some(ROWS), target).equals(related);
        select
            .join(JoinType::LeftJoin, visible.rows(target, ROWS, Visit::Few)?, on)
            .and_where(related.is_not_null());
    }
    Statement::new(dialect, &select)
}
