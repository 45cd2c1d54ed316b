//! Changes the linkage of to-many relationships.

use std::sync::Arc;

use super::{
    connection::{Connection, bound},
    dialect::Sqlite,
    error::store_error,
    linkage::linkage as linkage_of,
    write::misshapen,
};
use crate::{
    resource::{Description, ResourceId, ValueRef},
    store::{
        Constraint, LinkageChange, Scopes, StoreError,
        sql::{
            cache::{Shape, Verb},
            edge::{Edge, EdgeKind},
            plan::{can_be, edge, id_list, id_value},
            room::Room,
            select,
            versions::of_these,
            write,
        },
    },
};

/// Makes the changes of to-many linkage.
pub(super) fn change(
    connection: &mut Connection,
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
            LinkageChange::Add(ids) => links.add(connection, ids)?,
            // Links to what is hidden stay: only those that are seen can end.
            LinkageChange::Replace(ids) | LinkageChange::Remove(ids)
                if scopes.of(relationship.target()).is_some() =>
            {
                let seen = linkage_of(
                    connection,
                    scopes,
                    &Room::endless(),
                    resource,
                    index,
                    [links.owner].into_iter(),
                )?;
                let replaces = matches!(change, LinkageChange::Replace(_));
                let ending = of_these(seen.of(0), ids, !replaces);
                if !ending.is_empty() {
                    links.remove(connection, &ending, false)?;
                }
                if replaces {
                    links.add(connection, ids)?;
                }
            }
            LinkageChange::Replace(ids) => {
                links.remove(connection, ids, true)?;
                links.add(connection, ids)?;
            }
            LinkageChange::Remove(ids) => links.remove(connection, ids, false)?,
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
        connection: &mut Connection,
        verb: Verb,
        build: impl FnOnce(&Edge) -> Result<String, sea_query::error::Error>,
    ) -> Result<Arc<str>, StoreError> {
        let shape = Shape::new(verb, self.resource).relationship(self.index);
        connection.text(shape, || build(&self.edge))
    }

    fn add(&self, connection: &mut Connection, ids: &[ResourceId]) -> Result<(), StoreError> {
        let list = id_list(ids.iter().map(id_value))?;
        let list = ValueRef::Text(&list);
        match self.edge.kind {
            EdgeKind::Join => {
                let text = self.text(connection, Verb::Link, |edge| write::link(Sqlite, edge))?;
                connection.run(&text, &[self.owner, list, self.owner])?;
            }
            EdgeKind::Inverse { .. } => {
                let text = self.text(connection, Verb::Adopt, |edge| Ok(write::adopt(Sqlite, edge)))?;
                connection.run(&text, &[self.owner, list])?;
            }
        }
        Ok(())
    }

    /// Ends the links in the list, or, for `others`, all that are not in it.
    fn remove(
        &self,
        connection: &mut Connection,
        ids: &[ResourceId],
        others: bool,
    ) -> Result<(), StoreError> {
        // What cannot be an id links to nothing; SQLite would take `'1'` for 1.
        let ids = ids.iter().filter(|id| can_be(id, self.edge.target.id.kind));
        let list = id_list(ids.map(id_value))?;
        let parameters = [self.owner, ValueRef::Text(&list)];
        let either = |listed, unlisted| if others { unlisted } else { listed };
        let text = match self.edge.kind {
            EdgeKind::Join => {
                let verb = either(Verb::Unlink, Verb::UnlinkOthers);
                self.text(connection, verb, |edge| Ok(write::unlink(Sqlite, edge, others)))?
            }
            EdgeKind::Inverse { required: false } => {
                let verb = either(Verb::Release, Verb::ReleaseOthers);
                self.text(connection, verb, |edge| Ok(write::release(Sqlite, edge, others)))?
            }
            // Each of them must have an owner: none can be let go.
            EdgeKind::Inverse { required: true } => {
                let verb = either(Verb::Held, Verb::HeldOthers);
                let text = self.text(connection, verb, |edge| Ok(select::held(Sqlite, edge, others)))?;
                let held = connection.prepare(&text)?.exists(bound(&parameters)).map_err(store_error)?;
                let column = self.edge.owner_column.into();
                return match held {
                    true => Err(StoreError::Constraint(Constraint::NotNull { column })),
                    false => Ok(()),
                };
            }
        };
        connection.run(&text, &parameters).map(drop)
    }
}
