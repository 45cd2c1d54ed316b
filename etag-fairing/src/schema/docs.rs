//! The doc comments of a struct.

use super::{AttributeId, RelationshipId};

/// The doc comments of a resource's struct and of its fields, in Markdown. Where there is no comment, the text is empty.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Docs {
    /// That of the struct.
    pub(crate) resource: &'static str,
    /// That of the id.
    pub(crate) id: &'static str,
    attributes: &'static [&'static str],
    relationships: &'static [&'static str],
}

impl Docs {
    /// No comments.
    pub(crate) const NONE: Self = Self::new("", "", &[], &[]);

    /// The comments of the struct, of its id, and of its attributes and relationships in their order.
    pub const fn new(
        resource: &'static str,
        id: &'static str,
        attributes: &'static [&'static str],
        relationships: &'static [&'static str],
    ) -> Self {
        Self { resource, id, attributes, relationships }
    }

    /// That of an attribute.
    pub(crate) fn attribute(&self, id: AttributeId) -> &'static str {
        id.of(self.attributes).copied().unwrap_or_default()
    }

    /// That of a relationship.
    pub(crate) fn relationship(&self, id: RelationshipId) -> &'static str {
        id.of(self.relationships).copied().unwrap_or_default()
    }
}
