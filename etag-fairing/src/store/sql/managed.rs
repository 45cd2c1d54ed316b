//! Sets versions and dates of the last change, in the transaction of the change.
//!
//! A new value depends on the old one, so that the row is locked before the old value is read.

use std::borrow::Cow;

use super::{
    cell,
    parameter::Parameter,
    select,
    session::Session,
    versions::{Guard, KeptColumn, KeptTable, Shown, Versions},
};
use crate::schema::{Description, IdPart, ResourceId, Value, ValueRef};
use crate::store::StoreError;

/// Locks a row and reads the values that the store itself sets; `None` if there is no such row.
async fn kept(
    session: &impl Session,
    table: &KeptTable,
    id: Parameter<'_>,
) -> Result<Option<Vec<Value>>, StoreError> {
    let text = if session.can_lock(table.name) {
        Cow::Owned(format!("{} FOR NO KEY UPDATE", table.read))
    } else {
        Cow::Borrowed(&*table.read)
    };
    let mut values = None;
    session
        .each(&text, &[id], |row| {
            let columns = table.columns.iter().enumerate();
            let kept = columns.map(|(place, column)| {
                session.own_form(table.name, column.name, cell::any(table.name, column.name, row, place)?)
            });
            values = Some(kept.collect::<Result<_, _>>()?);
            Ok(())
        })
        .await?;
    Ok(values)
}

/// The next values of the columns that the store itself sets; `None` if there is no such row.
pub(crate) async fn next(
    session: &impl Session,
    table: &KeptTable,
    id: Parameter<'_>,
) -> Result<Option<Vec<Value>>, StoreError> {
    let Some(values) = kept(session, table, id).await? else { return Ok(None) };
    table.next(&values).map(Some)
}

/// Sets the next values in a row whose representation has changed. A missing row is ignored.
pub(crate) async fn touch(
    session: &impl Session,
    table: &KeptTable,
    id: Parameter<'_>,
) -> Result<(), StoreError> {
    match next(session, table, id).await? {
        Some(values) => write(session, table, &values, id).await.map(drop),
        None => Ok(()),
    }
}

async fn write(
    session: &impl Session,
    table: &KeptTable,
    values: &[Value],
    id: Parameter<'_>,
) -> Result<u64, StoreError> {
    let values = session.kept_as_stored(table, values)?;
    let values = table.columns.iter().zip(values.iter());
    let mut parameters: Vec<_> =
        values.map(|(column, value)| Parameter::of(column.name, value.as_ref())).collect();
    parameters.push(id);
    session.run(&table.write, &parameters).await
}

/// Sets the first values of a new row, which are higher than those of all deleted rows of the table.
///
/// It is called after the row was inserted. If another transaction was deleting a row with the same id, the
/// unique index has made the insertion wait for its commit, so that the mark of the deleted row is visible
/// now.
pub(crate) async fn begin<S: Session>(
    session: &S,
    table: &KeptTable,
    id: Parameter<'_>,
) -> Result<(), StoreError> {
    let Some(given) = kept(session, table, id).await? else { return Ok(()) };
    let mut first = Vec::with_capacity(given.len());
    for (column, given) in table.columns.iter().zip(&given) {
        let mark = mark(session, table, *column).await?;
        first.push(column.upkeep.first(given.as_ref(), mark)?);
    }
    if first == given { Ok(()) } else { write(session, table, &first, id).await.map(drop) }
}

/// The highest rank that a deleted row of the table had in a column.
pub(crate) async fn mark<S: Session>(
    session: &S,
    table: &KeptTable,
    column: KeptColumn,
) -> Result<Option<i64>, StoreError> {
    let (table, name) = (table.name.to_ascii_lowercase(), column.name.to_ascii_lowercase());
    let mut mark = None;
    session
        .each(S::MARK, &[ValueRef::Text(&table), ValueRef::Text(&name)].map(Into::into), |row| {
            mark = cell::number(row, 0)?;
            Ok(())
        })
        .await?;
    Ok(mark)
}

/// A row: its table and its id.
pub(crate) type RowOf = (&'static str, ResourceId);

/// Stores the highest values of a row that will be deleted, and raises those of the rows that show it and
/// that are not deleted too.
pub(crate) async fn end<S: Session>(
    session: &S,
    versions: &Versions,
    table: &str,
    id: Parameter<'_>,
    ending: &[RowOf],
) -> Result<(), StoreError> {
    if let Some(table) = versions.table(table)
        && let Some(values) = kept(session, table, id).await?
    {
        for (column, value) in table.columns.iter().zip(&values) {
            // A row with an unreadable version can still be deleted.
            if let Ok(rank) = column.upkeep.rank(value.as_ref()) {
                let (table, name) = (table.name.to_ascii_lowercase(), column.name.to_ascii_lowercase());
                let parameters = [ValueRef::Text(&table), ValueRef::Text(&name), ValueRef::Integer(rank)];
                session.run(S::RAISE_MARK, &parameters.map(Parameter::from)).await?;
            }
        }
    }
    touch_owners(session, versions, table, id, ending).await
}

/// Raises the values of the rows that show a row in their linkage, but not of those that will be deleted.
pub(crate) async fn touch_owners<S: Session>(
    session: &S,
    versions: &Versions,
    table: &str,
    id: Parameter<'_>,
    ending: &[RowOf],
) -> Result<(), StoreError> {
    for shown in versions.leading_to(table) {
        let Some(table) = versions.owners(shown) else { continue };
        for owner in owners(session, shown, id).await? {
            let row = (table.name, owner);
            if !ending.contains(&row) {
                touch(session, table, Parameter::id(&row.1)).await?;
            }
        }
    }
    Ok(())
}

/// Marks a row as deleted at this time. Returns whether there is such a row.
pub(crate) async fn mark_deleted(
    session: &impl Session,
    deletion: &KeptTable,
    id: Parameter<'_>,
    at: &Value,
) -> Result<bool, StoreError> {
    Ok(write(session, deletion, std::slice::from_ref(at), id).await? > 0)
}

/// The ids of the resources that show this row in their linkage.
pub(crate) async fn owners(
    session: &impl Session,
    shown: &Shown,
    id: Parameter<'_>,
) -> Result<Vec<ResourceId>, StoreError> {
    ids(session, &shown.read, id, shown.key).await
}

/// The ids that a statement returns; composite ones if they have parts. A value that cannot be an id is skipped.
pub(crate) async fn ids(
    session: &impl Session,
    text: &str,
    of: Parameter<'_>,
    key: &'static [IdPart],
) -> Result<Vec<ResourceId>, StoreError> {
    let mut ids = Vec::new();
    session
        .each(text, &[of], |row| {
            ids.extend(cell::any_id(row, 0, key)?);
            Ok(())
        })
        .await?;
    // In order, so that two transactions that go through the same rows don't wait for each other in a circle.
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Checks before a change that a row has this version.
pub(crate) async fn check_version(
    session: &impl Session,
    resource: &'static Description,
    id: &ResourceId,
    guard: &Guard<'_>,
) -> Result<(), StoreError> {
    let text = select::with_version(session.dialect(), resource, guard.column);
    if session.finds(&text, &[id.into(), guard.value.into()]).await? {
        Ok(())
    } else {
        Err(StoreError::VersionChanged)
    }
}
