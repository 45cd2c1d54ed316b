//! Changes the linkage of to-many relationships.

use std::sync::Arc;

use super::{
    connection::Connection, dialect::Postgres, encode::Parameter, linkage::linkage as linkage_of,
    read::can_be, write::misshapen,
};
use crate::{
    resource::{Description, ResourceId, ValueRef},
    store::{
        Constraint, LinkageChange, Scopes, StoreError,
        sql::{
            cache::{Shape, Verb},
            edge::{Edge, EdgeKind},
            plan::{edge, id_list, id_value},
            room::Room,
            select,
            versions::of_these,
            write,
        },
    },
};

/// Makes the changes of to-many linkage.
pub(super) async fn change(
    connection: &Connection,
    scopes: &Scopes,
    resource: &'static Description,
    owner: &ResourceId,
    linkage: &[Option<LinkageChange>],
) -> Result<(), StoreError> {
    for (index, (relationship, change)) in resource.relationships.iter().zip(linkage).enumerate() {
        let (Some(change), true) = (change, relationship.is_to_many()) else { continue };
        let links = ToMany { resource, index, edge: edge(resource, index)?, owner: id_value(owner) };
        match change {
            LinkageChange::One(_) => return Err(misshapen(resource)),
            // Links to what is hidden stay: only those that are seen can end.
            LinkageChange::Replace(ids) | LinkageChange::Remove(ids)
                if scopes.of(relationship.target()).is_some() =>
            {
                let own = [links.owner].into_iter();
                let seen = linkage_of(connection, scopes, &Room::endless(), resource, index, own).await?;
                let replaces = matches!(change, LinkageChange::Replace(_));
                let ending = of_these(seen.of(0), ids, !replaces);
                if !ending.is_empty() {
                    links.remove(connection, &ending, false).await?;
                }
                if replaces {
                    links.add(connection, ids).await?;
                }
            }
            LinkageChange::Replace(ids) => {
                links.remove(connection, ids, true).await?;
                links.add(connection, ids).await?;
            }
            LinkageChange::Add(ids) => links.add(connection, ids).await?,
            LinkageChange::Remove(ids) => links.remove(connection, ids, false).await?,
        }
    }
    Ok(())
}

/// The linkage of one to-many relationship of one resource.
struct ToMany<'a> {
    resource: &'static Description,
    index: usize,
    edge: Edge,
    owner: ValueRef<'a>,
}

impl ToMany<'_> {
    fn text(
        &self,
        connection: &Connection,
        verb: Verb,
        build: impl FnOnce(&Edge) -> Result<String, sea_query::error::Error>,
    ) -> Result<Arc<str>, StoreError> {
        let shape = Shape::new(verb, self.resource).relationship(self.index);
        connection.text(shape, || build(&self.edge))
    }

    async fn add(&self, connection: &Connection, ids: &[ResourceId]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let list = id_list(ids.iter().map(id_value))?;
        let list = Parameter::from(ValueRef::Text(&list));
        let owner = Parameter::of(self.edge.owner_column, self.owner);
        match self.edge.kind {
            EdgeKind::Join => {
                let text = self.text(connection, Verb::Link, |edge| write::link(Postgres, edge))?;
                connection.run(&text, &[owner, list, owner]).await?;
            }
            EdgeKind::Inverse { .. } => {
                let text = self.text(connection, Verb::Adopt, |edge| Ok(write::adopt(Postgres, edge)))?;
                connection.run(&text, &[owner, list]).await?;
            }
        }
        Ok(())
    }

    /// Ends the links in the list, or, for `others`, all that are not in it.
    async fn remove(
        &self,
        connection: &Connection,
        ids: &[ResourceId],
        others: bool,
    ) -> Result<(), StoreError> {
        // What cannot be an id links to nothing.
        let ids = ids.iter().filter(|id| can_be(id, self.edge.target.id.kind));
        let list = id_list(ids.map(id_value))?;
        let parameters = [self.owner.into(), ValueRef::Text(&list).into()];
        let either = |listed, unlisted| if others { unlisted } else { listed };
        let text = match self.edge.kind {
            EdgeKind::Join => {
                let verb = either(Verb::Unlink, Verb::UnlinkOthers);
                self.text(connection, verb, |edge| Ok(write::unlink(Postgres, edge, others)))?
            }
            EdgeKind::Inverse { required: false } => {
                let verb = either(Verb::Release, Verb::ReleaseOthers);
                self.text(connection, verb, |edge| Ok(write::release(Postgres, edge, others)))?
            }
            // Each of them must have an owner: none can be let go.
            EdgeKind::Inverse { required: true } => {
                let verb = either(Verb::Held, Verb::HeldOthers);
                let text = self.text(connection, verb, |edge| Ok(select::held(Postgres, edge, others)))?;
                let column = self.edge.owner_column.into();
                return match connection.rows(&text, &parameters).await?.is_empty() {
                    true => Ok(()),
                    false => Err(StoreError::Constraint(Constraint::NotNull { column })),
                };
            }
        };
        connection.run(&text, &parameters).await.map(drop)
    }
}
