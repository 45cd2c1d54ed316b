//! Revisions: a number per table that rises in the same transaction as every change to it.
//!
//! Triggers count, so that the changes of other programs, of cascades and of raw SQL are counted too. SQLite has one
//! writer at a time: a single number per table makes nobody wait who would not wait anyway.
//!
//! What deletes by itself fires them: foreign keys' actions do, and `DELETE` without `WHERE` goes row by row where
//! there are triggers. What `REPLACE` removes fires no trigger of its table, but the row that takes its place does.
//! Dropping or altering a table fires none; so the schema's own number is part of what [`Watch`] answers, and a table
//! whose triggers are gone has no revision.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Result};

use super::{table, wal_index::Header};
use crate::store::sql::definitions::literal;
use crate::store::sql::prepare::quoted;

/// The table of the numbers. Not `STRICT`, and the triggers are plain SQL: they stand in databases that other
/// programs open too, with an SQLite that may be older than ours.
const REVISIONS: &str = "_etag_fairing_revisions";

/// What each of our triggers begins with.
const PREFIX: &str = "_etag_fairing_revision_";

const EVENTS: [&str; 3] = ["INSERT", "UPDATE", "DELETE"];

struct Trigger {
    name: String,
    sql: String,
}

/// The triggers that count the changes of a table.
fn triggers(table: &str) -> [Trigger; 3] {
    EVENTS.map(|event| {
        let name = format!("{PREFIX}{}_{table}", event.to_ascii_lowercase());
        // Not by one: a database that is put back from a copy goes on counting from there, and should not come to a
        // number that stood for another state before.
        let sql = format!(
            "CREATE TRIGGER {} AFTER {event} ON {} BEGIN \
             UPDATE {REVISIONS} SET revision = revision + 1 + (random() & 4095) WHERE name = {}; END",
            quoted(&name),
            quoted(table),
            literal(table),
        );
        Trigger { name, sql }
    })
}

/// The definition of the table of the numbers.
fn table() -> String {
    format!(
        "CREATE TABLE {REVISIONS} (name TEXT NOT NULL PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID"
    )
}

/// The statements that have the changes of these tables counted, as far as that is not so already; all of them without a
/// database.
pub(super) fn definitions(sqlite: Option<&Connection>, tables: &[&'static str]) -> Result<Vec<String>> {
    let there = |name: &str| sqlite.map_or(Ok(None), |sqlite| found(sqlite, name));
    let mut statements = Vec::new();
    let has_table = sqlite.map_or(Ok(None), |sqlite| table::find(sqlite, REVISIONS))?.is_some();
    if !has_table {
        statements.push(table());
    }
    for table in tables {
        let mut is_known = false;
        if let (true, Some(sqlite)) = (has_table, sqlite) {
            is_known = has_number(sqlite, table)?;
        }
        if !is_known {
            // From the clock, as `install` does it: microseconds since 1970, by the day of the Julian calendar.
            statements.push(format!(
                "INSERT INTO {REVISIONS} (name, revision) \
                 VALUES ({}, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))",
                literal(table)
            ));
        }
        for trigger in triggers(table) {
            match there(&trigger.name)? {
                Some(sql) if sql == trigger.sql => continue,
                Some(_) => statements.push(format!("DROP TRIGGER {}", quoted(&trigger.name))),
                None => {}
            }
            statements.push(trigger.sql);
        }
    }
    Ok(statements)
}

fn has_number(sqlite: &Connection, table: &str) -> Result<bool> {
    let text = format!("SELECT EXISTS (SELECT 1 FROM {REVISIONS} WHERE name = ?1)");
    sqlite.query_row(&text, [table], |row| row.get(0))
}

/// Has the changes of these tables counted from now on. Writes nothing where that is so already.
pub(super) fn install(sqlite: &Connection, tables: &[&'static str]) -> Result<()> {
    if table::find(sqlite, REVISIONS)?.is_none() {
        sqlite.execute_batch(&self::table())?;
    }
    // From the clock: where counting was given up and is taken up again, it doesn't come to an earlier number.
    let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    let start = i64::try_from(start).unwrap_or(0);
    for table in tables {
        if !has_number(sqlite, table)? {
            sqlite.execute(
                &format!("INSERT INTO {REVISIONS} (name, revision) VALUES (?1, ?2)"),
                (table, start),
            )?;
        }
        for trigger in triggers(table) {
            match found(sqlite, &trigger.name)? {
                Some(sql) if sql == trigger.sql => {}
                // That of a table which has another name by now, or of an earlier version.
                Some(_) => {
                    sqlite.execute_batch(&format!("DROP TRIGGER {}", quoted(&trigger.name)))?;
                    sqlite.execute_batch(&trigger.sql)?;
                }
                None => sqlite.execute_batch(&trigger.sql)?,
            }
        }
    }
    Ok(())
}

/// Leaves only those tables whose changes are counted already, where nothing may be installed.
pub(super) fn keep_counted(sqlite: &Connection, tables: &mut Vec<&'static str>) -> Result<()> {
    let warn = |table: &str| {
        log::warn!(
            "the changes of the table `{table}` are not counted, since no triggers do so, and `schema = \"check\"` makes \
             none: its answers are made anew each time"
        );
    };
    if table::find(sqlite, REVISIONS)?.is_none() {
        tables.drain(..).for_each(warn);
        return Ok(());
    }
    let mut counted = look_at_triggers(sqlite, tables, warn)?.into_iter();
    tables.retain(|_| counted.next() == Some(true));
    Ok(())
}

/// Takes away all that [`install`] has put there, whichever tables it was for.
pub(super) fn remove(sqlite: &Connection) -> Result<()> {
    if table::find(sqlite, REVISIONS)?.is_none() {
        return Ok(());
    }
    let mut statement = sqlite
        .prepare("SELECT name FROM main.sqlite_schema WHERE type = 'trigger' AND substr(name, 1, ?1) = ?2")?;
    let length = i64::try_from(PREFIX.len()).unwrap_or(0);
    let names: Result<Vec<String>> = statement.query_map((length, PREFIX), |row| row.get(0))?.collect();
    for name in names? {
        sqlite.execute_batch(&format!("DROP TRIGGER {}", quoted(&name)))?;
    }
    sqlite.execute_batch(&format!("DROP TABLE {REVISIONS}"))
}

fn found(sqlite: &Connection, trigger: &str) -> Result<Option<String>> {
    sqlite
        .prepare_cached("SELECT sql FROM main.sqlite_schema WHERE type = 'trigger' AND name = ?1")?
        .query_row([trigger], |row| row.get(0))
        .optional()
}

/// The numbers of all tables at one moment.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// The tables whose changes are counted.
    tables: Arc<[&'static str]>,
    /// The number of the schema.
    schema: Option<i64>,
    /// The number of each table; `None` if its changes aren't counted.
    numbers: Vec<Option<u64>>,
}

impl Numbers {
    /// The number of these tables together; `None` if the changes of one of them aren't counted.
    pub(super) fn of(&self, tables: &[&'static str]) -> Option<u64> {
        // Each number only rises, so that the sum stays only if each of them does.
        let number = |table: &&'static str| {
            let is = |known: &&str| std::ptr::eq(*known, *table) || known.eq_ignore_ascii_case(table);
            self.numbers.get(self.tables.iter().position(is)?).copied().flatten()
        };
        tables
            .iter()
            .map(number)
            .try_fold(self.schema?.cast_unsigned(), |sum, number| Some(sum.wrapping_add(number?)))
    }
}

/// The numbers as the store last read them.
#[derive(Debug, Default)]
pub(super) struct Latest(RwLock<State>);

#[derive(Debug, Default)]
struct State {
    /// The numbers are those of this header, or of a later one: read after it. So as long as it is the header, they
    /// are those of now.
    known: Option<(Header, Arc<Numbers>)>,
    closed: bool,
}

impl Latest {
    /// The number of these tables together, if the numbers of this header are known.
    pub(super) fn of(&self, header: Header, tables: &[&'static str]) -> Option<Option<u64>> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (known, numbers) = state.known.as_ref()?;
        (*known == header).then(|| numbers.of(tables))
    }

    /// Keeps numbers that were read after this header.
    pub(super) fn set(&self, header: Header, numbers: Arc<Numbers>) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !state.closed {
            state.known = Some((header, numbers));
        }
    }

    /// Knows nothing any more: without a connection the header tells nothing.
    pub(super) fn forget(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = State { known: None, closed: true };
    }
}

/// What one connection knows of the revisions.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// `PRAGMA data_version` when they were read: as long as nobody commits, it stays.
    seen: Option<i64>,
    /// Whether each table has its triggers in the schema that the numbers are of.
    counted: Vec<bool>,
    numbers: Arc<Numbers>,
}

impl Watch {
    /// Watches these tables.
    pub(super) fn new(tables: Arc<[&'static str]>) -> Self {
        Self { numbers: Arc::new(Numbers { tables, ..Numbers::default() }), ..Self::default() }
    }

    /// The numbers of now.
    ///
    /// The connection must not write: `data_version` tells of the commits of others.
    pub(super) fn numbers(&mut self, sqlite: &Connection) -> Result<Arc<Numbers>> {
        if self.numbers.tables.is_empty() {
            return Ok(Arc::clone(&self.numbers));
        }
        let version: i64 = sqlite.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.seen != Some(version) {
            self.read(sqlite)?;
            // The version from before: a commit that came in between is looked at again.
            self.seen = Some(version);
        }
        Ok(Arc::clone(&self.numbers))
    }

    fn read(&mut self, sqlite: &Connection) -> Result<()> {
        self.seen = None;
        sqlite.prepare_cached("BEGIN")?.execute([])?;
        let outcome = self.read_snapshot(sqlite);
        if !sqlite.is_autocommit() {
            sqlite.prepare_cached("ROLLBACK")?.execute([])?;
        }
        outcome
    }

    fn read_snapshot(&mut self, sqlite: &Connection) -> Result<()> {
        let tables = Arc::clone(&self.numbers.tables);
        let schema: i64 = sqlite.prepare_cached("PRAGMA schema_version")?.query_row([], |row| row.get(0))?;
        if self.numbers.schema != Some(schema) {
            self.counted = look_at_triggers(sqlite, &tables, |table| {
                log::warn!(
                    "the changes of the table `{table}` are no longer counted: a trigger of the last launch is gone, so \
                     that its answers are made anew each time until the next"
                );
            })?;
        }
        let mut numbers = vec![None; tables.len()];
        if self.counted.contains(&true) {
            let mut statement =
                sqlite.prepare_cached("SELECT name, revision FROM main._etag_fairing_revisions")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let name = row.get_ref(0)?.as_str()?;
                let place = tables.iter().position(|table| *table == name);
                if let Some(place) = place.filter(|place| self.counted.get(*place) == Some(&true))
                    && let Some(number) = numbers.get_mut(place)
                {
                    *number = row.get::<_, Option<i64>>(1)?.map(i64::cast_unsigned);
                }
            }
        }
        self.numbers = Arc::new(Numbers { tables, schema: Some(schema), numbers });
        Ok(())
    }
}

/// Whether each table has its triggers: somebody may have dropped one, or a table with them, and made it anew.
/// `warn` is told of those that lack one.
fn look_at_triggers(sqlite: &Connection, tables: &[&'static str], warn: impl Fn(&str)) -> Result<Vec<bool>> {
    if table::find(sqlite, REVISIONS)?.is_none() {
        return Ok(vec![false; tables.len()]);
    }
    let mut statement = sqlite.prepare_cached(
        "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' AND substr(name, 1, ?1) = ?2",
    )?;
    let length = i64::try_from(PREFIX.len()).unwrap_or(0);
    let there: Result<HashMap<String, String>> =
        statement.query_map((length, PREFIX), |row| Ok((row.get(0)?, row.get(1)?)))?.collect();
    let there = there?;
    let counted = |table: &&'static str| {
        let counted = triggers(table).iter().all(|trigger| there.get(&trigger.name) == Some(&trigger.sql));
        if !counted {
            warn(table);
        }
        counted
    };
    Ok(tables.iter().map(counted).collect())
}
