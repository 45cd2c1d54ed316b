//! Changes the linkage of to-many relationships.

use std::collections::{HashMap, HashSet};

use super::{
    Dialect, Listed,
    cache::{Shape, Verb},
    cell, change,
    edge::{Edge, EdgeKind},
    ids::{id_list, list_of_ids},
    linkage_read::{Owners, linkage as linkage_of},
    managed::RowOf,
    parameter::Parameter,
    plan::edge,
    positions,
    room::Room,
    select,
    session::Session,
    versions::of_these,
};
use crate::plan::{ArrangedAt, Arrangement, LinkageChange, Scopes, each_once};
use crate::schema::{Description, RelationshipId, ResourceId, ValueRef};
use crate::store::{Constraint, StoreError};

/// Makes the changes of to-many linkage. Returns the related resources whose own rows were moved to another position of
/// an order, although they were linked before and still are.
pub(crate) async fn change(
    session: &impl Session,
    scopes: &Scopes,
    resource: &'static Description,
    owner: &ResourceId,
    linkage: &[Option<LinkageChange>],
) -> Result<Vec<RowOf>, StoreError> {
    let mut moved = Vec::new();
    for ((relationship_id, relationship), change) in resource.relationships_by_id().zip(linkage) {
        let (Some(change), true) = (change, relationship.is_to_many()) else { continue };
        let edge = edge(resource, relationship_id)?;
        let links = ToMany { session, resource, relationship_id, edge, owner };
        match change {
            LinkageChange::One(_) => return Err(misshapen(resource)),
            LinkageChange::Add(ids) if edge.order.is_some() => {
                let stored = links.stored(scopes).await?;
                links.arrange(&stored, stored.appended(&new_of(&stored, ids)), &mut moved).await?;
            }
            LinkageChange::Replace(ids) if edge.order.is_some() => {
                let stored = links.stored(scopes).await?;
                let wanted = each_once(ids);
                let before: Vec<ResourceId> = stored.members.iter().map(|(id, _)| id.clone()).collect();
                let ending = of_these(&before, &wanted, Listed::Others);
                let keeps = ending.is_empty() && wanted.len() == before.len();
                if !keeps && relationship.is_kept_in_ids() {
                    return Err(StoreError::Internal(format!(
                        "a change of `{}` of `{}` would change ids of `{}`",
                        relationship.name,
                        resource.rust_name,
                        relationship.target().rust_name
                    )));
                }
                if !ending.is_empty() {
                    links.remove(&ending, Listed::These).await?;
                }
                links.arrange(&stored, stored.replaced(&wanted), &mut moved).await?;
            }
            LinkageChange::Add(ids) => links.add(ids).await?,
            // Links to hidden resources stay: only links that the caller sees can end.
            LinkageChange::Replace(ids) | LinkageChange::Remove(ids)
                if scopes.limits(relationship.target()) =>
            {
                let own = Owners::one(owner)?;
                let seen =
                    linkage_of(session, scopes, &Room::endless(), resource, relationship_id, &own).await?;
                let replaces = matches!(change, LinkageChange::Replace(_));
                let which = if replaces { Listed::Others } else { Listed::These };
                let ending = of_these(seen.of(0), ids, which);
                if !ending.is_empty() {
                    links.remove(&ending, Listed::These).await?;
                }
                if replaces {
                    links.add(ids).await?;
                }
            }
            LinkageChange::Replace(ids) => {
                links.remove(ids, Listed::Others).await?;
                links.add(ids).await?;
            }
            LinkageChange::Remove(ids) => links.remove(ids, Listed::These).await?,
        }
    }
    Ok(moved)
}

/// The ids, each once, that are not linked yet.
fn new_of(stored: &Arrangement, ids: &[ResourceId]) -> Vec<ResourceId> {
    let members: Vec<ResourceId> = stored.members.iter().map(|(id, _)| id.clone()).collect();
    of_these(&each_once(ids), &members, Listed::Others)
}

/// The linkage of one to-many relationship of one resource.
pub(super) struct ToMany<'a, S> {
    pub(super) session: &'a S,
    pub(super) resource: &'static Description,
    pub(super) relationship_id: RelationshipId,
    pub(super) edge: Edge,
    pub(super) owner: &'a ResourceId,
}

impl<S: Session> ToMany<'_, S> {
    fn shape(&self, verb: Verb) -> Shape {
        Shape::new(verb, self.resource).relationship(self.relationship_id)
    }

    /// The linkage with its positions, by what the caller sees of it.
    pub(super) async fn stored(&self, scopes: &Scopes) -> Result<Arrangement, StoreError> {
        let Self { session, edge, .. } = self;
        let dialect = session.dialect();
        let text = session.text(self.shape(Verb::Members), || positions::members(dialect, edge))?;
        let mut all = Vec::new();
        let mut known = HashSet::new();
        let (table, columns, kind) = (edge.table, edge.target_columns, edge.target.id.kind);
        session
            .each(&text, &[self.owner.into()], |row| {
                if let Some(id) = cell::known_id(table, columns, kind, row, 0)?
                    && known.insert(id.clone())
                {
                    all.push((id, cell::number(row, 1)?));
                }
                Ok(())
            })
            .await?;
        if !scopes.limits(edge.target) {
            return Ok(Arrangement { members: all, hidden: Vec::new() });
        }
        let (own, room) = (Owners::one(self.owner)?, Room::endless());
        let seen = linkage_of(*session, scopes, &room, self.resource, self.relationship_id, &own).await?;
        let seen: HashSet<&ResourceId> = seen.of(0).iter().collect();
        let (members, hidden): (Vec<_>, Vec<_>) = all.into_iter().partition(|(id, _)| seen.contains(id));
        Ok(Arrangement { members, hidden: hidden.into_iter().filter_map(|(_, position)| position).collect() })
    }

    /// Puts members at their new positions, and links those that are new.
    ///
    /// If a new position is still taken by a member that moves, too, then all that move go to positions that
    /// nobody has first, in a statement of its own: a unique index of the user's is checked with each row.
    pub(super) async fn arrange(
        &self,
        stored: &Arrangement,
        placed: Vec<ArrangedAt>,
        moved: &mut Vec<RowOf>,
    ) -> Result<(), StoreError> {
        let Self { session, edge, .. } = self;
        let held: HashMap<&ResourceId, Option<i64>> =
            stored.members.iter().map(|(id, position)| (id, *position)).collect();
        let (moving, new): (Vec<ArrangedAt>, Vec<ArrangedAt>) =
            placed.into_iter().partition(|(id, _)| held.contains_key(id));
        let left: HashSet<i64> =
            moving.iter().filter_map(|(id, _)| held.get(id).copied().flatten()).collect();
        if moving.iter().chain(&new).any(|(_, position)| left.contains(position)) {
            let targets: Vec<i64> = moving.iter().chain(&new).map(|(_, position)| *position).collect();
            let free = stored.aside(&targets);
            let aside: Vec<ArrangedAt> =
                moving.iter().zip(free).map(|((id, _), free)| (id.clone(), free)).collect();
            self.place(&aside).await?;
        }
        self.place(&moving).await?;
        let is_shown = |column: &str| {
            edge.target.attributes.iter().any(|attribute| attribute.column.eq_ignore_ascii_case(column))
        };
        if edge.kind != EdgeKind::Join && edge.order.is_some_and(is_shown) {
            moved.extend(moving.into_iter().map(|(id, _)| (edge.table, id)));
        }
        if new.is_empty() {
            return Ok(());
        }
        let dialect = session.dialect();
        let owner = Parameter::id_of(edge.owner_columns.first(), self.owner);
        let (positions, ids) = lists(&new)?;
        let lists = [ValueRef::Text(&positions).into(), ValueRef::Text(&ids).into()];
        match edge.kind {
            EdgeKind::Join => {
                let text = session.text(self.shape(Verb::Link), || change::link(dialect, edge))?;
                let [positions, ids] = lists;
                session.run(&text, &[owner, positions, ids, owner]).await?;
            }
            EdgeKind::Inverse { .. } => {
                let text = session.text(self.shape(Verb::AdoptPlaced), || positions::adopt(dialect, edge))?;
                let [positions, ids] = lists;
                session.run(&text, &[owner, positions, ids]).await?;
            }
        }
        Ok(())
    }

    /// Sets the positions of members.
    async fn place(&self, placed: &[ArrangedAt]) -> Result<(), StoreError> {
        if placed.is_empty() {
            return Ok(());
        }
        let Self { session, edge, .. } = self;
        let (places, ids) = lists(placed)?;
        let text = session.text(self.shape(Verb::Place), || positions::place(session.dialect(), edge))?;
        let parameters = [ValueRef::Text(&places).into(), ValueRef::Text(&ids).into(), self.owner.into()];
        session.run(&text, &parameters).await.map(drop)
    }

    async fn add(&self, ids: &[ResourceId]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let Self { session, edge, .. } = self;
        let dialect = session.dialect();
        let list = list_of_ids(ids.iter())?;
        let list = Parameter::from(ValueRef::Text(&list));
        let owner = Parameter::id_of(edge.owner_columns.first(), self.owner);
        match edge.kind {
            EdgeKind::Join => {
                let text = session.text(self.shape(Verb::Link), || change::link(dialect, edge))?;
                session.run(&text, &[owner, list, owner]).await?;
            }
            EdgeKind::Inverse { .. } => {
                let text = session.text(self.shape(Verb::Adopt), || Ok(change::adopt(dialect, edge)))?;
                session.run(&text, &[owner, list]).await?;
            }
        }
        Ok(())
    }

    /// Ends the links to these resources, or to all others.
    async fn remove(&self, ids: &[ResourceId], which: Listed) -> Result<(), StoreError> {
        let Self { session, edge, .. } = self;
        let dialect = session.dialect();
        // An id of another kind links to nothing. SQLite would find the row 1 for the text `'1'`.
        let ids = ids.iter().filter(|id| dialect.can_be(id, edge.target.id.kind));
        let list = list_of_ids(ids)?;
        let parameters = [self.owner.into(), ValueRef::Text(&list).into()];
        let either = |listed, unlisted| self.shape(if which == Listed::These { listed } else { unlisted });
        let text = match edge.kind {
            EdgeKind::Join => {
                let shape = either(Verb::Unlink, Verb::UnlinkOthers);
                session.text(shape, || Ok(change::unlink(dialect, edge, which)))?
            }
            EdgeKind::Inverse { required: false } => {
                let shape = either(Verb::Release, Verb::ReleaseOthers);
                session.text(shape, || Ok(change::release(dialect, edge, which)))?
            }
            // A related resource must have an owner, so that it cannot be released.
            EdgeKind::Inverse { required: true } => {
                let shape = either(Verb::Held, Verb::HeldOthers);
                let text = session.text(shape, || Ok(select::held(dialect, edge, which)))?;
                let column = edge.owner_columns.first().into();
                return if session.finds(&text, &parameters).await? {
                    Err(StoreError::Constraint(Constraint::NotNull { column }))
                } else {
                    Ok(())
                };
            }
        };
        session.run(&text, &parameters).await.map(drop)
    }
}

/// The positions and the ids, each as the parameter of [`Dialect::placed`].
fn lists(placed: &[ArrangedAt]) -> Result<(String, String), StoreError> {
    let positions = id_list(placed.iter().map(|(_, position)| ValueRef::Integer(*position)))?;
    Ok((positions, list_of_ids(placed.iter().map(|(id, _)| id))?))
}

/// The error for a change that doesn't have one entry for each attribute and relationship of the resource.
pub(crate) fn misshapen(resource: &Description) -> StoreError {
    StoreError::Internal(format!("a change does not have the shape of `{}`", resource.rust_name))
}
