//! The columns that the store itself sets, and the linkage that shows in the resources with such columns.

use std::collections::HashSet;

use sea_query::Query;

use super::{
    Dialect, Listed,
    edge::{Edge, EdgeKind},
    ids::IdColumns,
    link::TypeIs,
    parameter,
    schema::reachable,
};
use crate::plan::LinkageChange;
use crate::schema::{Columns, Description, IdPart, ResourceId, Upkeep, Value, ValueRef};
use crate::store::StoreError;

/// All columns that the store itself sets. A version stands for everything that a representation shows. So it
/// rises with the row, and with the linkage in other tables that the representation shows.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    tables: Vec<KeptTable>,
    shown: Vec<Shown>,
    /// The tables whose rows are deleted softly, each with the column of the time of the deletion.
    deletions: Vec<KeptTable>,
}

/// A table with such columns.
#[derive(Debug)]
pub(crate) struct KeptTable {
    pub(crate) name: &'static str,
    pub(crate) columns: Vec<KeptColumn>,
    /// Reads these columns of a row. Parameters: its id.
    pub(crate) read: String,
    /// Writes them. Parameters: a value for each, then the id.
    pub(crate) write: String,
}

/// A column that the store itself sets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeptColumn {
    pub(crate) name: &'static str,
    pub(crate) upkeep: Upkeep,
}

/// Linkage in another table that owners in a table with such columns show.
#[derive(Debug)]
pub(crate) struct Shown {
    owners: &'static str,
    /// The table with the edges: a join table, or that of the related resources.
    pub(crate) table: &'static str,
    pub(crate) owner_columns: Columns,
    /// The parts of the owners' ids, if these are composite.
    pub(crate) key: &'static [IdPart],
    targets: &'static str,
    /// The column with the order of the linkage, if it has one.
    order: Option<&'static str>,
    kind: EdgeKind,
    /// The type that a row must have to be an edge.
    pub(crate) only: Option<TypeIs>,
    /// Reads the owners of a related row. Parameters: its id.
    pub(crate) read: String,
}

impl Versions {
    /// The columns that these resources, and the resources that they relate to, ask for.
    pub(crate) fn of<D: Dialect>(dialect: D, resources: &[&'static Description]) -> Self {
        let resources = reachable(resources);
        let mut versions = Self::default();
        for resource in &resources {
            versions.add(dialect, resource);
            versions.add_deletion(dialect, resource);
        }
        for resource in resources {
            // A resource without a version counts, too: another resource over the same table may have one.
            for relationship in resource.relationships.iter().filter(|relationship| relationship.linkage) {
                if versions.table(resource.table).is_some()
                    && let Ok(Some(edge)) = Edge::of(resource, relationship)
                    && !versions
                        .shown(edge.table, edge.owner_columns)
                        .any(|shown| same(shown.owners, resource.table) && shown.only == edge.only)
                {
                    versions.shown.push(Shown::of(dialect, resource.table, &edge));
                }
            }
        }
        versions
    }

    fn add<D: Dialect>(&mut self, dialect: D, resource: &'static Description) {
        let kept = resource.kept().filter_map(|(id, upkeep)| {
            let attribute = resource.attribute_at(id)?;
            Some(KeptColumn { name: attribute.column, upkeep })
        });
        let mut columns: Vec<KeptColumn> = kept.collect();
        if columns.is_empty() {
            return;
        }
        // Resources over the same table share these columns.
        if let Some(place) = self.tables.iter().position(|table| same(table.name, resource.table)) {
            let known = self.tables.remove(place).columns;
            columns.retain(|column| !known.iter().any(|known| same(known.name, column.name)));
            columns.splice(0..0, known);
        }
        self.tables.push(KeptTable::new(dialect, resource, columns));
    }

    fn add_deletion<D: Dialect>(&mut self, dialect: D, resource: &'static Description) {
        if let Some(name) = resource.deletion_column()
            && self.deletion(resource.table).is_none()
        {
            let columns = vec![KeptColumn { name, upkeep: Upkeep::Moment }];
            self.deletions.push(KeptTable::new(dialect, resource, columns));
        }
    }

    /// The table of this name with the column of the time of the deletion, if its rows are deleted softly.
    pub(crate) fn deletion(&self, name: &str) -> Option<&KeptTable> {
        self.deletions.iter().find(|table| same(table.name, name))
    }

    /// Whether rows of some table are deleted softly.
    pub(crate) fn delete_softly(&self) -> bool {
        !self.deletions.is_empty()
    }

    /// Whether there are no such columns.
    pub(crate) fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The table of this name, if it has such columns.
    pub(crate) fn table(&self, name: &str) -> Option<&KeptTable> {
        self.tables.iter().find(|table| same(table.name, name))
    }

    /// Whether resources in the table `owners` show the linkage in these columns, which have their ids.
    pub(crate) fn shows(&self, owners: &str, table: &str, columns: Columns) -> bool {
        self.shown(table, columns).any(|shown| same(shown.owners, owners))
    }

    /// The linkage that the owners with ids in these columns show.
    pub(crate) fn shown<'a>(&'a self, table: &'a str, columns: Columns) -> impl Iterator<Item = &'a Shown> {
        self.shown.iter().filter(move |shown| same(shown.table, table) && shown.owner_columns.are(columns))
    }

    /// The linkage that leads to rows of this table.
    pub(crate) fn leading_to<'a>(&'a self, targets: &'a str) -> impl Iterator<Item = &'a Shown> {
        self.shown.iter().filter(move |shown| same(shown.targets, targets))
    }

    /// The table of the owners.
    pub(crate) fn owners(&self, shown: &Shown) -> Option<&KeptTable> {
        self.table(shown.owners)
    }
}

impl KeptTable {
    fn new<D: Dialect>(dialect: D, resource: &Description, columns: Vec<KeptColumn>) -> Self {
        let own = || IdColumns::of(None, resource).is_parameter();
        let names = || columns.iter().map(|column| column.name);
        let read = Query::select().columns(names()).from(resource.table).and_where(own()).to_owned();
        let write = Query::update()
            .table(resource.table)
            .values(names().map(|name| (name, parameter())))
            .and_where(own())
            .to_owned();
        let (read, write) = (dialect.text(&read), dialect.text(&write));
        Self { name: resource.table, columns, read, write }
    }

    /// The values after these.
    pub(crate) fn next(&self, values: &[Value]) -> Result<Vec<Value>, StoreError> {
        let next = self.columns.iter().zip(values);
        Ok(next.map(|(column, value)| column.upkeep.next(value.as_ref())).collect::<Result<_, _>>()?)
    }

    /// Whether the store itself sets this column.
    pub(crate) fn keeps(&self, column: &str) -> bool {
        self.columns.iter().any(|kept| same(kept.name, column))
    }
}

impl KeptColumn {
    /// Whether the column has this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        same(self.name, name)
    }
}

impl Shown {
    fn of<D: Dialect>(dialect: D, owners: &'static str, edge: &Edge) -> Self {
        let read = Query::select()
            .expr(edge.owner(None).cell(dialect))
            .from(edge.table)
            .and_where(edge.related(None).is_parameter())
            .and_where(edge.owner(None).is_not_null())
            .and_where_option(edge.is_bare_edge())
            .to_owned();
        Self {
            owners,
            table: edge.table,
            owner_columns: edge.owner_columns,
            key: edge.owner_id.parts(),
            targets: edge.target.table,
            order: edge.order,
            kind: edge.kind,
            only: edge.only,
            read: dialect.text(&read),
        }
    }

    /// Whether the order of the linkage is in this column of the related row itself.
    pub(crate) fn is_ordered_by(&self, column: &str) -> bool {
        self.is_inverse() && self.order.is_some_and(|order| same(order, column))
    }

    /// Whether the linkage is a column of the related row itself.
    pub(crate) fn is_inverse(&self) -> bool {
        self.kind != EdgeKind::Join
    }
}

/// The version that a row must have.
pub(crate) struct Guard<'a> {
    pub(crate) column: &'static str,
    pub(crate) value: ValueRef<'a>,
}

impl<'a> Guard<'a> {
    /// The guard for a change that requires this version.
    pub(crate) fn of(resource: &Description, version: Option<&'a Value>) -> Result<Option<Self>, StoreError> {
        match (version, resource.version_attribute()) {
            (None, _) => Ok(None),
            (Some(value), Some(attribute)) => {
                Ok(Some(Self { column: attribute.column, value: value.as_ref() }))
            }
            (Some(_), None) => {
                Err(StoreError::Internal(format!("`{}` has no version to compare", resource.rust_name)))
            }
        }
    }
}

/// The related ids that a change removes, and those that it adds.
pub(crate) fn difference(
    before: &[ResourceId],
    change: &LinkageChange,
) -> (Vec<ResourceId>, Vec<ResourceId>) {
    let those = |ids: &[ResourceId], which| of_these(before, ids, which);
    let (gone, wanted): (Vec<_>, &[ResourceId]) = match change {
        LinkageChange::One(_) => (Vec::new(), &[]),
        LinkageChange::Replace(ids) => (those(ids, Listed::Others), ids),
        LinkageChange::Add(ids) => (Vec::new(), ids),
        LinkageChange::Remove(ids) => (those(ids, Listed::These), &[]),
    };
    (gone, of_these(wanted, before, Listed::Others))
}

/// The ids of `some` that are listed, or those that are not. It uses a set, since a client may list very many
/// ids.
pub(crate) fn of_these(some: &[ResourceId], listed: &[ResourceId], which: Listed) -> Vec<ResourceId> {
    if some.is_empty() {
        return Vec::new();
    }
    let listed: HashSet<&ResourceId> = listed.iter().collect();
    some.iter().filter(|id| listed.contains(id) == (which == Listed::These)).cloned().collect()
}

/// Names of tables and columns are compared without regard to ASCII case.
fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
