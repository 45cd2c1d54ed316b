//! What an application is launched with in a test.

use std::fmt;

use rocket::figment::{Figment, Provider};
use rocket::{Build, Rocket};

use super::{Client, asynchronous};

/// An application that is going to be launched for a test: over which databases, and with which configuration.
///
/// Each database of the configuration that the generated routes can use, and `api` at least, is an empty SQLite in memory,
/// unless [`database`](Setup::database) gives another one: no test touches the database that `Rocket.toml` names. Its
/// tables are made (`schema = "create"`), and its other keys hold as they are configured. Rocket's log shows warnings and
/// errors only.
///
/// ```
/// use etag_fairing::testing::{Database, Setup};
/// # use etag_fairing::JsonApi;
/// # fn application() -> rocket::Rocket<rocket::Build> { rocket::build().attach(JsonApi::fairing()) }
///
/// let client = Setup::new(application())
///     .database("api", Database::file())
///     .configure(("jsonapi.max_page_size", 5))
///     .start();
/// ```
pub struct Setup {
    rocket: Rocket<Build>,
    configuration: Figment,
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    databases: Vec<(String, super::Database)>,
    /// The names of those that the application brings.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    left: Vec<String>,
}

impl Setup {
    /// An application as your program builds it.
    pub fn new(rocket: Rocket<Build>) -> Self {
        Self {
            rocket,
            configuration: Figment::new(),
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            databases: Vec::new(),
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            left: Vec::new(),
        }
    }

    /// The database of this name (`[default.databases.<name>]`).
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    #[must_use]
    pub fn database(mut self, name: impl Into<String>, database: super::Database) -> Self {
        let name = name.into();
        self.databases.retain(|(known, _)| *known != name);
        self.databases.push((name, database));
        self
    }

    /// Leaves the database of this name as it is configured: for an application that brings a pool of its own
    /// (`JsonApi::fairing().with_pool(…)`), which the test has to make over a [`Database`](super::Database).
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    #[must_use]
    pub fn without_database(mut self, name: impl Into<String>) -> Self {
        self.left.push(name.into());
        self
    }

    /// Values that go before those of the application's configuration, such as `("jsonapi.max_page_size", 5)`.
    #[must_use]
    pub fn configure(mut self, values: impl Provider) -> Self {
        self.configuration = self.configuration.merge(values);
        self
    }

    /// Launches it, for an ordinary test.
    ///
    /// # Panics
    /// If it does not launch; in an `async` function.
    pub fn start(self) -> Client {
        Client::start(self)
    }

    /// Launches it, for an `async` test.
    ///
    /// # Panics
    /// If it does not launch.
    pub async fn launch(self) -> asynchronous::Client {
        asynchronous::Client::launch(self).await
    }

    #[cfg(not(any(feature = "sqlite", feature = "postgres")))]
    pub(super) fn prepare(self) -> Rocket<Build> {
        let figment = quiet(self.rocket.figment().clone()).merge(self.configuration);
        self.rocket.configure(figment)
    }

    /// The application with its configuration, and the databases that it runs over.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn prepare(self) -> (Rocket<Build>, Vec<super::Database>) {
        let mut figment = quiet(self.rocket.figment().clone());
        let mut databases = self.databases;
        for name in replaceable::names(&figment) {
            if !databases.iter().any(|(known, _)| *known == name)
                && !self.left.contains(&name)
                && let Some(database) = replaceable::replacement(&figment, &name)
            {
                databases.push((name, database));
            }
        }
        for (name, database) in &databases {
            figment = replaceable::replace(figment, name, database.url());
        }
        let rocket = self.rocket.configure(figment.merge(self.configuration));
        (rocket, databases.into_iter().map(|(_, database)| database).collect())
    }
}

/// A test is no server: it says what is wrong, and ends at once.
fn quiet(figment: Figment) -> Figment {
    figment
        .merge(("log_level", "critical"))
        .merge(("cli_colors", false))
        .merge(("shutdown.ctrlc", false))
        .merge(("shutdown.grace", 0))
        .merge(("shutdown.mercy", 0))
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").finish_non_exhaustive()
    }
}

/// The databases of a configuration, and others in place of them.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod replaceable {
    use std::collections::BTreeSet;

    use rocket::figment::providers::Serialized;
    use rocket::figment::value::{Dict, Value};
    use rocket::figment::{Figment, Profile, Provider};

    use super::super::Database;
    use crate::config::DatabaseKind;

    /// The keys that only one kind of database takes.
    const OF_SQLITE: [&str; 3] = ["readers", "busy_timeout", "synchronous"];
    const OF_POSTGRES: [&str; 4] = ["connections", "connect_timeout", "wait_timeout", "statement_timeout"];

    /// The names of all databases of the configuration, and `api`, which the generated routes use by default.
    pub(super) fn names(figment: &Figment) -> BTreeSet<String> {
        let databases: Dict = figment.extract_inner("databases").unwrap_or_default();
        databases.into_keys().chain(["api".to_owned()]).collect()
    }

    /// What a database is replaced by if nothing else is said: those of others, such as MySQL, are not.
    pub(super) fn replacement(figment: &Figment, name: &str) -> Option<Database> {
        let url: Option<String> = figment.extract_inner(&format!("databases.{name}.url")).ok();
        Database::in_place_of(name, url.as_deref())
    }

    /// The same configuration with this URL for the database. Keys that its kind of database does not take are gone.
    pub(super) fn replace(mut figment: Figment, name: &str, url: &str) -> Figment {
        let at = format!("databases.{name}");
        let mut table: Dict = figment.extract_inner(&at).unwrap_or_default();
        let foreign: &[&str] = match DatabaseKind::of(url) {
            Ok(DatabaseKind::Sqlite) => &OF_POSTGRES,
            _ => &OF_SQLITE,
        };
        table.retain(|key, _| !foreign.contains(&key.as_str()));
        table.insert("url".into(), url.into());
        table.insert("schema".into(), "create".into());
        // Figment lays tables over each other, so that a key can only be removed with its table: by something else in
        // its place, in every profile that has it.
        for (profile, dict) in figment.data().unwrap_or_default() {
            if Value::from(dict).find_ref(&at).is_some() {
                let with = |value: Value| Serialized::from(value, profile.clone()).key(&at);
                figment = figment.merge(with(false.into())).merge(with(Dict::new().into()));
            }
        }
        figment.merge(Serialized::from(Value::from(table), Profile::Global).key(&at))
    }
}
