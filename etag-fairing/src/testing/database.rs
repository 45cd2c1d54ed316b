//! A database of a test's own.

#[cfg(feature = "sqlite")]
use std::env::temp_dir;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;

use uuid::Uuid;

use crate::config::DatabaseKind;

/// An empty database for one test. It is gone with this value, which a client keeps as long as it lives.
///
/// ```no_run
/// use etag_fairing::testing::{Database, Setup};
/// # fn application() -> rocket::Rocket<rocket::Build> { rocket::build() }
///
/// // A PostgreSQL where the variable names one, and else a database in memory.
/// let database = Database::of_environment("TEST_DATABASE_URL");
/// let client = Setup::new(application()).database("api", database).start();
/// ```
#[derive(Debug)]
pub struct Database {
    url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// The store makes it and removes it.
    #[cfg(feature = "sqlite")]
    Memory,
    /// A folder with a file.
    #[cfg(feature = "sqlite")]
    Folder(PathBuf),
    /// A schema of the database at this URL.
    #[cfg(feature = "postgres")]
    Schema { outer: String, name: String },
}

/// What all places of tests are named by.
const PREFIX: &str = "etag_test";

impl Database {
    /// SQLite in memory: nothing else can open it, and tests that run at the same time see nothing of each other.
    #[cfg(feature = "sqlite")]
    pub fn memory() -> Self {
        Self { url: "sqlite::memory:".into(), place: Place::Memory }
    }

    /// SQLite in a file, for tests that open it beside the application, or prepare its tables: see [`url`](Self::url).
    /// The file is removed at the end.
    ///
    /// # Panics
    /// If the folder for temporary files takes none.
    #[cfg(feature = "sqlite")]
    #[track_caller]
    pub fn file() -> Self {
        let folder = temp_dir().join(name());
        if let Err(error) = std::fs::create_dir(&folder) {
            panic!("a folder for a database, {}: {error}", folder.display());
        }
        let url = format!("sqlite:{}", folder.join("test.db").display());
        Self { url, place: Place::Folder(folder) }
    }

    /// A new schema in the PostgreSQL database of this URL, which comes first and alone in the search path of the
    /// [`url`](Self::url). It is dropped at the end, with all that is in it; nothing else of the database is touched.
    ///
    /// A test that is killed leaves its schema behind, whose name begins with `etag_test_`.
    ///
    /// # Panics
    /// If the server cannot be reached, or the user may make no schema (`GRANT CREATE ON DATABASE …`).
    #[cfg(feature = "postgres")]
    #[track_caller]
    pub fn postgres(url: &str) -> Self {
        let name = name();
        if let Err(error) = run(url, &format!("CREATE SCHEMA {name}")) {
            panic!("a schema of the test's own, by CREATE SCHEMA: {error}");
        }
        let parting = if url.contains('?') { '&' } else { '?' };
        let own = format!("{url}{parting}options=-csearch_path%3D{name}");
        Self { url: own, place: Place::Schema { outer: url.to_owned(), name } }
    }

    /// A new schema in the PostgreSQL database whose URL this environment variable has, and an SQLite in memory where it is
    /// not set or empty: so the same tests run over both.
    ///
    /// # Panics
    /// As [`postgres`](Self::postgres), and if the variable has the URL of something else.
    #[cfg(feature = "sqlite")]
    #[track_caller]
    pub fn of_environment(variable: &str) -> Self {
        let Ok(url) = std::env::var(variable) else { return Self::memory() };
        match DatabaseKind::of(&url) {
            _ if url.is_empty() => Self::memory(),
            #[cfg(feature = "postgres")]
            Ok(DatabaseKind::Postgres) => Self::postgres(&url),
            #[cfg(not(feature = "postgres"))]
            Ok(DatabaseKind::Postgres) => {
                panic!("{variable} names a PostgreSQL: turn on the feature `postgres`")
            }
            Ok(DatabaseKind::Sqlite) => {
                panic!("{variable} names no PostgreSQL database: leave it out for SQLite")
            }
            Err(problem) => panic!("{variable}: {problem}"),
        }
    }

    /// Its URL, as a configuration has it: for migrations before the launch, or a look into it by another program.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A database in memory in place of the one at a URL, if that is one that a store is opened over.
    #[cfg_attr(feature = "sqlite", allow(unused_variables, reason = "a message without SQLite names it"))]
    pub(super) fn in_place_of(name: &str, url: Option<&str>) -> Option<Self> {
        if let Some(url) = url {
            DatabaseKind::of(url).ok()?;
        }
        #[cfg(feature = "sqlite")]
        return Some(Self::memory());
        // No test may write to what a server uses.
        #[cfg(not(feature = "sqlite"))]
        match url {
            None => None,
            Some(_) => panic!(
                "the test would use the configured database `{name}`: give it another one, \
                 `.database(\"{name}\", Database::postgres(…))`, or turn on the feature `sqlite`"
            ),
        }
    }
}

fn name() -> String {
    format!("{PREFIX}_{}", Uuid::now_v7().simple())
}

/// Runs statements in a thread of its own: the test's may be one that must not wait.
#[cfg(feature = "postgres")]
fn run(url: &str, statements: &str) -> Result<(), String> {
    use crate::store::postgres::client::client;
    let work = || {
        let runtime = rocket::tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| error.to_string())?.block_on(async {
            let client = client(url).await.map_err(|error| error.to_string())?;
            client.batch_execute(statements).await.map_err(|error| {
                error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
            })
        })
    };
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|_| Err("the thread ended".into()))
}

impl Drop for Database {
    fn drop(&mut self) {
        match &self.place {
            #[cfg(feature = "sqlite")]
            Place::Memory => {}
            #[cfg(feature = "sqlite")]
            Place::Folder(folder) => {
                let _ = std::fs::remove_dir_all(folder);
            }
            #[cfg(feature = "postgres")]
            Place::Schema { outer, name } => {
                // Whoever still holds a lock is no reason to wait for ever, and a failure is none to fail twice.
                let drop = format!("SET lock_timeout = '10s'; DROP SCHEMA IF EXISTS {name} CASCADE");
                if let Err(error) = run(outer, &drop) {
                    log::warn!("the schema {name} of a test is still there: {error}");
                }
            }
        }
    }
}
