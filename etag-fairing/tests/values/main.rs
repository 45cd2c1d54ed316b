//! Values in tables that other programs write: in every form that they may have there, over both databases.
#![cfg(feature = "sqlite")]

mod bytes;
mod cursors;
#[cfg(feature = "decimal")]
mod decimals;
mod durations;
mod enums;
mod folding;
mod lists;
mod numbers;
mod odd;
mod place;
mod spellings;
#[cfg(feature = "decimal")]
mod typed_lists;
mod uuids;

#[path = "../support/mod.rs"]
mod support;
