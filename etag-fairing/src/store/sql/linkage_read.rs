//! Reads to-many linkage: one statement for each relationship, for many owners.

use std::collections::HashSet;

use super::{
    cache::{Shape, Verb},
    cell::{self, Cells},
    edge::{Edge, EdgeKind},
    ids::{list_of_ids, list_of_rows},
    plan::edge,
    room::Room,
    select,
    session::Session,
};
use crate::plan::{Links, Scopes};
use crate::schema::{Description, RelationshipId, ResourceId, Rows, ValueRef};
use crate::store::{Excess, StoreError};

/// The owners whose linkage is read.
pub(crate) struct Owners {
    list: String,
    number: usize,
}

impl Owners {
    pub(crate) fn of<'a>(
        ids: impl ExactSizeIterator<Item = &'a ResourceId> + Clone,
    ) -> Result<Self, StoreError> {
        let number = ids.len();
        Ok(Self { list: list_of_ids(ids)?, number })
    }

    /// The resources of these rows.
    pub(crate) fn of_rows(rows: &Rows, resource: &Description) -> Result<Self, StoreError> {
        Ok(Self { list: list_of_rows(rows, resource)?, number: rows.len() })
    }

    pub(crate) fn one(id: &ResourceId) -> Result<Self, StoreError> {
        Self::of(std::iter::once(id))
    }
}

/// The linkage of one to-many relationship, in the order of the owners.
pub(crate) async fn linkage(
    session: &impl Session,
    scopes: &Scopes,
    room: &Room,
    owner: &'static Description,
    relationship: RelationshipId,
    owners: &Owners,
) -> Result<Links, StoreError> {
    let links = Links::default();
    if owners.number == 0 {
        return Ok(links);
    }
    let edge = edge(owner, relationship)?;
    let seen = (edge.order.is_some() && edge.kind == EdgeKind::Join).then(HashSet::new);
    let mut linking = Linking { links, owners: owners.number, ended: 0, last: None, seen };
    let shape = Shape::new(Verb::Linkage, owner).relationship(relationship);
    let list = &owners.list;
    let query = session.bound_query(scopes, shape, [ValueRef::Text(list)], |visible| {
        select::linkage(visible, &edge, list)
    })?;
    session.read(&query, room, Excess::Linkage, |row| linking.add(row, &edge, room)).await?;
    linking.end_owners(linking.owners);
    Ok(linking.links)
}

/// Collects linkage while its rows are read, in the order of the owners.
struct Linking {
    links: Links,
    owners: usize,
    /// The number of owners whose linkage is complete.
    ended: usize,
    /// The owner and the related id of the previous row.
    last: Option<(usize, ResourceId)>,
    /// The related ids of that owner, if the order is not that of the ids, so that equal ones need not be neighbours.
    seen: Option<HashSet<ResourceId>>,
}

impl Linking {
    fn add(&mut self, row: &impl Cells, edge: &Edge, room: &Room) -> Result<(), StoreError> {
        let place = cell::number(row, 0)?.unwrap_or(i64::MAX);
        let place = usize::try_from(place).unwrap_or(usize::MAX).min(self.owners);
        let known = cell::known_id(edge.table, edge.target_columns, edge.target.id.kind, row, 1)?;
        let Some(id) = known else { return Ok(()) };
        // A join table that the user has created may have an edge twice. Linkage has it once (JSON:API
        // §6.2.2.4).
        let is_same_owner = self.last.as_ref().is_some_and(|(owner, _)| *owner == place);
        if is_same_owner && self.last.as_ref().is_some_and(|(_, last)| *last == id) {
            return Ok(());
        }
        if let Some(seen) = &mut self.seen {
            if !is_same_owner {
                seen.clear();
            }
            if !seen.insert(id.clone()) {
                return Ok(());
            }
        }
        self.end_owners(place);
        room.take_link(&id)?;
        self.links.push(id.clone());
        self.last = Some((place, id));
        Ok(())
    }

    /// Ends the linkage of all owners before this index.
    fn end_owners(&mut self, place: usize) {
        while self.ended < place {
            self.links.end_row();
            self.ended += 1;
        }
    }
}
