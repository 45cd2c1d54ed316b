//! How a connection is opened: by the store, or by the application.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use super::file::is_same;
use crate::store::PrepareError;

/// Opens a connection to the database at a path, as the application does it.
pub(crate) type ConnectionFactory =
    Arc<dyn Fn(&Path) -> Result<Connection, Box<dyn Error + Send + Sync>> + Send + Sync>;

/// A factory with errors of its own.
pub(crate) fn factory<E: Into<Box<dyn Error + Send + Sync>>>(
    connect: impl Fn(&Path) -> Result<Connection, E> + Send + Sync + 'static,
) -> ConnectionFactory {
    Arc::new(move |path| connect(path).map_err(Into::into))
}

/// Opens it with nothing but the defaults.
pub(super) fn by_store(path: &Path) -> rusqlite::Result<Connection> {
    // Not as a URI: a path is a path, whatever characters it has.
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

/// Has the application open it, and looks at what it has opened.
///
/// # Errors
/// If there is no connection, it is to another database, or others could not be beside it.
pub(super) fn by_application(path: &Path, factory: &ConnectionFactory) -> Result<Connection, PrepareError> {
    let problem =
        |told: String| PrepareError::new(format!("cannot open the database `{}`: {told}", path.display()));
    let sqlite = factory(path).map_err(|error| problem(format!("the application's connection: {error}")))?;
    if !sqlite.is_autocommit() {
        return Err(problem("the application's connection has a transaction open: end it before".into()));
    }
    // A database in memory has no path, and each connection has its own one.
    let opened = sqlite.path().unwrap_or_default().to_owned();
    if opened.is_empty() {
        return Err(problem(
            "the application's connection is to a database in memory, of which each connection has its own: open the path \
             that is given"
                .into(),
        ));
    }
    // The first statement reads the file, and a wrong key shows.
    let mode: String = sqlite
        .query_row(
            "SELECT locking_mode FROM pragma_locking_mode, (SELECT count(*) FROM sqlite_schema)",
            [],
            |row| row.get(0),
        )
        .map_err(|error| problem(format!("the application's connection cannot read it: {error}")))?;
    if !mode.eq_ignore_ascii_case("normal") {
        return Err(problem(format!(
            "the application's connection has `PRAGMA locking_mode = {mode}`, beside which there can be no second one: \
             leave it at `normal`"
        )));
    }
    if !is_same(Path::new(&opened), path) {
        return Err(problem(format!(
            "the application's connection is to `{opened}`: open the path that is given, or name that one as the location"
        )));
    }
    Ok(sqlite)
}
