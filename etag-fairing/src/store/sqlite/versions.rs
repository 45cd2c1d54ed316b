//! Keeps versions and dates of the last change, in the transaction of the change.

use std::{borrow::Cow, sync::Arc};

use rusqlite::types::Value as Stored;

use super::{
    cell,
    connection::{Connection, bound},
    error::store_error,
};
use crate::{
    resource::{Description, Value, ValueRef},
    store::{
        StoreError,
        sql::versions::{Guard, KeptTable, Shown, Versions},
    },
};

/// The highest version that a deleted row had, by table and column: no id has one version twice, whoever chose the
/// id. Made with the first table that has something to keep.
pub(super) const MARKS: &str = "CREATE TABLE IF NOT EXISTS _etag_fairing_marks (\
     table_name TEXT NOT NULL, column_name TEXT NOT NULL, mark INTEGER NOT NULL, \
     PRIMARY KEY (table_name, column_name)) STRICT, WITHOUT ROWID";

const MARK: &str =
    "SELECT mark FROM _etag_fairing_marks WHERE table_name = lower(?1) AND column_name = lower(?2)";

const RAISE: &str = "INSERT INTO _etag_fairing_marks (table_name, column_name, mark) \
     VALUES (lower(?1), lower(?2), ?3) \
     ON CONFLICT (table_name, column_name) DO UPDATE SET mark = max(mark, excluded.mark)";

/// What the store keeps of a row; `None` if there is no such row.
fn kept(
    connection: &Connection,
    table: &KeptTable,
    id: ValueRef<'_>,
) -> Result<Option<Vec<Value>>, StoreError> {
    let forms = connection.forms();
    let mut statement = connection.prepare(&table.read)?;
    let mut rows = statement.query(bound(&[id])).map_err(store_error)?;
    let Some(row) = rows.next().map_err(store_error)? else { return Ok(None) };
    let values = table.columns.iter().enumerate().map(|(place, column)| {
        let value = row.get_ref(place).map_err(store_error)?;
        let value = cell::any(table.name, column.name, value)?;
        match forms.of(table.name, column.name) {
            Some(form) => Ok(form.read(value)?),
            None => Ok(value.to_owned()),
        }
    });
    values.collect::<Result<_, StoreError>>().map(Some)
}

/// What comes next in the columns that the store keeps of a row; `None` if there is no such row.
pub(super) fn next(
    connection: &Connection,
    table: &KeptTable,
    id: ValueRef<'_>,
) -> Result<Option<Vec<Value>>, StoreError> {
    let Some(values) = kept(connection, table, id)? else { return Ok(None) };
    let next = table.columns.iter().zip(&values).map(|(column, value)| column.upkeep.next(value.as_ref()));
    Ok(Some(next.collect::<Result<_, _>>()?))
}

/// Goes on with a row whose representation has changed. A row that isn't there has none.
pub(super) fn touch(connection: &Connection, table: &KeptTable, id: ValueRef<'_>) -> Result<(), StoreError> {
    match next(connection, table, id)? {
        Some(values) => write(connection, table, &values, id),
        None => Ok(()),
    }
}

/// What the store keeps, as its columns hold it. (Of a date in whole seconds the rest is left out: the next one is in
/// another second anyway.)
pub(super) fn as_stored<'v>(
    connection: &Connection,
    table: &KeptTable,
    values: &'v [Value],
) -> Result<Cow<'v, [Value]>, StoreError> {
    let forms = connection.forms();
    if !forms.has(table.name) {
        return Ok(Cow::Borrowed(values));
    }
    let values =
        table.columns.iter().zip(values).map(|(column, value)| match forms.of(table.name, column.name) {
            Some(form) => form.write_floor(value.as_ref()),
            None => Ok(value.clone()),
        });
    values.collect::<Result<Vec<_>, _>>().map(Cow::Owned)
}

/// What the column of a version holds where it must hold this version, for a comparison in the statement itself. Where
/// it may be in any form, the row is read.
pub(super) fn guarded(
    connection: &Connection,
    resource: &Description,
    guard: &Guard<'_>,
    id: ValueRef<'_>,
) -> Result<Value, StoreError> {
    let Some(form) = connection.forms().of(resource.table, guard.column) else {
        return Ok(guard.value.to_owned());
    };
    let versions = Arc::clone(&connection.versions);
    let Some(table) = versions.table(resource.table) else { return form.write(guard.value) };
    let mut statement = connection.prepare(&table.read)?;
    let mut rows = statement.query(bound(&[id])).map_err(store_error)?;
    let place = table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(guard.column));
    let (Some(row), Some(place)) = (rows.next().map_err(store_error)?, place) else {
        return Err(StoreError::NotFound);
    };
    let held = cell::any(table.name, guard.column, row.get_ref(place).map_err(store_error)?)?;
    match form.read(held)?.as_ref() == guard.value {
        true => Ok(held.to_owned()),
        false => Err(StoreError::VersionChanged),
    }
}

fn write(
    connection: &Connection,
    table: &KeptTable,
    values: &[Value],
    id: ValueRef<'_>,
) -> Result<(), StoreError> {
    let values = as_stored(connection, table, values)?;
    let mut parameters: Vec<_> = values.iter().map(Value::as_ref).collect();
    parameters.push(id);
    connection.run(&table.write, &parameters).map(drop)
}

/// Lets a new row begin above all that deleted rows had.
pub(super) fn begin(connection: &Connection, table: &KeptTable, id: ValueRef<'_>) -> Result<(), StoreError> {
    let Some(given) = kept(connection, table, id)? else { return Ok(()) };
    let mut first = Vec::with_capacity(given.len());
    for (column, given) in table.columns.iter().zip(&given) {
        let name = [ValueRef::Text(table.name), ValueRef::Text(column.name)];
        let mut statement = connection.prepare(MARK)?;
        let mut rows = statement.query(bound(&name)).map_err(store_error)?;
        let mark = match rows.next().map_err(store_error)? {
            Some(row) => Some(row.get(0).map_err(store_error)?),
            None => None,
        };
        first.push(column.upkeep.first(given.as_ref(), mark)?);
    }
    if first == given { Ok(()) } else { write(connection, table, &first, id) }
}

/// A row: its table and its id.
pub(super) type RowOf = (&'static str, Stored);

/// Remembers what a row had that is about to end, and goes on with those that show it and don't end too.
pub(super) fn end(
    connection: &Connection,
    versions: &Versions,
    table: &str,
    id: ValueRef<'_>,
    ending: &[RowOf],
) -> Result<(), StoreError> {
    if let Some(table) = versions.table(table)
        && let Some(values) = kept(connection, table, id)?
    {
        for (column, value) in table.columns.iter().zip(&values) {
            // A row that somebody has spoilt can still be deleted.
            if let Ok(rank) = column.upkeep.rank(value.as_ref()) {
                let parameters =
                    [ValueRef::Text(table.name), ValueRef::Text(column.name), ValueRef::Integer(rank)];
                connection.run(RAISE, &parameters)?;
            }
        }
    }
    for shown in versions.leading_to(table) {
        for owner in owners(connection, shown, id)? {
            if let Some(table) = versions.owners(shown)
                && !ending.contains(&(table.name, owner.clone()))
            {
                touch_owner(connection, versions, shown, &owner)?;
            }
        }
    }
    Ok(())
}

/// Goes on with one who shows this linkage.
pub(super) fn touch_owner(
    connection: &Connection,
    versions: &Versions,
    shown: &Shown,
    owner: &Stored,
) -> Result<(), StoreError> {
    match (versions.owners(shown), value_of(owner)) {
        (Some(table), Some(owner)) => touch(connection, table, owner),
        _ => Ok(()),
    }
}

/// The ids of those who show this row in their linkage.
pub(super) fn owners(
    connection: &Connection,
    shown: &Shown,
    id: ValueRef<'_>,
) -> Result<Vec<Stored>, StoreError> {
    let mut statement = connection.prepare(&shown.read)?;
    let rows = statement.query_map(bound(&[id]), |row| row.get(0)).map_err(store_error)?;
    rows.collect::<Result<_, _>>().map_err(store_error)
}

/// A stored id as a parameter; `None` for what can be no id.
pub(super) fn value_of(id: &Stored) -> Option<ValueRef<'_>> {
    match id {
        Stored::Integer(id) => Some(ValueRef::Integer(*id)),
        Stored::Text(id) => Some(ValueRef::Text(id)),
        _ => None,
    }
}
