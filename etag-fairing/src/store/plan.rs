//! What to read, what was read, and what to change.

use super::{listing::Listing, scopes::Scopes};
use crate::resource::{Description, ResourceId, Rows, Value};

/// What to read in one snapshot.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where to begin.
    pub root: Root,
    /// What to read of each resource found there.
    pub selection: Selection,
    /// How many resources at most the included ones may be together; more are
    /// [`StoreError::TooManyIncluded`](super::StoreError::TooManyIncluded).
    pub most_included: usize,
    /// How many bytes the document may take about, linkage and what is included as well; more are
    /// [`StoreError::DocumentTooLarge`](super::StoreError::DocumentTooLarge). A store that can stops reading there.
    pub most_bytes: usize,
    /// Which rows are seen.
    pub scopes: Scopes,
}

impl Plan {
    /// A plan that includes nothing and sees everything.
    pub fn new(root: Root, selection: Selection) -> Self {
        Self { root, selection, most_included: 0, most_bytes: usize::MAX, scopes: Scopes::NONE }
    }
}

/// Where a plan begins.
#[derive(Clone, Debug)]
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
        /// The place in [`Description::relationships`].
        relationship: usize,
        /// Which of them; for to-one, the filter alone counts.
        listing: Listing,
    },
}

/// What to read of each resource.
#[derive(Clone, Debug)]
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
    /// The place in [`Description::relationships`] of the owner.
    pub relationship: usize,
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

    /// Ids alone.
    pub fn identifiers(resource: &'static Description) -> Self {
        Self {
            resource,
            attributes: vec![false; resource.attributes.len()],
            linkage: vec![false; resource.relationships.len()],
            include: Vec::new(),
        }
    }
}

/// The answer to a [`Plan`].
#[derive(Clone, Debug, Default)]
pub struct Fetched {
    /// Whether the owner of a [`Root::Related`] exists; true for every other root.
    pub parent: bool,
    /// The rows of the root, in the listing's order.
    pub rows: Rows,
    /// The number of all rows, where it was asked for.
    pub total: Option<u64>,
    /// Whether there are rows beyond the page, in the direction in which it was read.
    pub more: bool,
    /// To-many linkage, one entry a relationship: `None` where it wasn't asked for, or is to-one and stands in
    /// the row.
    pub links: Vec<Option<Links>>,
    /// The included resources: one entry a resource type, in the order in which the plan comes to it, level by
    /// level: first what is included of the root, then what is included of that.
    pub included: Vec<Included>,
}

/// The included resources of one type: each once, and none that stands among the root's rows.
#[derive(Clone, Debug)]
pub struct Included {
    /// The resource.
    pub resource: &'static Description,
    /// The rows; those of an earlier include first, each include's in ascending order of ids.
    pub rows: Rows,
    /// To-many linkage, as in [`Fetched::links`].
    pub links: Vec<Option<Links>>,
}

/// The to-many linkage of one relationship, for each row in turn.
#[derive(Clone, Debug, Default)]
pub struct Links {
    ends: Vec<usize>,
    ids: Vec<ResourceId>,
}

impl Links {
    /// Adds an id to the linkage of the row that is being built.
    pub fn push(&mut self, id: ResourceId) {
        self.ids.push(id);
    }

    /// Ends the row that is being built.
    pub fn end_row(&mut self) {
        self.ends.push(self.ids.len());
    }

    /// All ids.
    #[cfg(feature = "sqlite")]
    pub(crate) fn ids_mut(&mut self) -> impl Iterator<Item = &mut ResourceId> {
        self.ids.iter_mut()
    }

    /// The ids of one row, ascending.
    pub fn of(&self, row: usize) -> &[ResourceId] {
        let start = match row.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before).copied().unwrap_or(self.ids.len()),
        };
        let end = self.ends.get(row).copied().unwrap_or(start);
        self.ids.get(start..end).unwrap_or(&[])
    }
}

/// One change to one resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A new resource.
    Insert {
        /// The resource.
        resource: &'static Description,
        /// Its id, unless the store makes it.
        id: Option<ResourceId>,
        /// One value an attribute.
        attributes: Vec<Value>,
        /// One entry a relationship; `None` for no related resource.
        linkage: Vec<Option<LinkageChange>>,
    },
    /// New values for some members of a resource.
    Update {
        /// The resource.
        resource: &'static Description,
        /// Which one.
        id: ResourceId,
        /// One entry an attribute; `None` keeps it.
        attributes: Vec<Option<Value>>,
        /// One entry a relationship; `None` keeps it.
        linkage: Vec<Option<LinkageChange>>,
    },
    /// The end of a resource.
    Delete {
        /// The resource.
        resource: &'static Description,
        /// Which one.
        id: ResourceId,
    },
}

/// A change of one relationship's linkage.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkageChange {
    /// To-one: this one, or none.
    One(Option<ResourceId>),
    /// To-many: exactly these.
    Replace(Vec<ResourceId>),
    /// To-many: these too.
    Add(Vec<ResourceId>),
    /// To-many: these no longer.
    Remove(Vec<ResourceId>),
}

impl PartialEq for Description {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}
