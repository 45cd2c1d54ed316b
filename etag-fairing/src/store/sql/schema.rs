//! The tables that resources need.

use crate::schema::{
    Description, IdKind, Kind, Mismatch, OnDelete, RelationshipId, RelationshipKind, StoredTime, Value,
};

use super::edge::Edge;

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) key: Key,
    /// Without the key of an [`Key::Id`]; with both columns of a [`Key::Pair`].
    pub(crate) columns: Vec<Column>,
    /// The structs it holds, for messages.
    resources: Vec<&'static str>,
}

/// A table's primary key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A resource's id.
    Id {
        /// The column.
        column: &'static str,
        /// What it holds.
        kind: IdKind,
    },
    /// Both columns of a join table.
    Pair {
        /// The owners' column.
        owner: &'static str,
        /// The related resources' column.
        target: &'static str,
    },
}

/// A column.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// The form of its times, where it is declared.
    pub(crate) stored: Option<StoredTime>,
    pub(crate) reference: Option<Reference>,
    /// The value of rows that were there before the column.
    pub(crate) default: Option<fn() -> Result<Value, Mismatch>>,
    /// Who needs it, for messages: "the attribute `title` of `Session`".
    pub(crate) needed_by: String,
    /// How many resources demand a value in it.
    demands: usize,
}

/// Where a foreign key leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) on_delete: OnDelete,
    pub(crate) decider: Decider,
}

/// Who says what becomes of a row when what it refers to is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decider {
    /// A struct, since `on_delete` is written on the relationship.
    Struct,
    /// The foreign key of a table of the user's, if there is one; else the default.
    Table,
}

impl Decider {
    fn of(resource: &Description, relationship: RelationshipId) -> Self {
        if resource.decides_deletion(relationship) { Self::Struct } else { Self::Table }
    }

    fn or(self, other: Self) -> Self {
        if self == Self::Struct { self } else { other }
    }
}

impl Table {
    /// Whether a column must have a value: every resource over the table demands one. (A resource that doesn't
    /// know the column could not be created otherwise.)
    pub(crate) fn is_required(&self, column: &Column) -> bool {
        column.demands > 0 && column.demands >= self.resources.len()
    }

    /// The structs over this table.
    pub(crate) fn resources(&self) -> String {
        self.resources.join("`, `")
    }
}

/// What an id column holds.
pub(crate) fn kind_of_id(kind: IdKind) -> Kind {
    match kind {
        IdKind::Integer { .. } => Kind::Integer,
        IdKind::Text => Kind::Text,
        IdKind::Uuid => Kind::Uuid,
    }
}

/// The tables of these resources and of what they relate to, each once, in the order of their appearance.
///
/// Resources that share a table unite their columns. What doesn't fit together is told in `problems`.
pub(crate) fn tables(resources: &[&'static Description], problems: &mut Vec<String>) -> Vec<Table> {
    let mut tables = Vec::new();
    for resource in reachable(resources) {
        resource_table(resource, &mut tables, problems);
        for (id, relationship) in resource.relationships_by_id() {
            match Edge::of(resource, relationship) {
                Err(problem) => problems.push(problem),
                Ok(Some(edge)) if matches!(relationship.kind, RelationshipKind::Through { .. }) => {
                    let decider = Decider::of(resource, id);
                    join_table(resource, relationship.name, decider, &edge, &mut tables, problems);
                }
                Ok(_) => {}
            }
        }
    }
    tables
}

/// These resources and all that they lead to, each once.
pub(crate) fn reachable(resources: &[&'static Description]) -> Vec<&'static Description> {
    let mut found: Vec<&'static Description> = Vec::new();
    let mut waiting: Vec<&'static Description> = resources.iter().rev().copied().collect();
    while let Some(resource) = waiting.pop() {
        if !found.iter().any(|known| known.is(resource)) {
            found.push(resource);
            waiting.extend(resource.relationships.iter().rev().map(|relationship| relationship.target()));
        }
    }
    found
}

fn resource_table(resource: &'static Description, tables: &mut Vec<Table>, problems: &mut Vec<String>) {
    let key = Key::Id { column: resource.id.column, kind: resource.id.kind };
    let table = named(resource.table, key, tables);
    if !same_key(table.key, key) {
        problems.push(format!(
            "table `{}`: `{}` and `{}` disagree on its key",
            table.name,
            table.resources(),
            resource.rust_name
        ));
        return;
    }
    table.resources.push(resource.rust_name);
    for (id, upkeep) in resource.kept() {
        let (attribute, form) = (resource.attribute_at(id), resource.stored(id));
        if let (Some(attribute), Some(form)) = (attribute, form)
            && form.step() > upkeep.step()
        {
            problems.push(format!(
                "table `{}`, column `{}`: what is stored as `{form}` cannot rise with each change, as the attribute \
                 `{}` of `{}` must: store it with a fraction of six digits, or as a date of the last change",
                table.name, attribute.column, attribute.name, resource.rust_name
            ));
        }
    }
    let mut used = vec![resource.id.column];
    for column in columns_of(resource) {
        if used.iter().any(|name| name.eq_ignore_ascii_case(column.name)) {
            problems.push(format!(
                "table `{}`: column `{}` serves `{}` twice; {} needs a column of its own",
                table.name, column.name, resource.rust_name, column.needed_by
            ));
            continue;
        }
        used.push(column.name);
        if let Some(form) = column.stored
            && let Some(fault) = form.fault(column.kind)
        {
            problems.push(format!(
                "table `{}`, column `{}`: {} can't be stored as `{form}`: {fault}",
                table.name, column.name, column.needed_by
            ));
        }
        unite(table, column, problems);
    }
}

fn columns_of(resource: &'static Description) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for (id, attribute) in resource.attributes_by_id() {
        columns.push(Column {
            name: attribute.column,
            kind: attribute.kind,
            stored: resource.stored(id),
            reference: None,
            default: attribute.default,
            needed_by: format!("the attribute `{}` of `{}`", attribute.name, resource.rust_name),
            demands: usize::from(!attribute.nullable),
        });
    }
    for (id, relationship) in resource.relationships_by_id() {
        if let RelationshipKind::ToOne { column, required, on_delete } = relationship.kind {
            let target = relationship.target();
            let decider = Decider::of(resource, id);
            columns.push(Column {
                name: column,
                kind: kind_of_id(target.id.kind),
                stored: None,
                reference: Some(Reference {
                    table: target.table,
                    column: target.id.column,
                    on_delete,
                    decider,
                }),
                default: None,
                needed_by: format!("the relationship `{}` of `{}`", relationship.name, resource.rust_name),
                demands: usize::from(required),
            });
        }
    }
    columns
}

fn join_table(
    owner: &'static Description,
    name: &'static str,
    decider: Decider,
    edge: &Edge,
    tables: &mut Vec<Table>,
    problems: &mut Vec<String>,
) {
    let key = Key::Pair { owner: edge.owner_column, target: edge.target_column };
    let table = named(edge.table, key, tables);
    if !same_key(table.key, key) {
        problems.push(format!(
            "table `{}`: the relationship `{name}` of `{}` takes it for a join table of `{}` and `{}`, which \
             is not what others take it for",
            table.name, owner.rust_name, edge.owner_column, edge.target_column
        ));
        return;
    }
    for (column, end) in [(edge.owner_column, owner), (edge.target_column, edge.target)] {
        let on_delete = OnDelete::Cascade;
        let reference = Reference { table: end.table, column: end.id.column, on_delete, decider };
        let column = Column {
            name: column,
            kind: kind_of_id(end.id.kind),
            stored: None,
            reference: Some(reference),
            default: None,
            needed_by: format!("the relationship `{name}` of `{}`", owner.rust_name),
            demands: 1,
        };
        unite(table, column, problems);
    }
}

fn named<'a>(name: &'static str, key: Key, tables: &'a mut Vec<Table>) -> &'a mut Table {
    match tables.iter().position(|table| table.name.eq_ignore_ascii_case(name)) {
        Some(index) => &mut tables[index],
        None => {
            tables.push(Table { name, key, columns: Vec::new(), resources: Vec::new() });
            let last = tables.len() - 1;
            &mut tables[last]
        }
    }
}

/// A join table can be used from both ends; resources over one table may differ in the range of their ids.
fn same_key(one: Key, other: Key) -> bool {
    match (one, other) {
        (Key::Id { column: a, kind: one }, Key::Id { column: b, kind: other }) => {
            a.eq_ignore_ascii_case(b) && kind_of_id(one) == kind_of_id(other)
        }
        (Key::Pair { owner: a, target: b }, Key::Pair { owner: c, target: d }) => {
            a.eq_ignore_ascii_case(c) && b.eq_ignore_ascii_case(d)
                || a.eq_ignore_ascii_case(d) && b.eq_ignore_ascii_case(c)
        }
        _ => false,
    }
}

fn unite(table: &mut Table, column: Column, problems: &mut Vec<String>) {
    let known = table.columns.iter_mut().find(|known| known.name.eq_ignore_ascii_case(column.name));
    match known {
        None => table.columns.push(column),
        Some(known) if known.kind != column.kind => problems.push(format!(
            "table `{}`: column `{}` is {:?} for {}, but {:?} for {}",
            table.name, known.name, known.kind, known.needed_by, column.kind, column.needed_by
        )),
        Some(known) if known.stored != column.stored => problems.push(format!(
            "table `{}`: column `{}` is stored in one form for {} and in another for {}: give both the same `stored`",
            table.name, known.name, known.needed_by, column.needed_by
        )),
        Some(known) if differs(known.reference, column.reference) => problems.push(format!(
            "table `{}`: column `{}` follows another rule when what it refers to is deleted for {} than for {}: \
             give both the same `on_delete`",
            table.name, known.name, known.needed_by, column.needed_by
        )),
        Some(known) => {
            known.demands += column.demands;
            known.default = known.default.or(column.default);
            known.reference = match (known.reference, column.reference) {
                (Some(known), Some(column)) => {
                    // One of the resources can't do without, another can: it stands against the deletion.
                    let strict = if column.on_delete == OnDelete::Restrict { column } else { known };
                    Some(Reference { decider: known.decider.or(column.decider), ..strict })
                }
                (known, column) => known.or(column),
            };
        }
    }
}

fn differs(one: Option<Reference>, other: Option<Reference>) -> bool {
    let differ =
        |one: OnDelete, other| one != other && one != OnDelete::Restrict && other != OnDelete::Restrict;
    one.zip(other).is_some_and(|(one, other)| differ(one.on_delete, other.on_delete))
}
