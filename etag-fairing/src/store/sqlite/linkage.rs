//! To-many linkage: one statement a relationship, for many owners.

use super::{
    cell,
    connection::{Connection, bound},
    error::store_error,
};
use crate::{
    resource::{Description, ResourceId, ValueRef},
    store::{
        Links, Scopes, StoreError,
        sql::{
            cache::{Shape, Verb},
            plan::{edge, id_list},
            room::Room,
            select,
        },
    },
};

/// The linkage of one to-many relationship for owners in their order.
pub(super) fn linkage<'a>(
    connection: &mut Connection,
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
    let mut statement = connection.prepare(&question.text)?;
    let mut found = statement.query(bound(&question.values())).map_err(store_error)?;
    let mut ended = 0;
    let mut last: Option<(usize, ResourceId)> = None;
    while let Some(row) = found.next().map_err(store_error)? {
        let place: i64 = row.get(0).map_err(store_error)?;
        let place = usize::try_from(place).unwrap_or(usize::MAX).min(number);
        let value = row.get_ref(1).map_err(store_error)?;
        let known = cell::known_id(edge.table, edge.target_column, edge.target.id.kind, value);
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
