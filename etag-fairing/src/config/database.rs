//! `[default.databases.<name>]`: where the store keeps the resources.

use std::num::NonZeroUsize;
use std::time::Duration;

use rocket::figment::error::Kind;
use rocket::figment::{Error, Figment};

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

/// The configuration of one database.
///
/// ```toml
/// [default.databases.api]
/// url = "sqlite:open-event.db"
/// readers = 4              # connections for reading; the cores of the machine, from 1 to 8
/// busy_timeout = 5         # seconds to wait for another program's lock on the file
/// synchronous = "full"     # or "normal"
/// revisions = true         # whether changes are counted, by triggers; without, nothing is remembered
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
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DatabaseConfig {
    /// Which database: `sqlite:` and a path, such as `sqlite:open-event.db`.
    pub url: String,
    /// How many connections serve reads; at least 1.
    pub readers: usize,
    /// How long to wait for a lock that another program holds.
    pub busy_timeout: Duration,
    /// When a change is on the disk.
    pub synchronous: Synchronous,
    /// Whether the store counts the changes of each table, by triggers that it installs. What the memo holds is
    /// known to be current by these numbers; without them each answer is made anew.
    pub revisions: bool,
}

impl DatabaseConfig {
    /// A database with everything but its URL by default.
    pub fn new(url: impl Into<String>) -> DatabaseConfig {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        DatabaseConfig {
            url: url.into(),
            readers: cores.clamp(1, 8),
            busy_timeout: Duration::from_secs(5),
            synchronous: Synchronous::Full,
            revisions: true,
        }
    }

    /// Reads `databases.<name>` of the figment's selected profile.
    ///
    /// # Errors
    ///
    /// If there is no such database or it has no `url`; one error for each value that can't be used
    /// and each key that doesn't exist, in a chain.
    pub fn from_figment(figment: &Figment, name: &str) -> Result<DatabaseConfig, Error> {
        let path = format!("databases.{name}");
        let mut table = Table::at(figment, &path)?;
        let default = DatabaseConfig::new("");
        let readers = u32::try_from(default.readers).unwrap_or(1);
        let config = DatabaseConfig {
            url: table.text(
                "url",
                String::new(),
                "the URL of a database, such as \"sqlite:api.db\"",
                |text| (!text.trim().is_empty()).then(|| text.trim().to_owned()),
            ),
            readers: usize::try_from(table.number("readers", readers, 1..=1024)).unwrap_or(default.readers),
            busy_timeout: Duration::from_secs(table.number("busy_timeout", 5, 0..=3600).into()),
            synchronous: table.choice(
                "synchronous",
                default.synchronous,
                &[("full", Synchronous::Full), ("normal", Synchronous::Normal)],
            ),
            revisions: table.flag("revisions", default.revisions),
        };
        table.finish()?;
        if config.url.is_empty() {
            let mut error = Error::from(Kind::MissingField("url".into()));
            error.path = path.split('.').map(str::to_owned).collect();
            error.profile = Some(figment.profile().clone());
            return Err(error);
        }
        Ok(config)
    }

    /// Prints the effective values at launch. The URL's password, if it has one, stays out of the log.
    #[allow(dead_code, reason = "called by the JSON:API fairing")]
    pub(crate) fn announce(&self, name: &str) {
        let synchronous = match self.synchronous {
            Synchronous::Full => "full",
            Synchronous::Normal => "normal",
        };
        super::announce(
            &format!("Database {name}"),
            &[
                ("url", without_password(&self.url)),
                ("readers", self.readers.to_string()),
                ("busy timeout", format!("{}s", self.busy_timeout.as_secs())),
                ("synchronous", synchronous.to_owned()),
                ("revisions", if self.revisions { "on" } else { "off" }.to_owned()),
            ],
        );
    }
}

/// `postgres://user:secret@host/db` as `postgres://user:…@host/db`.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    match authority.rsplit_once('@').map(|(user, host)| (user.split_once(':'), host)) {
        Some((Some((user, _)), host)) => format!("{scheme}://{user}:…@{host}{path}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_is_not_printed() {
        assert_eq!(without_password("postgres://u:se:cr@t@h:5/d"), "postgres://u:…@h:5/d");
        assert_eq!(without_password("postgres://u@h/d"), "postgres://u@h/d");
        assert_eq!(without_password("sqlite:a.db"), "sqlite:a.db");
    }
}
