//! The rules that every store must keep, kept by this one.

use memory_store::MemoryStore;

etag_fairing_contract::tests! { |rule| rule.test(async || MemoryStore::new()) }
