//! Included resources: level by level, one statement an edge of the plan.

use std::collections::BTreeSet;

use rusqlite::types::ValueRef as SqliteValue;

use super::{
    cell,
    connection::{Connection, bound},
    error::store_error,
    linkage::linkage,
    read::push_row,
};
use crate::{
    resource::{Description, ResourceId, ValueRef},
    store::{
        Fetched, Plan, StoreError,
        sql::{
            cache::{Shape, Verb},
            document::{Demand, Document, Step, steps},
            edge::EdgeKind,
            include,
            plan::{id_list, id_value},
            room::Room,
        },
    },
};

/// Reads what the plan includes, and all linkage, into an answer that has the root's rows.
pub(super) fn include(
    connection: &mut Connection,
    plan: &Plan,
    room: &Room,
    fetched: &mut Fetched,
) -> Result<(), StoreError> {
    let mut document = Document::new(plan, room, std::mem::take(&mut fetched.rows))?;
    let mut waiting = document.first_steps(plan)?;
    while let Some(step) = waiting.pop_front() {
        let reached = follow(connection, &mut document, &step)?;
        if !reached.is_empty() {
            let reached: Vec<ResourceId> = reached.into_iter().collect();
            waiting.extend(steps(&step.include.selection, &reached));
        }
    }
    for unread in document.unread() {
        let owners = unread.owners.iter().map(id_value);
        let links = linkage(connection, document.scopes, room, unread.owner, unread.relationship, owners)?;
        document.put(unread, &links);
    }
    document.finish(fetched);
    Ok(())
}

/// Reads what an edge leads to. Answers all that it leads to, whether it was there already or not, if the plan goes on
/// from there.
fn follow<'p>(
    connection: &mut Connection,
    document: &mut Document<'p>,
    step: &Step<'p>,
) -> Result<BTreeSet<ResourceId>, StoreError> {
    match document.demand(step)? {
        Demand::Nothing => Ok(BTreeSet::new()),
        Demand::ToOne { mut links, new, selection } => {
            let resource = selection.resource;
            if !new.is_empty() {
                let first = document.number(resource)?;
                let list = id_list(new.iter().map(id_value))?;
                let shape = Shape::new(Verb::IncludeOne, resource).columns(selection.attributes.clone());
                let question =
                    connection.question(document.scopes, shape, [ValueRef::Text(&list)], |visible| {
                        include::to_one(visible, selection, &list)
                    })?;
                let mut statement = connection.prepare(&question.text)?;
                let mut rows = statement.query(bound(&question.values())).map_err(store_error)?;
                while let Some(row) = rows.next().map_err(store_error)? {
                    let Some(id) = id_of(resource, row, 0)? else { continue };
                    document
                        .add(resource, id, |cells, rows| push_row(row, 0, cells, resource.table, rows))?;
                }
                document.sort(resource, first)?;
            }
            if !step.goes_on() {
                return Ok(BTreeSet::new());
            }
            links.retain(|id| document.has(resource, id));
            Ok(links)
        }
        Demand::ToMany { edge, selection, mut links } => {
            let resource = selection.resource;
            let shape = Shape::new(Verb::IncludeMany, step.owner)
                .relationship(step.include.relationship)
                .columns(selection.attributes.clone());
            let list = id_list(step.owners.iter().map(id_value))?;
            let question =
                connection.question(document.scopes, shape, [ValueRef::Text(&list)], |visible| {
                    include::to_many(visible, &edge, selection, &list)
                })?;
            let first = document.number(resource)?;
            let mut reached = BTreeSet::new();
            let mut statement = connection.prepare(&question.text)?;
            let mut rows = statement.query(bound(&question.values())).map_err(store_error)?;
            while let Some(row) = rows.next().map_err(store_error)? {
                let value = row.get_ref(0).map_err(store_error)?;
                let related = cell::known_id(edge.table, edge.target_column, edge.target.id.kind, value);
                let Some(related) = related else { continue };
                document.room.take_link(&related)?;
                links.push(row.get(1).map_err(store_error)?, &related);
                let id = match edge.kind {
                    EdgeKind::Inverse { .. } => related,
                    EdgeKind::Join if row.get_ref(2).map_err(store_error)? == SqliteValue::Null => continue,
                    EdgeKind::Join => match id_of(resource, row, 2)? {
                        Some(id) => id,
                        None => continue,
                    },
                };
                if step.goes_on() {
                    reached.insert(id.clone());
                }
                document.add(resource, id, |cells, rows| push_row(row, 2, cells, resource.table, rows))?;
            }
            document.sort(resource, first)?;
            document.keep(step, links)?;
            Ok(reached)
        }
    }
}

fn id_of(
    resource: &'static Description,
    row: &rusqlite::Row<'_>,
    column: usize,
) -> Result<Option<ResourceId>, StoreError> {
    let value = row.get_ref(column).map_err(store_error)?;
    Ok(cell::known_id(resource.table, resource.id.column, resource.id.kind, value))
}
