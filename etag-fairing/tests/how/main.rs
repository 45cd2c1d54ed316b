//! The guide's page "How do I …": each row of its table is a test here, in a file that is named by the words in bold.
#![cfg(all(feature = "testing", feature = "sqlite", feature = "decimal", feature = "validation"))]

mod applications;
mod table;

/// Each row, in the order of the table.
mod rows {
    macro_rules! rows {
        ($($row:ident)*) => {
            $(mod $row;)*

            /// The names of all rows that are tested.
            pub(crate) const TESTED: &[&str] = &[$(stringify!($row)),*];
        };
    }

    rows! {
        exact_decimals
        enums
        bytes
        durations
        lists
        inside_of_json
        a_type_of_my_own
        an_existing_table
        computed
        hidden
        chosen_ids
        composite_keys
        many_to_many
        ordered_lists
        polymorphic
        tree
        on_delete
        soft_deletion
        bin
        if_match_required
        version
        last_modified
        login
        roles
        multi_tenant
        validation
        audit
        one_transaction
        background_job
        after_a_commit
        own_sql
        own_errors
        file_upload
        file_download
        search
        no_filter
        an_index
        pagination
        cursors
        counts
        windows
        shared_caches
        migrations
        pools_of_mine
        two_databases
        testing
    }
}
