//! The rules that every store must keep, kept by this one.

use etag_fairing::store::{Store, contract};
use memory_store::MemoryStore;

#[rocket::async_test]
async fn the_contract_as_a_whole() {
    contract::check(async || Box::new(MemoryStore::new()) as Box<dyn Store>).await;
}
