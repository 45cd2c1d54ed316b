//! Keeps versions and dates of the last change, in the transaction of the change.
//!
//! What is kept goes on from what is there, so its row is locked before it is read.

use std::borrow::Cow;

use super::{
    cell,
    ids::id_value,
    parameter::Parameter,
    select,
    session::Session,
    versions::{Guard, KeptTable, Shown, Versions},
};
use crate::schema::{Description, ResourceId, Value, ValueRef};
use crate::store::StoreError;

/// What the store keeps of a row, which is locked with it; `None` if there is no such row.
async fn kept(
    session: &impl Session,
    table: &KeptTable,
    id: ValueRef<'_>,
) -> Result<Option<Vec<Value>>, StoreError> {
    let text = if session.can_lock(table.name) {
        Cow::Owned(format!("{} FOR NO KEY UPDATE", table.read))
    } else {
        Cow::Borrowed(&*table.read)
    };
    let mut values = None;
    session
        .each(&text, &[id.into()], |row| {
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

/// What comes next in the columns that the store keeps of a row; `None` if there is no such row.
pub(crate) async fn next(
    session: &impl Session,
    table: &KeptTable,
    id: ValueRef<'_>,
) -> Result<Option<Vec<Value>>, StoreError> {
    let Some(values) = kept(session, table, id).await? else { return Ok(None) };
    let next = table.columns.iter().zip(&values).map(|(column, value)| column.upkeep.next(value.as_ref()));
    Ok(Some(next.collect::<Result<_, _>>()?))
}

/// Goes on with a row whose representation has changed. A row that isn't there has none.
pub(crate) async fn touch(
    session: &impl Session,
    table: &KeptTable,
    id: ValueRef<'_>,
) -> Result<(), StoreError> {
    match next(session, table, id).await? {
        Some(values) => write(session, table, &values, id).await,
        None => Ok(()),
    }
}

async fn write(
    session: &impl Session,
    table: &KeptTable,
    values: &[Value],
    id: ValueRef<'_>,
) -> Result<(), StoreError> {
    let values = session.kept_as_stored(table, values)?;
    let values = table.columns.iter().zip(values.iter());
    let mut parameters: Vec<_> =
        values.map(|(column, value)| Parameter::of(column.name, value.as_ref())).collect();
    parameters.push(id.into());
    session.run(&table.write, &parameters).await.map(drop)
}

/// Lets a new row begin above all that deleted rows had.
///
/// Called once the row is there: who deletes a row of its id has committed by then, since the index of ids has made
/// the new row wait for that, and so the mark is seen.
pub(crate) async fn begin<S: Session>(
    session: &S,
    table: &KeptTable,
    id: ValueRef<'_>,
) -> Result<(), StoreError> {
    let Some(given) = kept(session, table, id).await? else { return Ok(()) };
    let mut first = Vec::with_capacity(given.len());
    for (column, given) in table.columns.iter().zip(&given) {
        let (table, name) = (table.name.to_ascii_lowercase(), column.name.to_ascii_lowercase());
        let mut mark = None;
        session
            .each(S::MARK, &[ValueRef::Text(&table), ValueRef::Text(&name)].map(Into::into), |row| {
                mark = cell::number(row, 0)?;
                Ok(())
            })
            .await?;
        first.push(column.upkeep.first(given.as_ref(), mark)?);
    }
    if first == given { Ok(()) } else { write(session, table, &first, id).await }
}

/// A row: its table and its id.
pub(crate) type RowOf = (&'static str, ResourceId);

/// Remembers what a row had that is about to end, and goes on with those that show it and don't end too.
pub(crate) async fn end<S: Session>(
    session: &S,
    versions: &Versions,
    table: &str,
    id: ValueRef<'_>,
    ending: &[RowOf],
) -> Result<(), StoreError> {
    if let Some(table) = versions.table(table)
        && let Some(values) = kept(session, table, id).await?
    {
        for (column, value) in table.columns.iter().zip(&values) {
            // A row that somebody has spoilt can still be deleted.
            if let Ok(rank) = column.upkeep.rank(value.as_ref()) {
                let (table, name) = (table.name.to_ascii_lowercase(), column.name.to_ascii_lowercase());
                let parameters = [ValueRef::Text(&table), ValueRef::Text(&name), ValueRef::Integer(rank)];
                session.run(S::RAISE_MARK, &parameters.map(Parameter::from)).await?;
            }
        }
    }
    for shown in versions.leading_to(table) {
        let Some(table) = versions.owners(shown) else { continue };
        for owner in owners(session, shown, id).await? {
            let row = (table.name, owner);
            if !ending.contains(&row) {
                touch(session, table, id_value(&row.1)).await?;
            }
        }
    }
    Ok(())
}

/// The ids of those who show this row in their linkage.
pub(crate) async fn owners(
    session: &impl Session,
    shown: &Shown,
    id: ValueRef<'_>,
) -> Result<Vec<ResourceId>, StoreError> {
    ids(session, &shown.read, id).await
}

/// The ids that a statement gives. What can be no id is left out.
pub(crate) async fn ids(
    session: &impl Session,
    text: &str,
    of: ValueRef<'_>,
) -> Result<Vec<ResourceId>, StoreError> {
    let mut ids = Vec::new();
    session
        .each(text, &[of.into()], |row| {
            ids.extend(cell::any_id(row, 0)?);
            Ok(())
        })
        .await?;
    // In order, so that two who go through the same ones don't wait for each other in a circle.
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Whether a row has this version, asked before it is changed.
pub(crate) async fn check_version(
    session: &impl Session,
    resource: &'static Description,
    id: &ResourceId,
    guard: &Guard<'_>,
) -> Result<(), StoreError> {
    let text = select::with_version(session.dialect(), resource, guard.column);
    if session.finds(&text, &[id_value(id).into(), guard.value.into()]).await? {
        Ok(())
    } else {
        Err(StoreError::VersionChanged)
    }
}
