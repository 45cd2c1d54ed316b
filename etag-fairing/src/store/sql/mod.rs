//! SQL text for stores over SQL databases.
//!
//! `sea-query` builds the text: names are quoted, and values are parameters, never text. A statement with a
//! fixed shape is built once for each connection ([`cache`]), and its comment lists its parameters in order.
//! A statement that depends on a client's filter and sort is built each time, as a [`Statement`] with its
//! values. A [`Dialect`] has the differences between databases.

pub(crate) mod abilities;
pub(in crate::store) mod answers;
pub(crate) mod arrival;
pub(crate) mod bound_query;
pub(crate) mod cache;
pub(crate) mod cell;
pub(crate) mod change;
mod count;
pub(in crate::store) mod definitions;
pub(crate) mod delete;
pub(crate) mod dependents;
mod dialect;
pub(crate) mod difference;
pub(crate) mod document;
pub(crate) mod edge;
mod filter;
#[cfg_attr(not(feature = "sqlite"), allow(dead_code, reason = "only SQLite's columns have many forms"))]
pub(crate) mod forms;
pub(crate) mod ids;
pub(crate) mod include;
pub(in crate::store) mod index_advice;
#[cfg(test)]
pub(in crate::store) mod indexed;
pub(crate) mod insert;
pub(in crate::store) mod lanes;
pub(crate) mod link;
pub(crate) mod linkage_read;
pub(crate) mod linkage_write;
pub(crate) mod listing;
#[cfg(feature = "postgres")]
pub(crate) mod lock;
pub(crate) mod managed;
pub(in crate::store) mod missing;
mod one_of;
mod order;
pub(crate) mod parameter;
mod pattern;
mod placed;
pub(crate) mod plan;
mod positions;
pub(in crate::store) mod prepare;
pub(crate) mod read;
pub(crate) mod referrer;
pub(crate) mod related;
#[cfg(feature = "postgres")]
pub(crate) mod returning;
pub(crate) mod room;
pub(crate) mod schema;
mod scope;
pub(crate) mod select;
pub(crate) mod session;
#[cfg_attr(not(feature = "sqlite"), allow(dead_code, reason = "only SQLite's columns have many spellings"))]
pub(crate) mod spelling;
mod statement;
pub(crate) mod statement_watch;
#[cfg(feature = "postgres")]
pub(crate) mod together;
#[cfg(feature = "postgres")]
pub(in crate::store) mod trigrams;
pub(crate) mod versions;
pub(crate) mod visible;
mod visit;
pub(crate) mod window;
pub(crate) mod write;

pub(crate) use dialect::{Dialect, Listed, Need};
pub(crate) use pattern::{Case, Pattern};
pub(crate) use statement::{Statement, operator, value};
use statement::{column, id_column, id_value, parameter};
