//! Changes to resources, one resource at a time.

use crate::schema::{Description, ResourceId, Value};

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
