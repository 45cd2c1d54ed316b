//! Attributes that a caller may not read.

use std::sync::Arc;

use super::{AttributeId, Description};

/// The attributes that a caller may not read: for the caller they do not exist.
///
/// Where there are none, it costs nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unreadable(Option<Arc<[Entry]>>);

type Entry = (&'static Description, AttributeId);

impl Unreadable {
    /// No attribute.
    #[cfg(test)]
    pub(crate) const NONE: Self = Self(None);

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether an attribute is among them.
    pub(crate) fn has(&self, resource: &Description, attribute: AttributeId) -> bool {
        self.iter().any(|(known, hidden)| hidden == attribute && known.is(resource))
    }

    /// These and one more.
    #[must_use]
    pub(crate) fn and(&self, resource: &'static Description, attribute: AttributeId) -> Self {
        let mut all: Vec<Entry> = self.iter().collect();
        if !self.has(resource, attribute) {
            all.push((resource, attribute));
        }
        // The order in which they were found out says nothing.
        all.sort_by_key(|(resource, attribute)| (resource.type_name, resource.rust_name, *attribute));
        Self(Some(all.into()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Entry> + '_ {
        self.0.iter().flat_map(|all| all.iter().copied())
    }
}
