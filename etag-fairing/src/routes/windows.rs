//! What a document shows of what is included by windows.

use std::collections::HashMap;

use crate::document::write::ShownWindow;
use crate::plan::{Fetched, Place, SortKey};
use crate::query::{IncludeTree, PageRequest, Parameters, Query, place_of};
use crate::schema::{Corrupt, Description, ResourceId, Rows};

impl Query {
    /// The relationships that a document shows by windows. Paths begin at `resource`, and the primary data is of `root`.
    pub(super) fn shown_windows(
        &self,
        resource: &'static Description,
        root: &'static Description,
        parameters: &Parameters,
        fetched: &Fetched,
    ) -> Result<Vec<ShownWindow<'_>>, Corrupt> {
        let mut shown = Vec::new();
        collect(resource, self.include.as_deref().unwrap_or(&[]), parameters, &mut shown);
        for window in &mut shown {
            // Only cursors are made of places.
            if window.window.page.as_ref().is_some_and(PageRequest::is_by_cursor) {
                window.places = places(root, window.target, &window.window.sort, fetched)?;
            }
        }
        Ok(shown)
    }
}

fn collect<'q>(
    owner: &'static Description,
    tree: &'q [IncludeTree],
    parameters: &Parameters,
    shown: &mut Vec<ShownWindow<'q>>,
) {
    for include in tree {
        let Some(relationship) = owner.relationship_at(include.relationship) else { continue };
        let target = relationship.target();
        let is_known = shown.iter().any(|it| it.owner.is(owner) && it.relationship == include.relationship);
        if let Some(window) = include.window.as_deref().filter(|_| !is_known) {
            shown.push(ShownWindow {
                owner,
                relationship: include.relationship,
                target,
                window,
                parameters: window.at_the_relationship(parameters),
                places: HashMap::new(),
            });
        }
        collect(target, &include.children, parameters, shown);
    }
}

/// The places of all resources of a type that a document has.
fn places(
    root: &'static Description,
    target: &'static Description,
    sort: &[SortKey],
    fetched: &Fetched,
) -> Result<HashMap<ResourceId, Place>, Corrupt> {
    let mut places = HashMap::new();
    let mut add = |rows: &Rows| {
        for row in rows.iter() {
            let place = place_of(target, sort, row, |_| Err(Corrupt::new("a cursor over a path")))?;
            places.insert(row.resource_id()?, place);
        }
        Ok(())
    };
    if root.is(target) {
        add(&fetched.rows)?;
    }
    for included in fetched.included.iter().filter(|included| included.resource.is(target)) {
        add(&included.rows)?;
    }
    Ok(places)
}
