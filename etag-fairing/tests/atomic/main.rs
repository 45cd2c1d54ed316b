//! Several changes in one request (https://jsonapi.org/ext/atomic), on both databases. The tests are named by the ids of the
//! extension's checklist.
#![cfg(feature = "sqlite")]

#[path = "../support/mod.rs"]
mod support;

mod a_negotiation;
mod application;
mod at_once;
mod b_document;
mod c_operations;
mod catalogue;
mod coverage;
mod d_local_ids;
mod e_processing;
mod each_place;
mod f_resources;
mod g_relationships;
mod h_choices;
mod i_preconditions;
mod j_repeats;
mod states;
mod world;
