//! Row locks: what is decided by a row, or by its linkage, is decided while nobody else changes either.
//!
//! A resource's representation shows its linkage, which stands in other rows: of a join table, or of the resources at
//! the other end. So whoever changes linkage locks the rows of both ends, whichever end it is changed from.

use std::collections::HashSet;

use sha1::{Digest, Sha1};

use super::{connection::Connection, dialect::Postgres, prepare::JoinEnd};
use crate::plan::{LinkageChange, Scopes};
use crate::schema::{Description, RelationshipId, RelationshipKind, ResourceId, ValueRef};
use crate::store::sql::cache::{Shape, Verb};
use crate::store::sql::cell::Cells;
use crate::store::sql::edge::EdgeKind;
use crate::store::sql::ids::{id_list, id_value};
use crate::store::sql::linkage_read::linkage;
use crate::store::sql::parameter::Parameter;
use crate::store::sql::plan::edge;
use crate::store::sql::room::Room;
use crate::store::sql::session::Session;
use crate::store::sql::{Dialect, cell};
use crate::store::{StoreError, sql};

/// How rows are locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    /// They stay, as a foreign key asks of what it refers to.
    Stay,
    /// Nobody else changes them, or refers to them anew.
    Change,
}

impl Strength {
    pub(super) fn clause(self) -> &'static str {
        match self {
            Self::Stay => " FOR KEY SHARE",
            Self::Change => " FOR UPDATE",
        }
    }
}

/// Locks one row for a change. Answers whether it is there.
pub(super) async fn row(
    connection: &Connection,
    resource: &'static Description,
    id: &ResourceId,
) -> Result<bool, StoreError> {
    connection.want(resource, std::iter::once(id));
    Ok(!listed(connection, resource, vec![id], Strength::Change).await?.is_empty())
}

/// Locks rows, in the order of their ids, so that two who lock the same ones wait for each other in a row and not in
/// a circle. Answers those that are there. The ids must be of the resource's kind.
pub(super) async fn rows<'a>(
    connection: &Connection,
    resource: &'static Description,
    ids: impl IntoIterator<Item = &'a ResourceId>,
    strength: Strength,
) -> Result<HashSet<ResourceId>, StoreError> {
    let ids: Vec<&ResourceId> = ids.into_iter().collect();
    if strength == Strength::Change {
        connection.want(resource, ids.iter().copied());
        // Whoever has it may be waiting for what is locked here. Rather than let the server find that out, after a
        // second, all is undone and begun again, with every row locked in order.
        connection.send_ahead("SET LOCAL lock_timeout = '50ms'");
    }
    listed(connection, resource, ids, strength).await
}

/// Locks the rows that the transaction has met before it began again, table by table in the order of their ids: two
/// that do so never wait for each other.
pub(super) async fn all_wanted(connection: &Connection) -> Result<(), StoreError> {
    let wanted = connection.wanted();
    let mut tables: Vec<(&'static Description, Vec<&ResourceId>)> = Vec::new();
    for ((table, id), resource) in &wanted {
        match tables.last_mut() {
            Some((last, ids)) if last.table == *table => ids.push(id),
            _ => tables.push((resource, vec![id])),
        }
    }
    for (resource, ids) in tables {
        listed(connection, resource, ids, Strength::Change).await?;
    }
    Ok(())
}

async fn listed(
    connection: &Connection,
    resource: &'static Description,
    ids: Vec<&ResourceId>,
    strength: Strength,
) -> Result<HashSet<ResourceId>, StoreError> {
    let list = id_list(ids.into_iter().map(id_value))?;
    let locks = connection.known().can_lock(resource.table);
    let shape = Shape::new(Verb::Lock, resource).columns(vec![locks, strength == Strength::Change]);
    let text = connection.text(shape, || {
        let text = sql::lock::listed(Postgres, resource);
        Ok(if locks { text + strength.clause() } else { text })
    })?;
    let found = connection.rows(&text, &[ValueRef::Text(&list).into()]).await?;
    found.iter().map(|row| cell::id(resource.table, resource.id.column, resource.id.kind, row, 0)).collect()
}

/// Locks a row for a change and reads where its to-one relationships lead, one entry a relationship. `None` if it is
/// not there.
pub(super) async fn row_and_links(
    connection: &Connection,
    resource: &'static Description,
    id: &ResourceId,
) -> Result<Option<Vec<Option<ResourceId>>>, StoreError> {
    connection.want(resource, std::iter::once(id));
    let locks = connection.known().can_lock(resource.table);
    let shape = Shape::new(Verb::LockLinks, resource).columns(vec![locks]);
    let links = || {
        resource.relationships.iter().map(|relationship| match relationship.kind {
            RelationshipKind::ToOne { column, .. } => Some((column, relationship.target())),
            _ => None,
        })
    };
    let text = connection.text(shape, || {
        let text = sql::lock::with_links(Postgres, resource);
        Ok(if locks { text + Strength::Change.clause() } else { text })
    })?;
    let found = connection.rows(&text, &[id_value(id).into()]).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let mut place = 0;
    let mut read = Vec::new();
    for link in links() {
        let Some((column, target)) = link else {
            read.push(None);
            continue;
        };
        place += 1;
        read.push(if row.is_null(place)? {
            None
        } else {
            Some(cell::id(resource.table, column, target.id.kind, row, place)?)
        });
    }
    Ok(Some(read))
}

/// Locks the rows at the other end of a join table, for a row that is about to end with its links.
async fn other_end(connection: &Connection, end: &JoinEnd, near: &ResourceId) -> Result<(), StoreError> {
    if !connection.known().can_lock(end.far.table) {
        return Ok(());
    }
    let JoinEnd { join_table, near_column, far_column, far, .. } = *end;
    let text =
        sql::lock::joined(Postgres, far, join_table, near_column, far_column) + Strength::Change.clause();
    connection.rows(&text, &[id_value(near).into()]).await.map(drop)
}

/// Makes whoever decides by what a collection holds wait for whoever did so before. Writers who don't look at the
/// collection don't wait.
pub(super) async fn collection(
    connection: &Connection,
    resource: &'static Description,
) -> Result<(), StoreError> {
    let digest = Sha1::new().chain_update("etag-fairing collection ").chain_update(resource.table).finalize();
    let key = digest.iter().take(8).fold(0_i64, |key, byte| key << 8 | i64::from(*byte));
    let key = Parameter::from(ValueRef::Integer(key));
    connection.rows("SELECT pg_advisory_xact_lock($1)", &[key]).await.map(drop)
}

/// Locks what the change of one relationship is about: what must be there, and what is changed with it. Answers those of
/// the former that are there, but for the resource itself, which is new or locked already.
pub(super) async fn related(
    connection: &Connection,
    resource: &'static Description,
    relationship: RelationshipId,
    own: Option<&ResourceId>,
    before: Option<&ResourceId>,
    change: &LinkageChange,
) -> Result<HashSet<ResourceId>, StoreError> {
    let Some(found) = resource.relationship_at(relationship) else { return Ok(HashSet::new()) };
    let target = found.target();
    let (wanted, mut affected): (&[ResourceId], Vec<ResourceId>) = match change {
        LinkageChange::One(id) => (id.as_slice(), before.cloned().into_iter().collect()),
        LinkageChange::Replace(ids) | LinkageChange::Add(ids) => (ids, Vec::new()),
        LinkageChange::Remove(ids) => (&[], ids.clone()),
    };
    let strength = match found.column() {
        Some(column) if connection.known().is_watched(resource.table, column) => Strength::Change,
        Some(_) => Strength::Stay,
        None => {
            let edge = edge(resource, relationship)?;
            if let (LinkageChange::Replace(_), Some(own)) = (change, own) {
                let owner = [id_value(own)].into_iter();
                let room = Room::endless();
                let links = linkage(connection, &Scopes::NONE, &room, resource, relationship, owner).await?;
                affected = links.of(0).to_vec();
            }
            match edge.kind {
                // The related resources' own rows change.
                EdgeKind::Inverse { .. } => Strength::Change,
                EdgeKind::Join if connection.known().is_watched(edge.table, edge.target_column) => {
                    Strength::Change
                }
                EdgeKind::Join => Strength::Stay,
            }
        }
    };
    if strength == Strength::Stay {
        affected.clear();
    }
    let own = own.filter(|_| target.table == resource.table);
    let locked: Vec<&ResourceId> = wanted
        .iter()
        .chain(&affected)
        .filter(|id| Some(*id) != own && Postgres.can_be(id, target.id.kind))
        .collect();
    if locked.is_empty() {
        return Ok(HashSet::new());
    }
    rows(connection, target, locked, strength).await
}

/// Locks the owners of related resources that come to another one: that changes their linkage too.
pub(super) async fn owners_before(
    connection: &Connection,
    resource: &'static Description,
    relationship: RelationshipId,
    own: Option<&ResourceId>,
    adopted: &[ResourceId],
) -> Result<(), StoreError> {
    let edge = edge(resource, relationship)?;
    if adopted.is_empty() || edge.kind == EdgeKind::Join {
        return Ok(());
    }
    let own = own.filter(|_| edge.target.table == resource.table);
    let shape = Shape::new(Verb::Owners, resource).relationship(relationship);
    let text = connection.text(shape, || Ok(sql::lock::owners(Postgres, &edge)))?;
    let list = id_list(adopted.iter().map(id_value))?;
    let mut owners = Vec::new();
    for row in connection.rows(&text, &[ValueRef::Text(&list).into()]).await? {
        owners.push(cell::id(edge.table, edge.owner_column, edge.owner_id, &row, 0)?);
    }
    owners.retain(|owner| Some(owner) != own);
    if !owners.is_empty() {
        rows(connection, resource, &owners, Strength::Change).await?;
    }
    Ok(())
}

/// Locks the rows at the other end of the linkage of a row that is about to end.
pub(super) async fn ends(
    connection: &Connection,
    resource: &'static Description,
    id: &ResourceId,
    links: &[Option<ResourceId>],
) -> Result<(), StoreError> {
    let known = connection.known();
    for (relationship, link) in resource.relationships.iter().zip(links) {
        let watched = relationship.column().is_some_and(|column| known.is_watched(resource.table, column));
        if let (true, Some(link)) = (watched, link) {
            rows(connection, relationship.target(), [link], Strength::Change).await?;
        }
    }
    for end in known.joins_of(resource.table) {
        other_end(connection, end, id).await?;
    }
    Ok(())
}
