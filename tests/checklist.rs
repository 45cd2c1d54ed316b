//! The checklist of JSON:API 1.1, one test an id (`a1_…`), over HTTP against the running example.
//!
//! [`coverage`] holds the list of all ids and fails if one has no test. What a launch or a compiler has to refuse is
//! shown there: a launch in this process, a ui test of the derive.

mod support;

#[path = "acceptance/api.rs"]
#[allow(dead_code, reason = "shared with the acceptance tests, which use all of it")]
mod api;
#[path = "checklist/schema.rs"]
mod schema;
