//! The page that follows another one, in a list that is read by number.

use super::bytes::PlanBytes;
use super::{Field, Listing, Page, Place, Plan, Root, SortKey};

/// A page by number of a list whose places are known by its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumberedPage {
    /// How many rows lie before it.
    pub(crate) start: u64,
    /// How many rows lie before the page that follows.
    pub(crate) end: u64,
}

impl Plan {
    /// The plan's page; `None` if it isn't by number, or if the rows that are read don't have what the order goes by.
    pub(crate) fn numbered_page(&self) -> Option<NumberedPage> {
        let listing = self.numbered_listing()?;
        let Page::Offset { offset, limit } = listing.page else { return None };
        let is_read = |field| match field {
            Field::Id => true,
            Field::Attribute(id) => self.selection.reads_attribute(id),
            // Whether it is shown may depend on a scope.
            Field::ToOne(_) => false,
        };
        let is_known = listing.sort.iter().all(|key| key.member.path.is_empty() && is_read(key.member.field));
        (is_known && limit > 0).then_some(NumberedPage { start: offset, end: offset.checked_add(limit)? })
    }

    /// The same plan, of which the page begins behind this place.
    pub(crate) fn behind(&self, place: Place) -> Self {
        let mut plan = self.clone();
        if let Root::Collection(listing) | Root::Related { listing, .. } = &mut plan.root
            && let Page::Offset { limit, .. } = listing.page
        {
            listing.page = Page::Between { after: Some(place), before: None, limit };
        }
        plan
    }

    /// What decides which row is the first behind so many others, beside the [source](Self::source) and what is stored, as
    /// bytes: equal bytes for equal plans, and different ones for different plans.
    pub(crate) fn place_key(&self, rows_before: u64) -> Vec<u8> {
        let mut bytes = PlanBytes::default();
        bytes.bytes(&rows_before.to_be_bytes());
        if let Some(listing) = self.numbered_listing() {
            bytes.sort(&listing.sort);
        }
        bytes.bytes(&self.count_key());
        bytes.into_vec()
    }

    /// The order of the plan's list.
    pub(crate) fn sort(&self) -> &[SortKey] {
        self.numbered_listing().map_or(&[], |listing| &listing.sort)
    }

    fn numbered_listing(&self) -> Option<&Listing> {
        match &self.root {
            Root::One(_) => None,
            Root::Collection(listing) | Root::Related { listing, .. } => Some(listing),
        }
    }
}
