//! Which part of the resources that were read a document shows.

use crate::query::{FieldSet, Fields};
use crate::schema::Description;

/// What a document shows of what was read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum View<'a> {
    /// The representation without parameters.
    Whole,
    /// What the query asks for.
    Asked {
        /// The sparse fieldsets (JSON:API §7.4).
        fields: &'a Fields,
        /// Whether the document has `included` (JSON:API §7.3: then also if nothing is).
        included: bool,
    },
}

impl<'a> View<'a> {
    pub(super) fn fieldset(self, resource: &Description) -> Option<&'a FieldSet> {
        match self {
            Self::Whole => None,
            Self::Asked { fields, .. } => fields.of(resource),
        }
    }
}
