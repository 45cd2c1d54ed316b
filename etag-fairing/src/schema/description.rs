//! What `#[derive(JsonApiResource)]` knows about a struct, as static data.

use chrono::{DateTime, Utc};

use super::attribute_type::{AttributeType, check, parse, parse_digits};
use super::computed::{Computed, Values};
use super::docs::Docs;
use super::operation::{Operation, Operations};
use super::relationship::{OnDelete, Relationship, RelationshipKind};
use super::time::StoredTime;
use super::{AttributeId, Corrupt, IdKind, Kind, Mismatch, RelationshipId, Upkeep, Value, ValueRef};

/// The description of a resource: its names, its columns and its relationships. How it answers requests is
/// its [`Behaviour`](crate::resource::Behaviour).
///
/// All code for resources (handlers, documents, queries, stores) takes descriptions and is not generic, so
/// that twenty resources compile as fast as one.
#[derive(Debug)]
#[non_exhaustive]
pub struct Description {
    /// The resource type (JSON:API §6.2.1).
    pub type_name: &'static str,
    /// The URL segment of the collection. It is the type unless `#[jsonapi(path = "…")]` says otherwise.
    pub path: &'static str,
    /// The name of the struct, for messages.
    pub rust_name: &'static str,
    /// The table.
    pub table: &'static str,
    /// The id.
    pub id: Id,
    /// The attributes in the struct's order.
    pub attributes: &'static [Attribute],
    /// The relationships in the struct's order.
    pub relationships: &'static [Relationship],
    /// The operations that use entity tags.
    pub etag: Operations,
    /// Whether resource objects in lists, related lists and `included` have their entity tag in `meta`, also if the client
    /// doesn't ask for it.
    pub item_tags: bool,
    /// Whether a write must have `If-Match` if its operation uses entity tags, whatever the configuration
    /// says.
    pub require_if_match: bool,
    /// The attribute that is the version.
    pub version: Option<AttributeId>,
    /// The attribute that is the date of the last change.
    pub last_modified: Option<AttributeId>,
    /// The attribute with the time of the deletion, if a deletion only marks the row. A row in which it is not
    /// null does not exist for this resource: no plan returns it and no change finds it.
    pub soft_delete: Option<AttributeId>,
    /// The doc comments.
    pub(crate) docs: Docs,
    /// The declared forms of times in columns, each with the index of its attribute.
    pub(crate) stored: &'static [(usize, StoredTime)],
    /// The indexes of the attributes of which tables have an index.
    pub(crate) indexed: &'static [usize],
    /// The indexes of the attributes of whose texts tables have an index of trigrams, where the database has such.
    pub(crate) trigrams: &'static [usize],
    /// The attributes that are computed from the others.
    pub(crate) computed: Computed,
    /// The indexes of the relationships that have `on_delete`.
    pub(crate) deciding: &'static [usize],
}

/// The column of the id.
#[derive(Debug)]
pub struct Id {
    /// The column.
    pub column: &'static str,
    /// The kind of the id.
    pub kind: IdKind,
}

/// An attribute (JSON:API §6.2.2.1).
#[derive(Debug)]
#[non_exhaustive]
pub struct Attribute {
    /// The member name.
    pub name: &'static str,
    /// The column.
    pub column: &'static str,
    /// The kind of its values.
    pub kind: Kind,
    /// Whether the attribute may be null.
    pub nullable: bool,
    /// Who may see and set it.
    pub access: Access,
    /// Whether `filter` may name it. Clients can never filter by an attribute that they may not see.
    pub filter: bool,
    /// Whether `sort` may name it. Clients can never sort by an attribute that they may not see.
    pub sort: bool,
    /// The value of a new resource whose document doesn't have the attribute. If it is `None`, the document
    /// must have the attribute, unless it may be null: then null is the default.
    pub default: Option<fn() -> Result<Value, Mismatch>>,
    /// Converts a client's value.
    pub parse: fn(&serde_json::Value) -> Result<Value, Mismatch>,
    /// Converts a client's JSON text that has numbers with more digits than a float keeps.
    pub parse_digits: fn(&str) -> Result<Value, Mismatch>,
    /// Returns an error for a stored value that the field's type cannot have.
    pub check: fn(ValueRef<'_>) -> Result<(), Corrupt>,
    /// The texts that the attribute can be, if they are a closed set: the variants of an enum, in their order.
    pub variants: fn() -> Option<Vec<&'static str>>,
    /// What its values are in documents, as a JSON Schema; null is not in it.
    pub json_schema: fn() -> serde_json::Value,
}

/// Who may see and set an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Clients see and set it.
    ReadWrite,
    /// Clients see it; a document that sets it is refused.
    ReadOnly,
    /// Clients set it and never see it.
    WriteOnly,
    /// Clients neither see nor set it.
    Hidden,
}

impl Access {
    /// Whether clients see it.
    pub const fn is_shown(self) -> bool {
        matches!(self, Self::ReadWrite | Self::ReadOnly)
    }
}

impl Description {
    /// A description of the parts that every resource has.
    #[doc(hidden)]
    #[allow(clippy::too_many_arguments)]
    pub const fn new(
        type_name: &'static str,
        path: &'static str,
        rust_name: &'static str,
        table: &'static str,
        id: Id,
        attributes: &'static [Attribute],
        relationships: &'static [Relationship],
        etag: Operations,
    ) -> Self {
        Self {
            type_name,
            path,
            rust_name,
            table,
            id,
            attributes,
            relationships,
            etag,
            item_tags: false,
            require_if_match: false,
            version: None,
            last_modified: None,
            soft_delete: None,
            docs: Docs::NONE,
            stored: &[],
            indexed: &[],
            trigrams: &[],
            computed: Computed::NONE,
            deciding: &[],
        }
    }

    /// Sets the attribute at this index as the version.
    #[doc(hidden)]
    pub const fn versioned(mut self, place: usize) -> Self {
        self.version = Some(AttributeId::at(place));
        self
    }

    /// Sets the attribute at this index as the date of the last change.
    #[doc(hidden)]
    pub const fn dated(mut self, place: usize) -> Self {
        self.last_modified = Some(AttributeId::at(place));
        self
    }

    /// Sets the attribute at this index as the time of the deletion, so that a deletion only marks the row.
    #[doc(hidden)]
    pub const fn deleting_softly(mut self, place: usize) -> Self {
        self.soft_delete = Some(AttributeId::at(place));
        self
    }

    /// Adds the doc comments.
    #[doc(hidden)]
    pub const fn documented(mut self, docs: Docs) -> Self {
        self.docs = docs;
        self
    }

    /// Sets the forms of times in columns, each with the index of its attribute.
    #[doc(hidden)]
    pub const fn storing(mut self, stored: &'static [(usize, StoredTime)]) -> Self {
        self.stored = stored;
        self
    }

    /// Sets of which attributes, by their indexes, tables have an index.
    #[doc(hidden)]
    pub const fn indexing(mut self, places: &'static [usize]) -> Self {
        self.indexed = places;
        self
    }

    /// Sets of which attributes, by their indexes, tables have an index of trigrams.
    #[doc(hidden)]
    pub const fn indexing_trigrams(mut self, places: &'static [usize]) -> Self {
        self.trigrams = places;
        self
    }

    /// Whether tables have an index of an attribute's trigrams, if the database has such.
    #[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code, reason = "stores ask"))]
    pub(crate) fn has_trigrams(&self, attribute: AttributeId) -> bool {
        self.trigrams.contains(&attribute.place())
    }

    /// Whether tables have an index of an attribute.
    #[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code, reason = "stores ask"))]
    pub(crate) fn is_indexed(&self, attribute: AttributeId) -> bool {
        self.indexed.contains(&attribute.place())
    }

    /// The declared form of times in the attribute's column.
    #[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code, reason = "stores ask"))]
    pub(crate) fn stored(&self, attribute: AttributeId) -> Option<StoredTime> {
        self.stored.iter().find(|(known, _)| *known == attribute.place()).map(|(_, form)| *form)
    }

    /// Gives resource objects in lists, related lists and `included` their entity tag.
    #[doc(hidden)]
    pub const fn tagging_items(mut self) -> Self {
        self.item_tags = true;
        self
    }

    /// Whether a single resource carries an entity tag: where it is read, changed or deleted at its own URL.
    pub(crate) fn has_state_tag(&self) -> bool {
        [Operation::Read, Operation::Update, Operation::Delete]
            .iter()
            .any(|operation| self.etag.contains(*operation))
    }

    /// Makes `If-Match` mandatory for writes.
    #[doc(hidden)]
    pub const fn requiring_if_match(mut self) -> Self {
        self.require_if_match = true;
        self
    }

    /// Adds computed attributes with these member names.
    #[doc(hidden)]
    pub const fn computing(mut self, names: &'static [&'static str], values: Values) -> Self {
        self.computed = Computed::new(names, values);
        self
    }

    /// Notes that the relationships at these indexes have `on_delete`.
    #[doc(hidden)]
    pub const fn deciding_deletions(mut self, places: &'static [usize]) -> Self {
        self.deciding = places;
        self
    }

    /// Whether the struct decides, by `on_delete`, what happens when the related resource is deleted.
    /// Otherwise the foreign key decides, in a table that you have created and that has one.
    pub fn decides_deletion(&self, relationship: RelationshipId) -> bool {
        let is_default = |relationship: &Relationship| match relationship.kind {
            RelationshipKind::ToOne { required, on_delete, .. }
            | RelationshipKind::OneOf { required, on_delete, .. } => {
                on_delete == OnDelete::by_default(required)
            }
            RelationshipKind::Inverse { .. } | RelationshipKind::Through { .. } => true,
        };
        self.deciding.contains(&relationship.place())
            || !self.relationship_at(relationship).is_none_or(is_default)
    }

    /// The number of cells of a row: the id, each attribute, each relationship.
    pub fn width(&self) -> usize {
        1 + self.attributes.len() + self.relationships.len()
    }

    /// The attribute that is the version.
    pub fn version_attribute(&self) -> Option<&'static Attribute> {
        self.version.and_then(|version| self.attribute_at(version))
    }

    /// The column with the time of the deletion, if a deletion only marks the row.
    pub fn deletion_column(&self) -> Option<&'static str> {
        self.soft_delete.and_then(|deletion| self.attribute_at(deletion)).map(|attribute| attribute.column)
    }

    /// The attributes that the store itself updates, and how.
    ///
    /// A timestamp that is both the version and the date of the last change is updated as the date.
    pub fn kept(&self) -> impl Iterator<Item = (AttributeId, Upkeep)> {
        let dated = self.last_modified;
        let version = self.version.filter(|version| Some(*version) != dated);
        let upkeep = |version: AttributeId| match self.attribute_at(version)?.kind {
            Kind::Timestamp => Some((version, Upkeep::Moment)),
            _ => Some((version, Upkeep::Count)),
        };
        version.and_then(upkeep).into_iter().chain(dated.map(|date| (date, Upkeep::Second)))
    }

    /// The attribute of this member name, with its id.
    pub fn attribute(&self, name: &str) -> Option<(AttributeId, &'static Attribute)> {
        self.attributes_by_id().find(|(_, attribute)| attribute.name == name)
    }

    /// The relationship of this member name, with its id. Of a polymorphic relationship it is the first arm.
    pub fn relationship(&self, name: &str) -> Option<(RelationshipId, &'static Relationship)> {
        self.relationships_by_id().find(|(_, relationship)| relationship.name == name)
    }

    /// The attribute of this id; `None` for an id of another description.
    pub fn attribute_at(&self, id: AttributeId) -> Option<&'static Attribute> {
        self.attributes.get(id.place())
    }

    /// The relationship of this id; `None` for an id of another description.
    pub fn relationship_at(&self, id: RelationshipId) -> Option<&'static Relationship> {
        self.relationships.get(id.place())
    }

    /// The attributes, each with its id.
    pub fn attributes_by_id(&self) -> impl Iterator<Item = (AttributeId, &'static Attribute)> + use<> {
        (0..).map(AttributeId::at).zip(self.attributes)
    }

    /// The arms of a relationship, each with its id: several if it is polymorphic, and otherwise only itself.
    pub fn arms(
        &self,
        id: RelationshipId,
    ) -> impl Iterator<Item = (RelationshipId, &'static Relationship)> + use<> {
        let (first, number) = match self.relationship_at(id).map(Relationship::arm) {
            Some(Some((place, arms))) => (id.place().saturating_sub(place), arms),
            Some(None) => (id.place(), 1),
            None => (0, 0),
        };
        self.relationships_by_id().skip(first).take(number)
    }

    /// The relationship that documents have a member for: of the arms of a polymorphic one, the first.
    pub(crate) fn member_of(&self, id: RelationshipId) -> RelationshipId {
        self.arms(id).next().map_or(id, |(first, _)| first)
    }

    /// The relationships as documents name them: each that has one target, and of each polymorphic one the first arm.
    pub fn relationship_members(
        &self,
    ) -> impl Iterator<Item = (RelationshipId, &'static Relationship)> + use<> {
        self.relationships_by_id().filter(|(_, relationship)| relationship.is_member())
    }

    /// The arm of a polymorphic relationship, by the type that it leads to.
    pub fn arm(
        &self,
        id: RelationshipId,
        type_name: &str,
    ) -> Option<(RelationshipId, &'static Relationship)> {
        self.arms(id).find(|(_, arm)| arm.target().type_name == type_name)
    }

    /// The to-one relationship of the target that leads back, if the relationship is an inverse. Of a polymorphic one it
    /// is the arm that leads here.
    pub fn way_back(&self, relationship: &Relationship) -> Option<(RelationshipId, &'static Relationship)> {
        let RelationshipKind::Inverse { of } = relationship.kind else { return None };
        let target = relationship.target();
        let (back, _) = target.relationship(of)?;
        let leads_here = |(_, back): &(RelationshipId, &'static Relationship)| {
            !back.is_to_many() && back.target().table == self.table
        };
        // Several arms may lead to one table, each for a struct over it.
        let exact = target.arms(back).find(|(_, back)| !back.is_to_many() && back.target().is(self));
        exact.or_else(|| target.arms(back).find(leads_here))
    }

    /// The relationships, each with its id. Of a polymorphic relationship, each arm is there.
    pub fn relationships_by_id(
        &self,
    ) -> impl Iterator<Item = (RelationshipId, &'static Relationship)> + use<> {
        (0..).map(RelationshipId::at).zip(self.relationships)
    }

    /// Whether both are the same resource. Descriptions are statics, and each resource has exactly one.
    pub fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl PartialEq for Description {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl Attribute {
    /// An attribute with the type `A` and without a default. Clients may see, set, filter and sort by it.
    pub const fn new<A: AttributeType>(name: &'static str, column: &'static str) -> Self {
        Self {
            name,
            column,
            kind: A::KIND,
            nullable: A::NULLABLE,
            access: Access::ReadWrite,
            filter: true,
            sort: true,
            default: None,
            parse: parse::<A>,
            parse_digits: parse_digits::<A>,
            check: check::<A>,
            variants: A::variants,
            json_schema: A::json_schema,
        }
    }

    /// The time of the deletion, for a struct that has no field for it.
    #[doc(hidden)]
    pub const fn deletion(name: &'static str, column: &'static str) -> Self {
        let mut attribute = Self::new::<Option<DateTime<Utc>>>(name, column).open_to(false, false);
        attribute.access = Access::Hidden;
        attribute
    }

    /// Sets whether clients may filter and sort by the attribute.
    #[must_use]
    pub const fn open_to(mut self, filter: bool, sort: bool) -> Self {
        self.filter = filter;
        self.sort = sort;
        self
    }
}
