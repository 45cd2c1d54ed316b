//! A database that somebody else made, and a server over it.

use rocket::{Build, Rocket};

use crate::support::Server;

/// Somebody else's database.
pub(crate) enum Place {
    Sqlite(tempfile::TempDir),
    #[cfg(feature = "postgres")]
    Postgres(postgres_server::Database),
}

impl Place {
    /// A database of SQLite with these tables.
    pub(crate) fn sqlite(sql: &str) -> Self {
        let place = Self::Sqlite(tempfile::tempdir().unwrap());
        place.run(sql);
        place
    }

    /// A database of PostgreSQL with these tables, where there is a server.
    #[cfg(feature = "postgres")]
    pub(crate) fn postgres(sql: &str) -> Option<Self> {
        let place = Self::Postgres(postgres_server::Database::provide()?);
        place.run(sql);
        Some(place)
    }

    fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("theirs.db").display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => database.url().into(),
        }
    }

    /// Runs the other program's SQL.
    pub(crate) fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(folder) => {
                let sqlite = rusqlite::Connection::open(folder.path().join("theirs.db")).unwrap();
                sqlite.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => drop(database.run(sql)),
        }
    }

    /// The first value that a query gives, as text.
    pub(crate) fn ask(&self, sql: &str) -> String {
        match self {
            Self::Sqlite(folder) => {
                let sqlite = rusqlite::Connection::open(folder.path().join("theirs.db")).unwrap();
                sqlite
                    .query_row(&format!("SELECT CAST(({sql}) AS TEXT)"), [], |row| {
                        row.get::<_, Option<String>>(0)
                    })
                    .unwrap_or_else(|error| panic!("{sql}: {error}"))
                    .unwrap_or_default()
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => database.run(sql).trim_end().into(),
        }
    }

    /// What a column of the first row holds, to the last bit.
    pub(crate) fn stored(&self, column: &str, from: &str) -> String {
        match self {
            Self::Sqlite(_) => self.ask(&format!("SELECT typeof({column}) || hex({column}) FROM {from}")),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => self.ask(&format!("SELECT CAST({column} AS text) FROM {from}")),
        }
    }

    /// What stands against serving these resources.
    #[cfg(feature = "postgres")]
    pub(crate) fn problems(&self, resources: &[&'static etag_fairing::resource::Description]) -> Vec<String> {
        use etag_fairing::store::Store;
        use etag_fairing::store::postgres::{PostgresOptions, PostgresStore};

        let options = PostgresOptions::new(&self.url()).expect("a URL");
        let store = PostgresStore::open(options).expect("a store");
        rocket::async_test(async {
            let outcome = store.prepare(resources).await;
            store.close().await;
            outcome.err().map(|error| error.problems).unwrap_or_default()
        })
    }

    /// A server over it.
    pub(crate) fn serve(&self, build: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Server {
        let toml = format!(
            "[default]\nETAG = true\n[default.databases.api]\nurl = '{}'\n[default.jsonapi]\nclient_ids = true\n",
            self.url()
        );
        Server::start(&toml, |rocket| {
            build(rocket.attach(etag_fairing::JsonApi::fairing()).attach(etag_fairing::EtagFairing::new()))
        })
    }
}
