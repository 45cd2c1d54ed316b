//! How much a query may ask for. A query above one of these limits is 400 `limit_exceeded`.
//!
//! A query string is the cheapest way to make a database work hard: each limit bounds what one request can cost
//! before its plan is made. The depth of `include`, the size of pages, and how many relationships filters and sort lead
//! over are configuration.

/// Parameters in one URL.
pub(crate) const MAX_PARAMETERS: usize = 256;

/// Bytes of one parameter's value, decoded.
pub(crate) const MAX_VALUE_BYTES: usize = 8 * 1024;

/// Relationships that one `include` may name; each is a statement of its own.
pub(crate) const MAX_INCLUDES: usize = 50;

/// Relationships that one `withCount` may name; each is a statement of its own.
pub(crate) const MAX_COUNTS: usize = 10;

/// Keys of one `sort`.
pub(crate) const MAX_SORT_KEYS: usize = 10;

/// Relationships in one path of `sort` or `filter`.
pub(crate) const MAX_PATH: usize = 5;

/// Names in a path inside of JSON.
pub(crate) const MAX_JSON_PATH: usize = 8;

/// How deep `and`, `or`, `not`, `any` and `has` may be nested.
pub(crate) const MAX_FILTER_DEPTH: usize = 5;

/// Comparisons, connectives and quantifiers in all filters of one URL together.
pub(crate) const MAX_FILTER_NODES: usize = 50;

/// Rows before a page. It is the highest whole number that all readers of JSON keep (RFC 8259 §6).
pub(crate) const MAX_OFFSET: u64 = (1 << 53) - 1;

/// Values in one list.
pub(crate) const MAX_FILTER_LIST: usize = 100;

/// Characters of a text that is searched for in other texts. At worst the search takes as many steps as both lengths
/// multiplied.
pub(crate) const MAX_TEXT_LENGTH: usize = 512;

/// Positions in a pattern that match any text.
pub(crate) const MAX_WILDCARDS: usize = 8;
