//! Changes the linkage of to-many relationships.

use super::{
    Dialect, Listed,
    cache::{Shape, Verb},
    change,
    edge::{Edge, EdgeKind},
    ids::{id_value, list_of_ids},
    linkage_read::linkage as linkage_of,
    parameter::Parameter,
    plan::edge,
    room::Room,
    select,
    session::Session,
    versions::of_these,
};
use crate::plan::{LinkageChange, Scopes};
use crate::schema::{Description, RelationshipId, ResourceId, ValueRef};
use crate::store::{Constraint, StoreError};

/// Makes the changes of to-many linkage.
pub(crate) async fn change(
    session: &impl Session,
    scopes: &Scopes,
    resource: &'static Description,
    owner: &ResourceId,
    linkage: &[Option<LinkageChange>],
) -> Result<(), StoreError> {
    for ((relationship_id, relationship), change) in resource.relationships_by_id().zip(linkage) {
        let (Some(change), true) = (change, relationship.is_to_many()) else { continue };
        let (edge, owner) = (edge(resource, relationship_id)?, id_value(owner));
        let links = ToMany { session, resource, relationship_id, edge, owner };
        match change {
            LinkageChange::One(_) => return Err(misshapen(resource)),
            LinkageChange::Add(ids) => links.add(ids).await?,
            // Links to hidden resources stay: only links that the caller sees can end.
            LinkageChange::Replace(ids) | LinkageChange::Remove(ids)
                if scopes.limits(relationship.target()) =>
            {
                let own = [links.owner].into_iter();
                let seen =
                    linkage_of(session, scopes, &Room::endless(), resource, relationship_id, own).await?;
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
    Ok(())
}

/// The linkage of one to-many relationship of one resource.
struct ToMany<'a, S> {
    session: &'a S,
    resource: &'static Description,
    relationship_id: RelationshipId,
    edge: Edge,
    owner: ValueRef<'a>,
}

impl<S: Session> ToMany<'_, S> {
    fn shape(&self, verb: Verb) -> Shape {
        Shape::new(verb, self.resource).relationship(self.relationship_id)
    }

    async fn add(&self, ids: &[ResourceId]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let Self { session, edge, .. } = self;
        let dialect = session.dialect();
        let list = list_of_ids(ids.iter())?;
        let list = Parameter::from(ValueRef::Text(&list));
        let owner = Parameter::of(edge.owner_column, self.owner);
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
                let column = edge.owner_column.into();
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

/// The error for a change that doesn't have one entry for each attribute and relationship of the resource.
pub(crate) fn misshapen(resource: &Description) -> StoreError {
    StoreError::Internal(format!("a change does not have the shape of `{}`", resource.rust_name))
}
