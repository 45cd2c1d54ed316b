//! The shop, running, seen from outside: a test for each thing that it shows. With its resources in SQLite.

#[path = "../../../tests/support/mod.rs"]
mod support;

#[path = "shop/mod.rs"]
mod shop;
