//! Every rule of the contract.

use postgres_server::Database;

use super::open;
use crate::store::contract;

fn check(name: &str) {
    let rule = contract::rules().into_iter().find(|rule| rule.name == name).expect("a rule of this name");
    let Some(database) = Database::provide() else { return };
    // Many threads: several writers really are at work at once.
    let runtime = rocket::tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.expect("a runtime").block_on(rule.check(Box::new(open(&database))));
}

macro_rules! rules {
    ($($rule:ident)*) => {
        $(#[test] fn $rule() {
            check(stringify!($rule));
        })*

        #[test]
        fn no_rule_is_left_out() {
            let all: Vec<_> = contract::rules().iter().map(|rule| rule.name).collect();
            assert_eq!(all, [$(stringify!($rule)),*]);
        }
    };
}

rules! {
    preparing_twice_keeps_what_is_there
    a_resource_that_does_not_exist_is_no_row
    an_id_of_another_kind_is_no_row
    attributes_that_are_not_selected_are_null
    a_collection_is_in_ascending_order_of_ids
    pages_and_totals
    linkage_of_each_row_in_its_order
    a_related_resource
    related_resources_in_pages
    linkage_that_is_not_asked_for_is_not_read
    null_matches_no_comparison_and_its_opposite
    text_is_compared_by_code_points
    case_is_ignored_as_unicode_folds_it
    patterns_are_literal_but_for_their_signs
    any_filter_is_what_it_means
    nulls_come_last_in_both_directions
    any_order_is_walked_forward_and_backward
    related_resources_are_filtered_and_ordered
    a_related_resource_is_filtered
    an_offset_counts_rows_and_not_what_they_relate_to
    hostile_text_is_nothing_but_data
    what_is_included_stands_there_once
    a_resource_may_include_its_own_kind
    empty_relationships_include_nothing_and_drop_no_owner
    more_than_may_be_included_is_an_error
    any_includes_are_what_they_mean
    every_value_comes_back_as_it_was
    made_ids_ascend_and_are_never_used_twice
    a_given_id_is_taken_once
    a_missing_text_id_is_made
    an_update_changes_what_it_names
    what_is_not_there_cannot_be_changed
    a_deleted_resource_is_gone
    a_referent_that_must_be_there_cannot_be_deleted
    deleting_a_referent_empties_or_ends_the_reference
    deleting_a_referent_takes_along_what_goes_with_it
    a_value_that_must_be_there_cannot_be_null
    a_join_table_is_replaced_added_to_and_removed_from
    an_inverse_is_replaced_added_to_and_removed_from
    an_inverse_that_must_have_an_owner_is_not_let_go
    a_related_resource_that_does_not_exist_is_named
    a_resource_may_relate_to_itself
    a_change_that_fails_leaves_nothing_of_itself
    a_write_is_seen_by_itself_at_once_and_by_others_when_committed
    readers_do_not_wait_for_a_writer
    a_dropped_transaction_is_undone
    a_transaction_is_undone_when_its_future_is_dropped_anywhere
    a_snapshot_has_no_seam
    modify_gives_each_writer_the_last_ones_outcome
    brief_writes_give_each_writer_the_last_ones_outcome
    brief_writes_are_made_whole_or_not_at_all_whoever_ends_how
    a_brief_write_refuses_what_it_has_seen_only_once_that_is_permanent
    modify_leaves_nothing_of_a_refused_write
    exactly_one_of_many_deletes_finds_the_resource
    one_id_is_created_once
    a_revision_changes_with_every_change
    a_revision_stays_while_nothing_changes
    what_is_read_after_a_revision_is_at_least_as_new
    what_is_hidden_is_not_read
    no_linkage_leads_to_what_is_hidden
    no_path_goes_through_what_is_hidden
    a_scope_looks_at_all_that_is_stored
    what_is_hidden_cannot_be_changed
    what_is_hidden_cannot_be_related_to
    links_to_what_is_hidden_stay
    a_hidden_id_is_taken
    deleting_reaches_what_is_hidden
    what_a_scope_hides_is_as_if_it_had_never_been
    any_change_keeps_within_the_scopes
    a_new_resource_has_a_version
    a_version_rises_with_each_change_of_the_row
    only_the_store_says_what_a_version_is
    a_version_rises_with_the_linkage_that_shows
    a_version_rises_where_a_deletion_shows
    a_version_is_never_used_twice_for_one_id
    timestamps_rise_whatever_the_clock_says
    dates_of_the_last_change_differ_by_seconds
    a_change_of_another_version_is_not_made
    a_deletion_of_another_version_is_not_made
}

#[test]
fn nested_filters_add_up() {
    let Some(database) = Database::provide() else { return };
    rocket::async_test(async { contract::nested_filters_add_up(&open(&database)).await });
}
