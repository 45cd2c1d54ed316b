//! Where the database is and how it is used.

use std::fmt;
use std::time::Duration;

use tokio_postgres::config::{Host, TargetSessionAttrs};

use super::tls::{SplitUrl, TlsParameters};
pub use crate::config::SchemaMode;
use crate::{
    config::{DatabaseConfig, DatabaseKind, without_password},
    store::PrepareError,
};

/// Where a PostgreSQL database is and how it is used.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// The server, the database, the user and what else a connection needs:
    /// `postgres://user:password@host:5432/database?connect_timeout=5`, with the parameters that
    /// [`tokio_postgres::Config`] takes, and those of libpq that say how connections are encrypted.
    pub url: String,
    /// How many connections there are at most; at least 1. There is one more where answers are remembered: it asks whether
    /// anything has changed.
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
    /// Statements that take so long are logged, as [`DatabaseConfig::slow_query`] says; `None` for none.
    pub slow_query: Option<Duration>,
    /// What preparing may change of the tables.
    pub schema: SchemaMode,
    /// Whether preparing says in the log which indexes large tables lack, as [`DatabaseConfig::index_advice`] has it.
    pub index_advice: bool,
    /// Where the URL stands in the configuration, for messages: `databases.api.url`.
    setting: Option<String>,
}

/// What a URL says of connections.
pub(super) struct Target {
    pub(super) config: tokio_postgres::Config,
    pub(super) tls: TlsParameters,
}

impl fmt::Debug for PostgresOptions {
    // Without the password of the URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions").field("url", &without_password(&self.url)).finish_non_exhaustive()
    }
}

impl PostgresOptions {
    /// The options of a database in `Rocket.toml`.
    ///
    /// # Errors
    /// If its `url` names no PostgreSQL database.
    pub fn from_config(config: &DatabaseConfig) -> Result<Self, PrepareError> {
        Self::from_place(config, None)
    }

    /// The same, and messages name where the URL stands: `databases.<name>.url`.
    pub(crate) fn from_setting(config: &DatabaseConfig, name: &str) -> Result<Self, PrepareError> {
        Self::from_place(config, Some(format!("databases.{name}.url")))
    }

    fn from_place(config: &DatabaseConfig, setting: Option<String>) -> Result<Self, PrepareError> {
        let options = Self {
            url: config.url.clone(),
            connections: config.connections,
            connect_timeout: config.connect_timeout,
            wait_timeout: config.wait_timeout,
            statement_timeout: config.statement_timeout,
            read_timeout: config.read_timeout,
            revisions: config.revisions,
            slow_query: config.slow_query,
            schema: config.schema,
            index_advice: config.index_advice,
            setting,
        };
        options.target().map(|_| options)
    }

    /// A database by its URL, with the defaults: 16 connections, 5 s for each of the four waits.
    ///
    /// # Errors
    /// If the URL is of another database, or not one that connections can be made by.
    pub fn new(url: &str) -> Result<Self, PrepareError> {
        Self::from_place(&DatabaseConfig::new(url), None)
    }

    /// How connections are made.
    pub(super) fn target(&self) -> Result<Target, PrepareError> {
        let problem = |detail: &str| self.problem(detail);
        match DatabaseKind::of(&self.url) {
            Ok(DatabaseKind::Postgres) => {}
            Ok(DatabaseKind::Sqlite) => {
                return Err(PrepareError::new(
                    "the database URL is not one of PostgreSQL; write `postgres://<user>@<host>/<database>`",
                ));
            }
            Err(wrong) => return Err(PrepareError::new(format!("the database URL: {wrong}"))),
        }
        let split = SplitUrl::of(&self.url).map_err(|detail| problem(&detail))?;
        let mut config: tokio_postgres::Config =
            split.url.parse().map_err(|error: tokio_postgres::Error| {
                let reason =
                    std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
                problem(&reason)
            })?;
        let tls = split.tls(&config).map_err(|detail| problem(&detail))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(problem(
                "names no host; for a socket write its folder: `postgres:///<database>?host=/run/postgresql`",
            ));
        }
        if config.get_user().is_none() {
            return Err(problem("names no user; write `postgres://<user>@<host>/<database>`"));
        }
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
        config.target_session_attrs(match split.parameter("target_session_attrs") {
            None | Some("read-write" | "primary") => TargetSessionAttrs::ReadWrite,
            Some("any") => TargetSessionAttrs::Any,
            Some(other @ ("read-only" | "standby" | "prefer-standby")) => {
                return Err(problem(&format!(
                    "asks for `target_session_attrs={other}`, but writes go to this database, and each launch prepares \
                     it; leave the parameter out"
                )));
            }
            Some(other) => {
                return Err(problem(&format!("has `target_session_attrs={other}`; write `read-write`, or `any`")));
            }
        });
        Ok(Target { config, tls })
    }

    /// What is wrong with the URL.
    pub(super) fn problem(&self, detail: &str) -> PrepareError {
        PrepareError::new(format!("{}: {detail}", self.named("the database URL")))
    }

    /// The database by these words, its place and where that stands in the configuration.
    pub(super) fn named(&self, words: &str) -> String {
        let place = self.place();
        match &self.setting {
            Some(setting) => format!("{words} `{place}` (`{setting}`)"),
            None => format!("{words} `{place}`"),
        }
    }

    /// The database for messages, without its password.
    fn place(&self) -> String {
        let parsed =
            SplitUrl::of(&self.url).ok().and_then(|split| split.url.parse::<tokio_postgres::Config>().ok());
        let Some(config) = parsed else {
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
            // As hosts hand them out, and as they are written for psql.
            "postgresql://neondb_owner:secret@ep-a-1.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require",
            "postgres://u:secret@ep-a-1.neon.tech/neondb?sslmode=require&options=endpoint%3Dep-a-1",
            "postgresql://postgres.abcdef:secret@aws-0-eu-central-1.pooler.supabase.com:6543/postgres?pgbouncer=true",
            "postgres://u:secret@ec2-1-2-3-4.compute-1.amazonaws.com:5432/d1234?sslmode=require",
            "postgres://u:secret@db.x.eu-central-1.rds.amazonaws.com/app?sslmode=verify-full&sslrootcert=/etc/rds/global-bundle.pem",
            "postgresql://doadmin:secret@db-1.b.db.ondigitalocean.com:25060/defaultdb?sslmode=require",
            "postgres://admin%40app:secret@app.postgres.database.azure.com/app?sslmode=verify-full&sslrootcert=system",
            "postgres://u:secret@db.aivencloud.com:12345/defaultdb?sslmode=verify-ca&sslrootcert=ca.pem",
            "postgresql://u:secret@free-tier.cockroachlabs.cloud:26257/defaultdb?sslmode=verify-full&options=--cluster%3Dname-1",
            "postgres://u:secret@one:5432,two:5433/db?target_session_attrs=primary&gssencmode=disable&sslsni=1",
            "postgres://u:secret@db.example/db?sslmode=verify-full&sslcert=client.pem&sslkey=client.key",
        ] {
            assert_eq!(PostgresOptions::new(url).map(|options| options.url), Ok(url.into()));
        }
    }

    #[test]
    fn the_urls_of_the_guide_are_taken() {
        let page = include_str!("../../../docs/guide/encryption.md");
        let urls: Vec<_> = page.lines().filter(|line| line.starts_with("postgres")).collect();
        assert!(urls.len() > 10, "{urls:?}");
        for url in urls {
            assert_eq!(PostgresOptions::new(url).map(|options| options.url), Ok(url.into()));
        }
    }

    #[test]
    fn a_server_that_takes_writes_is_asked_for_unless_the_url_says_otherwise() {
        for (url, asked) in [
            ("postgres://api@one/db", TargetSessionAttrs::ReadWrite),
            ("postgres://api@one,two/db", TargetSessionAttrs::ReadWrite),
            ("postgres://api@one/db?target_session_attrs=read-write", TargetSessionAttrs::ReadWrite),
            ("postgres://api@one/db?target_session_attrs=primary", TargetSessionAttrs::ReadWrite),
            ("postgres://api@one/db?target_session_attrs=any", TargetSessionAttrs::Any),
        ] {
            let target = PostgresOptions::new(url).and_then(|options| options.target());
            assert_eq!(target.map(|target| target.config.get_target_session_attrs()), Ok(asked), "{url}");
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
        assert!(problem("postgres://u@host/db?target_session_attrs=standby").contains("=standby"));
        let weak = problem("postgres://user:geheim@host/db?sslmode=allow");
        assert!(weak.contains("`postgres://host/db`") && weak.contains("sslmode=allow"), "{weak}");
        assert!(!weak.contains("geheim"));
    }
}
