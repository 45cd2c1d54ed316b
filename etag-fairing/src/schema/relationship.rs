//! Relationships: where their linkage is stored, and what a deletion does to it.

use super::{Columns, Corrupt, Description, ResourceId, ValueRef};

/// A relationship (JSON:API §6.2.2.2).
#[non_exhaustive]
pub struct Relationship {
    /// The member name.
    pub name: &'static str,
    /// Where the linkage is stored.
    pub kind: RelationshipKind,
    /// The related resource. A function, since two resources may have relationships to each other.
    pub target: fn() -> &'static Description,
    /// Whether documents have the linkage (`data`) even if the related resources are not included.
    ///
    /// To-one linkage is in the owner's row and is always shown. To-many linkage is shown unless it is an
    /// inverse. A PATCH of the owner can replace only linkage that is shown: the client's entity tag doesn't
    /// cover other linkage, so that replacing it would be a lost update.
    pub linkage: bool,
    /// The column with the positions of the related resources, if the linkage of a to-many relationship has an
    /// order. It is a column of the join table, or for an inverse of the related resource's table. Otherwise the
    /// linkage is in ascending order of ids.
    pub order: Option<&'static str>,
}

/// What happens to a resource when another resource is deleted to which it has a to-one relationship.
///
/// It applies to the tables that the store has created. In a table that you have created it applies if
/// `on_delete` is written on the relationship ([`Description::decides_deletion`]), or if the column has no
/// foreign key; otherwise the foreign key decides.
///
/// The rows of a join table are deleted with the resource at either end. If you have created the join table
/// and it has foreign keys, these decide, unless `on_delete = "cascade"` is written on the relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// The deletion is refused with 409.
    Restrict,
    /// The relationship becomes empty.
    SetNull,
    /// The resource is deleted too.
    Cascade,
}

impl OnDelete {
    /// The default without `on_delete`: `Restrict` if the relationship must not be empty, otherwise
    /// `SetNull`.
    pub const fn by_default(required: bool) -> Self {
        if required { Self::Restrict } else { Self::SetNull }
    }
}

/// Where a relationship's linkage is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationshipKind {
    /// Columns of the owner's table with the related resource's id.
    ToOne {
        /// The column, or one for each part of the related resource's composite id. All of them are null, or none.
        columns: Columns,
        /// Whether the columns must not be null.
        required: bool,
        /// What happens to the owner when the related resource is deleted.
        on_delete: OnDelete,
    },
    /// One of the types that a polymorphic to-one relationship (`ToOneOf`) may lead to: an arm. The owner's table
    /// has one column with the type and one with the id, for all arms.
    ///
    /// A description has one relationship for each arm, next to each other and with the same name. In a row at most
    /// one of them leads to a resource. A change has an entry for all of them or for none.
    OneOf {
        /// The column with the related resource's id.
        column: &'static str,
        /// The column with its type.
        type_column: &'static str,
        /// The text in that column for this arm; `None` if it is the type of the target.
        stored_type: Option<&'static str>,
        /// Whether the columns must not be null.
        required: bool,
        /// What happens to the owner when the related resource is deleted. No foreign key can do it.
        on_delete: OnDelete,
        /// The arm's place among the arms, from 0 on.
        place: usize,
        /// The number of arms.
        arms: usize,
    },
    /// The inverse of a to-one relationship: a column of the related resource's table with the owner's id.
    Inverse {
        /// The member name of the to-one relationship at the other end.
        of: &'static str,
    },
    /// A join table.
    Through {
        /// The join table.
        table: &'static str,
        /// Its columns with the owner's id.
        owner_columns: Columns,
        /// Its columns with the related resource's id.
        target_columns: Columns,
        /// The end of its rows that may be of several types, if one may.
        typed: Option<TypedEnd>,
    },
}

/// The end of a join table's rows that may be of several types: a column has the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedEnd {
    /// The owners. The relationship has only the rows with the owner's own type.
    Owner {
        /// The column with the type.
        type_column: &'static str,
        /// The text in that column for the owner.
        stored_type: &'static str,
    },
    /// The related resources. The relationship is one of the arms of a polymorphic to-many relationship (`ToManyOf`): a
    /// description has one relationship for each arm, next to each other and with the same name.
    Target {
        /// The column with the type.
        type_column: &'static str,
        /// The text in that column for this arm; `None` if it is the type of the target.
        stored_type: Option<&'static str>,
        /// The arm's place among the arms, from 0 on.
        place: usize,
        /// The number of arms.
        arms: usize,
    },
}

impl Relationship {
    /// A relationship. Documents show its linkage, unless it is an inverse.
    pub const fn new(
        name: &'static str,
        kind: RelationshipKind,
        target: fn() -> &'static Description,
    ) -> Self {
        let linkage = !matches!(kind, RelationshipKind::Inverse { .. });
        Self { name, kind, target, linkage, order: None }
    }

    /// Sets the column that keeps the order of a to-many relationship's linkage.
    #[must_use]
    pub const fn ordered_by(mut self, column: &'static str) -> Self {
        self.order = Some(column);
        self
    }

    /// Sets whether documents show the linkage.
    #[must_use]
    pub const fn showing(mut self, linkage: bool) -> Self {
        self.linkage = linkage;
        self
    }

    /// Whether it is to-many.
    pub fn is_to_many(&self) -> bool {
        match self.kind {
            RelationshipKind::ToOne { .. } | RelationshipKind::OneOf { .. } => false,
            RelationshipKind::Inverse { .. } | RelationshipKind::Through { .. } => true,
        }
    }

    /// Whether it is one arm of a polymorphic relationship, which may lead to other types, too.
    pub fn is_polymorphic(&self) -> bool {
        self.arm().is_some()
    }

    /// The place of an arm among the arms of a polymorphic relationship, and their number.
    pub(super) fn arm(&self) -> Option<(usize, usize)> {
        match self.kind {
            RelationshipKind::OneOf { place, arms, .. }
            | RelationshipKind::Through { typed: Some(TypedEnd::Target { place, arms, .. }), .. } => {
                Some((place, arms))
            }
            _ => None,
        }
    }

    /// Whether documents have a member for it: a polymorphic relationship has one for all its arms, which is that
    /// of the first.
    pub fn is_member(&self) -> bool {
        !matches!(self.arm(), Some((1.., _)))
    }

    /// The text in the type column that stands for this arm of a polymorphic relationship.
    pub fn stored_type(&self) -> Option<&'static str> {
        match self.kind {
            RelationshipKind::OneOf { stored_type, .. }
            | RelationshipKind::Through { typed: Some(TypedEnd::Target { stored_type, .. }), .. } => {
                Some(stored_type.unwrap_or_else(|| self.target().type_name))
            }
            _ => None,
        }
    }

    /// The owner's columns with the linkage; `None` for to-many, and for an arm of a polymorphic relationship, whose
    /// column has the ids of other types, too.
    pub fn columns(&self) -> Option<Columns> {
        match self.kind {
            RelationshipKind::ToOne { columns, .. } => Some(columns),
            _ => None,
        }
    }

    /// The owner's columns with the related id, of whichever type; `None` for to-many.
    pub(crate) fn id_columns(&self) -> Option<Columns> {
        match self.kind {
            RelationshipKind::ToOne { columns, .. } => Some(columns),
            RelationshipKind::OneOf { column, .. } => Some(Columns::one(column)),
            RelationshipKind::Inverse { .. } | RelationshipKind::Through { .. } => None,
        }
    }

    /// The related id in a cell of the owner's row; `None` for null.
    ///
    /// # Errors
    /// If the value is no id of the related resource's kind.
    pub fn related_id(&self, cell: ValueRef<'_>) -> Result<Option<ResourceId>, Corrupt> {
        self.target().id.kind.id_of_value(cell)
    }

    /// Whether a column of the owner's table has a part of the linkage.
    pub(crate) fn is_kept_in(&self, name: &str) -> bool {
        match self.kind {
            RelationshipKind::ToOne { columns, .. } => columns.has(name),
            RelationshipKind::OneOf { column, type_column, .. } => {
                column.eq_ignore_ascii_case(name) || type_column.eq_ignore_ascii_case(name)
            }
            RelationshipKind::Inverse { .. } | RelationshipKind::Through { .. } => false,
        }
    }

    /// Whether a to-one relationship must not be empty. Of a polymorphic one, one of the arms must lead somewhere.
    pub fn is_required(&self) -> bool {
        matches!(
            self.kind,
            RelationshipKind::ToOne { required: true, .. } | RelationshipKind::OneOf { required: true, .. }
        )
    }

    /// Whether the linkage is part of the related resources' own ids, so that it never changes: it is the inverse of a
    /// to-one relationship that their composite ids have.
    pub fn is_kept_in_ids(&self) -> bool {
        let RelationshipKind::Inverse { of } = self.kind else { return false };
        let target = self.target();
        target.relationship(of).is_some_and(|(id, _)| target.is_relationship_of_key(id))
    }

    /// The related resource.
    pub fn target(&self) -> &'static Description {
        (self.target)()
    }
}

impl std::fmt::Debug for Relationship {
    // Without the target: two resources with relationships to each other would print without end.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relationship")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("target", &self.target().type_name)
            .field("linkage", &self.linkage)
            .field("order", &self.order)
            .finish()
    }
}
