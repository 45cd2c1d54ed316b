//! `page[…]` (JSON:API §7.6): three strategies, one a request.
//!
//! - `page[number]`, `page[size]`: pages counted from 1; also where nothing is said.
//! - `page[offset]`, `page[limit]`: rows counted from 0.
//! - `page[after]` or `page[before]`, with `page[size]`: the cursor pagination profile
//!   (<https://jsonapi.org/profiles/ethanresnick/cursor-pagination/>); also where a client that says nothing but
//!   `page[size]` asks for the profile in `Accept`. Ranges (`after` and `before` together) are refused, as the
//!   profile allows.
//!
//! `page[totals]` goes with each of them.

use super::limits::MAX_OFFSET;
use super::{DefaultOrder, cursor};
use crate::config::JsonApiConfig;
use crate::error::ErrorObject;
use crate::negotiate::CURSOR_PAGINATION;
use crate::plan::{Page, Place, SortKey};
use crate::schema::Description;

/// `links.type` of the profile's errors.
pub(super) fn profile_error(name: &str) -> String {
    format!("{CURSOR_PAGINATION}/{name}")
}

/// A page that a client asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PageRequest {
    /// How it says which.
    pub(crate) strategy: Strategy,
    /// Whether to count all resources.
    pub(crate) total: bool,
}

/// How a client says which page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Strategy {
    /// The page of this number, counted from 1.
    Number { number: u64, size: u64, offset: u64 },
    /// So many rows from this one, counted from 0.
    Offset { offset: u64, limit: u64 },
    /// So many rows behind or before a place.
    Cursor { side: CursorSide, size: u64 },
}

/// Where a page by cursor is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CursorSide {
    /// At the beginning.
    Start,
    /// Right behind a place.
    After(Place),
    /// Right before a place.
    Before(Place),
}

#[derive(Debug, Default)]
pub(super) struct PageBuilder {
    number: Option<u64>,
    size: Option<u64>,
    offset: Option<u64>,
    limit: Option<u64>,
    after: Option<String>,
    before: Option<String>,
    totals: Option<bool>,
    asked_for: bool,
    /// The path in the brackets before the key, for a page of what is included.
    include: Option<String>,
    /// For each strategy (number, offset, cursor) whether a parameter that was taken rules it out.
    ruled_out: [bool; 3],
    failed: bool,
}

impl PageBuilder {
    /// For the page of what is included by this path.
    pub(super) fn of_include(path: &str) -> Self {
        Self { include: Some(path.into()), ..Self::default() }
    }

    /// The name of a parameter.
    fn name(&self, key: &str) -> String {
        match &self.include {
            Some(path) => format!("page[{path}][{key}]"),
            None => format!("page[{key}]"),
        }
    }

    /// The name of the parameter with the order.
    fn sort_name(&self) -> String {
        self.include.as_ref().map_or_else(|| "sort".into(), |path| format!("sort[{path}]"))
    }

    /// Takes one parameter; `key` is what its brackets hold.
    pub(super) fn take(&mut self, key: &str, value: &str) -> Result<(), ErrorObject> {
        let taken = self.read(key, value);
        self.asked_for = true;
        self.failed |= taken.is_err();
        taken
    }

    fn read(&mut self, key: &str, value: &str) -> Result<(), ErrorObject> {
        let fits = match key {
            "number" => [true, false, false],
            "size" => [true, false, true],
            "offset" | "limit" => [false, true, false],
            "after" | "before" => [false, false, true],
            "totals" => [true; 3],
            _ => {
                return Err(ErrorObject::unknown_parameter(
                    "pages go by number and size, by offset and limit, or by after or before and size",
                ));
            }
        };
        let left = self.ruled_out.iter().zip(fits).map(|(out, fits)| *out || !fits).collect::<Vec<_>>();
        if left.iter().all(|out| *out) {
            return Err(ErrorObject::invalid_page(
                "does not go with the others: pages go by number and size, by offset and limit, or by after or \
                 before and size",
            ));
        }
        for (out, now) in self.ruled_out.iter_mut().zip(left) {
            *out = now;
        }
        match key {
            "number" => self.number = Some(whole(value, 1)?),
            "size" => self.size = Some(whole(value, 1)?),
            "offset" => self.offset = Some(whole(value, 0)?),
            "limit" => self.limit = Some(whole(value, 1)?),
            "after" => self.after = Some(value.into()),
            "before" => self.before = Some(value.into()),
            _ => {
                self.totals = Some(match value {
                    "" | "true" => true,
                    "false" => false,
                    _ => return Err(ErrorObject::invalid_page("must be true or false")),
                });
            }
        }
        Ok(())
    }

    /// Whether there was any parameter of the family.
    pub(super) fn is_asked_for(&self) -> bool {
        self.asked_for
    }

    /// Whether the page goes by cursor, so that the profile's errors apply.
    pub(super) fn by_cursor(&self, profile: bool) -> bool {
        let by_others = self.number.is_some() || self.offset.is_some() || self.limit.is_some();
        self.after.is_some() || self.before.is_some() || (profile && !by_others)
    }

    /// The page, unless a parameter was refused before.
    ///
    /// `sort` is `None` where it was refused: cursors mean nothing then.
    pub(super) fn finish(
        self,
        resource: &'static Description,
        sort: Option<&[SortKey]>,
        order: DefaultOrder,
        profile: bool,
        config: &JsonApiConfig,
    ) -> Result<Option<PageRequest>, ErrorObject> {
        if self.failed {
            return Ok(None);
        }
        let by_cursor = self.by_cursor(profile);
        let maximum = u64::from(config.max_page_size);
        let (size, size_name) = match self.limit {
            Some(limit) => (limit, "limit"),
            None => (self.size.unwrap_or(config.page_size.into()), "size"),
        };
        if size > maximum {
            let mut error = ErrorObject::page_too_large(format!("at most {maximum}"))
                .meta("page", serde_json::json!({"maxSize": maximum}))
                .parameter(self.name(size_name));
            if by_cursor {
                error = error.type_link(profile_error("max-size-exceeded"));
            }
            return Err(error);
        }
        let strategy = if by_cursor {
            let Some(sort) = sort else { return Ok(None) };
            // A cursor holds the values by which its row is sorted, so that they must stand in the row itself.
            if sort.iter().any(|key| !key.member.path.is_empty()) {
                return Err(ErrorObject::invalid_sort("pages by cursor are not sorted by paths here")
                    .type_link(profile_error("unsupported-sort"))
                    .parameter(self.sort_name()));
            }
            let place = |token: &str, name: &str| {
                cursor::decode(token, resource, sort, order)
                    .map_err(|detail| ErrorObject::invalid_page(detail).parameter(name))
            };
            let side = match (&self.after, &self.before) {
                (Some(_), Some(_)) => {
                    return Err(ErrorObject::invalid_page(
                        "page[after] and page[before] don't go together here",
                    )
                    .type_link(profile_error("range-pagination-not-supported"))
                    .parameter("page[before]"));
                }
                (Some(token), None) => CursorSide::After(place(token, "page[after]")?),
                (None, Some(token)) => CursorSide::Before(place(token, "page[before]")?),
                (None, None) => CursorSide::Start,
            };
            Strategy::Cursor { side, size }
        } else if self.offset.is_some() || self.limit.is_some() {
            let offset = self.offset.unwrap_or(0);
            if offset > MAX_OFFSET {
                return Err(too_long().parameter(self.name("offset")));
            }
            Strategy::Offset { offset, limit: size }
        } else {
            let number = self.number.unwrap_or(1);
            // One limit for pages of every size, so that a description of the parameter can have it.
            if number > highest_number(config) {
                return Err(too_long().parameter(self.name("number")));
            }
            Strategy::Number { number, size, offset: number.saturating_sub(1).saturating_mul(size) }
        };
        Ok(Some(PageRequest { strategy, total: self.totals.unwrap_or(config.totals) }))
    }
}

/// Digits alone: no sign, no space, no fraction.
fn whole(value: &str, least: u64) -> Result<u64, ErrorObject> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    value
        .parse()
        .ok()
        .filter(|number| digits && *number >= least)
        .ok_or_else(|| ErrorObject::invalid_page(format!("must be a whole number from {least}")))
}

fn too_long() -> ErrorObject {
    ErrorObject::invalid_page("no collection is so long")
}

/// The highest `page[number]`.
pub(crate) fn highest_number(config: &JsonApiConfig) -> u64 {
    MAX_OFFSET / u64::from(config.max_page_size).max(1)
}

impl PageRequest {
    /// Whether its links are cursors.
    pub(crate) fn is_by_cursor(&self) -> bool {
        matches!(self.strategy, Strategy::Cursor { .. })
    }

    /// What to ask of the store.
    pub(crate) fn rows(&self) -> Page {
        match &self.strategy {
            Strategy::Number { size, offset, .. } => Page::Offset { offset: *offset, limit: *size },
            Strategy::Offset { offset, limit } => Page::Offset { offset: *offset, limit: *limit },
            Strategy::Cursor { side, size } => {
                let (after, before) = match side {
                    CursorSide::Start => (None, None),
                    CursorSide::After(place) => (Some(place.clone()), None),
                    CursorSide::Before(place) => (None, Some(place.clone())),
                };
                Page::Between { after, before, limit: *size }
            }
        }
    }
}
