//! A store of one's own: resources in memory.
//!
//! A [`Store`] answers plans, each from one snapshot, and opens transactions. Here the whole state is one value
//! behind an [`Arc`](std::sync::Arc): a snapshot is a clone of the `Arc`, a transaction works on a copy of the
//! state and a commit puts the copy in its place. Readers never wait. That is all there is to the two promises:
//!
//! - *not one lost update*: there is one transaction at a time, and it sees the state that it will replace;
//! - *all or nothing*: a transaction that is dropped leaves no trace, since nobody has seen its copy.
//!
//! Copying the state for each write suits some thousand resources. For more, keep the design and take a
//! persistent map.
//!
//! - [`store`]: the traits' methods.
//! - [`state`]: tables, join tables, and changes to them.
//! - [`versions`]: versions, which the store keeps.
//! - [`answer`]: plans answered from a state.
//!
//! `tests/contract.rs` runs the rules that every store must keep.
//!
//! [`Store`]: etag_fairing::store::Store

pub mod answer;
pub mod state;
pub mod store;
pub mod versions;

pub use store::MemoryStore;
