//! The tables that resources need.

use crate::schema::{
    Description, IdKind, IdPart, Kind, Mismatch, OnDelete, PartMember, Relationship, RelationshipId,
    RelationshipKind, StoredTime, Value,
};

use super::edge::{Edge, EdgeKind};
use super::link::{Link, TypeIs};

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) key: Key,
    /// The columns: without the id for a [`Key::Id`] of one column, and with all columns of the key otherwise.
    pub(crate) columns: Vec<Column>,
    /// The column with the time of the deletion, if a struct deletes its rows softly, and the struct.
    pub(crate) deletion: Option<(&'static str, &'static str)>,
    /// The structs that use the table, for messages.
    resources: Vec<&'static str>,
}

/// A table's primary key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A resource's id.
    Id {
        /// The column; of a composite id the first one.
        column: &'static str,
        /// The kind of the id.
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

impl Key {
    /// The parts of a composite id.
    pub(crate) fn parts(self) -> &'static [IdPart] {
        match self {
            Self::Id { kind, .. } => kind.parts(),
            Self::Pair { .. } => &[],
        }
    }

    /// Whether a column is part of a composite id.
    pub(crate) fn has_part(self, name: &str) -> bool {
        self.parts().iter().any(|part| part.column.eq_ignore_ascii_case(name))
    }
}

#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// The texts that it can be, if they are a closed set.
    pub(crate) variants: Option<Vec<&'static str>>,
    /// The declared form of its times.
    pub(crate) stored: Option<StoredTime>,
    pub(crate) reference: Option<Reference>,
    /// The references of a polymorphic relationship, each of the rows of one type. No foreign key does it.
    pub(crate) arms: Vec<(TypeIs, Reference)>,
    /// The default for rows that existed before the column.
    pub(crate) default: Option<fn() -> Result<Value, Mismatch>>,
    /// The member that needs the column, for messages: "the attribute `title` of `Session`".
    pub(crate) needed_by: String,
    /// The number of resources that demand a value in the column.
    demands: usize,
    /// Whether it keeps the order of a to-many relationship. The store gives each new row a value.
    pub(crate) is_position: bool,
}

/// The target of a foreign key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) on_delete: OnDelete,
    pub(crate) decider: Decider,
    /// Whether each struct with this reference sees deleted rows there, so that a soft deletion ends nothing for it.
    pub(crate) sees_deleted: bool,
}

/// Who decides what happens to a row when the row that it refers to is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decider {
    /// A struct: `on_delete` is written on the relationship.
    Struct,
    /// The foreign key of a table that the user has created, if there is one; otherwise the default.
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
    /// Whether a column must have a value: all resources over the table demand one. (A resource that doesn't
    /// know the column could not be created otherwise.)
    pub(crate) fn is_required(&self, column: &Column) -> bool {
        self.key.has_part(column.name) || column.demands > 0 && column.demands >= self.resources.len()
    }

    /// What needs the table, for messages.
    pub(crate) fn needed_by(&self) -> String {
        match (self.resources.is_empty(), self.columns.first()) {
            (true, Some(column)) => column.needed_by.clone(),
            _ => format!("`{}`", self.resources()),
        }
    }

    /// The structs that use this table.
    pub(crate) fn resources(&self) -> String {
        self.resources.join("`, `")
    }
}

/// The kind of the values in an id column.
pub(crate) fn kind_of_id(kind: IdKind) -> Kind {
    match kind {
        IdKind::Integer { .. } => Kind::Integer,
        IdKind::Text => Kind::Text,
        IdKind::Uuid => Kind::Uuid,
        // As one value it is the text of a JSON array.
        IdKind::Composite(_) => Kind::Text,
    }
}

/// The tables of these resources and of the resources that they relate to, each once, in the order in which
/// they are found.
///
/// Resources that share a table share its columns. `problems` gets a message for each contradiction between
/// them.
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
                    positions(resource, relationship.name, &edge, &mut tables, problems);
                }
                Ok(_) => {}
            }
        }
    }
    // After all attributes, so that a column that an attribute has, too, keeps its place.
    for resource in reachable(resources) {
        for relationship in resource.relationships {
            if let Ok(Some(edge)) = Edge::of(resource, relationship)
                && matches!(edge.kind, EdgeKind::Inverse { .. })
            {
                positions(resource, relationship.name, &edge, &mut tables, problems);
            }
        }
    }
    tables
}

/// The column that keeps the order of a to-many relationship.
fn positions(
    owner: &'static Description,
    name: &'static str,
    edge: &Edge,
    tables: &mut [Table],
    problems: &mut Vec<String>,
) {
    let Some(column) = edge.order else { return };
    let Some(table) = tables.iter_mut().find(|table| table.name.eq_ignore_ascii_case(edge.table)) else {
        return;
    };
    let ends = [edge.owner_column, edge.target_column];
    if ends.iter().any(|end| end.eq_ignore_ascii_case(column)) {
        problems.push(format!(
            "table `{}`: column `{column}` has an id, and the relationship `{name}` of `{}` names it as its `order`: give \
             the positions a column of their own",
            table.name, owner.rust_name
        ));
        return;
    }
    let column = Column {
        name: column,
        kind: Kind::Integer,
        variants: None,
        stored: None,
        reference: None,
        default: None,
        needed_by: format!("the order of the relationship `{name}` of `{}`", owner.rust_name),
        demands: 0,
        is_position: true,
        arms: Vec::new(),
    };
    unite(table, column, problems);
}

/// These resources and all that their relationships lead to, each once.
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
    if let Some(column) = resource.deletion_column() {
        let (known, by) = *table.deletion.get_or_insert((column, resource.rust_name));
        if !known.eq_ignore_ascii_case(column) {
            problems.push(format!(
                "table `{}`: `{by}` keeps the time of a deletion in the column `{known}`, and `{}` in `{column}`: give \
                 both the same `soft_delete`",
                table.name, resource.rust_name
            ));
        }
    }
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
    problems.extend(faults_of_key(resource));
    // The columns of a composite key are those of members.
    let mut used = if resource.key().is_empty() { vec![resource.id.column] } else { Vec::new() };
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

/// What is wrong with the ids that this resource has, and with those that it refers to, as far as one column keeps only ids of
/// one column.
fn faults_of_key(resource: &'static Description) -> Vec<String> {
    let mut faults = Vec::new();
    for relationship in resource.relationships {
        let target = relationship.target();
        let refers = !matches!(relationship.kind, RelationshipKind::Inverse { .. });
        let composite = match (target.key(), resource.key()) {
            ([_, ..], _) if refers => target,
            (_, [_, ..]) if relationship.is_to_many() => resource,
            _ => continue,
        };
        faults.push(format!(
            "the relationship `{}` of `{}` would keep an id of `{}` in one column, but that is made of several: let a to-one \
             relationship lead the other way, or give `{}` an id of one column",
            relationship.name, resource.rust_name, composite.rust_name, composite.rust_name
        ));
    }
    for part in resource.key() {
        let is_member = match part.member {
            PartMember::Attribute(id, kind) => resource.attribute_at(id).is_some_and(|attribute| {
                attribute.column == part.column && attribute.kind == kind_of_id(kind) && !attribute.nullable
            }),
            PartMember::Relationship(id, _) => resource.relationship_at(id).is_some_and(|relationship| {
                relationship.column() == Some(part.column) && relationship.is_required()
            }),
        };
        if !is_member || !part.kind().parts().is_empty() {
            faults.push(format!(
                "the part `{}` of the id of `{}` must be an attribute or a to-one relationship of it that always has a value, \
                 an integer, text or a UUID",
                part.column, resource.rust_name
            ));
        }
    }
    faults
}

fn columns_of(resource: &'static Description) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for (id, attribute) in resource.attributes_by_id() {
        columns.push(Column {
            name: attribute.column,
            kind: attribute.kind,
            variants: (attribute.variants)(),
            stored: resource.stored(id),
            reference: None,
            arms: Vec::new(),
            default: attribute.default,
            needed_by: format!("the attribute `{}` of `{}`", attribute.name, resource.rust_name),
            demands: usize::from(!attribute.nullable),
            is_position: false,
        });
    }
    for (id, relationship) in resource.relationships_by_id() {
        let target = relationship.target();
        let decider = Decider::of(resource, id);
        if let RelationshipKind::OneOf { place: 0, column, type_column, required, on_delete, .. } =
            relationship.kind
        {
            let arms = || resource.arms(id).map(|(_, arm)| arm);
            let of = |name, kind, variants, arms| Column {
                name,
                kind,
                variants,
                stored: None,
                reference: None,
                is_position: false,
                arms,
                default: None,
                needed_by: format!("the relationship `{}` of `{}`", relationship.name, resource.rust_name),
                demands: usize::from(required),
            };
            let types = arms().filter_map(Relationship::stored_type).collect();
            columns.push(of(type_column, Kind::Text, Some(types), Vec::new()));
            let references = arms().filter_map(|arm| {
                let target = arm.target();
                let (table, column) = (target.table, target.id.column);
                let sees_deleted = target.soft_delete.is_none();
                let reference = Reference { table, column, on_delete, decider, sees_deleted };
                Some((Link::of(arm)?.only?, reference))
            });
            columns.push(of(column, kind_of_id(target.id.kind), None, references.collect()));
        }
        if let RelationshipKind::ToOne { column, required, on_delete } = relationship.kind {
            columns.push(Column {
                name: column,
                kind: kind_of_id(target.id.kind),
                variants: None,
                stored: None,
                reference: Some(Reference {
                    table: target.table,
                    column: target.id.column,
                    on_delete,
                    decider,
                    sees_deleted: target.soft_delete.is_none(),
                }),
                arms: Vec::new(),
                default: None,
                needed_by: format!("the relationship `{}` of `{}`", relationship.name, resource.rust_name),
                demands: usize::from(required),
                is_position: false,
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
        let sees_deleted = end.soft_delete.is_none();
        let reference =
            Reference { table: end.table, column: end.id.column, on_delete, decider, sees_deleted };
        let column = Column {
            name: column,
            kind: kind_of_id(end.id.kind),
            variants: None,
            stored: None,
            reference: Some(reference),
            arms: Vec::new(),
            default: None,
            needed_by: format!("the relationship `{name}` of `{}`", owner.rust_name),
            demands: 1,
            is_position: false,
        };
        unite(table, column, problems);
    }
}

fn named<'a>(name: &'static str, key: Key, tables: &'a mut Vec<Table>) -> &'a mut Table {
    match tables.iter().position(|table| table.name.eq_ignore_ascii_case(name)) {
        Some(index) => &mut tables[index],
        None => {
            tables.push(Table { name, key, columns: Vec::new(), deletion: None, resources: Vec::new() });
            let last = tables.len() - 1;
            &mut tables[last]
        }
    }
}

/// Both ends may use a join table, and resources over the same table may have different ranges of ids.
fn same_key(one: Key, other: Key) -> bool {
    match (one, other) {
        (Key::Id { column: a, kind: one }, Key::Id { column: b, kind: other }) => {
            let (parts, others) = (one.parts(), other.parts());
            let same = |(one, other): (&IdPart, &IdPart)| {
                one.column.eq_ignore_ascii_case(other.column)
                    && kind_of_id(one.kind()) == kind_of_id(other.kind())
            };
            a.eq_ignore_ascii_case(b)
                && kind_of_id(one) == kind_of_id(other)
                && parts.len() == others.len()
                && parts.iter().zip(others).all(same)
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
            known.is_position |= column.is_position;
            known.default = known.default.or(column.default);
            for arm in column.arms {
                if !known.arms.contains(&arm) {
                    known.arms.push(arm);
                }
            }
            known.reference = match (known.reference, column.reference) {
                (Some(known), Some(column)) => {
                    // One resource demands a value and another one doesn't: the deletion is refused.
                    let strict = if column.on_delete == OnDelete::Restrict { column } else { known };
                    let sees_deleted = known.sees_deleted && column.sees_deleted;
                    Some(Reference { decider: known.decider.or(column.decider), sees_deleted, ..strict })
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
