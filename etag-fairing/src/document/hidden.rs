//! Linkage and members that a document must not show to its reader.

use std::sync::Arc;

use crate::plan::Selection;
use crate::schema::unreadable::Unreadable;
use crate::schema::{Description, Relationship, RelationshipId};

/// The resources that the caller may not list: no document says which of them another resource leads to.
///
/// A relationship to one of them has its links and no `data`, and costs nothing where there are none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hidden {
    resources: Option<Arc<[&'static Description]>>,
    /// The attributes and relationships that the caller may not read: no document has them.
    pub(crate) members: Unreadable,
}

impl Hidden {
    pub(crate) fn is_empty(&self) -> bool {
        self.resources.is_none() && self.members.is_empty()
    }

    /// Whether the representation of a resource without parameters lacks a member, or linkage.
    pub(crate) fn hides_part_of(&self, resource: &Description) -> bool {
        let shown = || resource.relationships.iter().filter(|relationship| relationship.linkage);
        let has_hidden_end = self.resources.is_some() && shown().any(|relationship| self.hides(relationship));
        has_hidden_end || self.members.iter().any(|(of, _)| of.is(resource))
    }

    /// Whether the other end of a relationship is among them.
    pub(crate) fn hides(&self, relationship: &Relationship) -> bool {
        match &self.resources {
            None => false,
            Some(hidden) => hidden.iter().any(|resource| resource.is(relationship.target())),
        }
    }

    /// Whether one of the ends of a relationship is among them. To show the linkage of a polymorphic relationship only
    /// where it leads elsewhere would tell that it leads there.
    pub(crate) fn hides_any(&self, resource: &Description, id: RelationshipId) -> bool {
        self.resources.is_some() && resource.arms(id).any(|(_, arm)| self.hides(arm))
    }

    /// These and one more.
    #[must_use]
    pub(crate) fn and(&self, resource: &'static Description) -> Self {
        let mut all: Vec<_> = self.iter().collect();
        if !all.iter().any(|known| known.is(resource)) {
            all.push(resource);
        }
        // The order in which they were found out says nothing.
        all.sort_by_key(|resource| (resource.type_name, resource.rust_name));
        Self { resources: Some(all.into()), members: self.members.clone() }
    }

    /// Leaves out of a selection the to-many linkage that would not be shown. (To-one linkage stands in the row.)
    pub(crate) fn leave_out(&self, selection: &mut Selection) {
        if self.is_empty() {
            return;
        }
        let resource = selection.resource;
        for ((id, relationship), wanted) in resource.relationships_by_id().zip(&mut selection.linkage) {
            let is_hidden = || self.hides(relationship) || self.members.has(resource, id);
            *wanted &= !relationship.is_to_many() || !is_hidden();
        }
        for include in &mut selection.include {
            self.leave_out(&mut include.selection);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static Description> + '_ {
        self.resources.iter().flat_map(|hidden| hidden.iter().copied())
    }
}
