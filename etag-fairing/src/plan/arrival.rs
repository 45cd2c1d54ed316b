//! Rows that come into an ordered list by their own to-one relationship.

use crate::schema::{
    Access, Attribute, Columns, Description, Relationship, RelationshipId, RelationshipKind, Value,
};

/// The relationships to many that keep an order and that a to-one relationship leads into, each with the column of the
/// related resource that has the positions. They are relationships of the resource at the other end.
///
/// A row that is inserted with an owner, or gets another one, comes last there, unless
/// [`gives_position`] says that the change has a position of its own.
pub fn lists_of(
    resource: &'static Description,
    relationship: &Relationship,
) -> impl Iterator<Item = (RelationshipId, &'static Relationship)> {
    let owner = relationship.target();
    let own = reference(relationship);
    owner.relationships_by_id().filter(move |(_, far)| {
        far.order.is_some()
            && matches!(far.kind, RelationshipKind::Inverse { .. })
            && far.target().table == resource.table
            && own.is_some()
            && owner.way_back(far).is_some_and(|(_, back)| reference(back) == own)
    })
}

/// The columns of a to-one relationship, and the type that a row must have if it is polymorphic.
fn reference(relationship: &Relationship) -> Option<(Columns, Option<&'static str>, Option<&'static str>)> {
    match relationship.kind {
        RelationshipKind::ToOne { columns, .. } => Some((columns, None, None)),
        RelationshipKind::OneOf { column, type_column, .. } => {
            Some((Columns::one(column), Some(type_column), relationship.stored_type()))
        }
        RelationshipKind::Inverse { .. } | RelationshipKind::Through { .. } => None,
    }
}

/// The attribute that shows a column, and its place among the attributes.
pub(crate) fn attribute_with(
    resource: &'static Description,
    column: &str,
) -> Option<(usize, &'static Attribute)> {
    resource.attributes.iter().enumerate().find(|(_, it)| it.column.eq_ignore_ascii_case(column))
}

/// Whether a change has a value of its own for this column with positions. `value_at` tells the value of the attribute at
/// this place, if the change has it.
///
/// Null is none: it would mean the end of the list, where a new member comes anyway. Neither is the default of an attribute
/// that clients don't set.
pub fn gives_position<'v>(
    resource: &'static Description,
    column: &str,
    value_at: impl FnOnce(usize) -> Option<&'v Value>,
) -> bool {
    let Some((place, attribute)) = attribute_with(resource, column) else { return false };
    let Some(value) = value_at(place).filter(|value| !value.is_null()) else { return false };
    let is_set_by_clients = matches!(attribute.access, Access::ReadWrite | Access::WriteOnly);
    let is_default = || attribute.default.and_then(|default| default().ok()).as_ref() == Some(value);
    is_set_by_clients || !is_default()
}
