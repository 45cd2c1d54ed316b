//! The database's file, and whether it is still where it was.
//!
//! If somebody deletes or replaces the file of a running server, or the log beside it, SQLite does not notice: it goes on
//! with the files that it has open, and all that is written there is lost with the process. So the paths are looked at
//! every second while requests come, and at each commit. While another file is there, or none, nothing is read or written.

use std::{
    path::PathBuf,
    sync::{
        Arc, OnceLock, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{error::lost, wal_index::WalIndex};
use crate::store::{StoreError, sql::forms::Forms, sql::statement_watch::StatementWatch};

/// How often reads look at the path.
const INTERVAL: Duration = Duration::from_secs(1);

/// The database's file, and its folder if that goes with the store.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    pub(super) path: PathBuf,
    folder: Option<PathBuf>,
    /// The columns whose times or UUIDs are not in our own form, as all connections know them.
    pub(super) forms: RwLock<Arc<Forms>>,
    /// Whether any of them spells UUIDs in another way than ours.
    pub(super) has_spellings: AtomicBool,
    /// Open from when somebody wants to know of commits, until the last connection is closed.
    pub(super) wal_index: Arc<OnceLock<Option<WalIndex>>>,
    pub(super) paths: Arc<Paths>,
    pub(super) statements: StatementWatch,
}

/// The paths of the database's files, and which files were there.
#[derive(Debug)]
pub(super) struct Paths {
    path: PathBuf,
    /// What was at the paths when they were first looked at.
    known: OnceLock<[Known; 3]>,
    is_lost: AtomicBool,
    /// When the paths were last looked at, in milliseconds of the clock.
    looked: AtomicU64,
    clock: Instant,
}

/// A path, and the file that was there.
#[derive(Debug)]
struct Known {
    path: PathBuf,
    identity: Option<Identity>,
}

impl DatabaseFile {
    /// A database at this path, in a folder that is removed with it.
    pub(super) fn new(path: PathBuf, folder: Option<PathBuf>) -> Self {
        let paths = Paths {
            path: path.clone(),
            known: OnceLock::new(),
            is_lost: AtomicBool::new(false),
            looked: AtomicU64::new(0),
            clock: Instant::now(),
        };
        Self {
            path,
            folder,
            forms: RwLock::default(),
            has_spellings: AtomicBool::new(false),
            wal_index: Arc::default(),
            paths: Arc::new(paths),
            statements: StatementWatch::default(),
        }
    }
}

impl Paths {
    /// Remembers the files as they are, once the database is open and its log is there.
    pub(super) fn remember(&self, sqlite: &rusqlite::Connection) {
        // Another working directory changes nothing, and of a link SQLite names its log by what it leads to.
        let path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        let beside = |ending: &str| {
            let mut name = std::ffi::OsString::from(sqlite.path().unwrap_or_default());
            name.push(ending);
            PathBuf::from(name)
        };
        let known = |path: PathBuf| Known { identity: identity(&path).ok().flatten(), path };
        // The log's index holds the locks too: two programs with two of them write over each other.
        self.known.get_or_init(|| [known(path), known(beside("-wal")), known(beside("-shm"))]);
    }

    /// Where the database's file is looked at, and where SQLite has the log beside it: in another folder, if the path is a link.
    pub(super) fn file_and_log(&self) -> (PathBuf, PathBuf) {
        match self.known.get() {
            Some([file, log, _]) => (file.path.clone(), log.path.clone()),
            None => (self.path.clone(), self.path.clone()),
        }
    }

    /// Looks at the paths, if nobody has for a second.
    ///
    /// # Errors
    /// If the files there are others, or none.
    pub(super) fn check_now_and_then(&self) -> Result<(), StoreError> {
        let now = u64::try_from(self.clock.elapsed().as_millis()).unwrap_or(u64::MAX);
        let looked = self.looked.load(Ordering::Relaxed);
        if u128::from(now.saturating_sub(looked)) >= INTERVAL.as_millis() {
            self.looked.store(now, Ordering::Relaxed);
            return self.check();
        }
        if self.is_lost.load(Ordering::Relaxed) { Err(lost()) } else { Ok(()) }
    }

    /// Looks at the paths before a write, as often as for a read; while the files are away each time, to see them come back.
    ///
    /// # Errors
    /// If the files there are others, or none.
    pub(super) fn check_before_write(&self) -> Result<(), StoreError> {
        if self.is_lost.load(Ordering::Relaxed) { self.check() } else { self.check_now_and_then() }
    }

    /// Looks at the paths.
    ///
    /// # Errors
    /// If the files there are others, or none.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let other = self.known.get().and_then(|known| known.iter().find(|known| known.is_another()));
        let was_lost = self.is_lost.swap(other.is_some(), Ordering::Relaxed);
        match other {
            Some(known) => {
                if !was_lost {
                    log::error!(
                        "`{}` was deleted or replaced while the server has it open: requests are answered with 503 \
                         until it is restarted, or the file is back",
                        known.path.display()
                    );
                }
                Err(lost())
            }
            None => {
                if was_lost {
                    log::warn!("`{}` is back: requests are answered again", self.path.display());
                }
                Ok(())
            }
        }
    }
}

impl Known {
    /// Whether another file is there, or none. What cannot be found out is no reason to stop.
    fn is_another(&self) -> bool {
        self.identity.is_some() && identity(&self.path).is_ok_and(|found| found != self.identity)
    }
}

impl Drop for DatabaseFile {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder
            && let Err(error) = std::fs::remove_dir_all(folder)
        {
            log::warn!("cannot remove the temporary database `{}`: {error}", folder.display());
        }
    }
}

/// What tells a file from all others as long as it is open: its device and its inode.
#[cfg(unix)]
type Identity = (u64, u64);

/// Where nothing tells one from another.
#[cfg(not(unix))]
type Identity = ();

/// Whether two paths lead to one file. Where nothing tells one from another, the paths are compared as they are in full.
pub(super) fn is_same(one: &std::path::Path, other: &std::path::Path) -> bool {
    let real = |path: &std::path::Path| path.canonicalize().or_else(|_| std::path::absolute(path));
    match (identity(one), identity(other)) {
        (Ok(Some(one)), Ok(Some(other))) => one == other,
        _ => matches!((real(one), real(other)), (Ok(one), Ok(other)) if one == other),
    }
}

/// The file at a path; `None` if there is none.
#[cfg(unix)]
fn identity(path: &std::path::Path) -> std::io::Result<Option<Identity>> {
    use std::os::unix::fs::MetadataExt;

    match std::fs::metadata(path) {
        Ok(file) => Ok(Some((file.dev(), file.ino()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn identity(_: &std::path::Path) -> std::io::Result<Option<Identity>> {
    // Such systems don't let a file be deleted that is open.
    Ok(None)
}
