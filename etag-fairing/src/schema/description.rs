//! What `#[derive(JsonApiResource)]` says of a struct, as static data.

use super::attribute_type::{AttributeType, check, parse, parse_digits};
use super::computed::{Computed, Values};
use super::time::StoredTime;
use super::{AttributeId, Corrupt, IdKind, Kind, Mismatch, RelationshipId, Upkeep, Value, ValueRef};

/// A resource, described once and for all: its names, its columns, its relationships. What it does with requests is its
/// [`Behaviour`](crate::resource::Behaviour).
///
/// All that runs over resources (handlers, documents, queries, stores) runs over descriptions, so that
/// twenty resources cost no more to compile than one.
#[derive(Debug)]
#[non_exhaustive]
pub struct Description {
    /// The resource type (JSON:API §6.2.1).
    pub type_name: &'static str,
    /// The URL segment of the collection; the type unless `#[jsonapi(path = "…")]` says otherwise.
    pub path: &'static str,
    /// The struct, as a user knows it, for messages.
    pub rust_name: &'static str,
    /// The table.
    pub table: &'static str,
    /// The id.
    pub id: Id,
    /// The attributes in the struct's order.
    pub attributes: &'static [Attribute],
    /// The relationships in the struct's order.
    pub relationships: &'static [Relationship],
    /// The operations that carry entity tags.
    pub etag: Operations,
    /// Whether a write must carry `If-Match` wherever it carries entity tags, whatever the configuration says.
    pub require_if_match: bool,
    /// The attribute that is the version.
    pub version: Option<AttributeId>,
    /// The attribute that is the date of the last change.
    pub last_modified: Option<AttributeId>,
    /// The forms in which columns hold times, where they are declared, by the attributes' places.
    pub(crate) stored: &'static [(usize, StoredTime)],
    /// The attributes that are functions of the others.
    pub(crate) computed: Computed,
    /// The places of the relationships on which `on_delete` is written.
    pub(crate) deciding: &'static [usize],
}

/// The id's place.
#[derive(Debug)]
pub struct Id {
    /// The column.
    pub column: &'static str,
    /// What it is made of.
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
    /// What it holds.
    pub kind: Kind,
    /// Whether null is a value of it.
    pub nullable: bool,
    /// Who may see and set it.
    pub access: Access,
    /// Whether `filter` may name it. What clients may not see they may not filter by, whatever this says.
    pub filter: bool,
    /// Whether `sort` may name it. What clients may not see they may not sort by, whatever this says.
    pub sort: bool,
    /// The value of a new resource whose document leaves the attribute out; `None` if it must be given.
    /// An attribute that may be null and has no other default has null.
    pub default: Option<fn() -> Result<Value, Mismatch>>,
    /// Reads a client's value.
    pub parse: fn(&serde_json::Value) -> Result<Value, Mismatch>,
    /// Reads a client's JSON text, some of whose numbers have more digits than a float holds.
    pub parse_digits: fn(&str) -> Result<Value, Mismatch>,
    /// Says what is wrong with a stored value that the field's type cannot have.
    pub check: fn(ValueRef<'_>) -> Result<(), Corrupt>,
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

/// A relationship (JSON:API §6.2.2.2).
#[non_exhaustive]
pub struct Relationship {
    /// The member name.
    pub name: &'static str,
    /// Where the linkage is kept.
    pub kind: RelationshipKind,
    /// The resource at the other end; a function, since resources may point at each other.
    pub target: fn() -> &'static Description,
    /// Whether documents carry the linkage (`data`) even where the related resources are not included.
    ///
    /// To-one linkage stands in the owner's row and is always shown. To-many linkage is shown unless it is an
    /// inverse, and only what is shown can be replaced by a PATCH of the owner: a replacement that the
    /// client's tag doesn't cover would be a lost update.
    pub linkage: bool,
}

/// What becomes of a resource when another is deleted, to which it has a to-one relationship.
///
/// It holds in the tables that the store has made. In a table of the user's it holds where it is written
/// ([`Description::decides_deletion`]), or where the column has no foreign key: else that foreign key decides.
///
/// The links of a join table end with either end; in a table of the user's with foreign keys, these decide, unless
/// `on_delete = "cascade"` is written on the relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// It stands against the deletion: 409.
    Restrict,
    /// The relationship becomes empty.
    SetNull,
    /// It is deleted too.
    Cascade,
}

impl OnDelete {
    /// What holds where nothing is said: a relationship that must not be empty stands against the deletion, any
    /// other becomes empty.
    pub const fn by_default(required: bool) -> Self {
        if required { Self::Restrict } else { Self::SetNull }
    }
}

/// Where a relationship's linkage is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationshipKind {
    /// A column of the owner's table with the other's id.
    ToOne {
        /// The column.
        column: &'static str,
        /// Whether every resource must have one.
        required: bool,
        /// What becomes of the resource when the other is deleted.
        on_delete: OnDelete,
    },
    /// The inverse of a to-one relationship: a column of the other's table with the owner's id.
    Inverse {
        /// The name of the to-one relationship (its member name) at the other end.
        of: &'static str,
    },
    /// A join table.
    Through {
        /// The join table.
        table: &'static str,
        /// Its column with the owner's id.
        owner_column: &'static str,
        /// Its column with the other's id.
        target_column: &'static str,
    },
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
            require_if_match: false,
            version: None,
            last_modified: None,
            stored: &[],
            computed: Computed::NONE,
            deciding: &[],
        }
    }

    /// The description whose attribute at this place is the version.
    #[doc(hidden)]
    pub const fn versioned(mut self, place: usize) -> Self {
        self.version = Some(AttributeId::at(place));
        self
    }

    /// The description whose attribute at this place is the date of the last change.
    #[doc(hidden)]
    pub const fn dated(mut self, place: usize) -> Self {
        self.last_modified = Some(AttributeId::at(place));
        self
    }

    /// The description whose columns hold times in these forms, by the attributes' places.
    #[doc(hidden)]
    pub const fn storing(mut self, stored: &'static [(usize, StoredTime)]) -> Self {
        self.stored = stored;
        self
    }

    /// The form in which the column of an attribute holds times, if it is declared.
    #[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code, reason = "stores ask"))]
    pub(crate) fn stored(&self, attribute: AttributeId) -> Option<StoredTime> {
        self.stored.iter().find(|(known, _)| *known == attribute.place()).map(|(_, form)| *form)
    }

    /// The description with writes that must carry `If-Match`.
    #[doc(hidden)]
    pub const fn requiring_if_match(mut self) -> Self {
        self.require_if_match = true;
        self
    }

    /// The description with computed attributes of these member names.
    #[doc(hidden)]
    pub const fn computing(mut self, names: &'static [&'static str], values: Values) -> Self {
        self.computed = Computed::new(names, values);
        self
    }

    /// The description with `on_delete` written on the relationships at these places.
    #[doc(hidden)]
    pub const fn deciding_deletions(mut self, places: &'static [usize]) -> Self {
        self.deciding = places;
        self
    }

    /// Whether the struct itself says, with `on_delete`, what becomes of a relationship when what it leads to is
    /// deleted. Else a table of the user's says it with its foreign key, if it has one.
    pub fn decides_deletion(&self, relationship: RelationshipId) -> bool {
        let is_default = |relationship: &Relationship| match relationship.kind {
            RelationshipKind::ToOne { required, on_delete, .. } => {
                on_delete == OnDelete::by_default(required)
            }
            _ => true,
        };
        self.deciding.contains(&relationship.place())
            || !self.relationship_at(relationship).is_none_or(is_default)
    }

    /// The cells of a row: the id, each attribute, each relationship.
    pub fn width(&self) -> usize {
        1 + self.attributes.len() + self.relationships.len()
    }

    /// The attribute that is the version.
    pub fn version_attribute(&self) -> Option<&'static Attribute> {
        self.version.and_then(|version| self.attribute_at(version))
    }

    /// The attributes that the store itself keeps, and how.
    ///
    /// A timestamp can be both, the version and the date of the last change; then it is kept as the date.
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

    /// The relationship of this member name, with its id.
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

    /// The relationships, each with its id.
    pub fn relationships_by_id(
        &self,
    ) -> impl Iterator<Item = (RelationshipId, &'static Relationship)> + use<> {
        (0..).map(RelationshipId::at).zip(self.relationships)
    }

    /// Whether this is the same resource: descriptions are statics, and each resource has one.
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
    /// An attribute that is carried by `A`, without a default; clients see and set it, filter and sort by it.
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
        }
    }

    /// The attribute, with what clients may do with it said anew.
    #[must_use]
    pub const fn open_to(mut self, filter: bool, sort: bool) -> Self {
        self.filter = filter;
        self.sort = sort;
        self
    }
}

impl Relationship {
    /// A relationship; documents show its linkage, unless it is an inverse.
    pub const fn new(
        name: &'static str,
        kind: RelationshipKind,
        target: fn() -> &'static Description,
    ) -> Self {
        let linkage = !matches!(kind, RelationshipKind::Inverse { .. });
        Self { name, kind, target, linkage }
    }

    /// The relationship, with whether documents carry its linkage said anew.
    #[must_use]
    pub const fn showing(mut self, linkage: bool) -> Self {
        self.linkage = linkage;
        self
    }

    /// Whether it has many related resources.
    pub fn is_to_many(&self) -> bool {
        !matches!(self.kind, RelationshipKind::ToOne { .. })
    }

    /// The column of the owner's table with the linkage, for to-one.
    pub fn column(&self) -> Option<&'static str> {
        match self.kind {
            RelationshipKind::ToOne { column, .. } => Some(column),
            _ => None,
        }
    }

    /// Whether every resource must have a related one.
    pub fn is_required(&self) -> bool {
        matches!(self.kind, RelationshipKind::ToOne { required: true, .. })
    }

    /// The resource at the other end.
    pub fn target(&self) -> &'static Description {
        (self.target)()
    }
}

impl std::fmt::Debug for Relationship {
    // Not the target: two resources that point at each other would print for ever.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relationship")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("target", &self.target().type_name)
            .field("linkage", &self.linkage)
            .finish()
    }
}

/// What can be done with a resource; also the names that `etag(…)` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Operation {
    /// `GET /sessions`
    List = 0,
    /// `POST /sessions`
    Create = 1,
    /// `GET /sessions/1`
    Read = 2,
    /// `PATCH /sessions/1`
    Update = 3,
    /// `DELETE /sessions/1`
    Delete = 4,
    /// `GET /sessions/1/speakers`
    Related = 5,
    /// `GET /sessions/1/relationships/speakers`
    Relationship = 6,
    /// `PATCH`, `POST`, `DELETE /sessions/1/relationships/speakers`
    UpdateRelationship = 7,
}

impl Operation {
    /// Each operation, in the order of their routes.
    pub const ALL: [Self; 8] = [
        Self::List,
        Self::Create,
        Self::Read,
        Self::Update,
        Self::Delete,
        Self::Related,
        Self::Relationship,
        Self::UpdateRelationship,
    ];

    /// The name in attributes, route names and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Related => "related",
            Self::Relationship => "relationship",
            Self::UpdateRelationship => "update_relationship",
        }
    }
}

/// A set of [`Operation`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operations(u8);

impl Operations {
    /// No operation.
    pub const NONE: Self = Self(0);
    /// Every operation.
    pub const ALL: Self = Self(0xff);

    /// The set with one more.
    pub const fn with(self, operation: Operation) -> Self {
        Self(self.0 | 1 << operation as u8)
    }

    /// Whether it is in the set.
    pub const fn contains(self, operation: Operation) -> bool {
        self.0 & (1 << operation as u8) != 0
    }
}
