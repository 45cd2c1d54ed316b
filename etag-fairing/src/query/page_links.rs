//! The links of a page (JSON:API §7.6).

use super::cursor;
use super::page::{CursorSide, PageRequest, Strategy};
use super::{Parameters, href};
use crate::plan::{Place, SortKey};
use crate::schema::Description;

/// The links of a page; `None` where there is no such page, or where it is not known.
#[derive(Debug, Default)]
pub(crate) struct PageLinks {
    pub(crate) first: Option<String>,
    pub(crate) last: Option<String>,
    pub(crate) prev: Option<String>,
    pub(crate) next: Option<String>,
}

/// What the store found for a page. The page's links depend on it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extent<'a> {
    /// The number of all resources, where it was counted.
    pub(crate) total: Option<u64>,
    /// Whether there are rows beyond the page in the direction in which it was read: after it, or, for `page[before]`,
    /// before it.
    pub(crate) more: bool,
    /// The cursors' contents for the first and the last row of the page, if it has rows. Pages by cursor need them.
    pub(crate) ends: Option<(&'a Place, &'a Place)>,
}

impl PageRequest {
    /// The links of the page. They keep all other parameters, so that the next page is filtered and sorted as this one.
    ///
    /// `resource` and `sort` are those of the query.
    pub(crate) fn links(
        &self,
        path: &str,
        parameters: &Parameters,
        resource: &'static Description,
        sort: &[SortKey],
        extent: &Extent<'_>,
    ) -> PageLinks {
        let link =
            |name: &str, value: u64| href(path, &parameters.with(name, itoa::Buffer::new().format(value)));
        match &self.strategy {
            Strategy::Number { number, size, .. } => {
                let last = extent.total.map(|total| total.div_ceil((*size).max(1)).max(1));
                // Of a page beyond the end, the previous page is the last one that has rows.
                let previous = last.unwrap_or(u64::MAX).min(number.saturating_sub(1));
                PageLinks {
                    first: Some(link("page[number]", 1)),
                    last: last.map(|last| link("page[number]", last)),
                    prev: (*number > 1).then(|| link("page[number]", previous)),
                    next: extent.more.then(|| link("page[number]", number.saturating_add(1))),
                }
            }
            Strategy::Offset { offset, limit } => {
                let limit = (*limit).max(1);
                // The last page is so many whole limits away from this one, which need not begin at a multiple of the limit.
                let phase = offset % limit;
                let last = extent.total.map(|total| match total.saturating_sub(1).checked_sub(phase) {
                    Some(behind) => phase + behind / limit * limit,
                    None => 0,
                });
                let previous = last.unwrap_or(u64::MAX).min(offset.saturating_sub(limit));
                // Near the start there may be fewer rows before this page than a page has. The previous page then has only these.
                let fewer = offset - previous;
                let prev = if fewer < limit {
                    let fewer = parameters.with("page[limit]", itoa::Buffer::new().format(fewer));
                    href(path, &fewer.with("page[offset]", itoa::Buffer::new().format(previous)))
                } else {
                    link("page[offset]", previous)
                };
                PageLinks {
                    first: Some(link("page[offset]", 0)),
                    last: last.map(|last| link("page[offset]", last)),
                    prev: (*offset > 0).then_some(prev),
                    next: extent.more.then(|| link("page[offset]", offset.saturating_add(limit))),
                }
            }
            Strategy::Cursor { side, .. } => {
                let start = parameters.without(&["page[after]", "page[before]"]);
                let at = |name: &str, place: &Place| {
                    href(path, &start.with(name, &cursor::encode(resource, sort, place)))
                };
                let before = |place: &Place| at("page[before]", place);
                let after = |place: &Place| at("page[after]", place);
                // The profile's "Pagination Links": `prev` and `next` are null where it is known that there are no rows.
                // With `page[after]` it is not looked up whether there are rows before the page (nor, with
                // `page[before]`, behind it), so that this link may lead to an empty page.
                let (prev, next) = match (side, extent.ends) {
                    (CursorSide::Start, ends) => {
                        (None, ends.filter(|_| extent.more).map(|(_, last)| after(last)))
                    }
                    (CursorSide::After(_), Some((first, last))) => {
                        (Some(before(first)), extent.more.then(|| after(last)))
                    }
                    (CursorSide::Before(_), Some((first, last))) => {
                        (extent.more.then(|| before(first)), Some(after(last)))
                    }
                    (CursorSide::After(place), None) => (Some(before(place)), None),
                    (CursorSide::Before(place), None) => (None, Some(after(place))),
                };
                PageLinks { first: Some(href(path, &start)), last: None, prev, next }
            }
        }
    }
}
