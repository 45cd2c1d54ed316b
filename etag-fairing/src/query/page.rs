//! `page[number]` and `page[size]` (JSON:API §8.4).

use super::{Parameters, href};
use crate::config::JsonApiConfig;
use crate::document::error::ErrorObject;
use crate::document::write::PageLinks;
use crate::store::{Fetched, Listing, Page};

/// A page by number and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageRequest {
    number: u64,
    size: u64,
    offset: u64,
}

#[derive(Debug, Default)]
pub(super) struct Builder {
    number: Option<u64>,
    size: Option<u64>,
}

impl Builder {
    pub(super) fn take(&mut self, name: &str, value: &str) -> Result<(), ErrorObject> {
        let place = match name {
            "page[number]" => &mut self.number,
            "page[size]" => &mut self.size,
            _ => return Err(ErrorObject::unknown_parameter("pages go by page[number] and page[size]")),
        };
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        *place = Some(
            value
                .parse()
                .ok()
                .filter(|number| digits && *number > 0)
                .ok_or_else(|| ErrorObject::invalid_page("must be a whole number from 1"))?,
        );
        Ok(())
    }

    pub(super) fn finish(self, config: &JsonApiConfig) -> Result<PageRequest, ErrorObject> {
        let (number, size) = (self.number.unwrap_or(1), self.size.unwrap_or(config.page_size.into()));
        if size > u64::from(config.max_page_size) {
            return Err(ErrorObject::page_too_large(format!("at most {}", config.max_page_size))
                .meta("page", serde_json::json!({"maxSize": config.max_page_size}))
                .parameter("page[size]"));
        }
        // Databases count in signed 64 bits.
        let offset = (number - 1).checked_mul(size).filter(|offset| i64::try_from(*offset).is_ok());
        match offset {
            Some(offset) => Ok(PageRequest { number, size, offset }),
            None => Err(ErrorObject::invalid_page("no collection is so long").parameter("page[number]")),
        }
    }
}

impl PageRequest {
    /// What to ask of the store.
    pub(crate) fn listing(&self, total: bool) -> Listing {
        Listing { page: Page::Offset { offset: self.offset, limit: self.size }, total, ..Listing::all() }
    }

    /// The links of the document: they keep all other parameters (JSON:API §8.4).
    pub(crate) fn links(&self, path: &str, parameters: &Parameters, fetched: &Fetched) -> PageLinks {
        let link =
            |number: u64| href(path, &parameters.with("page[number]", itoa::Buffer::new().format(number)));
        let last = fetched.total.map(|total| total.div_ceil(self.size).max(1));
        PageLinks {
            first: Some(link(1)),
            last: last.map(link),
            // From beyond the end, the page before is the last one that has something.
            prev: (self.number > 1)
                .then(|| link(last.map_or(self.number - 1, |last| last.min(self.number - 1)))),
            next: fetched.more.then(|| link(self.number + 1)),
        }
    }
}
