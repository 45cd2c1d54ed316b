//! Where the database is and how it is used.

use std::{path::PathBuf, time::Duration};

use crate::config::{DatabaseConfig, DatabaseKind};
pub use crate::config::{SchemaMode, Synchronous};
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
    /// Statements that take so long are logged, as [`DatabaseConfig::slow_query`] says; `None` for none.
    pub slow_query: Option<Duration>,
    /// What preparing may change of the tables.
    pub schema: SchemaMode,
    /// Whether preparing says in the log which indexes large tables lack, as [`DatabaseConfig::index_advice`] has it.
    pub index_advice: bool,
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
            slow_query: config.slow_query,
            schema: config.schema,
            index_advice: config.index_advice,
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
            slow_query: None,
            schema: SchemaMode::Create,
            index_advice: true,
        }
    }

    /// Reads the `url` of a database's configuration: `sqlite:open-event.db`, `sqlite://open-event.db`,
    /// `sqlite:///var/lib/open-event.db`, `sqlite::memory:`, or a path alone. What follows the scheme is the
    /// path as it is: nothing is decoded, and there are no parameters.
    ///
    /// On Windows a path with a drive may be written as `sqlite:C:\data\open-event.db`,
    /// `sqlite:C:/data/open-event.db`, `sqlite://C:/data/open-event.db` or `sqlite:///C:/data/open-event.db`, and one of
    /// a server as `sqlite:\\server\share\open-event.db`.
    ///
    /// # Errors
    /// If the URL is of another database, names no file or has parameters.
    pub fn from_url(url: &str) -> Result<Self, PrepareError> {
        Self::from_url_with(url, PathRules::HERE)
    }

    fn from_url_with(url: &str, rules: PathRules) -> Result<Self, PrepareError> {
        let path = match url.strip_prefix("sqlite:") {
            Some(rest) => {
                let path = rules.file(rest.strip_prefix("//").unwrap_or(rest));
                let (prefix, named) = path.split_at(rules.verbatim_prefix(path).len());
                if let Some((named, parameters)) = named.split_once('?') {
                    let path = format!("{prefix}{named}");
                    return Err(PrepareError::new(format!(
                        "the database URL `{url}`: an SQLite URL takes no parameters; write `sqlite:{path}` \
                         without `?{parameters}`"
                    )));
                }
                path
            }
            None => match DatabaseKind::of(url) {
                Ok(DatabaseKind::Sqlite) => rules.file(url),
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

/// Whose paths a URL holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "a build for one system makes only its own; the tests try both")]
enum PathRules {
    Unix,
    Windows,
}

impl PathRules {
    /// Those of the system that this runs on.
    #[cfg(windows)]
    const HERE: Self = Self::Windows;
    #[cfg(not(windows))]
    const HERE: Self = Self::Unix;

    /// The path as the system takes it. A URL has a slash before the drive, or two, as in `sqlite:///C:/data/api.db`
    /// (RFC 8089 appendix E.2 for `file:`); a path has none.
    fn file(self, path: &str) -> &str {
        match self {
            Self::Unix => path,
            Self::Windows => {
                let bare = path.trim_start_matches(['/', '\\']);
                if begins_with_drive(bare) { bare } else { path }
            }
        }
    }

    /// `\\?\` or `\\.\`, with which Windows takes the rest as it is; its `?` begins no parameters.
    fn verbatim_prefix(self, path: &str) -> &str {
        let prefix = path.get(..4).filter(|prefix| matches!(*prefix, r"\\?\" | r"\\.\"));
        prefix.filter(|_| self == Self::Windows).unwrap_or_default()
    }
}

/// Whether a path begins as `C:/` or `C:\` does.
fn begins_with_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [drive, b':', b'/' | b'\\', ..] if drive.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_paths() {
        for (url, windows, unix) in [
            (r"sqlite:C:\data\x.db", r"C:\data\x.db", r"C:\data\x.db"),
            ("sqlite:C:/data/x.db", "C:/data/x.db", "C:/data/x.db"),
            ("sqlite://C:/data/x.db", "C:/data/x.db", "C:/data/x.db"),
            (r"sqlite://C:\data\x.db", r"C:\data\x.db", r"C:\data\x.db"),
            ("sqlite:/C:/data/x.db", "C:/data/x.db", "/C:/data/x.db"),
            ("sqlite:///C:/data/x.db", "C:/data/x.db", "/C:/data/x.db"),
            (r"sqlite:///C:\data\x.db", r"C:\data\x.db", r"/C:\data\x.db"),
            ("sqlite:////C:/data/x.db", "C:/data/x.db", "//C:/data/x.db"),
            (r"sqlite:\\C:\data\x.db", r"C:\data\x.db", r"\\C:\data\x.db"),
            ("sqlite:///d:/Träume/x y.db", "d:/Träume/x y.db", "/d:/Träume/x y.db"),
            (r"C:\data\x.db", r"C:\data\x.db", r"C:\data\x.db"),
            ("C:/data/x.db", "C:/data/x.db", "C:/data/x.db"),
            ("/C:/data/x.db", "C:/data/x.db", "/C:/data/x.db"),
            // Relative: to the folder that is the current one on that drive, to the current folder.
            ("sqlite:C:x.db", "C:x.db", "C:x.db"),
            (r"sqlite:data\x.db", r"data\x.db", r"data\x.db"),
            (r"sqlite:..\x.db", r"..\x.db", r"..\x.db"),
            ("sqlite://x.db", "x.db", "x.db"),
            // On the current drive, and on a server.
            ("sqlite:///data/x.db", "/data/x.db", "/data/x.db"),
            (r"sqlite:\data\x.db", r"\data\x.db", r"\data\x.db"),
            (r"sqlite:\\server\share\x.db", r"\\server\share\x.db", r"\\server\share\x.db"),
            ("sqlite:////server/share/x.db", "//server/share/x.db", "//server/share/x.db"),
            // No drive: its name has one letter.
            ("sqlite:///CD:/x.db", "/CD:/x.db", "/CD:/x.db"),
            ("sqlite:///é:/x.db", "/é:/x.db", "/é:/x.db"),
        ] {
            for (rules, path) in [(PathRules::Windows, windows), (PathRules::Unix, unix)] {
                let options = SqliteOptions::from_url_with(url, rules).map(|options| options.location);
                assert_eq!(options, Ok(Location::File(path.into())), "{url} by {rules:?}");
            }
        }
    }

    #[test]
    fn verbatim_paths_of_windows_hold_no_parameters() {
        let location = |url: &str, rules| {
            SqliteOptions::from_url_with(url, rules)
                .map(|options| options.location)
                .map_err(|error| error.to_string())
        };
        for path in [r"\\?\C:\data\x.db", r"\\?\UNC\server\share\x.db", r"\\.\C:\data\x.db"] {
            let file = Ok(Location::File(path.into()));
            assert_eq!(location(&format!("sqlite:{path}"), PathRules::Windows), file);
            assert_eq!(location(path, PathRules::Windows), file);
        }
        let problem = location(r"sqlite:\\?\C:\x.db?mode=ro", PathRules::Windows).unwrap_err();
        assert!(problem.contains(r"write `sqlite:\\?\C:\x.db` without `?mode=ro`"), "{problem}");
        let problem = location("sqlite:///C:/x.db?mode=ro", PathRules::Windows).unwrap_err();
        assert!(problem.contains("write `sqlite:C:/x.db` without `?mode=ro`"), "{problem}");
        assert!(location(r"sqlite:\\?\C:\x.db", PathRules::Unix).is_err());
        // Short ones, and one whose fourth byte is within a letter.
        for path in [r"\\", "é/é", "ééé"] {
            assert_eq!(
                location(&format!("sqlite:{path}"), PathRules::Windows),
                Ok(Location::File(path.into()))
            );
        }
    }

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
