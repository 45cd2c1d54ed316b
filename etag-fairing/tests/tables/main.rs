//! Tables that other programs made: their foreign keys, rules, views and generated columns decide.
#![cfg(all(feature = "sqlite", feature = "postgres"))]

mod arrivals;
mod chance;
mod chinook;
mod composite;
mod constraints;
mod deletion;
mod migrations;
mod ordered;
mod releases;
#[path = "../support/mod.rs"]
mod support;
mod theirs;
mod written;
