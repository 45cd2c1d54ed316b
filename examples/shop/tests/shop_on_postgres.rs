//! The same tests with the shop's resources in PostgreSQL: nothing but the URL of the database is another one.

#[path = "../../../tests/support/mod.rs"]
mod support;

#[path = "shop/mod.rs"]
mod shop;
