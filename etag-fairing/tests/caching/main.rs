//! What caches are told: `cache_control`, `vary`, `cache_groups` and `surrogate_keys`, on both databases.
#![cfg(feature = "sqlite")]

#[path = "../limits/databases.rs"]
#[allow(dead_code, reason = "made for other tests, too")]
mod databases;
mod keys;
mod policy;
#[path = "../support/mod.rs"]
mod support;
