//! Creates, migrates and checks the tables.
//!
//! A table that is missing is created, and remembered in [`OURS`] as the store's own. A table of the store's own
//! that lacks a column gets it. Any other table is the user's: it is used as it is, checked, and never altered.

use std::collections::HashSet;

use rusqlite::{Connection, Result};
use sea_query::{
    ColumnDef, ColumnType, ForeignKey, ForeignKeyAction, Index, SqliteQueryBuilder, Table as Statement,
    Value as Literal,
};

use super::checks::Check;
use super::dialect::Sqlite;
use super::forms;
use super::marks::MARKS;
use super::revisions;
use super::spellings;
use super::table::{self, Affinity, Found};
use crate::schema::{Description, IdKind, Kind, OnDelete, Value};
use crate::store::sql::abilities::{Abilities, Limits, Verb};
use crate::store::sql::forms::{ColumnForm, ColumnSpelling, Form, Forms};
use crate::store::sql::prepare::{self, FoundColumn as _, OURS, Owner, on_delete, quoted, wrong_type};
use crate::store::sql::referrer::{FoundTable, Referrer};
use crate::store::sql::schema;
use crate::store::sql::schema::{Column, Key, Reference, Table, kind_of_id};
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
) -> Result<Prepared> {
    let mut problems = Vec::new();
    let tables = schema::tables(resources, &mut problems);
    if !problems.is_empty() {
        return Ok(Prepared { problems, ..Prepared::default() });
    }
    let mut ours = ours(sqlite)?;
    let mut others = Vec::new();
    for table in &tables {
        match table::find(sqlite, table.name)? {
            None => {
                create(sqlite, table)?;
                ours.insert(table.name.to_ascii_lowercase());
            }
            Some(found) => {
                others.push(table.name);
                let owner = Owner::of(ours.contains(&table.name.to_ascii_lowercase()));
                check_key(sqlite, table, &found, &mut problems)?;
                for column in prepare::check_columns(table, &found, owner, &mut problems) {
                    add_column(sqlite, table, column, &mut problems)?;
                }
                if owner == Owner::Store && problems.is_empty() {
                    index_references(sqlite, table)?;
                }
            }
        }
    }
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
    match revisions {
        true => revisions::install(sqlite, &counted)?,
        false => revisions::remove(sqlite)?,
    }
    let versions = Versions::of(Sqlite, resources);
    if !versions.is_empty() {
        sqlite.execute_batch(MARKS)?;
    }
    let mut referrers = Referrer::of(Sqlite, &real, str::eq_ignore_ascii_case);
    // What SQLite takes along or empties would not come by, and versions would not rise with it.
    if versions.is_empty() && Referrer::all_seen_to(&referrers) {
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
            let of_target = column.reference.map(|reference| held.spelled(reference.table, reference.column));
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
    let mut statement = Statement::create();
    // STRICT: no program can put text where a number belongs.
    statement.table(table.name).extra("STRICT");
    match table.key {
        Key::Id { column, kind } => {
            let mut id = ColumnDef::new_with_type(column, column_type(kind_of_id(kind)));
            match kind {
                // AUTOINCREMENT: the id of a deleted resource is never used again, or a tag of the old one
                // could match the new one.
                IdKind::Integer { .. } => id.primary_key().auto_increment(),
                IdKind::Text | IdKind::Uuid => id.not_null().primary_key(),
            };
            statement.col(&mut id);
        }
        Key::Pair { owner, target } => {
            statement.primary_key(Index::create().col(owner).col(target)).extra("STRICT, WITHOUT ROWID");
        }
    }
    for column in &table.columns {
        let mut definition = ColumnDef::new_with_type(column.name, type_of(column));
        if table.is_required(column) || matches!(table.key, Key::Pair { .. }) {
            definition.not_null();
        }
        statement.col(&mut definition);
        if let Some(Reference { table: target, column: key, on_delete, .. }) = column.reference {
            statement.foreign_key(
                ForeignKey::create()
                    .from(table.name, column.name)
                    .to(target, key)
                    .on_delete(action(on_delete)),
            );
        }
    }
    sqlite.execute_batch(&statement.to_string(SqliteQueryBuilder))?;
    index_references(sqlite, table)?;
    remember(sqlite, table.name)
}

fn index_references(sqlite: &Connection, table: &Table) -> Result<()> {
    for (name, column) in prepare::indexes(table) {
        let mut index = Index::create();
        index.if_not_exists().name(name).table(table.name).col(column.name);
        sqlite.execute_batch(&index.to_string(SqliteQueryBuilder))?;
    }
    Ok(())
}

fn check_key(sqlite: &Connection, table: &Table, found: &Found, problems: &mut Vec<String>) -> Result<()> {
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

fn add_column(sqlite: &Connection, table: &Table, column: &Column, problems: &mut Vec<String>) -> Result<()> {
    let mut definition = ColumnDef::new_with_type(column.name, type_of(column));
    let default = match prepare::default_of(table, column) {
        Ok(value) => as_stored(table, column, value),
        Err(problem) => {
            problems.push(problem);
            return Ok(());
        }
    };
    if table.is_required(column) {
        if default.is_null() && table::has_rows(sqlite, &quoted(table.name))? {
            problems.push(prepare::no_value_for_rows(table, column));
            return Ok(());
        }
        definition.not_null();
    }
    match default {
        Value::Null => {}
        Value::Bool(value) => drop(definition.default(Literal::from(i64::from(value)))),
        Value::Integer(value) => drop(definition.default(Literal::from(value))),
        Value::Float(value) => drop(definition.default(Literal::from(value))),
        Value::Text(value) => drop(definition.default(Literal::from(value))),
    }
    if let Some(Reference { table, column, on_delete: action, .. }) = column.reference {
        let (table, column, action) = (quoted(table), quoted(column), on_delete(action));
        definition.extra(format!("REFERENCES {table} ({column}) ON DELETE {action}"));
    }
    let statement = Statement::alter().table(table.name).add_column(&mut definition).to_owned();
    log::info!("adding the column `{}` to the table `{}`", column.name, table.name);
    sqlite.execute_batch(&statement.to_string(SqliteQueryBuilder))
}

/// The type of a column of ours.
fn type_of(column: &Column) -> ColumnType {
    match column.stored {
        Some(form) if form.is_number() => ColumnType::custom("INTEGER"),
        _ => column_type(column.kind),
    }
}

/// A default in the form that the column declares.
fn as_stored(table: &Table, column: &Column, value: Value) -> Value {
    let Some(form) = column.stored else { return value };
    let form =
        ColumnForm { table: table.name, column: column.name, kind: column.kind, form: Form::Declared(form) };
    form.write_floor(value.as_ref()).unwrap_or(value)
}

fn column_type(kind: Kind) -> ColumnType {
    ColumnType::custom(kind.sqlite().ours)
}

fn action(on_delete: OnDelete) -> ForeignKeyAction {
    match on_delete {
        OnDelete::Restrict => ForeignKeyAction::Restrict,
        OnDelete::SetNull => ForeignKeyAction::SetNull,
        OnDelete::Cascade => ForeignKeyAction::Cascade,
    }
}
