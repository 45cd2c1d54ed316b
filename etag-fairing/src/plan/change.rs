//! What to change: one resource at a time.

use crate::schema::{Description, ResourceId, Value};

/// One change to one resource.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// A new resource.
    Insert {
        /// The resource.
        resource: &'static Description,
        /// Its id, unless the store makes it.
        id: Option<ResourceId>,
        /// One value an attribute.
        attributes: Vec<Value>,
        /// One entry a relationship; `None` for no related resource.
        linkage: Vec<Option<LinkageChange>>,
    },
    /// New values for some members of a resource.
    Update {
        /// The resource.
        resource: &'static Description,
        /// Which one.
        id: ResourceId,
        /// One entry an attribute; `None` keeps it.
        attributes: Vec<Option<Value>>,
        /// One entry a relationship; `None` keeps it.
        linkage: Vec<Option<LinkageChange>>,
    },
    /// The end of a resource.
    Delete {
        /// The resource.
        resource: &'static Description,
        /// Which one.
        id: ResourceId,
    },
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl Change {
    /// The resource that it is about.
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
    /// To-one: this one, or none.
    One(Option<ResourceId>),
    /// To-many: exactly these.
    Replace(Vec<ResourceId>),
    /// To-many: these too.
    Add(Vec<ResourceId>),
    /// To-many: these no longer.
    Remove(Vec<ResourceId>),
}
