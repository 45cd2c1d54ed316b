//! Tables, join tables, and changes to them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use etag_fairing::resource::{
    Attribute, AttributeId, Description, IdKind, Linkage, OnDelete, Record, Relationship, RelationshipId,
    RelationshipKind, ResourceId, Upkeep, Value, ValueRef,
};
use etag_fairing::store::{
    Arrangement, Change, Constraint, LinkageChange, Records, Scopes, Seen, StoreError, changes_id,
    gives_position, id_of_members, lists_of,
};

use crate::answer::unknown;
use crate::versions::Marks;

/// The positions in one column, by the pair of ids.
type Positions = BTreeMap<(ResourceId, ResourceId), i64>;

/// Everything that is stored.
#[derive(Clone, Debug, Default)]
pub struct State {
    tables: BTreeMap<&'static str, Table>,
    joins: BTreeMap<&'static str, BTreeSet<(ResourceId, ResourceId)>>,
    /// The positions in ordered relationships: by table and column, then by the pair of ids; for an inverse by the id of
    /// the related resource alone, twice. Those that an attribute shows are in the attribute.
    positions: BTreeMap<(&'static str, &'static str), Positions>,
    /// How many writes it came about by.
    pub(crate) writes: u64,
}

/// The rows of one table, and the largest id that was ever made there: none is made twice.
#[derive(Clone, Debug, Default)]
struct Table {
    rows: BTreeMap<ResourceId, Row>,
    last: i64,
    marks: Marks,
}

/// A row, with the resource that it is of: deleting needs to know who refers to whom.
#[derive(Clone, Debug)]
pub struct Row {
    /// The resource.
    pub resource: &'static Description,
    /// Its values.
    pub record: Record,
}

impl State {
    /// All records of a resource, in ascending order of ids.
    pub fn records(&self, resource: &'static Description) -> impl Iterator<Item = &Record> {
        self.tables
            .get(resource.table)
            .into_iter()
            .flat_map(|table| table.rows.values().map(|row| &row.record))
    }

    /// All rows of all tables.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.tables.values().flat_map(|table| table.rows.values())
    }

    /// The highest version that a deleted row of the resource's table had.
    pub fn mark(&self, resource: &'static Description, version: AttributeId) -> Option<i64> {
        self.tables.get(resource.table)?.marks.get(&version).copied()
    }

    /// The same, to raise.
    pub fn marks(&mut self, resource: &'static Description) -> &mut Marks {
        &mut self.tables.entry(resource.table).or_default().marks
    }

    fn exists(&self, resource: &'static Description, id: &ResourceId) -> bool {
        self.record(resource, id).is_some()
    }

    /// A record, to change.
    pub fn record_mut(&mut self, resource: &'static Description, id: &ResourceId) -> Option<&mut Record> {
        self.tables.get_mut(resource.table)?.rows.get_mut(id).map(|row| &mut row.record)
    }

    /// Makes one change. After an error the state is spoilt: work on a copy.
    ///
    /// # Errors
    /// If the resource or a related one is not there, or one is there that must not be; if a rule of the
    /// description is broken.
    pub fn apply(&mut self, change: Change, scopes: &Scopes) -> Result<ResourceId, StoreError> {
        match change {
            Change::Insert { resource, id, attributes, linkage } => {
                let id = self.new_id(resource, id.filter(|id| !id.is_open()), &attributes, &linkage)?;
                let mut attributes = attributes;
                if let Some(deletion) = resource.soft_delete.and_then(|it| it.of_mut(&mut attributes)) {
                    *deletion = Value::Null;
                }
                for (attribute, value) in resource.attributes.iter().zip(&attributes) {
                    not_null(attribute, value)?;
                }
                let empty = |relationship: &Relationship| match relationship.kind {
                    RelationshipKind::ToOne { .. } | RelationshipKind::OneOf { .. } => Linkage::One(None),
                    RelationshipKind::Inverse { .. } | RelationshipKind::Through { .. } => Linkage::Unread,
                };
                let given = given_positions(resource, |place| attributes.get(place));
                let record = Record {
                    id: Some(id.clone()),
                    attributes,
                    linkage: resource.relationships.iter().map(empty).collect(),
                };
                let table = self.tables.entry(resource.table).or_default();
                table.rows.insert(id.clone(), Row { resource, record });
                self.link(resource, &id, linkage, &given, scopes)?;
                self.required_are_there(resource, &id)?;
                Ok(id)
            }
            Change::Update { resource, id, attributes, linkage } => {
                self.must_see(resource, &id, scopes)?;
                if changes_id(resource, &id, &attributes, &linkage) {
                    return Err(StoreError::Internal(format!(
                        "{id} of {} never changes",
                        resource.type_name
                    )));
                }
                let mut attributes = attributes;
                if let Some(deletion) = resource.soft_delete.and_then(|it| it.of_mut(&mut attributes)) {
                    // Only a deletion says that a resource is deleted.
                    *deletion = None;
                }
                let given = given_positions(resource, |place| attributes.get(place).and_then(Option::as_ref));
                let record = self.record_mut(resource, &id).ok_or(StoreError::NotFound)?;
                for ((stored, new), attribute) in
                    record.attributes.iter_mut().zip(attributes).zip(resource.attributes)
                {
                    if let Some(new) = new {
                        not_null(attribute, &new)?;
                        *stored = new;
                    }
                }
                self.link(resource, &id, linkage, &given, scopes)?;
                self.required_are_there(resource, &id)?;
                Ok(id)
            }
            Change::Delete { resource, id } => {
                self.must_see(resource, &id, scopes)?;
                match resource.soft_delete {
                    Some(_) => self.delete_softly(resource, &id, &deletion_time()?)?,
                    None => self.delete(resource, &id)?,
                }
                Ok(id)
            }
            change => Err(unknown(&change)),
        }
    }

    fn new_id(
        &mut self,
        resource: &'static Description,
        id: Option<ResourceId>,
        attributes: &[Value],
        linkage: &[Option<LinkageChange>],
    ) -> Result<ResourceId, StoreError> {
        let of_members = id_of_members(resource, attributes, linkage);
        if !resource.key().is_empty() && (of_members.is_none() || id.is_some() && id != of_members) {
            let what = resource.type_name;
            return Err(StoreError::Internal(format!(
                "a new one of {what} has the id that its members make"
            )));
        }
        let id = of_members.or(id);
        if let Some(id) = &id
            && self.exists(resource, id)
        {
            return Err(StoreError::IdExists);
        }
        let table = self.tables.entry(resource.table).or_default();
        match (id, resource.id.kind) {
            (Some(ResourceId::Integer(id)), IdKind::Integer { .. }) => {
                table.last = table.last.max(id);
                Ok(ResourceId::Integer(id))
            }
            (Some(id @ ResourceId::Text(_)), IdKind::Text | IdKind::Uuid) => Ok(id),
            (Some(id @ ResourceId::Composite(_)), IdKind::Composite(_)) => Ok(id),
            (Some(id), _) => Err(StoreError::Internal(format!("{id} is no id of {}", resource.type_name))),
            (None, IdKind::Integer { max, .. }) if table.last < max => {
                table.last += 1;
                Ok(ResourceId::Integer(table.last))
            }
            (None, kind) => kind.generate().ok_or_else(|| StoreError::Internal("all ids were used".into())),
        }
    }

    fn link(
        &mut self,
        resource: &'static Description,
        id: &ResourceId,
        linkage: Vec<Option<LinkageChange>>,
        given: &[&'static str],
        scopes: &Scopes,
    ) -> Result<(), StoreError> {
        for ((relationship_id, relationship), change) in resource.relationships_by_id().zip(linkage) {
            let Some(change) = change else { continue };
            let target = relationship.target();
            let wanted = match &change {
                LinkageChange::One(id) => id.as_slice(),
                LinkageChange::Replace(ids) | LinkageChange::Add(ids) => ids,
                LinkageChange::Remove(_) => &[],
            };
            let there = |other: &ResourceId| {
                // What is being made may relate to itself, before it is within any scope.
                (other == id && target.is(resource)) || self.must_see(target, other, scopes).is_ok()
            };
            if let Some(missing) = wanted.iter().find(|id| !there(id)) {
                return Err(StoreError::RelatedNotFound {
                    relationship: relationship_id,
                    id: missing.clone(),
                });
            }
            let misshapen = || StoreError::Internal(format!("no such change of {}", relationship.name));
            match (relationship.kind, change) {
                (
                    RelationshipKind::ToOne { .. } | RelationshipKind::OneOf { .. },
                    LinkageChange::One(related),
                ) => {
                    // It looks empty already; if it leads to what is hidden, it stays.
                    if related.is_none() && self.seen_ids(resource, id, relationship_id, scopes).is_empty() {
                        continue;
                    }
                    if let Some(owner) = &related {
                        self.arrive(resource, id, relationship, owner, given, scopes);
                    }
                    self.set_to_one(resource, id, relationship_id, related);
                }
                (RelationshipKind::ToOne { .. } | RelationshipKind::OneOf { .. }, _)
                | (_, LinkageChange::One(_)) => return Err(misshapen()),
                (RelationshipKind::Inverse { .. }, change) => {
                    let back = resource.way_back(relationship).ok_or_else(misshapen)?;
                    let held = self.seen_ids(resource, id, relationship_id, scopes);
                    let placed = self.placed(resource, id, relationship_id, &held, &change);
                    let (gone, new) = difference(&held, change);
                    let moves = !gone.is_empty() || new.iter().any(|id| !held.contains(id));
                    if moves && relationship.is_kept_in_ids() {
                        let name = relationship.name;
                        return Err(StoreError::Internal(format!(
                            "{name} is part of ids, which never change"
                        )));
                    }
                    for related in gone {
                        if back.1.is_required() {
                            return Err(StoreError::Constraint(Constraint::NotNull {
                                column: back.1.column().unwrap_or_default().into(),
                            }));
                        }
                        self.set_to_one(target, &related, back.0, None);
                    }
                    for related in new {
                        self.set_to_one(target, &related, back.0, Some(id.clone()));
                    }
                    self.place(relationship, id, placed);
                }
                (RelationshipKind::Through { table, .. }, change) => {
                    let held = self.seen_ids(resource, id, relationship_id, scopes);
                    let placed = self.placed(resource, id, relationship_id, &held, &change);
                    let (gone, new) = difference(&held, change);
                    for related in gone {
                        let pair = pair(relationship, id, &related);
                        self.joins.entry(table).or_default().remove(&pair);
                        for ((of, _), places) in &mut self.positions {
                            if *of == table {
                                places.remove(&pair);
                            }
                        }
                    }
                    for related in new {
                        let pair = pair(relationship, id, &related);
                        if self.joins.entry(table).or_default().insert(pair) {
                            self.append_at_the_other_end(relationship, id, &related);
                        }
                    }
                    self.place(relationship, id, placed);
                }
            }
        }
        Ok(())
    }

    /// The positions that a change of an ordered relationship gives.
    fn placed(
        &self,
        resource: &'static Description,
        id: &ResourceId,
        relationship_id: RelationshipId,
        seen: &[ResourceId],
        change: &LinkageChange,
    ) -> Vec<(ResourceId, i64)> {
        let relationship = resource.relationship_at(relationship_id);
        let Some(relationship) = relationship.filter(|it| it.order.is_some()) else { return Vec::new() };
        let place = |related: &ResourceId| self.position(relationship, id, related);
        let hidden = self.related_ids(resource, id, relationship_id);
        let hidden = hidden.iter().filter(|related| !seen.contains(related)).filter_map(place).collect();
        let members = seen.iter().map(|related| (related.clone(), place(related))).collect();
        let stored = Arrangement { members, hidden };
        let mut named = BTreeSet::new();
        match change {
            LinkageChange::Replace(ids) => {
                let wanted: Vec<_> = ids.iter().filter(|id| named.insert(*id)).cloned().collect();
                stored.replaced(&wanted)
            }
            LinkageChange::Add(ids) => {
                let new = ids.iter().filter(|id| !seen.contains(id) && named.insert(*id));
                stored.appended(&new.cloned().collect::<Vec<_>>())
            }
            _ => Vec::new(),
        }
    }

    /// The position of a related resource in the linkage of an owner.
    fn position(&self, relationship: &Relationship, id: &ResourceId, related: &ResourceId) -> Option<i64> {
        let column = relationship.order?;
        let target = relationship.target();
        let (table, pair) = match relationship.kind {
            RelationshipKind::Through { table, .. } => (table, pair(relationship, id, related)),
            _ => (target.table, (related.clone(), related.clone())),
        };
        if let (Some(attribute), RelationshipKind::Inverse { .. }) =
            (attribute_of(target, column), relationship.kind)
        {
            let record = self.record(target, related)?;
            return match attribute.of(&record.attributes) {
                Some(Value::Integer(position)) => Some(*position),
                _ => None,
            };
        }
        self.positions.get(&(table, column))?.get(&pair).copied()
    }

    /// Sets the positions of related resources in the linkage of an owner.
    fn place(&mut self, relationship: &Relationship, id: &ResourceId, placed: Vec<(ResourceId, i64)>) {
        let Some(column) = relationship.order else { return };
        let target = relationship.target();
        for (related, position) in placed {
            match relationship.kind {
                RelationshipKind::Through { table, .. } => {
                    let pair = pair(relationship, id, &related);
                    self.positions.entry((table, column)).or_default().insert(pair, position);
                }
                _ => match attribute_of(target, column) {
                    Some(attribute) => {
                        let record = self.record_mut(target, &related);
                        if let Some(slot) = record.and_then(|record| attribute.of_mut(&mut record.attributes))
                        {
                            *slot = Value::Integer(position);
                        }
                    }
                    None => {
                        let pair = (related.clone(), related);
                        self.positions.entry((target.table, column)).or_default().insert(pair, position);
                    }
                },
            }
        }
    }

    /// A row that a to-one relationship will lead to another owner comes last in the owner's lists that keep an order.
    fn arrive(
        &mut self,
        resource: &'static Description,
        id: &ResourceId,
        relationship: &'static Relationship,
        owner: &ResourceId,
        given: &[&'static str],
        scopes: &Scopes,
    ) {
        let of = relationship.target();
        for (list, far) in lists_of(resource, relationship) {
            let is_member = self.related_ids(of, owner, list).contains(id);
            if is_member || far.order.is_none_or(|column| given.contains(&column)) {
                continue;
            }
            let held = self.seen_ids(of, owner, list, scopes);
            let placed = self.placed(of, owner, list, &held, &LinkageChange::Add(vec![id.clone()]));
            self.place(far, owner, placed);
        }
    }

    /// A new link comes last in the order that the relationship at its other end keeps.
    fn append_at_the_other_end(&mut self, near: &Relationship, id: &ResourceId, related: &ResourceId) {
        let is_far = |far: &&Relationship| match (far.kind, near.kind) {
            (
                RelationshipKind::Through { table, owner_column, .. },
                RelationshipKind::Through { table: of, target_column, .. },
            ) => far.order.is_some() && table == of && owner_column == target_column,
            _ => false,
        };
        let Some(far) = near.target().relationships.iter().find(is_far) else { return };
        let RelationshipKind::Through { table, .. } = far.kind else { return };
        let pairs = self.joins.get(table).into_iter().flatten();
        let pairs = pairs.map(|pair| owner_and_target(far, pair)).filter(|(owner, _)| *owner == related);
        let last = pairs.filter_map(|(owner, target)| self.position(far, owner, target)).max();
        self.place(far, related, vec![(id.clone(), last.unwrap_or(0) + 1)]);
    }

    /// Puts the ids of an owner's linkage into the order of the relationship: by positions, then by ids.
    fn in_order(
        &self,
        relationship: &Relationship,
        id: &ResourceId,
        mut ids: Vec<ResourceId>,
    ) -> Vec<ResourceId> {
        ids.sort_by_cached_key(|related| {
            let position = self.position(relationship, id, related);
            (position.is_none(), position, related.clone())
        });
        ids
    }

    /// The position of a related resource in the linkage of an owner.
    pub fn position_of(
        &self,
        resource: &'static Description,
        id: &ResourceId,
        relationship: RelationshipId,
        related: &ResourceId,
    ) -> Option<i64> {
        self.position(resource.relationship_at(relationship)?, id, related)
    }

    fn set_to_one(
        &mut self,
        resource: &'static Description,
        id: &ResourceId,
        relationship: RelationshipId,
        to: Option<ResourceId>,
    ) {
        let Some(record) = self.record_mut(resource, id) else { return };
        // Of a polymorphic relationship at most one arm leads to a resource.
        for (arm, _) in resource.arms(relationship).filter(|(arm, _)| to.is_some() && *arm != relationship) {
            if let Some(slot) = arm.of_mut(&mut record.linkage) {
                *slot = Linkage::One(None);
            }
        }
        if let Some(slot) = relationship.of_mut(&mut record.linkage) {
            *slot = Linkage::One(to);
        }
    }

    fn required_are_there(&self, resource: &'static Description, id: &ResourceId) -> Result<(), StoreError> {
        for (relationship_id, relationship) in
            resource.relationship_members().filter(|(_, there)| there.is_required())
        {
            let mut arms = resource.arms(relationship_id);
            if arms.all(|(arm, _)| self.related_ids(resource, id, arm).is_empty()) {
                let column = relationship.column().unwrap_or_default().into();
                return Err(StoreError::Constraint(Constraint::NotNull { column }));
            }
        }
        Ok(())
    }

    /// Deletes a resource, and does to those that refer to it what they ask for.
    fn delete(&mut self, resource: &'static Description, id: &ResourceId) -> Result<(), StoreError> {
        let table = self.tables.get_mut(resource.table).ok_or(StoreError::NotFound)?;
        table.rows.remove(id).ok_or(StoreError::NotFound)?;
        for relationship in resource.relationships {
            if let RelationshipKind::Through { table, .. } = relationship.kind {
                let pairs = self.joins.entry(table).or_default();
                pairs.retain(|pair| owner_and_target(relationship, pair).0 != id);
                for ((of, _), places) in &mut self.positions {
                    if *of == table {
                        places.retain(|pair, _| owner_and_target(relationship, pair).0 != id);
                    }
                }
            }
        }
        let mut also = Vec::new();
        for row in self.tables.values_mut().flat_map(|table| table.rows.values_mut()) {
            for (relationship, linkage) in row.resource.relationships.iter().zip(&mut row.record.linkage) {
                let (RelationshipKind::ToOne { on_delete, .. } | RelationshipKind::OneOf { on_delete, .. }) =
                    relationship.kind
                else {
                    continue;
                };
                if !relationship.target().is(resource) || *linkage != Linkage::One(Some(id.clone())) {
                    continue;
                }
                match on_delete {
                    OnDelete::Restrict => return Err(StoreError::Constraint(Constraint::ForeignKey)),
                    OnDelete::SetNull => *linkage = Linkage::One(None),
                    OnDelete::Cascade => also.extend(row.record.id.clone().map(|id| (row.resource, id))),
                }
            }
        }
        for (resource, id) in also {
            match self.delete(resource, &id) {
                // By two relationships at once, or in a circle: it has gone already.
                Err(StoreError::NotFound) => {}
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Marks a resource as deleted, and does the same to those that must not be there without it. References to it
    /// stay: no scope shows them.
    fn delete_softly(
        &mut self,
        resource: &'static Description,
        id: &ResourceId,
        at: &Value,
    ) -> Result<(), StoreError> {
        let record = self.record_mut(resource, id).ok_or(StoreError::NotFound)?;
        if let Some(deletion) = resource.soft_delete.and_then(|it| it.of_mut(&mut record.attributes)) {
            *deletion = at.clone();
        }
        let mut also = Vec::new();
        let seen = Seen::new(self, &Scopes::NONE);
        for Row { resource: referring, record } in
            self.rows().filter(|row| seen.sees(row.resource, &row.record))
        {
            for (relationship, linkage) in referring.relationships.iter().zip(&record.linkage) {
                let (RelationshipKind::ToOne { on_delete, .. } | RelationshipKind::OneOf { on_delete, .. }) =
                    relationship.kind
                else {
                    continue;
                };
                if relationship.target().is(resource) && *linkage == Linkage::One(Some(id.clone())) {
                    match on_delete {
                        OnDelete::Restrict => return Err(StoreError::Constraint(Constraint::ForeignKey)),
                        OnDelete::SetNull => {}
                        OnDelete::Cascade => also.extend(record.id.clone().map(|id| (*referring, id))),
                    }
                }
            }
        }
        for (resource, id) in also {
            match resource.soft_delete {
                // By two relationships at once, or in a circle: it has gone already.
                Some(_) if self.must_see(resource, &id, &Scopes::NONE).is_err() => {}
                Some(_) => self.delete_softly(resource, &id, at)?,
                None => match self.delete(resource, &id) {
                    Err(StoreError::NotFound) => {}
                    outcome => outcome?,
                },
            }
        }
        Ok(())
    }

    fn must_see(
        &self,
        resource: &'static Description,
        id: &ResourceId,
        scopes: &Scopes,
    ) -> Result<(), StoreError> {
        Seen::new(self, scopes).record(resource, id).map(drop).ok_or(StoreError::NotFound)
    }

    /// The ids at the other end of a relationship that are seen, in its order.
    fn seen_ids(
        &self,
        resource: &'static Description,
        id: &ResourceId,
        relationship: RelationshipId,
        scopes: &Scopes,
    ) -> Vec<ResourceId> {
        let seen = Seen::new(self, scopes);
        self.record(resource, id)
            .map_or(Vec::new(), |record| seen.related(resource, record, relationship).into_owned())
    }

    /// The ids at the other end of a relationship, in its order.
    fn related_ids(
        &self,
        resource: &'static Description,
        id: &ResourceId,
        relationship: RelationshipId,
    ) -> Vec<ResourceId> {
        self.record(resource, id)
            .map_or(Vec::new(), |record| self.related(resource, record, relationship).into_owned())
    }
}

impl Records for State {
    fn record(&self, resource: &'static Description, id: &ResourceId) -> Option<&Record> {
        self.tables.get(resource.table)?.rows.get(id).map(|row| &row.record)
    }

    fn related<'a>(
        &'a self,
        resource: &'static Description,
        record: &'a Record,
        relationship_id: RelationshipId,
    ) -> Cow<'a, [ResourceId]> {
        let (Some(relationship), Some(id)) = (resource.relationship_at(relationship_id), &record.id) else {
            return Cow::Borrowed(&[]);
        };
        match relationship.kind {
            RelationshipKind::ToOne { .. } | RelationshipKind::OneOf { .. } => {
                Cow::Borrowed(match relationship_id.of(&record.linkage) {
                    Some(Linkage::One(id)) => id.as_slice(),
                    _ => &[],
                })
            }
            RelationshipKind::Inverse { .. } => {
                let target = relationship.target();
                let back = resource.way_back(relationship).map(|(back, _)| back);
                let leads_here = |other: &&Record| {
                    let linkage = back.and_then(|back| back.of(&other.linkage));
                    matches!(linkage, Some(Linkage::One(Some(owner))) if owner == id)
                };
                let ids = self.records(target).filter(leads_here).filter_map(|other| other.id.clone());
                Cow::Owned(self.in_order(relationship, id, ids.collect()))
            }
            RelationshipKind::Through { table, .. } => {
                let pairs = self.joins.get(table).into_iter().flatten();
                let pairs = pairs.map(|pair| owner_and_target(relationship, pair));
                let ids = pairs.filter(|(owner, _)| *owner == id).map(|(_, target)| target.clone());
                Cow::Owned(self.in_order(relationship, id, ids.collect()))
            }
        }
    }
}

/// The columns of positions in which a change gives a value itself.
fn given_positions<'v>(
    resource: &'static Description,
    value_at: impl Fn(usize) -> Option<&'v Value> + Copy,
) -> Vec<&'static str> {
    let to_one = resource.relationships.iter().filter(|it| !it.is_to_many());
    let columns = to_one.flat_map(|it| lists_of(resource, it)).filter_map(|(_, list)| list.order);
    columns.filter(|column| gives_position(resource, column, value_at)).collect()
}

/// The attribute that shows a column.
fn attribute_of(resource: &'static Description, column: &str) -> Option<AttributeId> {
    resource.attributes_by_id().find(|(_, attribute)| attribute.column == column).map(|(id, _)| id)
}

/// A join table belongs to the relationships of both ends: the order of its columns' names tells which id stands
/// first.
fn owner_is_first(relationship: &Relationship) -> bool {
    match relationship.kind {
        RelationshipKind::Through { owner_column, target_column, .. } => owner_column < target_column,
        _ => true,
    }
}

fn pair(relationship: &Relationship, owner: &ResourceId, target: &ResourceId) -> (ResourceId, ResourceId) {
    let (first, second) = if owner_is_first(relationship) { (owner, target) } else { (target, owner) };
    (first.clone(), second.clone())
}

/// The ids of a pair, as the relationship looks at it.
fn owner_and_target<'p>(
    relationship: &Relationship,
    (first, second): &'p (ResourceId, ResourceId),
) -> (&'p ResourceId, &'p ResourceId) {
    if owner_is_first(relationship) { (first, second) } else { (second, first) }
}

/// Which links end and which begin.
fn difference(held: &[ResourceId], change: LinkageChange) -> (Vec<ResourceId>, Vec<ResourceId>) {
    match change {
        LinkageChange::Replace(ids) => (held.iter().filter(|id| !ids.contains(id)).cloned().collect(), ids),
        LinkageChange::Add(ids) => (Vec::new(), ids),
        LinkageChange::Remove(ids) => (ids.into_iter().filter(|id| held.contains(id)).collect(), Vec::new()),
        LinkageChange::One(id) => (Vec::new(), id.into_iter().collect()),
    }
}

/// The time of a deletion, as it is stored.
fn deletion_time() -> Result<Value, StoreError> {
    Ok(Upkeep::Moment.first(ValueRef::Null, None)?)
}

fn not_null(attribute: &Attribute, value: &Value) -> Result<(), StoreError> {
    if value.is_null() && !attribute.nullable {
        return Err(StoreError::Constraint(Constraint::NotNull { column: attribute.column.into() }));
    }
    Ok(())
}
