//! Pages by number that follow a page that was read before.
//!
//! What is shown is the same as if the rows before had been skipped. A remembered place is that of its revision; if that is
//! the current revision before the rows are read and after it, they are the rows of that page. If not, they are read again,
//! by number.

use std::ptr;

use super::cached_read::{revision, rows};
use super::call::Call;
use super::subject::Subject;
use crate::error::Errors;
use crate::memo::{ListRef, Memo};
use crate::plan::{Fetched, Place, Plan, Revision};
use crate::query::place_of;
use crate::schema::Corrupt;

/// How many rows must lie before a page for it to matter how they are skipped.
const FAR: u64 = 1_000;

/// Whether the end of the plan's page is of use for others, or its beginning may be known.
pub(super) fn is_far(plan: &Plan) -> bool {
    plan.numbered_page().is_some_and(|page| page.end >= FAR)
}

/// The rows of a page that is far in. `known` are tables and their revision: those on which it depends which rows the list
/// has, and in what order.
pub(super) async fn far_rows(
    call: &Call<'_>,
    subject: &Subject<'_>,
    memo: &Memo,
    plan: &Plan,
    (tables, current): (&[&'static str], Revision),
) -> Result<Fetched, Errors> {
    let Some(page) = plan.numbered_page() else { return rows(call, subject, plan).await };
    let (resource, relationship) = plan.source();
    let source = (ptr::from_ref(resource) as usize, relationship);
    let base = call.request.route().map_or("", |route| route.uri.base());
    // Revisions of other tables are other numbers, and may be equal by chance.
    let key = |rows_before| {
        let mut key = plan.place_key(rows_before);
        for table in tables {
            key.push(0);
            key.extend_from_slice(table.as_bytes());
        }
        key
    };
    let begin = key(page.start);
    let place = memo.page_ends().find(&ListRef { source, base, key: &begin }, current);
    let fetched = match place {
        None => rows(call, subject, plan).await?,
        Some(place) => match rows(call, subject, &plan.behind(place)).await {
            Ok(fetched) if matches!(revision(call, tables).await, Ok(Some(now)) if now == current) => fetched,
            // Who has waited in vain would wait as long once more.
            Err(errors) if errors.status().code > 500 => return Err(errors),
            // By number nothing depends on what was remembered.
            Ok(_) | Err(_) => return rows(call, subject, plan).await,
        },
    };
    if fetched.more
        && let Ok(Some(place)) = end_of(plan, &fetched)
    {
        let end = key(page.end);
        memo.page_ends().remember(&ListRef { source, base, key: &end }, current, place);
    }
    Ok(fetched)
}

/// Where a page ends; `None` if its order is that of positions, or if it has no rows.
fn end_of(plan: &Plan, fetched: &Fetched) -> Result<Option<Place>, Corrupt> {
    let last = fetched.rows.len().checked_sub(1).and_then(|last| fetched.rows.get(last));
    let (Some(row), true) = (last, fetched.positions.is_empty()) else { return Ok(None) };
    let far = |_: &_| Err(Corrupt::new("a place over a path"));
    place_of(plan.selection.resource, plan.sort(), row, far).map(Some)
}
