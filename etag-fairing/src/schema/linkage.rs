//! Relationship fields of a resource struct.

use std::{fmt, marker::PhantomData};

use super::ResourceId;

/// A to-one relationship to a `T`: the id of the related resource, or nothing.
///
/// The id is in a column of the owner's table, named `<field>_id` unless `#[jsonapi(column = "…")]` says
/// otherwise.
pub struct ToOne<T> {
    id: Option<ResourceId>,
    target: PhantomData<fn() -> T>,
}

/// A to-many relationship to `T`s.
///
/// The linkage is in a join table (`#[jsonapi(through = "…")]`), or it is the inverse of a to-one
/// relationship of `T` (`#[jsonapi(inverse = "…")]`). The ids are there only if the linkage was read.
pub struct ToMany<T> {
    ids: Option<Vec<ResourceId>>,
    target: PhantomData<fn() -> T>,
}

impl<T> ToOne<T> {
    /// A relationship to the resource with this id.
    pub fn to(id: impl Into<ResourceId>) -> Self {
        Self { id: Some(id.into()), target: PhantomData }
    }

    /// An empty relationship.
    pub fn empty() -> Self {
        Self { id: None, target: PhantomData }
    }

    /// The id of the related resource, if there is one.
    pub fn id(&self) -> Option<&ResourceId> {
        self.id.as_ref()
    }
}

impl<T> ToMany<T> {
    /// A relationship to the resources with these ids.
    pub fn to(ids: Vec<ResourceId>) -> Self {
        Self { ids: Some(ids), target: PhantomData }
    }

    /// A relationship whose linkage was not read.
    pub fn unread() -> Self {
        Self { ids: None, target: PhantomData }
    }

    /// The ids of the related resources, or `None` if the linkage was not read.
    pub fn ids(&self) -> Option<&[ResourceId]> {
        self.ids.as_deref()
    }
}

// Implemented by hand, since a derive would demand the same traits of `T`, of which no value is stored.
impl<T> Clone for ToOne<T> {
    fn clone(&self) -> Self {
        Self { id: self.id.clone(), target: PhantomData }
    }
}

impl<T> Clone for ToMany<T> {
    fn clone(&self) -> Self {
        Self { ids: self.ids.clone(), target: PhantomData }
    }
}

impl<T> fmt::Debug for ToOne<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ToOne").field(&self.id).finish()
    }
}

impl<T> fmt::Debug for ToMany<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ToMany").field(&self.ids).finish()
    }
}

impl<T> Default for ToOne<T> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<T> Default for ToMany<T> {
    fn default() -> Self {
        Self::unread()
    }
}

impl<T> PartialEq for ToOne<T> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<T> PartialEq for ToMany<T> {
    fn eq(&self, other: &Self) -> bool {
        self.ids == other.ids
    }
}
