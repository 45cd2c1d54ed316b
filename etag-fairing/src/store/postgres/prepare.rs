//! Creates, extends and checks the tables, as far as the [`SchemaMode`] lets it.
//!
//! A missing table is created, and its name is stored in [`OURS`]. If such a table lacks a column, the column
//! may be added. All other tables belong to the user: they are checked and never altered.
//!
//! All of it is one transaction. If several nodes start at the same time, they do it one after another.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{
    connection::Connection,
    definitions::EXTENSION,
    dialect::Postgres,
    known::{Known, Sequence},
    marks::{self, MARKS},
    references::References,
    revisions,
    table::{self, Found, FoundSequence},
};
use crate::config::SchemaMode;
use crate::schema::{Description, IdKind, Kind, ValueRef};
use crate::store::StoreError;
use crate::store::sql::abilities::Abilities;
use crate::store::sql::definitions::{self, IndexOrder, Layout, NewColumn, NewIndex};
use crate::store::sql::index_advice::{self, IndexAdvice};
use crate::store::sql::missing::{Missing, marks_are_missing, no_table, warn_of_former_table};
use crate::store::sql::prepare::{self, FoundTable as _, OURS, Owner, quoted, wrong_type};
use crate::store::sql::referrer::{FoundTable, Referrer};
use crate::store::sql::schema;
use crate::store::sql::schema::{Key, Table, kind_of_id};
use crate::store::sql::versions::Versions;

/// The key of the advisory lock for this transaction: `etagfair` in ASCII.
pub(super) const PREPARING: i64 = 0x6574_6167_6661_6972;

/// Prepares the database in the open transaction. Returns the problems if something doesn't fit; the caller
/// must undo the transaction then.
pub(super) async fn prepare(
    connection: &Connection,
    resources: &[&'static Description],
    count: bool,
    mode: SchemaMode,
    advice: IndexAdvice,
) -> Result<Result<Known, Vec<String>>, StoreError> {
    let mut problems = Vec::new();
    let tables = schema::tables(resources, &mut problems);
    if !problems.is_empty() {
        return Ok(Err(problems));
    }
    if mode == SchemaMode::Check {
        // Whatever may be forgotten below: nothing is changed.
        connection.batch("SET TRANSACTION READ ONLY").await?;
    } else {
        connection.rows("SELECT pg_advisory_xact_lock($1)", &[ValueRef::Integer(PREPARING).into()]).await?;
    }
    let mut ours = ours(connection).await?;
    let mut new = Vec::new();
    let mut known = Known::of(resources);
    let mut bounds_of_ids = HashMap::new();
    // New tables first, since a column that is added may refer to one of them.
    let mut existing = Vec::new();
    for table in &tables {
        match table::find(connection, table.name).await? {
            None if mode == SchemaMode::Check => problems.push(no_table(Postgres, table)),
            None => {
                create(connection, table).await?;
                new.push(table);
            }
            Some(found) => existing.push((table, found)),
        }
    }
    for (table, found) in existing {
        let owner = Owner::of(ours.contains(table.name));
        if let Key::Id { column, .. } = table.key {
            let found = found.column(column).map(|column| column.type_name.as_str());
            bounds_of_ids.insert(table.name, bounds(found));
        }
        if found.is_view {
            known.views.insert(table.name);
        }
        known.rules.learn(connection, table.name, &found.columns).await?;
        let made = found.columns.iter().filter(|column| column.is_made);
        let made = made.map(|column| column.name.clone()).collect();
        let abilities = Abilities { is_view: found.is_view, refused: found.refused.clone(), made };
        Arc::make_mut(&mut known.limits).note(table.name, abilities);
        check_key(connection, table, &found, &mut problems).await?;
        for missing in prepare::check_columns(table, &found, &mut problems) {
            add_column(connection, table, &missing, owner, mode, &mut problems).await?;
        }
        if owner == Owner::Store && mode == SchemaMode::Extend && problems.is_empty() {
            index_references(connection, table).await?;
        }
        if advice == IndexAdvice::Given && !found.is_view && problems.is_empty() {
            advise_indexes(connection, table).await?;
        }
    }
    if !problems.is_empty() {
        return Ok(Err(problems));
    }
    if !new.is_empty() {
        look_for_former_names(connection, &tables, &new, &ours).await?;
    }
    ours.extend(new.iter().map(|table| table.name.to_owned()));
    // Tables that refer to each other must all exist before the first foreign key is added.
    for table in new {
        // Nothing can refer to a view.
        for reference in table.foreign_keys().filter(|reference| known.can_lock(reference.table)) {
            connection.batch(&definitions::add_foreign_key(table, reference)).await?;
        }
    }
    for table in &tables {
        if let Key::Id { column, kind: IdKind::Integer { .. } } = table.key
            && known.can_lock(table.name)
        {
            match table::sequence(connection, table.name, column).await? {
                Some(sequence) => {
                    let held = bounds_of_ids.get(table.name).copied().unwrap_or(bounds(None));
                    let sequence = Sequence::of(&sequence, table.name, column, held);
                    known.sequences.insert(table.name, sequence);
                }
                None => log::warn!(
                    "table `{}`, column `{column}` takes its values from no sequence of its own: if nothing else gives \
                     it one, creating will fail",
                    table.name
                ),
            }
        }
    }
    let real: Vec<Table> = tables.into_iter().filter(|table| known.can_lock(table.name)).collect();
    let names: Vec<_> = real.iter().map(|table| table.name).collect();
    match (mode, count) {
        (SchemaMode::Check, true) => known.counts = revisions::are_counted(connection, &names).await?,
        (SchemaMode::Check, false) => {}
        (_, true) => known.counts = revisions::install(connection, &names).await?,
        (_, false) => revisions::remove(connection).await?,
    }
    known.plain = table::plain(connection, &names, revisions::COUNT).await?.into();
    known.references = References::of(connection, &names).await?;
    known.versions = Versions::of(Postgres, resources).into();
    if !known.versions.is_empty() {
        if mode != SchemaMode::Check {
            connection.batch(MARKS).await?;
        } else if table::find(connection, marks::TABLE).await?.is_none() {
            return Ok(Err(vec![marks_are_missing(MARKS)]));
        }
    }
    let mut found = Vec::new();
    for table in real {
        let is_ours = ours.contains(table.name);
        let keys = table::foreign_keys(connection, table.name).await?;
        found.push(FoundTable { table, is_ours, keys });
    }
    let referrers = Referrer::of(Postgres, &found, str::eq);
    // If PostgreSQL itself deletes or changes the referring rows, the versions that depend on them do not
    // rise. It knows nothing of soft deletions.
    let deletes_softly = known.versions.delete_softly();
    if deletes_softly || !(known.versions.is_empty() && Referrer::all_seen_to(&referrers)) {
        known.referrers = referrers.into();
    }
    Ok(Ok(known))
}

impl Sequence {
    /// `least` and `most` are the smallest and the largest value of the column.
    fn of(sequence: &FoundSequence, table: &str, column: &str, (least, most): (i64, i64)) -> Self {
        let literal = format!("CAST('{}' AS regclass)", sequence.name.replace('\'', "''"));
        let (table, column) = (quoted(table), quoted(column));
        let (least, most) = (sequence.least.max(least), sequence.most.min(most));
        let forward = sequence.step > 0;
        // The half of the range that it can reach belongs to the sequence. It need not continue after rows
        // that another program has added in that half.
        let (clients, behind, latest, before) = match forward {
            true => (i64::MIN..=half_way(sequence.start, most), ">", ("max", "greatest"), -1),
            false => (half_way(sequence.start, least)..=i64::MAX, "<", ("min", "least"), 1),
        };
        let (first, last) = match forward {
            true => (least, *clients.end()),
            false => (*clients.start(), most),
        };
        let unused = sequence.start.saturating_add(before);
        Self {
            behind_all: format!(
                "SELECT setval({literal}, {}((SELECT {}({column}) FROM {table} WHERE {column} BETWEEN {first} \
                 AND {last}), pg_sequence_last_value({literal}), {}))",
                latest.1, latest.0, sequence.start
            ),
            behind_one: format!(
                "SELECT setval({literal}, q.id) FROM (SELECT CAST($1 AS bigint) AS id) AS q \
                 WHERE q.id BETWEEN {least} AND {most} \
                 AND q.id {behind} coalesce(pg_sequence_last_value({literal}), {unused})"
            ),
            clients,
            makes: least..=most,
        }
    }
}

/// The middle between the beginning and the end of a sequence.
fn half_way(start: i64, end: i64) -> i64 {
    let middle = (i128::from(start) + i128::from(end)) / 2;
    i64::try_from(middle).unwrap_or(end)
}

/// The smallest and the largest value of an integer column.
fn bounds(type_name: Option<&str>) -> (i64, i64) {
    match type_name {
        Some("int2") => (i16::MIN.into(), i16::MAX.into()),
        Some("int4") => (i32::MIN.into(), i32::MAX.into()),
        _ => (i64::MIN, i64::MAX),
    }
}

async fn ours(connection: &Connection) -> Result<HashSet<String>, StoreError> {
    match table::find(connection, OURS).await? {
        None => Ok(HashSet::new()),
        Some(_) => Ok(table::names(connection, OURS).await?.into_iter().collect()),
    }
}

async fn create(connection: &Connection, table: &Table) -> Result<(), StoreError> {
    connection.batch(&definitions::create_table(Postgres, table, Layout::Lines)).await?;
    index_references(connection, table).await?;
    connection.batch(&format!("CREATE TABLE IF NOT EXISTS {OURS} (name text NOT NULL PRIMARY KEY)")).await?;
    let remember = format!("INSERT INTO {OURS} (name) VALUES ($1) ON CONFLICT DO NOTHING");
    connection.run(&remember, &[ValueRef::Text(table.name).into()]).await.map(drop)
}

/// Warns of tables that have been made in the place of others that were made before.
async fn look_for_former_names(
    connection: &Connection,
    tables: &[Table],
    new: &[&Table],
    ours: &HashSet<String>,
) -> Result<(), StoreError> {
    let mut unused = Vec::new();
    for name in ours.iter().filter(|name| !tables.iter().any(|table| table.name == name.as_str())) {
        if let Some(found) = table::find(connection, name).await? {
            unused.push((name.clone(), found));
        }
    }
    new.iter().for_each(|table| warn_of_former_table(table, &unused));
    Ok(())
}

async fn index_references(connection: &Connection, table: &Table) -> Result<(), StoreError> {
    for index in definitions::create_indexes(Postgres, table) {
        if index.order == IndexOrder::Trigrams && !table::has_trigrams(connection).await? {
            index_advice::warn_of_extension(table, &index, EXTENSION);
            continue;
        }
        let NewIndex { name, statement, .. } = index;
        // Checked before, since `IF NOT EXISTS` waits for all transactions that write to the table, and
        // another node may be writing.
        let found = "SELECT 1 FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid \
             WHERE i.indrelid = to_regclass(CAST($1 AS text)) AND c.relname = CAST($2 AS text)";
        let of = quoted(table.name);
        if connection
            .rows(found, &[ValueRef::Text(&of).into(), ValueRef::Text(&name).into()])
            .await?
            .is_empty()
        {
            connection.batch(&statement).await?;
        }
    }
    Ok(())
}

/// Says which indexes a table lacks, if it is large: those that structs ask for, and those of columns by which clients may
/// filter and sort.
async fn advise_indexes(connection: &Connection, table: &Table) -> Result<(), StoreError> {
    let (mut lacking, mut open) = (Vec::new(), Vec::new());
    for index in definitions::create_indexes(Postgres, table) {
        if index.order != IndexOrder::OfColumn
            && !table::has_index(connection, table.name, index.column, index.order).await?
        {
            lacking.push(index);
        }
    }
    for column in index_advice::open_columns(table) {
        if !table::has_index(connection, table.name, column.name, IndexOrder::ByCodePoints).await? {
            open.push(column);
        }
    }
    if lacking.is_empty() && open.is_empty() || !is_large(connection, table).await? {
        return Ok(());
    }
    for index in &lacking {
        let lacks_extension = index.order == IndexOrder::Trigrams && !table::has_trigrams(connection).await?;
        index_advice::warn_of(table, index, lacks_extension.then_some(EXTENSION));
    }
    index_advice::warn_of_open(Postgres, table, &open);
    Ok(())
}

/// Whether a table is so large that indexes matter. The server's estimate is enough where it says so; it is missing or old
/// where nothing has analyzed the table lately.
pub(super) async fn is_large(connection: &Connection, table: &Table) -> Result<bool, StoreError> {
    let estimated = connection
        .rows(
            "SELECT 1 FROM pg_class WHERE oid = to_regclass(quote_ident(CAST($1 AS text))) AND reltuples > CAST($2 AS bigint)",
            &[ValueRef::Text(table.name).into(), ValueRef::Integer(index_advice::LARGE.cast_signed()).into()],
        )
        .await?;
    Ok(!estimated.is_empty() || !connection.rows(&index_advice::is_large(table), &[]).await?.is_empty())
}

pub(super) async fn check_key(
    connection: &Connection,
    table: &Table,
    found: &Found,
    problems: &mut Vec<String>,
) -> Result<(), StoreError> {
    if !table.key.parts().is_empty() {
        let sets = table::unique_sets(connection, table.name).await?;
        prepare::check_composite_key(table, found, &sets, problems);
    }
    let Some((column, kind)) = prepare::id_column(table, found, problems) else { return Ok(()) };
    let kind = kind_of_id(kind);
    let fits = if kind == Kind::Text { column.is_text() } else { column.fits(kind) };
    if !fits {
        problems.push(wrong_type::<Found>(table, &column.name, kind, &column.declared, "the id"));
    }
    if !found.is_view && !column.is_unique {
        problems.push(prepare::id_is_not_unique(table, &column.name));
    }
    Ok(())
}

/// Adds a column, or says why not.
async fn add_column(
    connection: &Connection,
    table: &Table,
    missing: &Missing<'_>,
    owner: Owner,
    mode: SchemaMode,
    problems: &mut Vec<String>,
) -> Result<(), StoreError> {
    let column = missing.column;
    let has_rows = match definitions::asks_for_rows(table, column) {
        Ok(asks) => asks && table::has_rows(connection, table.name).await?,
        Err(_) => false,
    };
    match definitions::add_column(Postgres, table, column, has_rows) {
        Err(problem) => problems.push(problem),
        Ok(new) if !missing.may_be_added(owner, mode) => {
            problems.push(missing.problem(table, owner, mode, &new));
        }
        Ok(NewColumn::WithoutValues(_)) => problems.push(prepare::no_value_for_rows(table, column)),
        Ok(NewColumn::Whole(statement)) => {
            log::info!("adding the column `{}` to the table `{}`", column.name, table.name);
            connection.batch(&statement).await?;
        }
    }
    Ok(())
}
