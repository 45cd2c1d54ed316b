//! Tables, join tables, and changes to them.

mod delete;
mod links;
mod order;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use etag_fairing::resource::{
    Attribute, AttributeId, Description, IdKind, Linkage, Record, Relationship, RelationshipId,
    RelationshipKind, ResourceId, Value,
};
use etag_fairing::store::{
    Change, Constraint, LinkageChange, Records, Scopes, Seen, StoreError, changes_id, id_of_members,
};

use self::delete::deletion_time;
use self::links::{join_of, owner_and_target};
use self::order::given_positions;
use crate::answer::unknown;
use crate::versions::Marks;

/// The links of one join table, or those of one type, if one of its ends may be of several: the table, and the type. The
/// type is empty for other tables.
type Join = (&'static str, &'static str);

/// The positions in one column, by the pair of ids.
type Positions = BTreeMap<(ResourceId, ResourceId), i64>;

/// Everything that is stored.
#[derive(Clone, Debug, Default)]
pub struct State {
    tables: BTreeMap<&'static str, Table>,
    joins: BTreeMap<Join, BTreeSet<(ResourceId, ResourceId)>>,
    /// The positions in ordered relationships: by the links and the column, then by the pair of ids; for an inverse by the id of
    /// the related resource alone, twice. Those that an attribute shows are in the attribute.
    positions: BTreeMap<(Join, &'static str), Positions>,
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
            RelationshipKind::Through { .. } => {
                let pairs = self.joins.get(&join_of(relationship)).into_iter().flatten();
                let pairs = pairs.map(|pair| owner_and_target(relationship, pair));
                let ids = pairs.filter(|(owner, _)| *owner == id).map(|(_, target)| target.clone());
                Cow::Owned(self.in_order(relationship, id, ids.collect()))
            }
        }
    }
}

fn not_null(attribute: &Attribute, value: &Value) -> Result<(), StoreError> {
    if value.is_null() && !attribute.nullable {
        return Err(StoreError::Constraint(Constraint::NotNull { column: attribute.column.into() }));
    }
    Ok(())
}
