//! The other rows whose representations show a change, so that their versions rise with it.

use std::collections::BTreeSet;

use super::{
    Dialect,
    edge::EdgeKind,
    link::Link,
    linkage_read::{Owners, linkage as linkage_of},
    managed::{self, RowOf},
    parameter::Parameter,
    plan::edge,
    room::Room,
    session::Session,
    versions::{Versions, difference},
};
use crate::plan::{LinkageChange, Scopes, each_once};
use crate::schema::{Description, ResourceId};
use crate::store::StoreError;

/// The rows whose representations show a change of a resource.
pub(crate) struct Dependents<'a, S> {
    session: &'a S,
    versions: &'a Versions,
    resource: &'static Description,
    id: &'a ResourceId,
    /// Whether the resource's own row is one of them.
    pub(crate) own: bool,
    /// The other rows, in the order in which they are locked.
    rows: BTreeSet<RowOf>,
}

impl<'a, S: Session> Dependents<'a, S> {
    pub(crate) fn new(
        session: &'a S,
        versions: &'a Versions,
        resource: &'static Description,
        id: &'a ResourceId,
    ) -> Self {
        Self { session, versions, resource, id, own: false, rows: BTreeSet::new() }
    }

    fn add(&mut self, table: &'static str, id: ResourceId) {
        if table.eq_ignore_ascii_case(self.resource.table) && id == *self.id {
            self.own = true;
        } else {
            self.rows.insert((table, id));
        }
    }

    /// A to-one relationship will lead to `related`. `link` is where it is kept, and `row` is the id of its row,
    /// or `None` for a new row. Adds the old and the new related rows that show this linkage.
    pub(crate) async fn moved(
        &mut self,
        link: Link,
        row: Option<&ResourceId>,
        related: Option<&ResourceId>,
    ) -> Result<(), StoreError> {
        let versions = self.versions;
        let shown = versions.shown(self.resource.table, link.columns);
        for shown in shown.filter(|shown| shown.is_inverse() && shown.only == link.only) {
            let old = match row {
                Some(row) => managed::owners(self.session, shown, Parameter::id(row)).await?,
                None => Vec::new(),
            };
            let owners = versions.owners(shown).map_or(self.resource.table, |table| table.name);
            if related.is_none_or(|related| !old.contains(related)) {
                old.into_iter().chain(related.cloned()).for_each(|owner| self.add(owners, owner));
            }
        }
        Ok(())
    }

    /// The row will be at another place in the order of linkage that leads to it, since this column has the positions.
    /// Adds the rows that show the linkage.
    pub(crate) async fn placed(&mut self, column: &'static str) -> Result<(), StoreError> {
        let (session, versions, table) = (self.session, self.versions, self.resource.table);
        for shown in versions.leading_to(table).filter(|shown| shown.is_ordered_by(column)) {
            let Some(owners) = versions.owners(shown) else { continue };
            for owner in managed::owners(session, shown, Parameter::id(self.id)).await? {
                self.add(owners.name, owner);
            }
        }
        Ok(())
    }

    /// The row will be hidden, or shown again: a resource over the same table sets the time of its deletion.
    /// Adds the rows that show linkage to it.
    pub(crate) async fn hidden_or_shown(&mut self) -> Result<(), StoreError> {
        let (session, versions, table) = (self.session, self.versions, self.resource.table);
        let own = Parameter::id(self.id);
        for shown in versions.leading_to(table) {
            let Some(owners) = versions.owners(shown) else { continue };
            for owner in managed::owners(session, shown, own).await? {
                self.add(owners.name, owner);
            }
        }
        let referrers = session.referrers();
        for referrer in referrers.iter().filter(|it| session.dialect().is_same_name(it.target, table)) {
            let (Some(kept), Some(text)) = (versions.table(referrer.table), referrer.ids()) else { continue };
            for row in managed::ids(session, text, own, referrer.key).await? {
                self.add(kept.name, row);
            }
        }
        Ok(())
    }

    /// Adds the rows that show changes of to-many linkage. It is called before the changes are made.
    pub(crate) async fn relinked(
        &mut self,
        scopes: &Scopes,
        linkage: &[Option<LinkageChange>],
    ) -> Result<(), StoreError> {
        if self.versions.is_empty() {
            return Ok(());
        }
        let versions = self.versions;
        for ((relationship_id, relationship), change) in self.resource.relationships_by_id().zip(linkage) {
            let (Some(change), true) = (change, relationship.is_to_many()) else { continue };
            let edge = edge(self.resource, relationship_id)?;
            let own = Owners::one(self.id)?;
            let before =
                linkage_of(self.session, scopes, &Room::endless(), self.resource, relationship_id, &own)
                    .await?;
            let (gone, new) = difference(before.of(0), change);
            let reordered = match change {
                LinkageChange::Replace(ids) if edge.order.is_some() => before.of(0) != each_once(ids),
                _ => false,
            };
            self.own |= (reordered || !(gone.is_empty() && new.is_empty()))
                && versions.shows(self.resource.table, edge.table, edge.owner_columns);
            match edge.kind {
                EdgeKind::Join => {
                    let shown = versions.shown(edge.table, edge.target_columns);
                    for shown in shown.filter(|shown| shown.only == edge.only) {
                        if let Some(table) = versions.owners(shown) {
                            gone.iter().chain(&new).for_each(|id| self.add(table.name, id.clone()));
                        }
                    }
                }
                EdgeKind::Inverse { .. } => {
                    // The linkage is a column of the related resources' own rows.
                    if let Some(table) = versions.table(edge.target.table) {
                        gone.iter().chain(&new).for_each(|id| self.add(table.name, id.clone()));
                    }
                    for shown in versions.shown(edge.table, edge.owner_columns) {
                        let Some(table) = versions.owners(shown) else { continue };
                        for id in &new {
                            for owner in managed::owners(self.session, shown, Parameter::id(id)).await? {
                                self.add(table.name, owner);
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds rows whose positions in an order have changed.
    pub(crate) fn moved_within(&mut self, rows: Vec<RowOf>) {
        rows.into_iter().for_each(|(table, id)| self.add(table, id));
    }

    /// Raises the versions of the other rows.
    pub(crate) async fn touch(self) -> Result<(), StoreError> {
        for (name, id) in &self.rows {
            if let Some(table) = self.versions.table(name) {
                managed::touch(self.session, table, Parameter::id(id)).await?;
            }
        }
        Ok(())
    }
}
