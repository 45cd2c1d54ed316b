//! To-many linkage: one statement a relationship, for many owners.

use super::{cell, connection::Connection};
use crate::{
    resource::{Description, ResourceId, ValueRef},
    store::{
        Excess, Links, Scopes, StoreError,
        sql::{
            cache::{Shape, Verb},
            plan::{edge, id_list},
            room::Room,
            select,
        },
    },
};

/// The linkage of one to-many relationship for owners in their order.
pub(super) async fn linkage<'a>(
    connection: &Connection,
    scopes: &Scopes,
    room: &Room,
    owner: &'static Description,
    relationship: usize,
    owners: impl ExactSizeIterator<Item = ValueRef<'a>>,
) -> Result<Links, StoreError> {
    let mut links = Links::default();
    let number = owners.len();
    if number == 0 {
        return Ok(links);
    }
    let edge = edge(owner, relationship)?;
    let shape = Shape::new(Verb::Linkage, owner).relationship(relationship);
    let list = id_list(owners)?;
    let question = connection
        .question(scopes, shape, [ValueRef::Text(&list)], |visible| select::linkage(visible, &edge, &list))?;
    let mut ended = 0;
    let mut last: Option<(usize, ResourceId)> = None;
    for row in connection.ask_within(&question, room, Excess::Linkage).await? {
        let place = cell::number(&row, 0)?.unwrap_or(i64::MAX);
        let place = usize::try_from(place).unwrap_or(usize::MAX).min(number);
        let known = cell::known_id(edge.table, edge.target_column, edge.target.id.kind, &row, 1)?;
        let Some(id) = known else { continue };
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
            room.take_link(id)?;
            links.push(id.clone());
        }
        last = edge;
    }
    while ended < number {
        links.end_row();
        ended += 1;
    }
    Ok(links)
}
