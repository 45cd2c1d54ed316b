//! Included resources: level by level, one statement an edge of the plan.

use std::collections::BTreeSet;

use super::{
    cell::{self, push_row},
    connection::Connection,
    linkage::linkage,
};
use crate::{
    resource::{Description, ResourceId, ValueRef},
    store::{
        Excess, Fetched, Plan, StoreError,
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
pub(super) async fn include(
    connection: &Connection,
    plan: &Plan,
    room: &Room,
    fetched: &mut Fetched,
) -> Result<(), StoreError> {
    let mut document = Document::new(plan, room, std::mem::take(&mut fetched.rows))?;
    let mut waiting = document.first_steps(plan)?;
    while let Some(step) = waiting.pop_front() {
        let reached = follow(connection, &mut document, &step).await?;
        if !reached.is_empty() {
            let reached: Vec<ResourceId> = reached.into_iter().collect();
            waiting.extend(steps(&step.include.selection, &reached));
        }
    }
    for unread in document.unread() {
        let owners: Vec<ValueRef<'_>> = unread.owners.iter().map(id_value).collect();
        let links =
            linkage(connection, document.scopes, room, unread.owner, unread.relationship, owners.into_iter())
                .await?;
        document.put(unread, &links);
    }
    document.finish(fetched);
    Ok(())
}

/// Reads what an edge leads to. Answers all that it leads to, whether it was there already or not, if the plan goes on
/// from there.
async fn follow<'p>(
    connection: &Connection,
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
                for row in connection.ask_within(&question, document.room, Excess::Included).await? {
                    let Some(id) = id_of(resource, &row, 0)? else { continue };
                    document
                        .add(resource, id, |cells, rows| push_row(&row, 0, cells, resource.table, rows))?;
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
            for row in connection.ask_within(&question, document.room, Excess::Included).await? {
                let related = cell::known_id(edge.table, edge.target_column, edge.target.id.kind, &row, 0)?;
                let Some(related) = related else { continue };
                document.room.take_link(&related)?;
                links.push(cell::number(&row, 1)?.unwrap_or(-1), &related);
                let id = match edge.kind {
                    EdgeKind::Inverse { .. } => related,
                    EdgeKind::Join if cell::is_null(&row, 2)? => continue,
                    EdgeKind::Join => match id_of(resource, &row, 2)? {
                        Some(id) => id,
                        None => continue,
                    },
                };
                if step.goes_on() {
                    reached.insert(id.clone());
                }
                document.add(resource, id, |cells, rows| push_row(&row, 2, cells, resource.table, rows))?;
            }
            document.sort(resource, first)?;
            document.keep(step, links)?;
            Ok(reached)
        }
    }
}

fn id_of(
    resource: &'static Description,
    row: &tokio_postgres::Row,
    column: usize,
) -> Result<Option<ResourceId>, StoreError> {
    cell::known_id(resource.table, resource.id.column, resource.id.kind, row, column)
}
