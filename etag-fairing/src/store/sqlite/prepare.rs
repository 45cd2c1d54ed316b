//! Creates, extends and checks the tables, as far as the [`SchemaMode`] lets it.
//!
//! A table that is missing is created, and remembered in [`OURS`] as the store's own. A table of the store's own
//! that lacks a column may get it. Any other table is the user's: it is used as it is, checked, and never altered.

use std::collections::HashSet;

use rusqlite::{Connection, Result};

use super::checks::Check;
use super::decimals;
use super::dialect::Sqlite;
use super::forms;
use super::marks::{self, MARKS};
use super::revisions;
use super::spellings;
use super::table::{self, Affinity, Found};
use crate::config::SchemaMode;
use crate::schema::{Description, IdKind, Kind};
use crate::store::sql::abilities::{Abilities, Limits, Verb};
use crate::store::sql::definitions::{self, Definitions as _, IndexOrder, Layout, NewColumn, Trigrams};
use crate::store::sql::forms::{ColumnSpelling, Forms};
use crate::store::sql::index_advice::{self, IndexAdvice};
use crate::store::sql::missing::{Missing, marks_are_missing, no_table, warn_of_former_table};
use crate::store::sql::prepare::{self, FoundColumn as _, OURS, Owner, quoted, wrong_type};
use crate::store::sql::referrer::{FoundTable, Referrer};
use crate::store::sql::schema;
use crate::store::sql::schema::{Key, Table, kind_of_id};
use crate::store::sql::versions::Versions;

/// What came of preparing.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// What doesn't fit; then the transaction must be undone.
    pub(super) problems: Vec<String>,
    /// All references, if the store itself has to see to them when a row is deleted.
    pub(super) referrers: Vec<Referrer>,
    /// What the store itself keeps.
    pub(super) versions: Versions,
    /// The tables whose changes are counted.
    pub(super) counted: Vec<&'static str>,
    /// The tables whose id is the rowid.
    pub(super) rowids: Vec<&'static str>,
    /// The columns whose times are not in our own form.
    pub(super) forms: Forms,
    /// The named checks of each table.
    pub(super) checks: Vec<(&'static str, Vec<Check>)>,
    /// What can't be written.
    pub(super) limits: Limits,
}

/// Makes the database ready, in the transaction that is open.
pub(super) fn prepare(
    sqlite: &Connection,
    resources: &[&'static Description],
    revisions: bool,
    mode: SchemaMode,
    advice: IndexAdvice,
) -> Result<Prepared> {
    if mode != SchemaMode::Check {
        return make_ready(sqlite, resources, revisions, mode, advice);
    }
    // Whatever may be forgotten below: nothing is changed.
    sqlite.pragma_update(None, "query_only", true)?;
    let outcome = make_ready(sqlite, resources, revisions, mode, advice);
    sqlite.pragma_update(None, "query_only", false)?;
    outcome
}

fn make_ready(
    sqlite: &Connection,
    resources: &[&'static Description],
    revisions: bool,
    mode: SchemaMode,
    advice: IndexAdvice,
) -> Result<Prepared> {
    let mut problems = Vec::new();
    let tables = schema::tables(resources, &mut problems);
    if !problems.is_empty() {
        return Ok(Prepared { problems, ..Prepared::default() });
    }
    let mut ours = ours(sqlite)?;
    let mut others = Vec::new();
    let mut made = Vec::new();
    for table in &tables {
        if advice == IndexAdvice::Given {
            say_where_no_trigrams_are(table);
        }
        match table::find(sqlite, table.name)? {
            None if mode == SchemaMode::Check => problems.push(no_table(Sqlite, table)),
            None => {
                create(sqlite, table)?;
                made.push(table);
            }
            Some(found) => {
                others.push(table.name);
                let owner = Owner::of(ours.contains(&table.name.to_ascii_lowercase()));
                check_key(sqlite, table, &found, &mut problems)?;
                for missing in prepare::check_columns(table, &found, &mut problems) {
                    add_column(sqlite, table, &missing, owner, mode, &mut problems)?;
                }
                if owner == Owner::Store && mode == SchemaMode::Extend && problems.is_empty() {
                    index_references(sqlite, table)?;
                }
                if advice == IndexAdvice::Given && !found.is_view && problems.is_empty() {
                    advise_indexes(sqlite, table)?;
                }
            }
        }
    }
    if problems.is_empty() && !made.is_empty() {
        look_for_former_names(sqlite, &tables, &made, &ours)?;
    }
    ours.extend(made.iter().map(|table| table.name.to_ascii_lowercase()));
    if !problems.is_empty() {
        return Ok(Prepared { problems, ..Prepared::default() });
    }
    let mut held = Forms::default();
    find_spellings(sqlite, &tables, &ours, &others, &mut held, &mut problems)?;
    let mut real = Vec::new();
    let mut counted = Vec::new();
    let mut rowids = Vec::new();
    let mut checks = Vec::new();
    let mut limits = Limits::default();
    for table in tables {
        let Some(found) = table::find(sqlite, table.name)? else { continue };
        let is_ours = ours.contains(&table.name.to_ascii_lowercase()) || !others.contains(&table.name);
        for column in &table.columns {
            if let Some(column) = decimals::of_column(&table, column, &found) {
                held.add_decimals(column);
            }
            if let Some(form) = forms::of_column(sqlite, &table, column, &found, is_ours, &mut problems)? {
                held.add(form);
            }
        }
        limits.note(table.name, abilities(sqlite, table.name, &found)?);
        checks.push((table.name, found.checks));
        if revisions && found.takes_triggers {
            counted.push(table.name);
        }
        if found.takes_triggers
            && matches!(table.key, Key::Id { kind: IdKind::Integer { .. }, .. })
            && !table::has_key_index(sqlite, table.name)?
        {
            rowids.push(table.name);
        }
        if !found.is_view {
            let is_ours = ours.contains(&table.name.to_ascii_lowercase());
            let keys = table::foreign_keys(sqlite, table.name)?;
            real.push(FoundTable { table, is_ours, keys });
        }
    }
    if !problems.is_empty() {
        return Ok(Prepared { problems, ..Prepared::default() });
    }
    let versions = Versions::of(Sqlite, resources);
    match (mode, revisions) {
        (SchemaMode::Check, _) => {
            revisions::keep_counted(sqlite, &mut counted)?;
            if !versions.is_empty() && table::find(sqlite, marks::TABLE)?.is_none() {
                return Ok(Prepared { problems: vec![marks_are_missing(MARKS)], ..Prepared::default() });
            }
        }
        (_, true) => revisions::install(sqlite, &counted)?,
        (_, false) => revisions::remove(sqlite)?,
    }
    if !versions.is_empty() && mode != SchemaMode::Check {
        sqlite.execute_batch(MARKS)?;
    }
    let mut referrers = Referrer::of(Sqlite, &real, str::eq_ignore_ascii_case);
    // What SQLite takes along or empties would not come by, and versions would not rise with it. Of a soft deletion it
    // knows nothing.
    if versions.is_empty() && !versions.delete_softly() && Referrer::all_seen_to(&referrers) {
        referrers.clear();
    }
    Ok(Prepared { problems, referrers, versions, counted, rowids, checks, limits, forms: held })
}

/// Finds out how columns spell UUIDs: first those of ids, then those that refer to them.
fn find_spellings(
    sqlite: &Connection,
    tables: &[Table],
    ours: &HashSet<String>,
    others: &[&str],
    held: &mut Forms,
    problems: &mut Vec<String>,
) -> Result<()> {
    // What has just been made is empty.
    let others = tables.iter().filter(|table| others.contains(&table.name));
    let holds_uuids = |table: &&Table| {
        matches!(table.key, Key::Id { kind: IdKind::Uuid, .. })
            || table.columns.iter().any(|column| column.kind == Kind::Uuid)
    };
    let mut known = Vec::new();
    for table in others.filter(holds_uuids) {
        if let Some(found) = table::find(sqlite, table.name)? {
            known.push((table, found, ours.contains(&table.name.to_ascii_lowercase())));
        }
    }
    let add = |table: &Table, column, found: &Found, is_ours, held: &mut Forms, of_target| {
        let spelled = spellings::of_column(sqlite, table.name, column, found, is_ours, of_target)?;
        if let Some(spelled) = spelled {
            held.add_spelling(ColumnSpelling { table: table.name, column, spelled });
        }
        Ok::<_, rusqlite::Error>(())
    };
    for (table, found, is_ours) in &known {
        if let Key::Id { column, kind: IdKind::Uuid } = table.key {
            add(table, column, found, *is_ours, held, None)?;
        }
    }
    for (table, found, is_ours) in &known {
        for column in table.columns.iter().filter(|column| column.kind == Kind::Uuid) {
            let of_target = table.refers(column.name);
            let of_target = of_target.map(|(reference, column)| held.spelled(reference.table, column));
            add(table, column.name, found, *is_ours, held, of_target)?;
            if !is_ours {
                spellings::check_reference(sqlite, table, column, found, problems)?;
            }
        }
    }
    Ok(())
}

/// What can be written to a table or view.
fn abilities(sqlite: &Connection, name: &str, found: &Found) -> Result<Abilities> {
    let made = found.columns.iter().filter(|column| column.is_generated);
    let mut abilities = Abilities {
        is_view: found.is_view,
        refused: Vec::new(),
        made: made.map(|column| column.name.clone()).collect(),
    };
    if found.is_view {
        let taken = table::instead_of(sqlite, name)?;
        abilities.refused = [Verb::Insert, Verb::Update, Verb::Delete]
            .into_iter()
            .filter(|verb| !taken.contains(verb))
            .collect();
    }
    Ok(abilities)
}

fn ours(sqlite: &Connection) -> Result<HashSet<String>> {
    if table::find(sqlite, OURS)?.is_none() {
        return Ok(HashSet::new());
    }
    let mut statement = sqlite.prepare("SELECT lower(name) FROM _etag_fairing_tables")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

fn remember(sqlite: &Connection, table: &str) -> Result<()> {
    sqlite.execute_batch(
        "CREATE TABLE IF NOT EXISTS _etag_fairing_tables (name TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID",
    )?;
    sqlite.execute("INSERT OR IGNORE INTO _etag_fairing_tables (name) VALUES (?1)", [table]).map(drop)
}

fn create(sqlite: &Connection, table: &Table) -> Result<()> {
    sqlite.execute_batch(&definitions::create_table(Sqlite, table, Layout::Lines))?;
    index_references(sqlite, table)?;
    remember(sqlite, table.name)
}

fn index_references(sqlite: &Connection, table: &Table) -> Result<()> {
    let mut indexes = definitions::create_indexes(Sqlite, table).into_iter();
    indexes.try_for_each(|index| sqlite.execute_batch(&index.statement))
}

/// Says which indexes a table lacks, if it is large: those that structs ask for, and those of columns by which clients may
/// filter and sort.
fn advise_indexes(sqlite: &Connection, table: &Table) -> Result<()> {
    let (mut lacking, mut open) = (Vec::new(), Vec::new());
    for index in definitions::create_indexes(Sqlite, table) {
        if index.order == IndexOrder::ByCodePoints
            && !table::has_index(sqlite, table.name, index.column, index.order)?
        {
            lacking.push(index);
        }
    }
    for column in index_advice::open_columns(table) {
        if !table::has_index(sqlite, table.name, column.name, IndexOrder::ByCodePoints)? {
            open.push(column);
        }
    }
    if (lacking.is_empty() && open.is_empty()) || !is_large(sqlite, table)? {
        return Ok(());
    }
    lacking.iter().for_each(|index| index_advice::warn_of(table, index, None));
    index_advice::warn_of_open(Sqlite, table, &open);
    Ok(())
}

/// Says which attributes ask for an index that SQLite doesn't have. The same structs may be used with a database that has it.
fn say_where_no_trigrams_are(table: &Table) {
    if let Trigrams::Nowhere(instead) = Sqlite::TRIGRAMS {
        for column in table.columns.iter().filter(|column| column.has_trigrams) {
            log::warn!("{}", index_advice::no_trigrams(table, column, instead));
        }
    }
}

/// Whether a table is so large that indexes matter.
pub(super) fn is_large(sqlite: &Connection, table: &Table) -> Result<bool> {
    sqlite.prepare(&index_advice::is_large(table))?.exists([])
}

/// Warns of tables that have been made in the place of others that were made before.
fn look_for_former_names(
    sqlite: &Connection,
    tables: &[Table],
    made: &[&Table],
    ours: &HashSet<String>,
) -> Result<()> {
    let is_used = |name: &String| tables.iter().any(|table| table.name.eq_ignore_ascii_case(name));
    let mut unused = Vec::new();
    for name in ours.iter().filter(|name| !is_used(name)) {
        if let Some(found) = table::find(sqlite, name)? {
            unused.push((name.clone(), found));
        }
    }
    made.iter().for_each(|table| warn_of_former_table(table, &unused));
    Ok(())
}

pub(super) fn check_key(
    sqlite: &Connection,
    table: &Table,
    found: &Found,
    problems: &mut Vec<String>,
) -> Result<()> {
    if !table.key.parts().is_empty() {
        prepare::check_composite_key(table, found, &table::unique_sets(sqlite, table.name)?, problems);
    }
    let Some((column, kind)) = prepare::id_column(table, found, problems) else { return Ok(()) };
    let name = &column.name;
    if found.is_view {
        return Ok(());
    }
    match kind {
        IdKind::Integer { .. } if !(column.is_sole_key && column.is_integer_key() && found.has_rowid) => {
            problems.push(format!(
                "table `{}`, column `{name}`: the id of `{}` must be `INTEGER PRIMARY KEY`, the only kind of \
                 key that SQLite makes values for; found `{}`",
                table.name,
                table.resources(),
                column.declared()
            ));
        }
        IdKind::Integer { .. } => {
            if !found.auto_increment {
                log::warn!(
                    "table `{}` has no AUTOINCREMENT: when its latest row is deleted, the next one gets its id",
                    table.name
                );
            }
        }
        // It has several columns, which are checked elsewhere.
        IdKind::Composite(_) => {}
        IdKind::Text | IdKind::Uuid => {
            if !Affinity::of(&column.declared_type).fits(kind_of_id(kind)) {
                let (kind, declared) = (kind_of_id(kind), column.declared());
                problems.push(wrong_type::<Found>(table, name, kind, declared, "the id"));
            }
            if !(column.is_sole_key || table::is_unique(sqlite, table.name, name)?) {
                problems.push(prepare::id_is_not_unique(table, name));
            }
        }
    }
    Ok(())
}

/// Adds a column, or says why not.
fn add_column(
    sqlite: &Connection,
    table: &Table,
    missing: &Missing<'_>,
    owner: Owner,
    mode: SchemaMode,
    problems: &mut Vec<String>,
) -> Result<()> {
    let column = missing.column;
    let has_rows = match definitions::asks_for_rows(table, column) {
        Ok(asks) => asks && table::has_rows(sqlite, &quoted(table.name))?,
        Err(_) => false,
    };
    match definitions::add_column(Sqlite, table, column, has_rows) {
        Err(problem) => problems.push(problem),
        Ok(new) if !missing.may_be_added(owner, mode) => {
            problems.push(missing.problem(table, owner, mode, &new));
        }
        Ok(NewColumn::WithoutValues(_)) => problems.push(prepare::no_value_for_rows(table, column)),
        Ok(NewColumn::Whole(statement)) => {
            log::info!("adding the column `{}` to the table `{}`", column.name, table.name);
            sqlite.execute_batch(&statement)?;
        }
    }
    Ok(())
}
