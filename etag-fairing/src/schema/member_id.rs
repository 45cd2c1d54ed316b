//! Which attribute or relationship of a resource is meant.

/// Which attribute of a resource: its place in [`Description::attributes`](super::Description::attributes).
///
/// A description gives these for names, and each attribute with its own. One means nothing without its description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeId(usize);

/// Which relationship of a resource: its place in [`Description::relationships`](super::Description::relationships).
///
/// A description gives these for names, and each relationship with its own. One means nothing without its description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationshipId(usize);

/// Which member of a resource that is an attribute or a relationship.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberId {
    /// An attribute.
    Attribute(AttributeId),
    /// A relationship; of a polymorphic one each arm is a member of its own.
    Relationship(RelationshipId),
}

impl From<AttributeId> for MemberId {
    fn from(id: AttributeId) -> Self {
        Self::Attribute(id)
    }
}

impl From<RelationshipId> for MemberId {
    fn from(id: RelationshipId) -> Self {
        Self::Relationship(id)
    }
}

impl AttributeId {
    /// That of the attribute at this place, counted from 0.
    pub const fn at(place: usize) -> Self {
        Self(place)
    }

    /// The place, counted from 0.
    pub const fn place(self) -> usize {
        self.0
    }

    /// What belongs to it in a list with one entry for each attribute.
    pub fn of<T>(self, entries: &[T]) -> Option<&T> {
        entries.get(self.0)
    }

    /// The same, to be changed.
    pub fn of_mut<T>(self, entries: &mut [T]) -> Option<&mut T> {
        entries.get_mut(self.0)
    }
}

impl RelationshipId {
    /// That of the relationship at this place, counted from 0.
    pub const fn at(place: usize) -> Self {
        Self(place)
    }

    /// The place, counted from 0.
    pub const fn place(self) -> usize {
        self.0
    }

    /// What belongs to it in a list with one entry for each relationship.
    pub fn of<T>(self, entries: &[T]) -> Option<&T> {
        entries.get(self.0)
    }

    /// The same, to be changed.
    pub fn of_mut<T>(self, entries: &mut [T]) -> Option<&mut T> {
        entries.get_mut(self.0)
    }
}
