//! Where the database is and how it is used.

use std::time::Duration;

use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::{
    config::{DatabaseConfig, DatabaseKind},
    store::PrepareError,
};

/// Where a PostgreSQL database is and how it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// The server, the database, the user and what else a connection needs:
    /// `postgres://user:password@host:5432/database?connect_timeout=5`, with the parameters that
    /// [`tokio_postgres::Config`] takes.
    pub url: String,
    /// How many connections there are at most; at least 1.
    pub connections: usize,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long a request waits for a free connection.
    pub wait_timeout: Duration,
    /// How long a statement may take, the wait for locked rows included.
    pub statement_timeout: Duration,
    /// How long all that one plan reads may take, once it has a connection.
    pub read_timeout: Duration,
    /// Whether the changes of each table are counted, by triggers; without, nothing is remembered.
    pub revisions: bool,
}

impl PostgresOptions {
    /// The options of a database in `Rocket.toml`.
    ///
    /// # Errors
    /// If its `url` names no PostgreSQL database.
    pub fn from_config(config: &DatabaseConfig) -> Result<Self, PrepareError> {
        Ok(Self {
            connections: config.connections,
            connect_timeout: config.connect_timeout,
            wait_timeout: config.wait_timeout,
            statement_timeout: config.statement_timeout,
            read_timeout: config.read_timeout,
            revisions: config.revisions,
            ..Self::new(&config.url)?
        })
    }

    /// A database by its URL, with the defaults: 16 connections, 5 s for each of the four waits.
    ///
    /// # Errors
    /// If the URL is of another database, or not one that connections can be made by.
    pub fn new(url: &str) -> Result<Self, PrepareError> {
        let defaults = DatabaseConfig::new(url);
        let options = Self {
            url: url.into(),
            connections: defaults.connections,
            connect_timeout: defaults.connect_timeout,
            wait_timeout: defaults.wait_timeout,
            statement_timeout: defaults.statement_timeout,
            read_timeout: defaults.read_timeout,
            revisions: defaults.revisions,
        };
        options.connection().map(|_| options)
    }

    /// How connections are made.
    pub(super) fn connection(&self) -> Result<tokio_postgres::Config, PrepareError> {
        let problem =
            |detail: &str| PrepareError::new(format!("the database URL `{}`: {detail}", self.place()));
        match DatabaseKind::of(&self.url) {
            Ok(DatabaseKind::Postgres) => {}
            Ok(DatabaseKind::Sqlite) => {
                return Err(PrepareError::new(
                    "the database URL is not one of PostgreSQL; write `postgres://<user>@<host>/<database>`",
                ));
            }
            Err(wrong) => return Err(PrepareError::new(format!("the database URL: {wrong}"))),
        }
        let mut config: tokio_postgres::Config =
            self.url.parse().map_err(|error: tokio_postgres::Error| {
                let reason =
                    std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
                problem(&reason)
            })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(problem(
                "names no host; for a socket write its folder: `postgres:///<database>?host=/run/postgresql`",
            ));
        }
        if config.get_user().is_none() {
            return Err(problem("names no user; write `postgres://<user>@<host>/<database>`"));
        }
        if config.get_ssl_mode() == SslMode::Require {
            return Err(problem(
                "asks for `sslmode=require`, but connections to PostgreSQL are not encrypted here; use the server's \
                 socket, a private network or a tunnel, and `sslmode=disable`",
            ));
        }
        config.ssl_mode(SslMode::Disable);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(self.connect_timeout);
        }
        if config.get_tcp_user_timeout().is_none() {
            // A server that has vanished is noticed, and not waited for as long as TCP would.
            config.tcp_user_timeout(self.statement_timeout + Duration::from_secs(5));
        }
        if config.get_application_name().is_none() {
            config.application_name("etag-fairing");
        }
        // One that takes writes: after a failover the old one may still answer, or its name lead to a standby.
        match config.get_target_session_attrs() {
            TargetSessionAttrs::Any if self.url.contains("target_session_attrs") => {}
            TargetSessionAttrs::ReadOnly => {
                return Err(problem(
                    "asks for `target_session_attrs=read-only`, but writes go to this database, and each launch prepares \
                     it; leave the parameter out",
                ));
            }
            _ => drop(config.target_session_attrs(TargetSessionAttrs::ReadWrite)),
        }
        Ok(config)
    }

    /// The database for messages, without its password.
    pub(super) fn place(&self) -> String {
        let Ok(config) = self.url.parse::<tokio_postgres::Config>() else {
            // Not the whole URL: it may hold a password.
            return self
                .url
                .split_once("://")
                .map_or_else(|| "…".into(), |(scheme, _)| format!("{scheme}://…"));
        };
        let hosts = config.get_hosts().iter().map(|host| match host {
            Host::Tcp(host) => host.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        });
        let hosts: Vec<String> = hosts.collect();
        format!("postgres://{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_are_taken() {
        for url in [
            "postgres://api@localhost/conference",
            "postgresql://api:secret@db.example:5433/conference?application_name=x",
            "postgres://api@/conference?host=/run/postgresql",
            "postgres://api@one,two/conference",
        ] {
            assert!(PostgresOptions::new(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn a_server_that_takes_writes_is_asked_for_unless_the_url_says_otherwise() {
        for (url, asked) in [
            ("postgres://api@one/db", TargetSessionAttrs::ReadWrite),
            ("postgres://api@one,two/db", TargetSessionAttrs::ReadWrite),
            ("postgres://api@one/db?target_session_attrs=read-write", TargetSessionAttrs::ReadWrite),
            ("postgres://api@one/db?target_session_attrs=any", TargetSessionAttrs::Any),
        ] {
            let config = PostgresOptions::new(url).and_then(|options| options.connection());
            assert_eq!(config.map(|config| config.get_target_session_attrs()), Ok(asked), "{url}");
        }
    }

    #[test]
    fn urls_that_are_refused() {
        let problem = |url: &str| PostgresOptions::new(url).expect_err("a problem").to_string();
        assert!(problem("sqlite:x.db").contains("not one of PostgreSQL"));
        let keywords = problem("host=localhost user=api password=geheim");
        assert!(keywords.contains("write `postgres://") && !keywords.contains("geheim"), "{keywords}");
        assert!(problem("postgres://user:geheim@host:port/db").contains("port"));
        assert!(!problem("postgres://user:geheim@host:port/db").contains("geheim"));
        assert!(problem("postgres:///db").contains("names no host"));
        assert!(problem("postgres://host/db").contains("names no user"));
        assert!(problem("postgres://user@host/db?nonsense=1").contains("nonsense"));
        assert!(problem("postgres://u@host/db?target_session_attrs=read-only").contains("read-only"));
        let secure = problem("postgres://user:geheim@host/db?sslmode=require");
        assert!(secure.contains("`postgres://host/db`") && secure.contains("sslmode=require"), "{secure}");
        assert!(!secure.contains("geheim"));
    }
}
