//! A storm of clients over one or more servers, and a judge that decides from the record alone whether an update
//! was lost.
//!
//! - [`node`] is the server under test; a process each ([`process`]) over one [`database`].
//! - [`storm`] runs many clients against them, [`rounds`] lets them all race for one tag, [`crashes`] kills what
//!   runs. Each request is written down as a [`record::Record`].
//! - [`transfers`] lets clients move amounts between accounts, two at a time, by one request of operations each.
//! - [`repeats`] lets them send each change more than once under one key, and lose answers; [`keyed`] says how.
//! - [`register`] says what a resource may do, [`checker`] whether the record is possible, [`lost`] counts.

pub mod checker;
pub mod cluster;
pub mod crashes;
pub mod database;
pub mod http;
pub mod keyed;
pub mod lost;
pub mod node;
pub mod process;
pub mod record;
pub mod register;
pub mod repeats;
pub mod report;
pub mod rounds;
pub mod storm;
pub mod transfers;
pub mod wire;
