#![doc = include_str!("../README.md")]

mod answers;
mod arrivals;
mod at_once;
mod changes;
mod composite_keys;
mod composite_links;
mod counts;
mod filters;
mod folders;
mod hostile_text;
mod includes;
mod kinds;
mod listings;
mod many_of;
mod model;
mod nested;
mod ordered;
mod polymorphic;
mod random;
mod reading;
mod relationships;
mod resources;
mod revisions;
mod rule;
mod scoped_changes;
mod scopes;
mod soft_deletion;
mod steps;
mod transactions;
mod versions;

use etag_fairing::{resource::Description, store::Store};

pub use rule::{BrokenRule, Rule};

/// Checks every rule, each on a new, empty store.
///
/// # Panics
/// If the store breaks rules; the message names each of them and says what happened.
pub async fn check<S: Store>(make_store: impl AsyncFn() -> S) {
    let mut broken = Vec::new();
    for rule in rules() {
        if let Err(error) = rule.check(make_store().await).await {
            broken.push(error.to_string());
        }
    }
    let number = broken.len();
    assert!(
        broken.is_empty(),
        "the store breaks {number} of {} rules:\n{}",
        rules().len(),
        broken.join("\n")
    );
}

/// Tries random plans and changes, and compares what the store answers with a model. Each seed gives others; the rules
/// contain a few.
///
/// # Panics
/// If an answer is another one.
pub async fn check_random<S: Store>(make_store: impl AsyncFn() -> S, seed: u64) {
    use random::Caller::{Scoped, SeesAll};

    for round in 0..13 {
        let store = make_store().await;
        store.prepare(&resources::ALL).await.expect("prepared");
        match round {
            0 => filters::filters_at_random(&store, seed, 60, SeesAll).await,
            1 => listings::orders_at_random(&store, seed, 6, SeesAll).await,
            2 => includes::includes_at_random(&store, seed, 12, SeesAll).await,
            3 => filters::filters_at_random(&store, seed, 60, Scoped).await,
            4 => listings::orders_at_random(&store, seed, 12, Scoped).await,
            5 => includes::includes_at_random(&store, seed, 24, Scoped).await,
            6 => listings::related_at_random(&store, seed, Scoped).await,
            7 => {
                store.prepare(&[*ordered::PROGRAMMES]).await.expect("prepared");
                ordered::orders_at_random(&store, seed, 80).await;
            }
            8 => includes::windows_at_random(&store, seed, 24, SeesAll).await,
            10 => {
                arrivals::prepare(&store).await;
                arrivals::rows_and_lists_at_random(&store, seed, 80).await;
            }
            9 => includes::windows_at_random(&store, seed, 24, Scoped).await,
            11 => at_once::at_random(&store, seed, 60).await,
            _ => scoped_changes::changes_at_random(&store, seed, 40).await,
        }
        store.close().await;
    }
}

/// Checks that the cost of nested filters adds up and doesn't multiply: they lead over relationships to many, and back
/// again, several times.
///
/// It is no rule, since only a store that has a database's means can do it: one that looks at row after row takes
/// hours.
///
/// # Panics
/// If an answer is not what the filter means.
pub async fn check_nested_filters(store: impl Store) {
    nested::nested_filters_add_up(&store).await;
    store.close().await;
}

/// Every resource that the rules use, for a store whose tables somebody else has to make.
pub fn resources() -> Vec<&'static Description> {
    use arrivals::{BILLS, BOARDS, CARDS, LINES, STACKS};
    use composite_keys::{COPIES, READERS, SHELVES};
    use composite_links::{GROUPS, GUESTS, LAMPS, SEATS};
    use folders::{FILES, FOLDERS, LOCKS, MARKS, PAGES, SHORTCUTS};
    use kinds::MEASURES;
    use many_of::{BOXES, JARS, STICKERS};
    use ordered::{ACTS, PROGRAMMES, SONGS};
    use polymorphic::{CLIPS, POSTS, REMARKS, SEALS, VOTES};
    use resources::{ALL, ITEMS, LABELS, LISTS, REPLIES};

    let mut all = ALL.clone();
    all.extend([*REPLIES, *LISTS, *ITEMS, *LABELS, *MEASURES]);
    all.extend([*PROGRAMMES, *SONGS, *ACTS]);
    all.extend([*FOLDERS, *FILES, *MARKS, *SHORTCUTS, *LOCKS, *PAGES]);
    all.extend([*BOARDS, *STACKS, *CARDS, *BILLS, *LINES]);
    all.extend([*SHELVES, *READERS, *COPIES]);
    all.extend([*SEATS, *GUESTS, *LAMPS, *GROUPS]);
    all.extend([*POSTS, *CLIPS, *REMARKS, *VOTES, *SEALS]);
    all.extend([*STICKERS, *BOXES, *JARS]);
    all
}

/// Every rule.
pub fn rules() -> &'static [Rule] {
    RULES
}

#[doc(hidden)]
pub fn rule(name: &str) -> &'static Rule {
    RULES.iter().find(|rule| rule.name() == name).expect("`tests!` names rules that there are")
}

/// The one list of the rules. `$d` is a dollar sign, for the macro that this one makes.
macro_rules! rules {
    ($d:tt $($module:ident { $($name:ident)* })*) => {
        static RULES: &[Rule] = &[$($(
            Rule::new(stringify!($name), |store| Box::pin($module::$name(store))),
        )*)*];

        /// Makes a `#[test]` of each rule, of the rule's name. What it is given is called with a
        /// [`&'static Rule`](Rule).
        ///
        /// ```
        /// # use etag_fairing::store::sqlite::{Location, SqliteOptions, SqliteStore};
        /// etag_fairing_contract::tests! { |rule| rule.test(async || {
        ///     SqliteStore::open(SqliteOptions::new(Location::Temporary)).expect("a database")
        /// }) }
        /// ```
        #[macro_export]
        macro_rules! tests {
            ($d test:expr) => {
                $($(
                    #[test]
                    fn $name() {
                        let test: fn(&'static $crate::Rule) = $d test;
                        test($crate::rule(stringify!($name)));
                    }
                )*)*
            };
        }
    };
}

rules! {
    $
    reading {
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
    }
    filters {
        null_matches_no_comparison_and_its_opposite
        text_is_compared_by_code_points
        case_is_ignored_as_unicode_folds_it
        patterns_are_literal_but_for_their_signs
        any_filter_is_what_it_means
    }
    listings {
        nulls_come_last_in_both_directions
        any_order_is_walked_forward_and_backward
        related_resources_are_filtered_and_ordered
        a_related_resource_is_filtered
        an_offset_counts_rows_and_not_what_they_relate_to
    }
    hostile_text {
        hostile_text_is_nothing_but_data
    }
    includes {
        what_is_included_stands_there_once
        a_resource_may_include_its_own_kind
        empty_relationships_include_nothing_and_drop_no_owner
        more_than_may_be_included_is_an_error
        any_includes_are_what_they_mean
        a_window_is_the_first_of_each_owner_in_its_order
        any_windows_are_what_they_mean
        any_windows_keep_within_the_scopes
    }
    changes {
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
    }
    kinds {
        decimal_numbers_are_exact
        bytes_come_back_and_are_compared
        durations_are_compared_by_their_length
        durations_are_counted_in_the_unit_of_their_column
        lists_are_found_by_their_elements
        elements_of_lists_are_compared_by_what_they_mean
        elements_of_lists_may_be_null
        what_stands_inside_of_json_is_found
    }
    composite_keys {
        an_id_of_several_columns_is_made_of_its_members
        ids_of_several_columns_are_listed_in_their_order
        ids_of_several_columns_are_linked_and_included
    }
    composite_links {
        a_to_one_relationship_leads_to_an_id_of_several_columns
        ids_of_several_columns_are_filtered_and_sorted_by_from_afar
        linkage_of_ids_of_several_columns_is_counted_and_windowed
        any_changes_of_links_to_ids_of_several_columns_are_what_they_mean
    }
    relationships {
        a_join_table_is_replaced_added_to_and_removed_from
        an_inverse_is_replaced_added_to_and_removed_from
        an_inverse_that_must_have_an_owner_is_not_let_go
        a_related_resource_that_does_not_exist_is_named
        a_resource_may_relate_to_itself
        a_change_that_fails_leaves_nothing_of_itself
    }
    polymorphic {
        one_arm_leads_to_a_resource
        a_deletion_concerns_the_arms_of_its_type
        any_changes_of_polymorphic_links_are_what_they_mean
    }
    many_of {
        links_to_several_types_are_told_apart_by_it
        any_changes_of_links_to_several_types_are_what_they_mean
    }
    transactions {
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
    }
    answers {
        an_answer_is_kept_with_its_change_or_not_at_all
        an_answer_is_forgotten_in_time
        of_several_with_one_key_one_is_the_first
    }
    at_once {
        what_is_made_at_once_is_what_one_after_the_other_makes
    }
    revisions {
        a_revision_changes_with_every_change
        each_table_has_a_revision
        a_revision_stays_while_nothing_changes
        what_is_read_after_a_revision_is_at_least_as_new
    }
    scopes {
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
    }
    versions {
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
    ordered {
        a_join_table_keeps_the_order_that_it_is_given
        an_inverse_keeps_the_order_that_it_is_given
        an_order_that_is_given_again_changes_nothing
        related_resources_are_in_the_order_of_their_relationship
        pages_of_an_ordered_relationship_go_on_where_the_last_one_ended
        included_linkage_is_in_the_order_of_its_relationship
        members_without_a_position_come_last
        members_that_are_hidden_keep_their_place
        a_link_from_the_other_end_comes_last
        a_row_comes_last_in_the_list_of_its_new_owner
        an_order_is_part_of_its_owners_version
        orders_by_chance
    }
    counts {
        related_resources_are_counted
        a_filter_counts_related_resources
    }
    arrivals {
        rows_and_lists_by_chance
        a_list_of_rows_whose_ids_have_their_owner_is_reordered
    }
    soft_deletion {
        what_is_deleted_softly_is_not_read
        what_is_deleted_softly_cannot_be_changed
        what_is_deleted_softly_cannot_be_related_to
        the_id_of_what_is_deleted_softly_is_taken
        links_to_what_is_deleted_softly_stay
        only_a_deletion_says_what_is_deleted
        a_soft_deletion_takes_along_what_goes_with_it
        what_is_deleted_softly_keeps_nothing_from_deletion
        a_soft_deletion_of_another_version_is_not_made
        a_version_rises_where_a_soft_deletion_shows
        a_scope_does_not_look_at_what_is_deleted_softly
        a_revision_changes_with_a_soft_deletion
    }
}
