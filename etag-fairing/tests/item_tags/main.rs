//! Entity tags of the resources in a document, in `meta.etag`: by the profile in `Accept`, and by `etag(items)`; on both
//! databases. Each must be the `ETag` that the resource has at its own URL for the same caller.
#![cfg(feature = "sqlite")]

#[path = "../support/mod.rs"]
mod support;

mod agreement;
mod declared;
mod memo;
mod negotiation;
mod operations;
mod world;
mod writes;
