//! Which part of the resources that were read a document shows.

use super::window::ShownWindow;
use crate::query::{FieldSet, Fields, ItemTags};
use crate::schema::{Description, RelationshipId};

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
        /// The relationships that are shown by windows.
        windows: &'a [ShownWindow<'a>],
        /// The resource objects that have their entity tag in `meta`.
        tags: Option<ItemTags>,
    },
}

impl<'a> View<'a> {
    pub(super) fn fieldset(self, resource: &Description) -> Option<&'a FieldSet> {
        match self {
            Self::Whole => None,
            Self::Asked { fields, .. } => fields.of(resource),
        }
    }

    /// The window by which a relationship is shown.
    pub(super) fn window(
        self,
        owner: &Description,
        relationship: RelationshipId,
    ) -> Option<&'a ShownWindow<'a>> {
        self.windows_of(owner).find(|window| window.relationship == relationship)
    }

    /// The windows by which relationships of a resource are shown.
    pub(super) fn windows_of(self, owner: &Description) -> impl Iterator<Item = &'a ShownWindow<'a>> {
        let windows = match self {
            Self::Whole => &[],
            Self::Asked { windows, .. } => windows,
        };
        windows.iter().filter(move |window| window.owner.is(owner))
    }
}
