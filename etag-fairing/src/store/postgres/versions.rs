//! Keeps versions and dates of the last change, in the transaction of the change.
//!
//! What is kept goes on from what is there, so its row is locked before it is read.

use super::{cell, connection::Connection, encode::Parameter};
use crate::{
    resource::{ResourceId, Value, ValueRef},
    store::{
        StoreError,
        sql::{
            plan::id_value,
            versions::{KeptTable, Shown, Versions},
        },
    },
};

/// The highest version that a deleted row had, by table and column: no id has one version twice, whoever chose the
/// id. Made with the first table that has something to keep.
///
/// Whoever deletes keeps the row of their own connection's shard locked until the commit, so that two seldom wait for
/// each other; the mark is the highest of all shards.
pub(super) const MARKS: &str = "CREATE TABLE IF NOT EXISTS _etag_fairing_marks (\
     table_name text NOT NULL, column_name text NOT NULL, shard integer NOT NULL, mark bigint NOT NULL, \
     PRIMARY KEY (table_name, column_name, shard))";

const MARK: &str = "SELECT max(mark) FROM _etag_fairing_marks WHERE table_name = $1 AND column_name = $2";

const RAISE: &str = "INSERT INTO _etag_fairing_marks AS m (table_name, column_name, shard, mark) \
     VALUES ($1, $2, pg_backend_pid() % 64, $3) \
     ON CONFLICT (table_name, column_name, shard) DO UPDATE SET mark = greatest(m.mark, excluded.mark)";

/// What the store keeps of a row, which is locked with it; `None` if there is no such row.
async fn kept(
    connection: &Connection,
    table: &KeptTable,
    id: ValueRef<'_>,
) -> Result<Option<Vec<Value>>, StoreError> {
    let locks = if connection.known().can_lock(table.name) { " FOR NO KEY UPDATE" } else { "" };
    let rows = connection.rows(&format!("{}{locks}", table.read), &[id.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(place, column)| cell::plain(table.name, column.name, row, place))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// What comes next in the columns that the store keeps of a row; `None` if there is no such row.
pub(super) async fn next(
    connection: &Connection,
    table: &KeptTable,
    id: ValueRef<'_>,
) -> Result<Option<Vec<Value>>, StoreError> {
    let Some(values) = kept(connection, table, id).await? else { return Ok(None) };
    let next = table.columns.iter().zip(&values).map(|(column, value)| column.upkeep.next(value.as_ref()));
    Ok(Some(next.collect::<Result<_, _>>()?))
}

/// Goes on with a row whose representation has changed. A row that isn't there has none.
pub(super) async fn touch(
    connection: &Connection,
    table: &KeptTable,
    id: ValueRef<'_>,
) -> Result<(), StoreError> {
    match next(connection, table, id).await? {
        Some(values) => write(connection, table, &values, id).await,
        None => Ok(()),
    }
}

async fn write(
    connection: &Connection,
    table: &KeptTable,
    values: &[Value],
    id: ValueRef<'_>,
) -> Result<(), StoreError> {
    let values = table.columns.iter().zip(values);
    let mut parameters: Vec<_> =
        values.map(|(column, value)| Parameter::of(column.name, value.as_ref())).collect();
    parameters.push(id.into());
    connection.run(&table.write, &parameters).await.map(drop)
}

/// Lets a new row begin above all that deleted rows had.
///
/// Called once the row is there: who deletes a row of its id has committed by then, since the index of ids has made
/// the new row wait for that, and so the mark is seen.
pub(super) async fn begin(
    connection: &Connection,
    table: &KeptTable,
    id: ValueRef<'_>,
) -> Result<(), StoreError> {
    let Some(given) = kept(connection, table, id).await? else { return Ok(()) };
    let mut first = Vec::with_capacity(given.len());
    for (column, given) in table.columns.iter().zip(&given) {
        let (table, name) = (table.name.to_ascii_lowercase(), column.name.to_ascii_lowercase());
        let rows =
            connection.rows(MARK, &[ValueRef::Text(&table).into(), ValueRef::Text(&name).into()]).await?;
        let mark = rows.first().map(|row| cell::number(row, 0)).transpose()?.flatten();
        first.push(column.upkeep.first(given.as_ref(), mark)?);
    }
    if first == given { Ok(()) } else { write(connection, table, &first, id).await }
}

/// A row: its table and its id.
pub(super) type RowOf = (&'static str, ResourceId);

/// Remembers what a row had that is about to end, and goes on with those that show it and don't end too.
pub(super) async fn end(
    connection: &Connection,
    versions: &Versions,
    table: &str,
    id: ValueRef<'_>,
    ending: &[RowOf],
) -> Result<(), StoreError> {
    if let Some(table) = versions.table(table)
        && let Some(values) = kept(connection, table, id).await?
    {
        for (column, value) in table.columns.iter().zip(&values) {
            // A row that somebody has spoilt can still be deleted.
            if let Ok(rank) = column.upkeep.rank(value.as_ref()) {
                let (table, name) = (table.name.to_ascii_lowercase(), column.name.to_ascii_lowercase());
                let parameters = [ValueRef::Text(&table), ValueRef::Text(&name), ValueRef::Integer(rank)];
                connection.run(RAISE, &parameters.map(Parameter::from)).await?;
            }
        }
    }
    for shown in versions.leading_to(table) {
        let Some(table) = versions.owners(shown) else { continue };
        for owner in owners(connection, shown, id).await? {
            let row = (table.name, owner);
            if !ending.contains(&row) {
                touch(connection, table, id_value(&row.1)).await?;
            }
        }
    }
    Ok(())
}

/// The ids of those who show this row in their linkage.
pub(super) async fn owners(
    connection: &Connection,
    shown: &Shown,
    id: ValueRef<'_>,
) -> Result<Vec<ResourceId>, StoreError> {
    ids(connection, &shown.read, id).await
}

/// The ids that a statement gives. What can be no id is left out.
pub(super) async fn ids(
    connection: &Connection,
    text: &str,
    of: ValueRef<'_>,
) -> Result<Vec<ResourceId>, StoreError> {
    let mut ids = Vec::new();
    for row in connection.rows(text, &[of.into()]).await? {
        ids.extend(ResourceId::from_value(cell::value(&row, 0)?.as_ref()).ok().flatten());
    }
    // In order, so that two who go through the same ones don't wait for each other in a circle.
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}
