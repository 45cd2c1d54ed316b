//! `[default.databases.<name>]`: where the store keeps the resources.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use rocket::figment::error::Kind;
use rocket::figment::{Error, Figment};

use super::database_url::DatabaseKind;
use super::table::Table;

/// When SQLite waits for the disk (`PRAGMA synchronous`), and so what an acknowledged write survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// At every commit: what was answered with 2xx survives a power cut.
    #[default]
    Full,
    /// At checkpoints: it survives a crash of the process, but a power cut may take the last changes (never the
    /// file's consistency), and the tags of their answers then name states that never were.
    Normal,
}

/// What a launch may change of a database's tables.
///
/// What doesn't fit stops the launch in each mode, and then nothing has been changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SchemaMode {
    /// It makes tables that are missing, with their keys, foreign keys and indexes, and what the store itself needs beside
    /// them. It alters no table that is there.
    #[default]
    Create,
    /// It changes nothing at all: what is missing stops the launch. For databases whose tables come from migrations, and
    /// for roles that may not define anything.
    Check,
    /// As [`Create`](Self::Create); and tables that the store has made at an earlier launch are given the columns and
    /// indexes that they lack.
    Extend,
}

impl SchemaMode {
    /// The word in the configuration.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Check => "check",
            Self::Extend => "extend",
        }
    }
}

/// The configuration of one database.
///
/// ```toml
/// [default.databases.api]
/// url = "sqlite:open-event.db"
/// readers = 4              # connections for reading; the cores of the machine, from 4 to 8
/// busy_timeout = 5         # seconds to wait for another program's lock on the file
/// read_timeout = 5         # seconds for all that one request reads; what takes longer is ended and answered with 503
/// synchronous = "full"     # or "normal"
/// revisions = true         # whether changes are counted, by triggers; without, nothing is remembered
/// slow_query = "200 ms"    # statements that take so long are logged, without values; none are by default
/// schema = "create"        # make missing tables; or "check": change nothing; or "extend": add missing columns, too
/// index_advice = true      # whether a launch says in the log which indexes large tables lack
/// ```
///
/// ```toml
/// [default.databases.api]
/// url = "postgres://api:secret@db.example/conference?sslmode=verify-full"
/// connections = 16         # at most
/// connect_timeout = 5      # seconds to make one
/// wait_timeout = 5         # seconds a request waits for a free one
/// read_timeout = 5         # as above
/// statement_timeout = 5    # seconds for a statement, the wait for locked rows included
/// revisions = true         # as above
/// slow_query = "200 ms"    # as above
/// schema = "create"        # as above
/// index_advice = true      # as above
/// ```
///
/// ```
/// use etag_fairing::config::DatabaseConfig;
/// use rocket::figment::Figment;
///
/// let figment = Figment::from(("databases.api.url", "sqlite:open-event.db"));
/// let config = DatabaseConfig::from_figment(&figment, "api").unwrap();
/// assert_eq!(config.url, "sqlite:open-event.db");
/// assert!(DatabaseConfig::from_figment(&figment, "other").is_err());
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct DatabaseConfig {
    /// Which database: `sqlite:` and a path, such as `sqlite:open-event.db`, or
    /// `postgres://user:password@host/database`.
    pub url: String,
    /// SQLite: how many connections serve reads; at least 1.
    pub readers: usize,
    /// SQLite: how long to wait for a lock that another program holds.
    pub busy_timeout: Duration,
    /// How long the store may take for what one request reads; at least a second. What takes longer is ended, and the
    /// request is answered with 503. The wait for a turn, or a connection, has limits of its own.
    pub read_timeout: Duration,
    /// SQLite: when a change is on the disk.
    pub synchronous: Synchronous,
    /// PostgreSQL: how many connections there are at most; at least 1. There is one more where answers are remembered: it
    /// asks whether anything has changed.
    pub connections: usize,
    /// PostgreSQL: how long making a connection may take.
    pub connect_timeout: Duration,
    /// PostgreSQL: how long a request waits for a free connection.
    pub wait_timeout: Duration,
    /// PostgreSQL: how long a statement may take, the wait for locked rows included.
    pub statement_timeout: Duration,
    /// Whether the store counts the changes of each table, by triggers that it installs. What the memo holds
    /// is known to be current by these numbers; without them each answer is made anew.
    pub revisions: bool,
    /// Statements that take so long are logged at level `warn`, with their text, which has no values; `None` for none. At
    /// first 20 lines at once, then one in ten seconds.
    pub slow_query: Option<Duration>,
    /// What a launch may change of the tables.
    pub schema: SchemaMode,
    /// Whether a launch says in the log, once for each table with over 10,000 rows, which indexes it lacks: those that structs
    /// ask for, and those of attributes by which clients may filter and sort, with the SQL that makes them.
    pub index_advice: bool,
}

impl fmt::Debug for DatabaseConfig {
    // What is printed for debugging lands in logs, too: the password does not belong there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseConfig").field("url", &without_password(&self.url)).finish_non_exhaustive()
    }
}

impl DatabaseConfig {
    /// A database with everything but its URL by default.
    pub fn new(url: impl Into<String>) -> DatabaseConfig {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        DatabaseConfig {
            url: url.into(),
            readers: cores.clamp(4, 8),
            busy_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(5),
            synchronous: Synchronous::Full,
            connections: 16,
            connect_timeout: Duration::from_secs(5),
            wait_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
            revisions: true,
            slow_query: None,
            schema: SchemaMode::Create,
            index_advice: true,
        }
    }

    /// Reads `databases.<name>` of the figment's selected profile.
    ///
    /// # Errors
    ///
    /// If there is no such database or it has no `url`; one error for each value that can't be used
    /// and each key that doesn't exist, in a chain. None repeats the `url`: it may hold a password.
    pub fn from_figment(figment: &Figment, name: &str) -> Result<DatabaseConfig, Error> {
        let path = format!("databases.{name}");
        let mut table = Table::at(figment, &path)?;
        let url = table.text(
            "url",
            String::new(),
            "the URL of a database, such as \"sqlite:api.db\" or \"postgres://api@localhost/api\"",
            |text| (!text.trim().is_empty()).then(|| text.trim().to_owned()),
        );
        let mut config = DatabaseConfig::new(url);
        if let (false, Err(problem)) = (config.url.is_empty(), DatabaseKind::of(&config.url)) {
            table.contradiction("url", problem);
            // Which keys there are depends on the database, and it isn't known which that is.
            return table.only_noted().map(|()| config);
        }
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let default = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        config.read_timeout = table.seconds("read_timeout", config.read_timeout);
        // Each kind of database has keys of its own; those of the other kind are unknown.
        if config.is_postgres() {
            config.connect_timeout = table.seconds("connect_timeout", config.connect_timeout);
            config.wait_timeout = table.seconds("wait_timeout", config.wait_timeout);
            config.statement_timeout = table.seconds("statement_timeout", config.statement_timeout);
            config.connections = count(table.number("connections", default(config.connections), 1..=1024));
        } else {
            config.readers = count(table.number("readers", default(config.readers), 1..=1024));
            config.busy_timeout = Duration::from_secs(table.number("busy_timeout", 5, 0..=3600).into());
            config.synchronous = table.choice(
                "synchronous",
                config.synchronous,
                &[("full", Synchronous::Full), ("normal", Synchronous::Normal)],
            );
        }
        config.read_common(&mut table);
        table.finish()?;
        if config.url.is_empty() {
            let mut error = Error::from(Kind::MissingField("url".into()));
            error.path = path.split('.').map(str::to_owned).collect();
            error.profile = Some(figment.profile().clone());
            return Err(error);
        }
        Ok(config)
    }

    /// The same for a PostgreSQL database whose pool the application has made: there need be no such table, and it says
    /// only how the pool is used.
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "only its store takes a pool"))]
    pub(crate) fn of_pool(figment: &Figment, name: &str) -> Result<DatabaseConfig, Error> {
        let mut table = Table::at(figment, &format!("databases.{name}"))?;
        for key in ["url", "connections", "connect_timeout"] {
            table.has_no_effect(
                key,
                format!(
                    "`{key}` has no effect, since the application has made the pool of this database: take the key out, \
                     and say it to the pool; if it is meant for another one, give that another name"
                ),
            );
        }
        let mut config = DatabaseConfig::new(String::new());
        config.read_timeout = table.seconds("read_timeout", config.read_timeout);
        config.wait_timeout = table.seconds("wait_timeout", config.wait_timeout);
        config.statement_timeout = table.seconds("statement_timeout", config.statement_timeout);
        config.read_common(&mut table);
        table.finish()?;
        Ok(config)
    }

    /// The keys that every database has.
    fn read_common(&mut self, table: &mut Table<'_>) {
        self.revisions = table.flag("revisions", self.revisions);
        self.slow_query = table.optional_duration("slow_query");
        let modes =
            [SchemaMode::Create, SchemaMode::Check, SchemaMode::Extend].map(|mode| (mode.word(), mode));
        self.schema = table.choice("schema", self.schema, &modes);
        self.index_advice = table.flag("index_advice", self.index_advice);
    }

    /// Whether the URL is one of PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres://") || self.url.starts_with("postgresql://")
    }

    /// Prints the effective values at launch. The URL's password, if it has one, stays out of the log.
    #[allow(dead_code, reason = "called by the JSON:API fairing")]
    pub(crate) fn announce(&self, name: &str) {
        let synchronous = match self.synchronous {
            Synchronous::Full => "full",
            Synchronous::Normal => "normal",
        };
        let seconds = |duration: Duration| format!("{}s", duration.as_secs());
        let mut values = Vec::new();
        let waits = [
            ("wait timeout", seconds(self.wait_timeout)),
            ("statement timeout", seconds(self.statement_timeout)),
        ];
        if self.url.is_empty() {
            values.push(("connections", "those of the application's pool".to_owned()));
            values.extend(waits);
        } else if self.is_postgres() {
            values.extend([
                ("url", without_password(&self.url)),
                ("connections", self.connections.to_string()),
                ("connect timeout", seconds(self.connect_timeout)),
            ]);
            values.extend(waits);
        } else {
            values.extend([
                ("url", self.url.clone()),
                ("readers", self.readers.to_string()),
                ("busy timeout", seconds(self.busy_timeout)),
                ("synchronous", synchronous.to_owned()),
            ]);
        }
        values.push(("read timeout", seconds(self.read_timeout)));
        if let Some(slow) = self.slow_query {
            values.push(("slow query", format!("{slow:?}")));
        }
        values.push(("revisions", if self.revisions { "on" } else { "off" }.to_owned()));
        values.push(("schema", self.schema.word().to_owned()));
        if !self.index_advice {
            values.push(("index advice", "off".to_owned()));
        }
        super::announce(&format!("Database {name}"), &values);
    }
}

/// `postgres://user:secret@host/db?password=secret` as `postgres://user:…@host/db?…`. Of a password that is not encoded
/// as it should be, nothing may come out either.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    // As the driver reads it, parameters begin after the credentials: a password may have a `?`.
    let credentials = rest.find('@').unwrap_or(0);
    let parameters = rest.get(credentials..).and_then(|rest| rest.find('?')).map(|at| credentials + at);
    let (rest, parameters) = rest.split_at(parameters.unwrap_or(rest.len()));
    // A `@` may end a password that has both signs, and a name may be encoded.
    let decoded = percent_decode_str(parameters).decode_utf8_lossy();
    let parameters = if decoded.contains("password") || decoded.contains('@') { "?…" } else { parameters };
    match rest.rsplit_once('@').map(|(user, host)| (user.split_once(':'), host)) {
        Some((Some((user, _)), host)) => format!("{scheme}://{user}:…@{host}{parameters}"),
        _ => format!("{scheme}://{rest}{parameters}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rocket::figment::Figment;
    use rocket::figment::value::Value;

    use super::{DatabaseConfig, without_password};

    #[test]
    fn a_password_is_not_printed() {
        assert_eq!(without_password("postgres://u:se:cr@t@h:5/d"), "postgres://u:…@h:5/d");
        assert_eq!(without_password("postgres://u:a/b@h/d?x=1"), "postgres://u:…@h/d?x=1");
        assert_eq!(without_password("postgres://u@h/d?password=s"), "postgres://u@h/d?…");
        assert_eq!(without_password("postgres://u:se?cr@h/d?x=1"), "postgres://u:…@h/d?x=1");
        assert_eq!(without_password("postgres://u:s@e?cret@h/d"), "postgres://u:…@e?…");
        assert_eq!(without_password("postgres://u@h/d?p%61ssword=s"), "postgres://u@h/d?…");
        assert_eq!(without_password("postgres://u@h/d"), "postgres://u@h/d");
        assert_eq!(without_password("sqlite:a.db"), "sqlite:a.db");
        let config = DatabaseConfig::new("postgres://u:geheim@h/d");
        assert!(!format!("{config:?}").contains("geheim"));
    }

    #[test]
    fn a_slow_query_is_a_duration_with_its_unit_or_whole_seconds() {
        let read = |value: Value| {
            let figment = Figment::from(("databases.api.url", "sqlite:a.db"))
                .merge(("databases.api.slow_query", value));
            DatabaseConfig::from_figment(&figment, "api").map(|config| config.slow_query)
        };
        for (written, milliseconds) in
            [("200 ms", 200), ("200ms", 200), ("2 s", 2000), (" 1s ", 1000), ("3", 3000)]
        {
            assert_eq!(read(written.into()), Ok(Some(Duration::from_millis(milliseconds))), "{written}");
        }
        assert_eq!(read(Value::from(2)), Ok(Some(Duration::from_secs(2))));
        for wrong in ["", "fast", "0 ms", "-1 s", "1.5 s", "1 h", "99999999999999999999 s"] {
            let error = read(wrong.into()).expect_err(wrong).to_string();
            assert!(error.contains("slow_query") && error.contains("200 ms"), "{error}");
        }
        assert_eq!(DatabaseConfig::new("sqlite:a.db").slow_query, None);
    }
}
