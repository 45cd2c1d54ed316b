//! Times: what clients may write, what tables hold, and the one form in which all of them are compared.
//!
//! Between document and store a time is text of a fixed form ([`Canonical`]), so that the order of texts is the order
//! of times. Clients write RFC 3339, exactly ([`client`]). Tables that other programs write hold many forms, which
//! [`stored`] reads; [`StoredTime`] is one of them, in which values can be written back.

mod calendar;
pub(crate) mod client;
mod form;
mod scan;
pub(crate) mod stored;

pub(crate) use calendar::{Canonical, Moment};
pub use form::{StoredTime, Zone};
