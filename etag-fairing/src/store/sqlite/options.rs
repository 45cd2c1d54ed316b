//! Where the database is and how it is used.

use std::{path::PathBuf, time::Duration};

pub use crate::config::Synchronous;
use crate::config::{DatabaseConfig, DatabaseKind};
use crate::store::PrepareError;

/// Where an SQLite database is and how it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// The place of the database.
    pub location: Location,
    /// The number of connections (each with a thread of its own) that read; at least 1. Half of them serve what takes
    /// long, at most; so where it is 1, there is another one for that.
    pub readers: usize,
    /// How long a write waits for another *process* that writes to the same file.
    ///
    /// SQLite doesn't queue processes: one that writes all the time may keep another waiting for seconds.
    pub busy_timeout: Duration,
    /// How long a request waits for a free reader, or for its turn to write.
    pub queue_timeout: Duration,
    /// How long the statements of one read may take together, once it has a reader. What takes longer is interrupted
    /// ([`StoreError::ReadTimedOut`](crate::store::StoreError::ReadTimedOut)).
    pub read_timeout: Duration,
    /// What an acknowledged write survives.
    pub synchronous: Synchronous,
    /// Whether the changes of each table are counted, by triggers; if not, those of earlier launches are removed.
    pub revisions: bool,
}

/// The place of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file; made if it is missing. Its folder must exist.
    File(PathBuf),
    /// A database for as long as the store is open, for tests and trials (`:memory:`).
    ///
    /// It lies in a private folder of the system's folder for temporary files, removed when the store closes:
    /// in SQLite's own in-memory databases readers wait for the writer, and tests would meet rules that don't
    /// hold in production.
    Temporary,
}

impl SqliteOptions {
    /// The options of a database in `Rocket.toml`.
    ///
    /// # Errors
    /// If its `url` names no SQLite database.
    pub fn from_config(config: &DatabaseConfig) -> Result<Self, PrepareError> {
        Ok(Self {
            readers: config.readers,
            busy_timeout: config.busy_timeout,
            queue_timeout: config.busy_timeout,
            read_timeout: config.read_timeout,
            synchronous: config.synchronous,
            revisions: config.revisions,
            ..Self::from_url(&config.url)?
        })
    }

    /// A database at this place, with the defaults: as many readers as processors (from 4 to 8), 5 s for another
    /// process, 5 s for a turn, 5 s for a read, writes that survive power loss, and revisions.
    pub fn new(location: Location) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            location,
            readers: processors.clamp(4, 8),
            busy_timeout: Duration::from_secs(5),
            queue_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(5),
            synchronous: Synchronous::Full,
            revisions: true,
        }
    }

    /// Reads the `url` of a database's configuration: `sqlite:open-event.db`, `sqlite://open-event.db`,
    /// `sqlite:///var/lib/open-event.db`, `sqlite::memory:`, or a path alone. What follows the scheme is the
    /// path as it is: nothing is decoded, and there are no parameters.
    ///
    /// # Errors
    /// If the URL is of another database, names no file or has parameters.
    pub fn from_url(url: &str) -> Result<Self, PrepareError> {
        let path = match url.strip_prefix("sqlite:") {
            Some(rest) => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if let Some((path, parameters)) = path.split_once('?') {
                    return Err(PrepareError::new(format!(
                        "the database URL `{url}`: an SQLite URL takes no parameters; write `sqlite:{path}` \
                         without `?{parameters}`"
                    )));
                }
                path
            }
            None => match DatabaseKind::of(url) {
                Ok(DatabaseKind::Sqlite) => url,
                Ok(DatabaseKind::Postgres) => {
                    return Err(PrepareError::new(
                        "the database URL is one of PostgreSQL, not of SQLite; write `sqlite:<path>`",
                    ));
                }
                Err(problem) => return Err(PrepareError::new(format!("the database URL: {problem}"))),
            },
        };
        match path {
            "" => Err(PrepareError::new(format!("the database URL `{url}` names no file"))),
            ":memory:" => Ok(Self::new(Location::Temporary)),
            path => Ok(Self::new(Location::File(path.into()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_forms() {
        let location = |url: &str| SqliteOptions::from_url(url).map(|options| options.location);
        let file = |path: &str| Ok(Location::File(path.into()));
        assert_eq!(location("sqlite:open-event.db"), file("open-event.db"));
        assert_eq!(location("sqlite://open-event.db"), file("open-event.db"));
        assert_eq!(location("sqlite:///var/lib/x.db"), file("/var/lib/x.db"));
        assert_eq!(location("sqlite:/var/lib/x.db"), file("/var/lib/x.db"));
        assert_eq!(location("open event?.db"), file("open event?.db"));
        assert_eq!(location("C:\\data\\x.db"), file("C:\\data\\x.db"));
        assert_eq!(location("sqlite::memory:"), Ok(Location::Temporary));
        assert_eq!(location("sqlite://:memory:"), Ok(Location::Temporary));
        assert_eq!(location(":memory:"), Ok(Location::Temporary));
    }

    #[test]
    fn urls_that_are_refused() {
        let problem = |url: &str| SqliteOptions::from_url(url).unwrap_err().to_string();
        assert!(problem("sqlite:x.db?mode=rwc").contains("without `?mode=rwc`"));
        assert!(problem("sqlite:").contains("names no file"));
        assert!(problem("").contains("names no file"));
        let postgres = problem("postgres://user:secret@host/db");
        assert!(postgres.contains("PostgreSQL") && !postgres.contains("secret"), "{postgres}");
    }
}
