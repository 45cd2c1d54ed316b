//! What a store is asked and what it answers: plans, listings, changes, scopes and revisions.
//!
//! This module is pure: it knows the descriptions of resources ([`schema`](crate::schema)), and no store.

mod arrangement;
mod arrival;
mod bytes;
mod change;
mod evaluate;
mod fetched;
mod filter;
pub(crate) mod fold;
mod following;
mod listing;
mod page;
mod revision;
mod room;
mod scopes;
mod sort;
mod tables;
mod total;
pub(crate) mod visit;
mod window;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use arrangement::ArrangedAt;
pub use arrangement::Arrangement;
pub(crate) use arrangement::each_once;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use arrival::attribute_with;
pub use arrival::{gives_position, lists_of};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use change::changes_ids_of_related;
pub(crate) use change::has_members;
pub use change::{Change, LinkageChange, changes_id, id_of_members};
pub use evaluate::{Records, matches, order, value_of};
pub use fetched::{Counts, Fetched, Included, Links};
pub use filter::{Comparison, Field, Filter, Member, Part, Relation};
pub use fold::fold_case;
pub use listing::Listing;
pub use page::{Page, Place};
pub use revision::Revision;
#[cfg(feature = "postgres")]
pub(crate) use room::{leaves_room, link_bytes};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use scopes::Limit;
pub use scopes::{Scopes, Seen};
pub use sort::SortKey;
pub use window::{Window, Windows};

use crate::schema::{AttributeId, Description, RelationshipId, ResourceId};

/// What to read in one snapshot.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Plan {
    /// The resources to begin with.
    pub root: Root,
    /// The parts to read of each of these resources.
    pub selection: Selection,
    /// The maximum number of included resources. If there are more, the answer is
    /// [`StoreError::TooManyIncluded`](crate::store::StoreError::TooManyIncluded).
    pub most_included: usize,
    /// The approximate maximum size of the document in bytes, with linkage and included resources. If it is
    /// larger, the answer is [`StoreError::DocumentTooLarge`](crate::store::StoreError::DocumentTooLarge). A
    /// store should stop reading at this size if it can.
    pub most_bytes: usize,
    /// The scopes that limit the rows.
    pub scopes: Scopes,
}

impl Plan {
    /// A plan without included resources and without scopes.
    pub fn new(root: Root, selection: Selection) -> Self {
        Self { root, selection, most_included: 0, most_bytes: usize::MAX, scopes: Scopes::NONE }
    }

    /// Sets the maximum number of included resources.
    #[must_use]
    pub fn including_at_most(mut self, most: usize) -> Self {
        self.most_included = most;
        self
    }

    /// Whether related resources of any row are counted.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn counts(&self) -> bool {
        fn any(selection: &Selection) -> bool {
            !selection.counts.is_empty() || selection.include.iter().any(|include| any(&include.selection))
        }
        any(&self.selection)
    }

    /// Sets the scopes.
    #[must_use]
    pub fn scoped(mut self, scopes: Scopes) -> Self {
        self.scopes = scopes;
        self
    }
}

/// The resources that a plan begins with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Root {
    /// One resource. The answer has at most one row.
    One(ResourceId),
    /// A collection. The answer has a page of rows.
    Collection(Listing),
    /// The related resources of an owner. The answer has at most one row for to-one, and a page for to-many.
    /// The selection is of the related resource, and [`Fetched::parent`] says whether the owner exists.
    Related {
        /// The owner's resource.
        parent: &'static Description,
        /// The owner's id.
        id: ResourceId,
        /// The owner's relationship.
        relationship: RelationshipId,
        /// The listing of the related resources. For to-one, only its filter counts.
        listing: Listing,
    },
}

/// The parts of each resource to read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Selection {
    /// The resource.
    pub resource: &'static Description,
    /// Whether each attribute is read, one entry for each attribute.
    pub attributes: Vec<bool>,
    /// Whether each relationship's linkage is read, one entry for each relationship.
    pub linkage: Vec<bool>,
    /// The relationships whose related resources are read too, each once.
    pub include: Vec<Include>,
    /// The to-many relationships whose related resources are counted.
    pub counts: Vec<RelationshipId>,
}

/// A relationship whose related resources are read together with their owners.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Include {
    /// The owner's relationship.
    pub relationship: RelationshipId,
    /// The parts to read of each related resource. All selections of one resource in a plan read the same
    /// attributes and linkage, since a document has each resource once (JSON:API §6.4).
    pub selection: Selection,
    /// The part of each owner's related resources that is included; `None` for all of them. It is for to-many
    /// relationships only, and its page is [`Page::All`] or [`Page::Offset`]. All includes of one relationship of a
    /// resource have the same window, since a document shows each relationship once.
    ///
    /// The answer has the ids in [`Fetched::windows`]. They say nothing of the whole linkage, which is read only if
    /// [`Selection::linkage`] asks for it.
    pub window: Option<Listing>,
}

impl Include {
    /// All related resources.
    pub fn new(relationship: RelationshipId, selection: Selection) -> Self {
        Self { relationship, selection, window: None }
    }

    /// Sets the window: which of each owner's related resources are included.
    #[must_use]
    pub fn within(mut self, window: impl Into<Option<Listing>>) -> Self {
        self.window = window.into();
        self
    }
}

impl Selection {
    /// All attributes, and the linkage that documents always show. This is the representation at the
    /// resource's own URL, from which its entity tag is made.
    pub fn whole(resource: &'static Description) -> Self {
        Self {
            resource,
            attributes: vec![true; resource.attributes.len()],
            linkage: resource.relationships.iter().map(|relationship| relationship.linkage).collect(),
            include: Vec::new(),
            counts: Vec::new(),
        }
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with_attribute(mut self, id: AttributeId) -> Self {
        if let Some(read) = id.of_mut(&mut self.attributes) {
            *read = true;
        }
        self
    }

    /// Adds the linkage of a relationship; of a polymorphic one, that of all its arms.
    #[must_use]
    pub fn with_linkage(mut self, id: RelationshipId) -> Self {
        for (arm, _) in self.resource.arms(id) {
            if let Some(read) = arm.of_mut(&mut self.linkage) {
                *read = true;
            }
        }
        self
    }

    /// Whether an attribute is read.
    pub fn reads_attribute(&self, id: AttributeId) -> bool {
        id.of(&self.attributes) == Some(&true)
    }

    /// Whether the linkage of a relationship is read.
    pub fn reads_linkage(&self, id: RelationshipId) -> bool {
        id.of(&self.linkage) == Some(&true)
    }

    /// Whether two selections read the same of a resource, and nothing beside it.
    pub(crate) fn reads_just(&self, other: &Self) -> bool {
        let is_alone = |selection: &Self| selection.include.is_empty() && selection.counts.is_empty();
        self.resource.is(other.resource)
            && self.attributes == other.attributes
            && self.linkage == other.linkage
            && is_alone(self)
            && is_alone(other)
    }

    /// The relationships whose linkage is read.
    pub fn linkage_ids(&self) -> impl Iterator<Item = RelationshipId> {
        let ids = (0..).map(RelationshipId::at).zip(&self.linkage);
        ids.filter_map(|(id, read)| read.then_some(id))
    }

    /// Only the ids.
    pub fn identifiers(resource: &'static Description) -> Self {
        Self {
            resource,
            attributes: vec![false; resource.attributes.len()],
            linkage: vec![false; resource.relationships.len()],
            include: Vec::new(),
            counts: Vec::new(),
        }
    }

    /// Adds the linkage of every relationship.
    #[must_use]
    pub fn with_all_linkage(mut self) -> Self {
        self.linkage.fill(true);
        self
    }

    /// Sets the relationships whose related resources are included.
    #[must_use]
    pub fn including(mut self, include: Vec<Include>) -> Self {
        self.include = include;
        self
    }
}
