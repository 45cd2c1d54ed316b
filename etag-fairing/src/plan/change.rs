//! Changes to resources, one resource at a time.

use std::collections::HashSet;

use crate::schema::{Description, PartMember, Relationship, ResourceId, Value};

/// One change to one resource.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// Creates a resource.
    Insert {
        /// The resource.
        resource: &'static Description,
        /// Its id, unless the store makes it.
        id: Option<ResourceId>,
        /// One value for each attribute.
        attributes: Vec<Value>,
        /// One entry for each relationship; `None` for no related resource.
        linkage: Vec<Option<LinkageChange>>,
    },
    /// New values for some members of a resource.
    Update {
        /// The resource.
        resource: &'static Description,
        /// The id of the resource.
        id: ResourceId,
        /// One entry for each attribute; `None` keeps the value.
        attributes: Vec<Option<Value>>,
        /// One entry for each relationship; `None` keeps the linkage.
        linkage: Vec<Option<LinkageChange>>,
    },
    /// Deletes a resource.
    Delete {
        /// The resource.
        resource: &'static Description,
        /// The id of the resource.
        id: ResourceId,
    },
}

impl Change {
    /// The resource that is changed.
    pub(crate) fn resource(&self) -> &'static Description {
        match self {
            Self::Insert { resource, .. } | Self::Update { resource, .. } | Self::Delete { resource, .. } => {
                resource
            }
        }
    }

    /// Whether it is the change of a resource and names nothing of it.
    pub(crate) fn names_nothing(&self) -> bool {
        match self {
            Self::Update { attributes, linkage, .. } => {
                attributes.iter().all(Option::is_none) && linkage.iter().all(Option::is_none)
            }
            Self::Insert { .. } | Self::Delete { .. } => false,
        }
    }
}

/// A change of one relationship's linkage.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkageChange {
    /// To-one: sets the related resource, or none.
    One(Option<ResourceId>),
    /// To-many: exactly these resources.
    Replace(Vec<ResourceId>),
    /// To-many: adds these resources.
    Add(Vec<ResourceId>),
    /// To-many: removes these resources.
    Remove(Vec<ResourceId>),
}

/// The composite id that the members of a new resource make; `None` if its id is one column, or a part is missing.
pub fn id_of_members(
    resource: &Description,
    attributes: &[Value],
    linkage: &[Option<LinkageChange>],
) -> Option<ResourceId> {
    resource.id_of_members(
        |id| id.of(attributes),
        |id| match id.of(linkage) {
            Some(Some(LinkageChange::One(related))) => related.as_ref(),
            _ => None,
        },
    )
}

/// Whether a change of a resource gives other values to members that its composite id is made of, or that those of related
/// resources are made of. No store makes such a change: an id never changes.
///
/// A replacement of linkage that keeps an order may only give the same members other positions. The store sees that by the
/// linkage that there is, and refuses another one.
pub fn changes_id(
    resource: &Description,
    id: &ResourceId,
    attributes: &[Option<Value>],
    linkage: &[Option<LinkageChange>],
) -> bool {
    let changes_own = resource.key().iter().zip(id.parts()).any(|(part, own)| match part.member {
        PartMember::Attribute(id, _) => {
            id.of(attributes).and_then(Option::as_ref).is_some_and(|value| *value != own.to_value())
        }
        PartMember::Relationship(id, _) => {
            let change = id.of(linkage).and_then(Option::as_ref);
            change
                .is_some_and(|change| !matches!(change, LinkageChange::One(Some(related)) if related == own))
        }
    });
    changes_own
        || resource.relationships.iter().zip(linkage).any(|(relationship, change)| {
            let may_only_reorder =
                matches!(change, Some(LinkageChange::Replace(_))) && relationship.order.is_some();
            !may_only_reorder && names_ids_of_related(relationship, change.as_ref())
        })
}

/// Whether to-many linkage, which is part of the ids of the related resources, is given to them or taken from them.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) fn changes_ids_of_related(resource: &Description, linkage: &[Option<LinkageChange>]) -> bool {
    let mut changes = resource.relationships.iter().zip(linkage);
    changes.any(|(relationship, change)| names_ids_of_related(relationship, change.as_ref()))
}

fn names_ids_of_related(relationship: &Relationship, change: Option<&LinkageChange>) -> bool {
    let is_change = match change {
        Some(LinkageChange::Replace(ids) | LinkageChange::Add(ids) | LinkageChange::Remove(ids)) => {
            !ids.is_empty()
        }
        Some(LinkageChange::One(_)) | None => false,
    };
    is_change && relationship.is_kept_in_ids()
}

/// Whether a change replaces to-many linkage by the same members, so that at most their order is another one.
pub(crate) fn has_members(now: &[ResourceId], change: &LinkageChange) -> bool {
    let LinkageChange::Replace(ids) = change else { return false };
    ids.iter().collect::<HashSet<_>>() == now.iter().collect::<HashSet<_>>()
}
