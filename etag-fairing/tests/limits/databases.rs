//! Servers over databases of each kind.

use etag_fairing::{EtagFairing, JsonApi};
use rocket::{Build, Rocket};

use super::support::Server;

/// An empty database of a test's own.
pub(crate) enum Database {
    Sqlite(tempfile::TempDir),
    #[cfg(feature = "postgres")]
    Postgres(postgres_server::Database),
}

impl Database {
    /// One of each kind that there is.
    pub(crate) fn each() -> Vec<Self> {
        let mut all = vec![Self::Sqlite(tempfile::tempdir().expect("a folder"))];
        #[cfg(feature = "postgres")]
        all.extend(postgres_server::Database::provide().map(Self::Postgres));
        all
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("api.db").display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => database.url().into(),
        }
    }

    /// Runs SQL past the server.
    pub(crate) fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(folder) => {
                let sqlite = rusqlite::Connection::open(folder.path().join("api.db")).expect("a database");
                sqlite.busy_timeout(std::time::Duration::from_secs(10)).expect("patience");
                sqlite.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => drop(database.run(sql)),
        }
    }

    /// A server over a database in memory, with these lines of `[default]`, and of `[default.jsonapi]`.
    pub(crate) fn in_memory(
        default: &str,
        jsonapi: &str,
        build: impl FnOnce(Rocket<Build>) -> Rocket<Build>,
    ) -> Server {
        start("sqlite::memory:", default, jsonapi, build)
    }

    /// A server with these lines of `[default]`, and of `[default.jsonapi]`.
    pub(crate) fn serve(
        &self,
        default: &str,
        jsonapi: &str,
        build: impl FnOnce(Rocket<Build>) -> Rocket<Build>,
    ) -> Server {
        start(&self.url(), default, jsonapi, build)
    }
}

fn start(
    url: &str,
    default: &str,
    jsonapi: &str,
    build: impl FnOnce(Rocket<Build>) -> Rocket<Build>,
) -> Server {
    let toml = format!(
        "[default]\n{default}\n[default.databases.api]\nurl = '{url}'\n[default.jsonapi]\n{jsonapi}\n"
    );
    Server::start(&toml, |rocket| build(rocket.attach(JsonApi::fairing()).attach(EtagFairing::new())))
}
