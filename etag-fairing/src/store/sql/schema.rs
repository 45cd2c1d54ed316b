//! The tables that resources need.

use crate::schema::{
    Columns, Description, IdKind, IdPart, Kind, Mismatch, OnDelete, PartMember, Relationship, RelationshipId,
    RelationshipKind, StoredTime, TypedEnd, Value,
};

use super::edge::{Edge, EdgeKind};
pub(crate) use super::ids::kind_of_id;
use super::link::{Link, TypeIs};

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) key: Key,
    /// The columns: without the id for a [`Key::Id`] of one column, and with all columns of the key otherwise.
    pub(crate) columns: Vec<Column>,
    /// What its rows refer to.
    pub(crate) references: Vec<Reference>,
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
    /// The columns of both ends of a join table.
    Pair {
        /// The owners' columns.
        owner: Columns,
        /// The related resources' columns.
        target: Columns,
        /// The column with the type, if one end may be of several types.
        of_type: Option<&'static str>,
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

    /// The columns of a key of several, in their order.
    pub(crate) fn columns(self) -> Vec<&'static str> {
        match self {
            Self::Id { kind, .. } => kind.parts().iter().map(|part| part.column).collect(),
            Self::Pair { owner, target, of_type } => {
                owner.names().chain(of_type).chain(target.names()).collect()
            }
        }
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
    /// The default for rows that existed before the column.
    pub(crate) default: Option<fn() -> Result<Value, Mismatch>>,
    /// The member that needs the column, for messages: "the attribute `title` of `Session`".
    pub(crate) needed_by: String,
    /// The number of resources that demand a value in the column.
    demands: usize,
    /// Whether it keeps the order of a to-many relationship. The store gives each new row a value.
    pub(crate) is_position: bool,
    /// Whether the table has an index of it.
    pub(crate) is_indexed: bool,
    /// Whether the table has an index of its trigrams, if the database has such.
    pub(crate) has_trigrams: bool,
    /// Whether clients may filter or sort by it.
    pub(crate) is_open: bool,
}

/// The columns of a table that refer to the rows of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The columns that refer.
    pub(crate) columns: Columns,
    /// The kind of the ids in them.
    pub(crate) kind: IdKind,
    /// The type that a row must have to refer there, if the columns refer to several tables. No foreign key does that.
    pub(crate) only: Option<TypeIs>,
    /// The table that they refer to.
    pub(crate) table: &'static str,
    /// Its columns, in the same order.
    pub(crate) key: Columns,
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

    /// The foreign keys.
    pub(crate) fn foreign_keys(&self) -> impl Iterator<Item = &Reference> {
        self.references.iter().filter(|reference| reference.only.is_none())
    }

    /// The foreign key that a column belongs to, and the column that this one of it refers to.
    pub(crate) fn refers(&self, column: &str) -> Option<(&Reference, &'static str)> {
        self.foreign_keys().find_map(|reference| {
            let mut columns = reference.columns.names().zip(reference.key.names());
            let (_, referred) = columns.find(|(own, _)| own.eq_ignore_ascii_case(column))?;
            Some((reference, referred))
        })
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
                    join_table(resource, relationship, decider, &edge, &mut tables, problems);
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
    if edge.owner_columns.has(column) || edge.target_columns.has(column) {
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
        default: None,
        needed_by: format!("the order of the relationship `{name}` of `{}`", owner.rust_name),
        demands: 0,
        is_position: true,
        is_indexed: false,
        has_trigrams: false,
        is_open: false,
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
    let faults = faults_of_columns(resource);
    let can_refer = faults.is_empty();
    problems.extend(faults);
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
        if column.has_trigrams && column.kind != Kind::Text {
            problems.push(format!(
                "table `{}`, column `{}`: {} is no text, and trigrams are three characters of a text: write `index` in \
                 place of `index(trigram)`",
                table.name, column.name, column.needed_by
            ));
        }
        unite(table, column, problems);
    }
    for reference in references_of(resource).into_iter().filter(|_| can_refer) {
        refer(table, reference, problems);
    }
}

/// What is wrong with the columns that keep ids.
fn faults_of_columns(resource: &'static Description) -> Vec<String> {
    let mut faults = Vec::new();
    for relationship in resource.relationships {
        let target = relationship.target();
        let here = format!("the relationship `{}` of `{}`", relationship.name, resource.rust_name);
        match relationship.kind {
            RelationshipKind::ToOne { columns, .. } => {
                faults.extend(fault_of_number(&here, "columns", columns, target));
            }
            RelationshipKind::Through { owner_columns, target_columns, .. } => {
                faults.extend(fault_of_number(&here, "owner_columns", owner_columns, resource));
                faults.extend(fault_of_number(&here, "target_columns", target_columns, target));
            }
            RelationshipKind::OneOf { .. } if !target.key().is_empty() => faults.push(format!(
                "{here} keeps the ids of all its types in one column, but that of `{0}` is made of several: write a `ToOne` \
                 for `{0}`, or give it an id of one column",
                target.rust_name
            )),
            RelationshipKind::OneOf { .. } | RelationshipKind::Inverse { .. } => {}
        }
    }
    faults
}

/// An id of one column needs one, and a composite one a column for each of its parts.
fn fault_of_number(here: &str, key: &str, columns: Columns, of: &Description) -> Option<String> {
    if columns.number() == of.id.columns().number() {
        return None;
    }
    let kept = format!("{here} keeps ids of `{}` in {}", of.rust_name, columns.in_words());
    let single = key.trim_end_matches('s');
    Some(match of.key() {
        [] => format!(
            "{kept}, but they are of one column: write `{single} = \"{}\"` in place of `{key}(…)`",
            columns.first()
        ),
        parts => {
            let names: Vec<&str> = parts.iter().filter_map(|part| part.name(of)).collect();
            let columns: Vec<String> = parts.iter().map(|part| format!("\"{}\"", part.column)).collect();
            format!(
                "{kept}, but they are made of {} parts ({}): name a column for each, in this order, as in \
                 `{key}({})`",
                parts.len(),
                names.join(", "),
                columns.join(", ")
            )
        }
    })
}

/// What is wrong with the id that this resource has.
fn faults_of_key(resource: &'static Description) -> Vec<String> {
    let mut faults = Vec::new();
    for part in resource.key() {
        let is_member = match part.member {
            PartMember::Attribute(id, kind) => resource.attribute_at(id).is_some_and(|attribute| {
                attribute.column == part.column && attribute.kind == kind_of_id(kind) && !attribute.nullable
            }),
            PartMember::Relationship(id, _) => resource.relationship_at(id).is_some_and(|relationship| {
                relationship.columns() == Some(Columns::one(part.column)) && relationship.is_required()
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
        let has_order = attribute.kind != Kind::Json && attribute.kind.element().is_none();
        columns.push(Column {
            name: attribute.column,
            kind: attribute.kind,
            variants: (attribute.variants)(),
            stored: resource.stored(id),
            default: attribute.default,
            needed_by: format!("the attribute `{}` of `{}`", attribute.name, resource.rust_name),
            demands: usize::from(!attribute.nullable),
            is_position: false,
            is_indexed: resource.is_indexed(id) && has_order,
            has_trigrams: resource.has_trigrams(id),
            is_open: (attribute.filter || attribute.sort) && has_order,
        });
    }
    for (id, relationship) in resource.relationships_by_id() {
        let target = relationship.target();
        let of = |name, kind, variants| Column {
            name,
            kind,
            variants,
            stored: None,
            default: None,
            needed_by: format!("the relationship `{}` of `{}`", relationship.name, resource.rust_name),
            demands: usize::from(relationship.is_required()),
            is_position: false,
            is_indexed: false,
            has_trigrams: false,
            is_open: false,
        };
        match relationship.kind {
            RelationshipKind::OneOf { place: 0, column, type_column, .. } => {
                let arms = resource.arms(id).map(|(_, arm)| arm);
                let types = arms.filter_map(Relationship::stored_type).collect();
                columns.push(of(type_column, Kind::Text, Some(types)));
                columns.push(of(column, kind_of_id(target.id.kind), None));
            }
            RelationshipKind::ToOne { columns: own, .. } => {
                columns.extend(kinds(own, target.id.kind).map(|(name, kind)| of(name, kind, None)));
            }
            RelationshipKind::OneOf { .. }
            | RelationshipKind::Inverse { .. }
            | RelationshipKind::Through { .. } => {}
        }
    }
    columns
}

/// Columns with ids of this kind, each with the kind of its values.
fn kinds(columns: Columns, kind: IdKind) -> impl Iterator<Item = (&'static str, Kind)> {
    let single = kind.parts().is_empty().then_some(kind);
    let kinds = single.into_iter().chain(kind.parts().iter().map(IdPart::kind));
    columns.names().zip(kinds.map(kind_of_id))
}

/// What the rows of a resource refer to.
fn references_of(resource: &'static Description) -> Vec<Reference> {
    let reference = |(id, relationship): (RelationshipId, &'static Relationship)| {
        let (RelationshipKind::ToOne { on_delete, .. } | RelationshipKind::OneOf { on_delete, .. }) =
            relationship.kind
        else {
            return None;
        };
        let Link { columns, only, .. } = Link::of(relationship)?;
        let decider = Decider::of(resource, id);
        Some(Reference::to(relationship.target(), columns, only, on_delete, decider))
    };
    resource.relationships_by_id().filter_map(reference).collect()
}

impl Reference {
    fn to(
        target: &Description,
        columns: Columns,
        only: Option<TypeIs>,
        on_delete: OnDelete,
        decider: Decider,
    ) -> Self {
        Self {
            columns,
            kind: target.id.kind,
            only,
            table: target.table,
            key: target.id.columns(),
            on_delete,
            decider,
            sees_deleted: target.soft_delete.is_none(),
        }
    }
}

fn join_table(
    owner: &'static Description,
    relationship: &'static Relationship,
    decider: Decider,
    edge: &Edge,
    tables: &mut Vec<Table>,
    problems: &mut Vec<String>,
) {
    let of_type = edge.only.map(|only| only.column);
    let key = Key::Pair { owner: edge.owner_columns, target: edge.target_columns, of_type };
    let table = named(edge.table, key, tables);
    if !same_key(table.key, key) {
        problems.push(format!(
            "table `{}`: the relationship `{}` of `{}` takes it for a join table of {} and {}, which \
             is not what others take it for",
            table.name,
            relationship.name,
            owner.rust_name,
            edge.owner_columns.in_words(),
            edge.target_columns.in_words()
        ));
        return;
    }
    let column = |name: &'static str, kind| Column {
        name,
        kind,
        variants: None,
        stored: None,
        default: None,
        needed_by: format!("the relationship `{}` of `{}`", relationship.name, owner.rust_name),
        demands: 1,
        is_position: false,
        is_indexed: false,
        has_trigrams: false,
        is_open: false,
    };
    let (of_owner, of_target) = match relationship.kind {
        RelationshipKind::Through { typed: Some(TypedEnd::Owner { .. }), .. } => (edge.only, None),
        _ => (None, edge.only),
    };
    let ends = [(edge.owner_columns, owner, of_owner), (edge.target_columns, edge.target, of_target)];
    for (columns, end, only) in ends {
        if let Some(only) = only {
            unite(table, column(only.column, Kind::Text), problems);
        }
        for (name, kind) in kinds(columns, end.id.kind) {
            unite(table, column(name, kind), problems);
        }
        refer(table, Reference::to(end, columns, only, OnDelete::Cascade, decider), problems);
    }
}

fn named<'a>(name: &'static str, key: Key, tables: &'a mut Vec<Table>) -> &'a mut Table {
    match tables.iter().position(|table| table.name.eq_ignore_ascii_case(name)) {
        Some(index) => &mut tables[index],
        None => {
            let (columns, references, resources) = (Vec::new(), Vec::new(), Vec::new());
            tables.push(Table { name, key, columns, references, deletion: None, resources });
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
        (Key::Pair { owner: a, target: b, of_type }, Key::Pair { owner: c, target: d, of_type: other }) => {
            of_type == other && (a.are(c) && b.are(d) || a.are(d) && b.are(c))
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
        Some(known) => {
            known.demands += column.demands;
            known.is_position |= column.is_position;
            known.is_indexed |= column.is_indexed;
            known.has_trigrams |= column.has_trigrams;
            known.is_open |= column.is_open;
            known.default = known.default.or(column.default);
        }
    }
}

/// Adds a reference to a table, or unites it with what is known of the same columns.
fn refer(table: &mut Table, reference: Reference, problems: &mut Vec<String>) {
    let same = |known: &&mut Reference| {
        known.only == reference.only
            && known.columns.are(reference.columns)
            && (known.only.is_none() || known.table == reference.table)
    };
    let Some(known) = table.references.iter_mut().find(same) else {
        table.references.push(reference);
        return;
    };
    let differ =
        |one: OnDelete, other| one != other && one != OnDelete::Restrict && other != OnDelete::Restrict;
    if differ(known.on_delete, reference.on_delete) {
        let needed_by = table.columns.iter().find(|column| column.name == known.columns.first());
        problems.push(format!(
            "table `{}`: column {} follows another rule when what it refers to is deleted for {} than for another \
             struct: give both the same `on_delete`",
            table.name,
            known.columns.in_words(),
            needed_by.map(|column| column.needed_by.as_str()).unwrap_or_default()
        ));
        return;
    }
    // One resource demands a value and another one doesn't: the deletion is refused.
    let strict = if reference.on_delete == OnDelete::Restrict { reference } else { *known };
    let sees_deleted = known.sees_deleted && reference.sees_deleted;
    *known = Reference { decider: known.decider.or(reference.decider), sees_deleted, ..strict };
}
