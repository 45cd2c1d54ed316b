//! What is asked of a store and what it answers: plans, listings, changes, scopes and revisions.
//!
//! This room is pure: it knows what structs are ([`schema`](crate::schema)), and no store.

mod change;
mod evaluate;
mod fetched;
mod filter;
pub(crate) mod fold;
mod listing;
mod page;
mod revision;
mod scopes;
mod sort;
mod tables;
pub(crate) mod visit;

pub use change::{Change, LinkageChange};
pub use evaluate::{Records, matches, order, value_of};
pub use fetched::{Fetched, Included, Links};
pub use filter::{Comparison, Field, Filter, Member, Part, Relation};
pub use fold::fold_case;
pub use listing::Listing;
pub use page::{Page, Place};
pub use revision::Revision;
pub use scopes::{Scopes, Seen};
pub use sort::SortKey;

use crate::schema::{AttributeId, Description, RelationshipId, ResourceId};

/// What to read in one snapshot.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Plan {
    /// Where to begin.
    pub root: Root,
    /// What to read of each resource found there.
    pub selection: Selection,
    /// How many resources at most the included ones may be together; more are
    /// [`StoreError::TooManyIncluded`](crate::store::StoreError::TooManyIncluded).
    pub most_included: usize,
    /// How many bytes the document may take about, linkage and what is included as well; more are
    /// [`StoreError::DocumentTooLarge`](crate::store::StoreError::DocumentTooLarge). A store that can stops reading there.
    pub most_bytes: usize,
    /// Which rows are seen.
    pub scopes: Scopes,
}

impl Plan {
    /// A plan that includes nothing and sees everything.
    pub fn new(root: Root, selection: Selection) -> Self {
        Self { root, selection, most_included: 0, most_bytes: usize::MAX, scopes: Scopes::NONE }
    }

    /// The plan with at most so many included resources together.
    #[must_use]
    pub fn including_at_most(mut self, most: usize) -> Self {
        self.most_included = most;
        self
    }

    /// The plan of what these scopes let through.
    #[must_use]
    pub fn scoped(mut self, scopes: Scopes) -> Self {
        self.scopes = scopes;
        self
    }
}

/// Where a plan begins.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Root {
    /// One resource; at most one row.
    One(ResourceId),
    /// A collection; a page of rows.
    Collection(Listing),
    /// The resources at the other end of a relationship: at most one row for to-one, a page for to-many.
    /// The selection is of the target; [`Fetched::parent`] tells whether the owner exists.
    Related {
        /// The owner's resource.
        parent: &'static Description,
        /// The owner.
        id: ResourceId,
        /// The owner's relationship.
        relationship: RelationshipId,
        /// Which of them; for to-one, the filter alone counts.
        listing: Listing,
    },
}

/// What to read of each resource.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Selection {
    /// The resource.
    pub resource: &'static Description,
    /// Whether each attribute is read; one entry an attribute.
    pub attributes: Vec<bool>,
    /// Whether each relationship's linkage is read; one entry a relationship.
    pub linkage: Vec<bool>,
    /// The relationships whose resources are read too, each once.
    pub include: Vec<Include>,
}

/// A relationship whose resources are read along with their owners.
#[derive(Clone, Debug)]
pub struct Include {
    /// The relationship of the owner.
    pub relationship: RelationshipId,
    /// What to read of each resource at the other end. All selections of one resource in a plan read the same
    /// attributes and linkage, since a document has each resource once.
    pub selection: Selection,
}

impl Selection {
    /// All attributes, and the linkage that a document shows by itself: the representation at the resource's
    /// own URL, from which its state tag is made.
    pub fn whole(resource: &'static Description) -> Self {
        Self {
            resource,
            attributes: vec![true; resource.attributes.len()],
            linkage: resource.relationships.iter().map(|relationship| relationship.linkage).collect(),
            include: Vec::new(),
        }
    }

    /// The selection with one more attribute.
    #[must_use]
    pub fn with_attribute(mut self, id: AttributeId) -> Self {
        if let Some(read) = id.of_mut(&mut self.attributes) {
            *read = true;
        }
        self
    }

    /// The selection with the linkage of one more relationship.
    #[must_use]
    pub fn with_linkage(mut self, id: RelationshipId) -> Self {
        if let Some(read) = id.of_mut(&mut self.linkage) {
            *read = true;
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

    /// The relationships whose linkage is read.
    pub fn linkage_ids(&self) -> impl Iterator<Item = RelationshipId> {
        let ids = (0..).map(RelationshipId::at).zip(&self.linkage);
        ids.filter_map(|(id, read)| read.then_some(id))
    }

    /// Ids alone.
    pub fn identifiers(resource: &'static Description) -> Self {
        Self {
            resource,
            attributes: vec![false; resource.attributes.len()],
            linkage: vec![false; resource.relationships.len()],
            include: Vec::new(),
        }
    }

    /// The selection with the linkage of every relationship.
    #[must_use]
    pub fn with_all_linkage(mut self) -> Self {
        self.linkage.fill(true);
        self
    }

    /// The selection with these relationships' resources.
    #[must_use]
    pub fn including(mut self, include: Vec<Include>) -> Self {
        self.include = include;
        self
    }
}
