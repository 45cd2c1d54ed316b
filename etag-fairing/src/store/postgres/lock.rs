//! Row locks. A write decides by a row or by its linkage, and no other transaction may change either until it
//! commits.
//!
//! A resource's representation shows its linkage, which is stored in other rows: of a join table, or of the
//! related resources. So a change of linkage locks the rows at both ends, from whichever end it is made: the row whose linkage
//! is decided on against everybody, and the row that it comes to refer to against those who decide on that one.

use std::collections::HashSet;

use sha1::{Digest, Sha1};

use super::{connection::Connection, dialect::Postgres};
use crate::plan::{LinkageChange, Scopes};
use crate::schema::{Description, RelationshipId, RelationshipKind, ResourceId, ValueRef};
use crate::store::sql::cache::{Shape, Verb};
use crate::store::sql::cell::Cells;
use crate::store::sql::edge::{Edge, EdgeKind};
use crate::store::sql::ids::list_of_ids;
use crate::store::sql::link::Link;
use crate::store::sql::linkage_read::{Owners, linkage};
use crate::store::sql::parameter::Parameter;
use crate::store::sql::plan::edge;
use crate::store::sql::room::Room;
use crate::store::sql::session::Session;
use crate::store::sql::{Dialect, cell};
use crate::store::{StoreError, sql};

/// The strength of a row lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    /// The rows must continue to exist, as a foreign key demands of the row that it refers to.
    Stay,
    /// The same, and others add references to them meanwhile. Who decides by the rows or by what refers to them, and so has
    /// them locked by [`Change`](Self::Change), does so before or after that.
    Refer,
    /// No other transaction changes the rows or adds references to them.
    Change,
}

impl Strength {
    pub(super) fn clause(self) -> &'static str {
        match self {
            Self::Stay | Self::Refer => " FOR KEY SHARE",
            Self::Change => " FOR UPDATE",
        }
    }
}

/// How the rows at the other end of a reference are locked, which comes or goes. Where the store sets something in them with
/// it, such as a version, they are changed. Elsewhere several may refer to one row at once.
pub(super) fn of_other_end(target: &Description) -> Strength {
    if target.kept().next().is_some() { Strength::Change } else { Strength::Refer }
}

/// Locks one row for a change. Returns whether it exists.
pub(super) async fn row(
    connection: &Connection,
    resource: &'static Description,
    id: &ResourceId,
) -> Result<bool, StoreError> {
    connection.want(resource, std::iter::once(id));
    Ok(!listed(connection, resource, vec![id], Strength::Change).await?.is_empty())
}

/// Locks rows in the order of their ids, so that two transactions that lock the same rows don't wait for each
/// other in a circle. Returns the ids of the rows that exist. The ids must be of the resource's kind.
pub(super) async fn rows<'a>(
    connection: &Connection,
    resource: &'static Description,
    ids: impl IntoIterator<Item = &'a ResourceId>,
    strength: Strength,
) -> Result<HashSet<ResourceId>, StoreError> {
    let ids: Vec<&ResourceId> = ids.into_iter().collect();
    if strength != Strength::Stay && !connection.want(resource, ids.iter().copied()) {
        connection.wait_shortly();
    }
    listed(connection, resource, ids, strength).await
}

/// Locks the rows that the transaction needed before it began again, table by table in the order of their
/// ids. Two transactions that do so never wait for each other in a circle.
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
    let list = list_of_ids(ids.into_iter())?;
    let locks = connection.known().can_lock(resource.table);
    let shape = Shape::new(Verb::Lock, resource).columns(vec![locks, strength == Strength::Change]);
    let text = connection.text(shape, || {
        let text = sql::lock::listed(Postgres, resource);
        Ok(if locks { text + strength.clause() } else { text })
    })?;
    let found = connection.rows(&text, &[ValueRef::Text(&list).into()]).await?;
    found
        .iter()
        .map(|row| cell::id(resource.table, resource.id.columns(), resource.id.kind, row, 0))
        .collect()
}

/// Locks a row for a change and reads the ids in its to-one relationships, one entry for each relationship.
/// `None` if the row doesn't exist.
pub(super) async fn row_and_links(
    connection: &Connection,
    resource: &'static Description,
    id: &ResourceId,
) -> Result<Option<Vec<Option<ResourceId>>>, StoreError> {
    connection.want(resource, std::iter::once(id));
    let locks = connection.known().can_lock(resource.table);
    let shape = Shape::new(Verb::LockLinks, resource).columns(vec![locks]);
    let text = connection.text(shape, || {
        let text = sql::lock::with_links(Postgres, resource);
        Ok(if locks { text + Strength::Change.clause() } else { text })
    })?;
    let found = connection.rows(&text, &[id.into()]).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let mut place = 0;
    let mut read = Vec::new();
    for link in resource.relationships.iter().map(Link::of) {
        let Some(Link { columns, kind, .. }) = link else {
            read.push(None);
            continue;
        };
        place += 1;
        read.push(if row.is_null(place)? {
            None
        } else {
            // A part of a composite id is none, and leads nowhere.
            match kind.parts() {
                [] => Some(cell::id(resource.table, columns, kind, row, place)?),
                _ => cell::known_id(resource.table, columns, kind, row, place)?,
            }
        });
    }
    Ok(Some(read))
}

/// Locks the rows at the other end of a join table, for a row that will be deleted with its links.
async fn other_end(connection: &Connection, edge: &Edge, near: &ResourceId) -> Result<(), StoreError> {
    if !connection.known().can_lock(edge.target.table) {
        return Ok(());
    }
    let text = sql::lock::related(Postgres, edge) + Strength::Change.clause();
    connection.rows(&text, &[near.into()]).await.map(drop)
}

/// A transaction that decides by the content of a collection waits here for earlier transactions that do the
/// same. Other writes don't wait.
pub(super) async fn collection(
    connection: &Connection,
    resource: &'static Description,
) -> Result<(), StoreError> {
    let digest = Sha1::new().chain_update("etag-fairing collection ").chain_update(resource.table).finalize();
    let key = digest.iter().take(8).fold(0_i64, |key, byte| key << 8 | i64::from(*byte));
    let key = Parameter::from(ValueRef::Integer(key));
    connection.rows("SELECT pg_advisory_xact_lock($1)", &[key]).await.map(drop)
}

/// Locks the rows that the change of one relationship concerns: the related resources that must exist, and
/// those whose linkage changes. Returns the ids of the former that exist, without the resource itself, which
/// is new or already locked.
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
    let strength = match Link::of(found) {
        // Its position is behind the last one at the other end.
        Some(Link { columns, .. }) if connection.known().is_ordered(resource.table, columns) => {
            Strength::Change
        }
        Some(Link { columns, .. }) if connection.known().is_watched(resource.table, columns) => {
            of_other_end(target)
        }
        Some(_) => Strength::Stay,
        None => {
            let edge = edge(resource, relationship)?;
            if let (LinkageChange::Replace(_), Some(own)) = (change, own) {
                let (owner, room) = (Owners::one(own)?, Room::endless());
                let links = linkage(connection, &Scopes::NONE, &room, resource, relationship, &owner).await?;
                affected = links.of(0).to_vec();
            }
            match edge.kind {
                // The change is made in the related resources' own rows.
                EdgeKind::Inverse { .. } => Strength::Change,
                // The position of the new link is behind the last one at the other end.
                EdgeKind::Join if edge.far_order.is_some() => Strength::Change,
                EdgeKind::Join if connection.known().is_watched(edge.table, edge.target_columns) => {
                    of_other_end(target)
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

/// Locks the previous owners of related resources that get another owner: their linkage changes, too.
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
    owners_by(connection, resource, &edge, shape, own, adopted).await?;
    // They may have had an owner of another type.
    let Some(RelationshipKind::Inverse { of }) = resource.relationship_at(relationship).map(|it| it.kind)
    else {
        return Ok(());
    };
    let Some((back, _)) = edge.target.relationship(of) else { return Ok(()) };
    for (arm_id, arm) in edge.target.arms(back) {
        let link = Link::of(arm).filter(|link| link.only != edge.only);
        if let Some(Link { columns: owner_columns, kind: owner_id, only }) = link {
            let owner = arm.target();
            let edge = Edge { owner_columns, owner_id, only, ..edge };
            let shape = Shape::new(Verb::Owners, edge.target).relationship(arm_id);
            owners_by(connection, owner, &edge, shape, None, adopted).await?;
        }
    }
    Ok(())
}

async fn owners_by(
    connection: &Connection,
    resource: &'static Description,
    edge: &Edge,
    shape: Shape,
    own: Option<&ResourceId>,
    adopted: &[ResourceId],
) -> Result<(), StoreError> {
    let text = connection.text(shape, || Ok(sql::lock::owners(Postgres, edge)))?;
    let list = list_of_ids(adopted.iter())?;
    let mut owners = Vec::new();
    for row in connection.rows(&text, &[ValueRef::Text(&list).into()]).await? {
        owners.push(cell::id(edge.table, edge.owner_columns, edge.owner_id, &row, 0)?);
    }
    owners.retain(|owner| Some(owner) != own);
    if !owners.is_empty() {
        rows(connection, resource, &owners, Strength::Change).await?;
    }
    Ok(())
}

/// Locks the rows that show linkage to a row that will be deleted.
pub(super) async fn ends(
    connection: &Connection,
    resource: &'static Description,
    id: &ResourceId,
    links: &[Option<ResourceId>],
) -> Result<(), StoreError> {
    let known = connection.known();
    for (relationship, link) in resource.relationships.iter().zip(links) {
        let watched =
            Link::of(relationship).is_some_and(|link| known.is_watched(resource.table, link.columns));
        if let (true, Some(link)) = (watched, link) {
            let target = relationship.target();
            rows(connection, target, [link], of_other_end(target)).await?;
        }
    }
    for end in known.joins_of(resource.table) {
        other_end(connection, end, id).await?;
    }
    Ok(())
}
