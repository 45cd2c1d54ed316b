//! A pool that belongs to the application, which uses its connections for other things, too.
//!
//! Nothing that the store sets there may outlast its use of a connection, and nothing that the application has left there
//! may reach into what the store does. So all of the store's statements run in transactions, whose first statements set
//! what is needed with `SET LOCAL`, by one `SELECT` of [`Borrowed::settings`], sent ahead with the first statement. It
//! costs no further way to the server and back.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::{Object, Pool, PoolError, TimeoutType};
use rocket::figment::{self, Figment};
use rocket::tokio::time::timeout;
use tokio_postgres::{Error, error::SqlState};

use super::{
    SchemaMode,
    error::{no_connection, told},
    pooler,
};
use crate::config::DatabaseConfig;
use crate::store::QueueCounter;

/// The word by which a server says that a transaction was open already: it is asked for a setting of this name.
const LEFT_OPEN: &str = "etag_fairing.a_transaction_was_left_open";

const DISCARDS: &str = "the pool has connections forget their prepared statements each time that they are given back \
     (`RecyclingMethod::Custom` with `DISCARD ALL` or `DEALLOCATE ALL`), but keeps them in its own cache: write \
     `RecyclingMethod::Clean`, which resets all else";

/// How a store uses a pool that the application has.
///
/// Where the database is, how many connections there are, how they are made and encrypted is said to the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolOptions {
    /// How long a request waits for a connection, one that has to be made included. The pool's own limits hold, too.
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
    /// Whether a launch says in the log which indexes large tables lack, as
    /// [`DatabaseConfig::index_advice`](crate::config::DatabaseConfig::index_advice) has it.
    pub index_advice: bool,
    /// Where this stands in the configuration, for messages: `databases.api`.
    setting: Option<String>,
}

impl Default for PoolOptions {
    /// 5 s for each of the three waits, and revisions.
    fn default() -> Self {
        Self::from_config(&DatabaseConfig::new(""))
    }
}

impl PoolOptions {
    /// Reads `databases.<name>` of the figment's selected profile, which need not be there: the keys `wait_timeout`,
    /// `statement_timeout`, `read_timeout`, `revisions`, `slow_query`, `schema` and `index_advice`.
    ///
    /// # Errors
    /// One for each value that can't be used and each key that doesn't exist, in a chain; and for `url`, `connections` and
    /// `connect_timeout`, which say nothing to a pool that is there already.
    pub fn from_figment(figment: &Figment, name: &str) -> Result<Self, figment::Error> {
        Ok(Self::from_setting(&DatabaseConfig::of_pool(figment, name)?, name))
    }

    /// The options of the database of this name in the configuration.
    pub(crate) fn from_setting(config: &DatabaseConfig, name: &str) -> Self {
        Self { setting: Some(format!("databases.{name}")), ..Self::from_config(config) }
    }

    fn from_config(config: &DatabaseConfig) -> Self {
        Self {
            wait_timeout: config.wait_timeout,
            statement_timeout: config.statement_timeout,
            read_timeout: config.read_timeout,
            revisions: config.revisions,
            slow_query: config.slow_query,
            schema: config.schema,
            index_advice: config.index_advice,
            setting: None,
        }
    }

    /// The database, for messages. Where it is only the pool knows.
    pub(super) fn place(&self) -> String {
        match &self.setting {
            Some(setting) => format!("the database of the application's pool (`{setting}`)"),
            None => "the database of the application's pool".into(),
        }
    }
}

/// What a store does otherwise if the pool is the application's.
pub(super) struct Borrowed {
    wait_timeout: Duration,
    /// The statement that sets the limits.
    limits: String,
    /// The same, and role and `search_path` as they were when the tables were prepared.
    settings: OnceLock<String>,
    is_closed: AtomicBool,
}

impl Borrowed {
    pub(super) fn new(options: &PoolOptions) -> Self {
        let limits = format!(
            "SELECT CASE WHEN now() = statement_timestamp() THEN '' ELSE current_setting('{LEFT_OPEN}') END, \
             set_config('statement_timeout', '{}', true), \
             set_config('idle_in_transaction_session_timeout', '60s', true)",
            options.statement_timeout.as_millis().max(1)
        );
        Self {
            wait_timeout: options.wait_timeout,
            limits,
            settings: OnceLock::new(),
            is_closed: AtomicBool::new(false),
        }
    }

    /// The statement that a transaction begins with. It fails if the transaction had begun before.
    pub(super) fn settings(&self) -> &str {
        self.settings.get().unwrap_or(&self.limits)
    }

    /// Waits for a connection of the pool, but not for as long as the pool would.
    pub(super) async fn in_time(
        &self,
        connection: impl Future<Output = Result<Object, PoolError>>,
        queue: &QueueCounter,
    ) -> Result<Object, PoolError> {
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(PoolError::Closed);
        }
        match timeout(self.wait_timeout, connection).await {
            Ok(_) if self.is_closed.load(Ordering::Relaxed) => Err(PoolError::Closed),
            Ok(connection) => connection,
            Err(_) => {
                queue.count_time_out();
                Err(PoolError::Timeout(TimeoutType::Wait))
            }
        }
    }

    /// Gives no connection any more. The pool stays open.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    /// Looks at the pool when the tables are prepared: how its connections begin, by the first one, and whether they keep
    /// what was prepared.
    ///
    /// # Errors
    /// If they don't, or if a pooler behind them mixes that up.
    pub(super) async fn look_at(&self, client: Object, pool: &Pool) -> Result<(), String> {
        let settings = self.settings_of(&client).await.map_err(|error| told(&error))?;
        // Of what was found first: the tables are those that were prepared.
        let _ = self.settings.set(settings);
        if self.forgets(client, pool).await {
            return Err(DISCARDS.into());
        }
        // It takes two at a time.
        if pool.status().max_size < 2 {
            return Ok(());
        }
        pooler::check(pooler::Source::Pool(pool, self.wait_timeout)).await.map_err(str::to_owned)
    }

    async fn get(&self, pool: &Pool) -> Result<Object, String> {
        let got = timeout(self.wait_timeout, pool.get()).await;
        got.unwrap_or(Err(PoolError::Timeout(TimeoutType::Wait))).map_err(|error| no_connection(&error))
    }

    /// The limits, and what decides which table a name means and what may be done with it, as this connection has it.
    async fn settings_of(&self, client: &Object) -> Result<String, Error> {
        let mut settings = self.limits.clone();
        for name in ["role", "search_path"] {
            let row = client.query_one("SELECT current_setting($1)", &[&name]).await?;
            let value = literal(row.try_get(0)?);
            settings.push_str(&format!(", set_config('{name}', {value}, true)"));
        }
        Ok(settings)
    }

    /// Whether a connection has forgotten what was prepared, once it was given back and taken again. If another one comes
    /// back, nothing is found out: then statements are prepared once more when they have failed.
    async fn forgets(&self, client: Object, pool: &Pool) -> bool {
        const TRY: &str = "SELECT 'is this still prepared'";
        if client.prepare_cached(TRY).await.is_err() {
            return false;
        }
        drop(client);
        let Ok(client) = self.get(pool).await else { return false };
        let Ok(statement) = client.prepare_cached(TRY).await else { return false };
        let found = client.query(&statement, &[]).await;
        found.is_err_and(|error| error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME))
    }
}

/// Whether a transaction could not begin since somebody had left one open.
pub(super) fn was_left_open(error: &Error) -> bool {
    error.as_db_error().is_some_and(|error| match *error.code() {
        // `unrecognized configuration parameter "…"`, in whatever language.
        SqlState::UNDEFINED_OBJECT => error.message().contains(LEFT_OPEN),
        // It is of another isolation level, or has failed, too.
        SqlState::ACTIVE_SQL_TRANSACTION | SqlState::IN_FAILED_SQL_TRANSACTION => true,
        _ => false,
    })
}

/// Text as SQL has it, whatever `standard_conforming_strings` says.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
