//! The memo: what it saves, and that it never answers with what no longer is.
#![cfg(feature = "sqlite")]

mod asked;
mod chance;
mod failing;
mod following;
mod holds;
mod newspaper;
#[cfg(feature = "postgres")]
mod postgres;
mod scopes;
mod stale;
mod totals;
