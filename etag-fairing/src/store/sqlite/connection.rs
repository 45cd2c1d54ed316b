//! One connection to the database.

use std::{
    cell::RefCell,
    path::Path,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use rusqlite::{
    CachedStatement, ToSql,
    config::DbConfig,
    params_from_iter,
    types::{ToSqlOutput, ValueRef as SqliteValue},
};

use super::{
    SqliteOptions, Synchronous,
    checks::{self, Check},
    connect::{self, ConnectionFactory},
    error::store_error,
    file::DatabaseFile,
    functions,
    group_commit::GroupCommit,
    inline_budget::InlineBudget,
    interrupt::Brake,
    rusqlite_versions,
};
use crate::plan::Change;
use crate::schema::{Description, Rows, StoredTime, ValueRef};
use crate::store::sql::abilities::Limits;
use crate::store::sql::cache::Texts;
use crate::store::sql::change;
use crate::store::sql::forms::Forms;
use crate::store::sql::parameter::Parameter;
use crate::store::sql::referrer::Referrer;
use crate::store::sql::statement_watch::WatchedStatement;
use crate::store::sql::versions::Versions;
use crate::store::{Constraint, PrepareError, StatementCounter, StoreError};

/// The pages after which the writer moves the log itself: when one transaction has written very much.
const PAGES: i64 = 10_000;

/// A connection with the statements it knows.
pub(super) struct Connection {
    pub(super) sqlite: rusqlite::Connection,
    pub(super) texts: RefCell<Texts>,
    /// All references, if the database doesn't see to each of them when a row is deleted; else none.
    pub(super) referrers: Arc<[Referrer]>,
    /// What the store itself keeps.
    pub(super) versions: Arc<Versions>,
    /// The tables whose id is the rowid. SQLite tells the last one that it has made; to be told by the statement,
    /// with `RETURNING`, takes a table in memory each time.
    pub(super) rowids: Arc<[&'static str]>,
    /// The named checks of each table.
    checks: Vec<(&'static str, Vec<Check>)>,
    /// What can't be written.
    pub(super) limits: Arc<Limits>,
    pub(super) counter: Arc<StatementCounter>,
    busy_timeout: Duration,
    /// What the writer's connection knows of writes that share a commit.
    pub(super) group_commit: GroupCommit,
    /// What its statements may take, where somebody waits on the spot.
    pub(super) budget: InlineBudget,
    /// What its jobs are ended by, where it has a thread.
    pub(super) brake: Brake,
    /// The text of a row of each table, in bytes: as it was last.
    texts_of_rows: RefCell<Vec<(&'static str, usize)>>,
    /// Tables whose changes took long, a trigger perhaps, and how many more of each go to the thread.
    long: Vec<(&'static str, u32)>,
    // After the connection: the file is removed when the last connection is closed.
    file: Arc<DatabaseFile>,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reading alone.
    Read,
    /// Reading alone, where nobody can wait for another process.
    ReadAtOnce,
    /// Reading and writing.
    Write,
}

impl Connection {
    /// Opens the database.
    pub(super) fn open(
        file: Arc<DatabaseFile>,
        purpose: Purpose,
        options: &SqliteOptions,
        factory: Option<&ConnectionFactory>,
        counter: Arc<StatementCounter>,
    ) -> Result<Self, PrepareError> {
        let mut sqlite = match factory {
            Some(factory) => connect::by_application(&file.path, factory)?,
            None => connect::by_store(&file.path).map_err(|error| cannot_open(&file.path, &error))?,
        };
        if rusqlite_versions::is_read_only(&sqlite) {
            return Err(PrepareError::new(format!(
                "the database `{}` cannot be written: the file is read-only",
                file.path.display()
            )));
        }
        settle(&sqlite, purpose, options).map_err(|error| cannot_open(&file.path, &error))?;
        if factory.is_none() {
            set_sizes(&sqlite, purpose).map_err(|error| cannot_open(&file.path, &error))?;
        }
        let brake = Brake::of(&mut sqlite).map_err(|error| cannot_open(&file.path, &error))?;
        Ok(Self {
            sqlite,
            texts: RefCell::default(),
            referrers: Arc::default(),
            versions: Arc::default(),
            rowids: Arc::default(),
            checks: Vec::new(),
            limits: Arc::default(),
            counter,
            busy_timeout: options.busy_timeout,
            group_commit: GroupCommit::new(options.synchronous),
            budget: InlineBudget::default(),
            brake,
            texts_of_rows: RefCell::default(),
            long: Vec::new(),
            file,
        })
    }

    /// Takes what was learned of the resources.
    pub(super) fn know(
        &mut self,
        referrers: Vec<Referrer>,
        versions: Versions,
        rowids: Vec<&'static str>,
        checks: Vec<(&'static str, Vec<Check>)>,
        limits: Arc<Limits>,
    ) {
        (self.checks, self.limits) = (checks, limits);
        self.referrers = referrers.into();
        self.versions = versions.into();
        self.rowids = rowids.into();
        // What updates write depends on it.
        self.texts = RefCell::default();
    }

    /// The columns whose times or UUIDs are not in our own form.
    pub(super) fn forms(&self) -> Arc<Forms> {
        Arc::clone(&self.file.forms.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same, if any of them spells UUIDs in another way than ours.
    pub(super) fn spellings(&self) -> Option<Arc<Forms>> {
        self.file.has_spellings.load(Ordering::Acquire).then(|| self.forms())
    }

    /// Tells all connections of them.
    pub(super) fn hold(&self, forms: Forms) {
        self.file.has_spellings.store(forms.has_spellings(), Ordering::Release);
        *self.file.forms.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(forms);
    }

    /// Tells all connections in which form to write to a column.
    pub(super) fn learn_form(&self, table: &str, column: &str, form: StoredTime) {
        let mut forms = self.file.forms.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut forms).learn(table, column, form);
    }

    /// An error as a change of this resource sees it: of a check with the columns that it is about.
    pub(super) fn explained(&self, change: &Change, error: StoreError) -> StoreError {
        let resource = change.resource();
        match error.seen_from(resource.table) {
            StoreError::Constraint(Constraint::Check { name }) if !name.is_empty() => {
                let checks = self.checks.iter().find(|(table, _)| *table == resource.table);
                let checks = checks.map_or(&[][..], |(_, checks)| checks);
                let columns = checks::columns_of(checks, &name, change::columns(resource));
                StoreError::Constraint(if columns.is_empty() {
                    Constraint::Check { name }
                } else {
                    Constraint::CheckOf { name, columns }
                })
            }
            error => error,
        }
    }

    /// Makes a change of a table where the request is answered. `None` if such changes have taken long.
    pub(super) fn try_at_once<T>(
        &mut self,
        table: &'static str,
        change: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        /// What takes longer is better done by the thread: meanwhile no request on this worker goes on.
        const LONG: Duration = Duration::from_millis(8);
        /// How many more go there at once.
        const SPARED: u32 = 64;
        if let Some((_, left)) = self.long.iter_mut().find(|(long, left)| *long == table && *left > 0) {
            *left -= 1;
            return None;
        }
        let begun = Instant::now();
        let changed = change(self);
        if begun.elapsed() > LONG {
            self.long.retain(|(long, _)| *long != table);
            self.long.push((table, SPARED));
        }
        Some(changed)
    }

    /// Rows of a resource, with memory for about so many.
    pub(super) fn rows(&self, resource: &'static Description, expected: usize) -> Rows {
        /// Where nothing is known yet.
        const TEXT: usize = 128;
        let known = self.texts_of_rows.borrow();
        let known = known.iter().find(|(table, _)| *table == resource.table);
        let text = known.map_or(TEXT, |(_, text)| *text);
        Rows::with_capacity(resource, expected, text)
    }

    /// Learns how much text rows have.
    pub(super) fn learn(&self, resource: &'static Description, rows: &Rows) {
        let Some(text) = rows.text_bytes().checked_div(rows.len()) else { return };
        // An eighth more, since rows are not all the same; and no row of a few is a measure for many.
        let text = (text + text / 8 + 8).min(4096);
        let mut texts = self.texts_of_rows.borrow_mut();
        match texts.iter_mut().find(|(table, _)| *table == resource.table) {
            Some((_, known)) => *known = text,
            None => texts.push((resource.table, text)),
        }
    }

    /// A statement, ready to run.
    pub(super) fn prepare(&self, text: &str) -> Result<CachedStatement<'_>, StoreError> {
        self.brake.check()?;
        self.counter.count_statement();
        self.sqlite.prepare_cached(text).map_err(store_error)
    }

    /// Watches over a statement that begins now.
    pub(super) fn watch<'s>(&'s self, text: &'s str) -> WatchedStatement<'s> {
        self.file.statements.begin(text)
    }

    /// Runs a statement that gives no rows. Answers how many rows it changed.
    pub(super) fn run<'p>(
        &self,
        text: &str,
        parameters: &[impl Into<Parameter<'p>> + Copy],
    ) -> Result<usize, StoreError> {
        let watched = self.watch(text);
        let changed = self.prepare(text)?.execute(bound(parameters)).map_err(store_error)?;
        watched.end(changed as u64);
        Ok(changed)
    }

    /// # Errors
    /// If the database's file is no longer where it was.
    pub(super) fn check_file(&self) -> Result<(), StoreError> {
        self.file.paths.check()
    }

    /// Remembers which files the database has.
    pub(super) fn remember_files(&self) {
        self.file.paths.remember(&self.sqlite);
    }

    /// Runs a statement of transaction control.
    pub(super) fn control(&self, text: &'static str) -> Result<(), StoreError> {
        let mut statement = self.sqlite.prepare_cached(text).map_err(store_error)?;
        statement.execute([]).map(drop).map_err(store_error)
    }

    /// The same, without waiting for another process.
    pub(super) fn without_waiting(&self, text: &'static str) -> Result<(), StoreError> {
        self.sqlite.busy_timeout(Duration::ZERO).map_err(store_error)?;
        let outcome = self.control(text);
        self.sqlite.busy_timeout(self.busy_timeout).map_err(store_error)?;
        outcome
    }

    /// Lets all foreign keys wait for the commit, or the end of the transaction. Not from the cache: what a pragma sets
    /// it sets when it is prepared.
    pub(super) fn let_foreign_keys_wait(&self) -> Result<(), StoreError> {
        self.sqlite.execute_batch("PRAGMA defer_foreign_keys = ON").map_err(store_error)
    }

    /// Undoes what is open, if anything is.
    pub(super) fn rollback(&self) {
        self.budget.renew();
        self.brake.finish();
        if !self.sqlite.is_autocommit()
            && let Err(error) = self.control("ROLLBACK")
        {
            log::error!("cannot roll back: {error}");
        }
    }
}

/// Values as SQLite takes them.
pub(super) fn bound<'p>(parameters: &[impl Into<Parameter<'p>> + Copy]) -> impl rusqlite::Params {
    params_from_iter(parameters.iter().flat_map(|parameter| (*parameter).into().values().map(Bound)))
}

struct Bound<'a>(ValueRef<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            ValueRef::Null => SqliteValue::Null,
            ValueRef::Bool(value) => SqliteValue::Integer(value.into()),
            ValueRef::Integer(value) => SqliteValue::Integer(value),
            ValueRef::Float(value) => SqliteValue::Real(value),
            ValueRef::Text(value) | ValueRef::Decimal(value) => SqliteValue::Text(value.as_bytes()),
            ValueRef::Bytes(value) => SqliteValue::Blob(value),
        }))
    }
}

fn settle(sqlite: &rusqlite::Connection, purpose: Purpose, options: &SqliteOptions) -> rusqlite::Result<()> {
    sqlite.busy_timeout(options.busy_timeout)?;
    functions::install(sqlite)?;
    write_ahead_log(sqlite, options.busy_timeout)?;
    // A column that was dropped behind our back is an error, not the text of its name.
    sqlite.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    // A plan doesn't depend on the values of parameters: else a statement is prepared anew for each other offset.
    sqlite.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    sqlite.pragma_update(None, "foreign_keys", true)?;
    let synchronous = match options.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    sqlite.pragma_update(None, "synchronous", synchronous)?;
    sqlite.set_prepared_statement_cache_capacity(256);
    if purpose == Purpose::Write && options.synchronous == Synchronous::Normal {
        sqlite.pragma_update_and_check(None, "wal_autocheckpoint", PAGES, |_| Ok(()))?;
    }
    if purpose != Purpose::Write {
        sqlite.pragma_update(None, "query_only", true)?;
    }
    if purpose == Purpose::ReadAtOnce {
        sqlite.busy_timeout(Duration::ZERO)?;
    }
    Ok(())
}

/// How much memory and room a connection takes: what nobody has said who has opened it.
fn set_sizes(sqlite: &rusqlite::Connection, purpose: Purpose) -> rusqlite::Result<()> {
    // 8 MiB of pages a connection. No memory map: a fault on the disk would kill the process.
    sqlite.pragma_update(None, "cache_size", -8192)?;
    // What a savepoint of the writer has changed lies in one piece of memory, and in a file if it is more than 64 KiB;
    // without files it lies in pieces of 1 KiB, a good part of a short write's time. What a long read sorts, or makes a set
    // of, may be as much as a whole table: that goes to a file, too, once it is more than a few MiB.
    if purpose == Purpose::ReadAtOnce || !takes_files(&std::env::temp_dir()) {
        sqlite.pragma_update(None, "temp_store", "MEMORY")?;
    }
    // After a burst of writes the log shrinks to 64 MiB.
    sqlite.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))
}

/// Whether files can be made in a folder. Where none can be there is no temporary folder: SQLite would fail.
pub(super) fn takes_files(folder: &Path) -> bool {
    let path = folder.join(format!("etag-fairing-{}", uuid::Uuid::now_v7()));
    let made = std::fs::File::create_new(&path).is_ok();
    if made && let Err(error) = std::fs::remove_file(&path) {
        log::warn!("cannot remove `{}`: {error}", path.display());
    }
    made
}

/// Readers and the writer go side by side. SQLite doesn't wait when two connections want to switch at once, so
/// this does.
fn write_ahead_log(sqlite: &rusqlite::Connection, patience: Duration) -> rusqlite::Result<()> {
    let start = Instant::now();
    loop {
        let mode = sqlite.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => {
                return Err(rusqlite::Error::ToSqlConversionFailure(
                    format!("its file system allows no write-ahead log (journal mode `{mode}`)").into(),
                ));
            }
            Err(error) => {
                let busy = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy);
                if !busy || start.elapsed() >= patience {
                    return Err(error);
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

fn cannot_open(path: &Path, error: &rusqlite::Error) -> PrepareError {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let reason = match folder {
        Some(folder) if !folder.is_dir() => format!("there is no folder `{}`", folder.display()),
        _ => error.to_string(),
    };
    PrepareError::new(format!("cannot open the database `{}`: {reason}", path.display()))
}
