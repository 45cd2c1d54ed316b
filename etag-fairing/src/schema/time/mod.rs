//! Times: the forms that clients may write, the forms that tables hold, and the canonical form in which all
//! of them are compared.
//!
//! Between documents and stores a time is text in a fixed form ([`Canonical`]), so that texts have the same
//! order as the times. Clients write RFC 3339 and nothing else ([`client`]). Other programs write many forms
//! to tables, and [`stored`] reads them. [`StoredTime`] is one of these forms; values can be written back in
//! it.

mod calendar;
pub(crate) mod client;
mod form;
mod scan;
pub(crate) mod stored;

pub(crate) use calendar::{Canonical, Moment};
pub use form::{StoredTime, Zone};
