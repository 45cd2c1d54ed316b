//! Helpers for plans that all stores over SQL databases share.

use super::{
    edge::Edge,
    select::{Total, Window},
};
use crate::plan::{Fetched, Listing, Page, Plan, Root};
use crate::schema::{Description, Relationship, RelationshipId, Rows, ValueRef};
use crate::store::StoreError;

/// Whether one statement answers the plan. Then that statement alone sees one snapshot. `total` is whether the rows of a page
/// come with their total.
pub(crate) fn is_one_statement(plan: &Plan, total: Total) -> bool {
    let to_many = |owner: &Description, relationship: RelationshipId| {
        owner.relationship_at(relationship).is_none_or(Relationship::is_to_many)
    };
    let root = match &plan.root {
        Root::One(_) => true,
        Root::Collection(listing) => !listing.total || total == Total::Counted,
        Root::Related { parent, relationship, .. } => !to_many(parent, *relationship),
    };
    let selection = &plan.selection;
    root && selection.include.is_empty()
        && selection.counts.is_empty()
        && selection.linkage_ids().all(|relationship| !to_many(selection.resource, relationship))
}

/// The rows in reverse order.
pub(crate) fn reversed(rows: &Rows) -> Rows {
    let mut reversed = rows.emptied();
    for row in (0..rows.len()).rev().filter_map(|index| rows.get(index)) {
        reversed.push_row(row);
    }
    reversed
}

/// The edge of a to-many relationship.
pub(crate) fn edge(owner: &Description, relationship: RelationshipId) -> Result<Edge, StoreError> {
    let found = owner.relationship_at(relationship).map(|found| Edge::of(owner, found));
    match found {
        Some(Ok(Some(edge))) => Ok(edge),
        Some(Err(problem)) => Err(StoreError::Internal(problem)),
        Some(Ok(None)) | None => {
            Err(StoreError::Internal(format!("`{}` has no such to-many relationship", owner.rust_name)))
        }
    }
}

fn window(listing: &Listing) -> (u64, Option<u64>) {
    match listing.page {
        Page::All => (0, None),
        Page::Offset { offset, limit } => (offset, Some(limit)),
        Page::Between { limit, .. } => (0, Some(limit)),
    }
}

/// The page's window and one more row, which shows whether there is a next page.
pub(crate) fn with_next(listing: &Listing) -> Window {
    let (offset, limit) = window(listing);
    Window { offset, limit: limit.map_or(u64::MAX, |limit| limit.saturating_add(1)) }
}

/// The window's parameters: limit, offset.
pub(crate) fn bounds(window: Window) -> [ValueRef<'static>; 2] {
    let number = |number: u64| ValueRef::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    [number(window.limit), number(window.offset)]
}

/// Removes the row that shows that there is a next page, and sets `more`.
pub(crate) fn end_page(listing: &Listing, fetched: &mut Fetched) {
    let (_, limit) = window(listing);
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    fetched.more = fetched.rows.end_page(limit);
}
