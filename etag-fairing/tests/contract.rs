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

    mod over_connections_of_the_application {
        use super::*;

        /// As an application opens them: by another way, with settings and functions of its own.
        pub(super) fn connect(path: &Path) -> rusqlite::Result<rusqlite::Connection> {
            let connection = rusqlite::Connection::open(path)?;
            connection.execute_batch(
                "PRAGMA cache_size = -64; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 1048576; PRAGMA foreign_keys = OFF;
                 PRAGMA synchronous = OFF; PRAGMA recursive_triggers = ON; PRAGMA case_sensitive_like = ON",
            )?;
            connection.set_prepared_statement_cache_capacity(1);
            Ok(connection)
        }

        etag_fairing_contract::tests! { |rule| rule.test(async || {
            let options = SqliteOptions::new(Location::Temporary);
            SqliteStore::with_connections(options, connect).expect("a database")
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

    mod over_a_pool_of_the_application {
        use deadpool_postgres::{Hook, HookError, Manager, Pool, Runtime};
        use etag_fairing::store::postgres::{PoolOptions, PostgresStore};
        use postgres_server::Database;
        use tokio_postgres::NoTls;

        /// What the application leaves behind on each connection that it gives back.
        const LEFT: &str = "SET search_path = pg_catalog; SET timezone = 'Asia/Tokyo'; SET datestyle = 'German';
             SET bytea_output = 'escape'; SET extra_float_digits = 0; SET intervalstyle = 'sql_standard';
             SET default_transaction_isolation = 'serializable'; SET statement_timeout = '1s'; SET lock_timeout = '1s'";

        fn pool(database: &Database) -> Pool {
            let config: tokio_postgres::Config = database.url().parse().expect("a URL");
            let leave = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
                Box::pin(async move { client.batch_execute(LEFT).await.map_err(HookError::Backend) })
            });
            // Two connections: a rule has two transactions at once, and not one read more.
            Pool::builder(Manager::new(config, NoTls))
                .max_size(2)
                .runtime(Runtime::Tokio1)
                .pre_recycle(leave)
                .build()
                .expect("a pool")
        }

        etag_fairing_contract::tests! { |rule| {
            let Some(database) = Database::provide() else { return };
            rule.test(async || PostgresStore::with_pool(pool(&database), PoolOptions::default()));
        } }
    }

    #[test]
    fn nested_filters_add_up() {
        let Some(database) = Database::provide() else { return };
        rocket::async_test(async { etag_fairing_contract::check_nested_filters(open(&database)).await });
    }
}
