//! Relationships whose related resources are included by a window: their linkage is the window.
//!
//! Each included resource is linked (JSON:API §6.4), and the pagination links in the relationship object are those of
//! the linkage (JSON:API §6.2.2.2), which go on at the relationship's own URL.

use std::collections::HashMap;

use super::linkage::write_identifier;
use super::links::write_page_links;
use crate::plan::{Counts, Links, Place, Window, Windows};
use crate::query::{Extent, IncludeWindow, Parameters};
use crate::schema::{Description, RelationshipId, ResourceId};

/// A relationship that a document shows by a window.
#[derive(Debug)]
pub(crate) struct ShownWindow<'q> {
    pub(crate) owner: &'static Description,
    pub(crate) relationship: RelationshipId,
    pub(crate) target: &'static Description,
    pub(crate) window: &'q IncludeWindow,
    /// What asks for the same at the relationship's own URL.
    pub(crate) parameters: Parameters,
    /// The places of the included resources, for cursors.
    pub(crate) places: HashMap<ResourceId, Place>,
}

/// To-many linkage that was read, one entry for each row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadLinkage<'f> {
    pub(crate) links: &'f [Option<Links>],
    pub(crate) windows: &'f [Windows],
    /// How many there are, where that was asked for.
    pub(crate) counts: &'f Counts,
}

impl<'f> ReadLinkage<'f> {
    pub(super) fn window(self, relationship: RelationshipId, row: usize) -> Option<&'f Window> {
        self.windows.iter().find(|windows| windows.relationship() == relationship)?.of(row)
    }
}

impl ShownWindow<'_> {
    /// The links to the pages of the relationship with this URL, after others.
    pub(super) fn write_links(&self, href: &str, read: &Window, out: &mut Vec<u8>) {
        let Some(page) = &self.window.page else { return };
        let place = |id: Option<&ResourceId>| id.and_then(|id| self.places.get(id));
        let extent = Extent {
            total: read.total,
            more: read.more,
            ends: place(read.ids.first()).zip(place(read.ids.last())),
        };
        write_page_links(&page.links(href, &self.parameters, self.target, &self.window.sort, &extent), out);
    }

    /// The linkage and its count, as members that follow others. `counted` is how many related resources there are beside
    /// the window, if that was asked for; the number that belongs to the pages wins.
    pub(super) fn write_data(&self, read: &Window, counted: Option<u64>, out: &mut Vec<u8>) {
        out.extend_from_slice(br#","data":["#);
        for (position, id) in read.ids.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            write_identifier(self.target.type_name, id, out);
        }
        out.push(b']');
        if let Some(count) = read.total.or(counted) {
            write_count(count, out);
        }
    }
}

/// How many resources a relationship leads to, as a member that follows others.
pub(super) fn write_count(count: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(br#","meta":{"count":"#);
    out.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
    out.push(b'}');
}
