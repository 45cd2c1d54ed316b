//! What else shows a change: rows of others, whose versions rise with it.

use std::collections::BTreeSet;

use super::{
    connection::Connection,
    linkage::linkage as linkage_of,
    versions::{self, RowOf},
};
use crate::{
    resource::{Description, ResourceId},
    store::{
        LinkageChange, Scopes, StoreError,
        sql::{
            edge::EdgeKind,
            plan::{edge, id_value},
            room::Room,
            versions::{Versions, difference},
        },
    },
};

/// The rows that show a change of a resource.
pub(super) struct Showing<'a> {
    versions: &'a Versions,
    resource: &'static Description,
    id: &'a ResourceId,
    /// Whether the resource's own row shows it.
    pub(super) own: bool,
    /// The others, in the order in which they are locked.
    rows: BTreeSet<RowOf>,
}

impl<'a> Showing<'a> {
    pub(super) fn new(versions: &'a Versions, resource: &'static Description, id: &'a ResourceId) -> Self {
        Self { versions, resource, id, own: false, rows: BTreeSet::new() }
    }

    fn add(&mut self, table: &'static str, id: ResourceId) {
        if table.eq_ignore_ascii_case(self.resource.table) && id == *self.id {
            self.own = true;
        } else {
            self.rows.insert((table, id));
        }
    }

    /// A to-one relationship in a column of the row (of `row`, unless it is new) will lead to `related`: this shows
    /// where it led to and where it will.
    pub(super) async fn moved(
        &mut self,
        connection: &Connection,
        column: &'static str,
        row: Option<&ResourceId>,
        related: Option<&ResourceId>,
    ) -> Result<(), StoreError> {
        let versions = self.versions;
        for shown in versions.shown(self.resource.table, column).filter(|shown| shown.is_inverse()) {
            let old = match row {
                Some(row) => versions::owners(connection, shown, id_value(row)).await?,
                None => Vec::new(),
            };
            let owners = versions.owners(shown).map_or(self.resource.table, |table| table.name);
            if old.first() != related {
                old.into_iter().chain(related.cloned()).for_each(|owner| self.add(owners, owner));
            }
        }
        Ok(())
    }

    /// What the changes of to-many linkage will show in. They are not made yet.
    pub(super) async fn relinked(
        &mut self,
        connection: &Connection,
        scopes: &Scopes,
        linkage: &[Option<LinkageChange>],
    ) -> Result<(), StoreError> {
        if self.versions.is_empty() {
            return Ok(());
        }
        let versions = self.versions;
        for (index, (relationship, change)) in self.resource.relationships.iter().zip(linkage).enumerate() {
            let (Some(change), true) = (change, relationship.is_to_many()) else { continue };
            let edge = edge(self.resource, index)?;
            let own = [id_value(self.id)].into_iter();
            let before = linkage_of(connection, scopes, &Room::endless(), self.resource, index, own).await?;
            let (gone, new) = difference(before.of(0), change);
            self.own |= !(gone.is_empty() && new.is_empty())
                && versions.shows(self.resource.table, edge.table, edge.owner_column);
            match edge.kind {
                EdgeKind::Join => {
                    for shown in versions.shown(edge.table, edge.target_column) {
                        if let Some(table) = versions.owners(shown) {
                            gone.iter().chain(&new).for_each(|id| self.add(table.name, id.clone()));
                        }
                    }
                }
                EdgeKind::Inverse { .. } => {
                    // The column of theirs that is the linkage.
                    if let Some(table) = versions.table(edge.target.table) {
                        gone.iter().chain(&new).for_each(|id| self.add(table.name, id.clone()));
                    }
                    for shown in versions.shown(edge.table, edge.owner_column) {
                        let Some(table) = versions.owners(shown) else { continue };
                        for id in &new {
                            for owner in versions::owners(connection, shown, id_value(id)).await? {
                                self.add(table.name, owner);
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Goes on with the others.
    pub(super) async fn touch(self, connection: &Connection) -> Result<(), StoreError> {
        for (name, id) in &self.rows {
            if let Some(table) = self.versions.table(name) {
                versions::touch(connection, table, id_value(id)).await?;
            }
        }
        Ok(())
    }
}
