//! Times: what clients may write, what tables of other programs hold, and how both are compared.
#![cfg(feature = "sqlite")]

#[path = "../support/mod.rs"]
mod support;

mod clients;
mod tables;
