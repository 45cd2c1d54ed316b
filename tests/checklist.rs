//! The checklist of JSON:API 1.1, one test an id (`a1_…`), over HTTP against the running example.
//!
//! [`coverage`] holds the list of all ids and fails if one has no test. What a launch or a compiler has to refuse is
//! shown there: a launch in this process, a ui test of the derive.

mod support;

#[path = "checklist/a_negotiation.rs"]
mod a_negotiation;
#[path = "acceptance/api.rs"]
#[allow(dead_code, reason = "shared with the acceptance tests, which use all of it")]
mod api;
#[path = "checklist/attack.rs"]
mod attack;
#[path = "checklist/b_documents.rs"]
mod b_documents;
#[path = "checklist/c_fetching.rs"]
mod c_fetching;
#[path = "checklist/case.rs"]
mod case;
#[path = "checklist/coverage.rs"]
mod coverage;
#[path = "checklist/d_include.rs"]
mod d_include;
#[path = "checklist/e_fields.rs"]
mod e_fields;
#[path = "checklist/f_sort.rs"]
mod f_sort;
#[path = "checklist/fossasia.rs"]
mod fossasia;
#[path = "checklist/g_page.rs"]
mod g_page;
#[path = "checklist/h_filter.rs"]
mod h_filter;
#[path = "checklist/i_create.rs"]
mod i_create;
#[path = "checklist/injection.rs"]
mod injection;
#[path = "checklist/j_update.rs"]
mod j_update;
#[path = "checklist/k_relationships.rs"]
mod k_relationships;
#[path = "checklist/l_delete.rs"]
mod l_delete;
#[path = "checklist/launch.rs"]
mod launch;
#[path = "checklist/m_parameters.rs"]
mod m_parameters;
#[path = "checklist/n_errors.rs"]
mod n_errors;
#[path = "checklist/p_cursors.rs"]
mod p_cursors;
#[path = "checklist/r_catalogue.rs"]
mod r_catalogue;
#[path = "../examples/open-event/src/resources.rs"]
#[allow(dead_code, reason = "the example's own structs, of which a test needs the routes")]
mod resources;
#[path = "checklist/schema.rs"]
mod schema;
