//! Which resource objects of a document have their entity tag in `meta`.

use crate::schema::Description;

/// Which resource objects of a document have their entity tag in `meta`, so that a client can change each of them without
/// another read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItemTags {
    /// Those of the structs that say so: `etag(items)`.
    Declared,
    /// All that carry tags: the client asks for the profile.
    All,
}

impl ItemTags {
    /// Whether the objects of a resource have it.
    pub(crate) fn cover(self, resource: &Description) -> bool {
        resource.has_state_tag() && (self == Self::All || resource.item_tags)
    }
}
