//! Every rule of the contract, and what it tries by chance, on the stores of this crate.

#[cfg(feature = "sqlite")]
mod sqlite {
    use std::path::Path;

    use etag_fairing::store::sqlite::{Location, SqliteOptions, SqliteStore, Synchronous};
    use proptest::prelude::*;

    fn open(options: SqliteOptions) -> SqliteStore {
        SqliteStore::open(options).expect("a database")
    }

    fn in_folder(folder: &Path) -> SqliteStore {
        open(SqliteOptions::new(Location::File(folder.join("contract.db"))))
    }

    async fn temporary() -> SqliteStore {
        open(SqliteOptions::new(Location::Temporary))
    }

    mod on_a_file {
        // Commits wait for the disk.
        etag_fairing_contract::tests! { |rule| {
            let folder = tempfile::tempdir().expect("a folder");
            rule.test(async || super::in_folder(folder.path()));
        } }
    }

    mod on_a_temporary_database {
        use super::*;

        // Commits don't wait for it.
        etag_fairing_contract::tests! { |rule| rule.test(async || {
            let mut options = SqliteOptions::new(Location::Temporary);
            options.synchronous = Synchronous::Normal;
            open(options)
        }) }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn plans_are_what_they_mean(seed in any::<u64>()) {
            rocket::async_test(etag_fairing_contract::check_random(temporary, seed));
        }
    }

    #[test]
    fn nested_filters_add_up() {
        rocket::async_test(async { etag_fairing_contract::check_nested_filters(temporary().await).await });
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use etag_fairing::store::postgres::{PostgresOptions, PostgresStore};
    use postgres_server::Database;

    fn open(database: &Database) -> PostgresStore {
        PostgresStore::open(PostgresOptions::new(database.url()).expect("a URL")).expect("a store")
    }

    etag_fairing_contract::tests! { |rule| {
        let Some(database) = Database::provide() else { return };
        rule.test(async || open(&database));
    } }

    #[test]
    fn nested_filters_add_up() {
        let Some(database) = Database::provide() else { return };
        rocket::async_test(async { etag_fairing_contract::check_nested_filters(open(&database)).await });
    }
}
