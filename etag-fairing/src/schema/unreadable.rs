//! Attributes and relationships that a caller may not read.

use std::sync::Arc;

use super::{Description, MemberId, Relationship, RelationshipId};

/// The attributes and relationships that a caller may not read: for the caller they do not exist.
///
/// Where there are none, it costs nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unreadable(Option<Arc<[Entry]>>);

type Entry = (&'static Description, MemberId);

impl Unreadable {
    /// No member.
    #[cfg(test)]
    pub(crate) const NONE: Self = Self(None);

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether an attribute or a relationship is among them.
    pub(crate) fn has(&self, resource: &Description, member: impl Into<MemberId>) -> bool {
        let Some(all) = &self.0 else { return false };
        let member = member.into();
        all.iter().any(|(known, hidden)| *hidden == member && known.is(resource))
    }

    /// A resource's relationship of this name, unless it is among them.
    pub(crate) fn relationship(
        &self,
        resource: &Description,
        name: &str,
    ) -> Option<(RelationshipId, &'static Relationship)> {
        resource.relationship(name).filter(|(id, _)| !self.has(resource, *id))
    }

    /// These and one more.
    #[must_use]
    pub(crate) fn and(&self, resource: &'static Description, member: MemberId) -> Self {
        let mut all: Vec<Entry> = self.iter().collect();
        if !self.has(resource, member) {
            all.push((resource, member));
        }
        // The order in which they were found out says nothing.
        all.sort_by_key(|(resource, member)| (resource.type_name, resource.rust_name, *member));
        Self(Some(all.into()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Entry> + '_ {
        self.0.iter().flat_map(|all| all.iter().copied())
    }
}
