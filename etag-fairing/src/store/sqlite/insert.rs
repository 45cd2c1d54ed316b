//! Makes new rows, and finds their ids.

use super::{connection::Connection, dialect::Sqlite};
use crate::schema::{Description, ResourceId};
use crate::store::sql::change::{GivenId, Returned};
use crate::store::sql::insert::{insert_into_view, insert_returning, insert_with_members};
use crate::store::sql::parameter::Parameter;
use crate::store::sql::session::Session;
use crate::store::sql::{cell, change, select};
use crate::store::{Constraint, StoreError};

/// Makes a row. Answers its id.
pub(super) async fn insert_row(
    connection: &Connection,
    resource: &'static Description,
    id: Option<&ResourceId>,
    parameters: &[Parameter<'_>],
    placed: &[&'static str],
) -> Result<ResourceId, StoreError> {
    if connection.limits.is_view(resource.table) {
        return match id {
            Some(id) => insert_into_view(connection, resource, id, parameters, placed).await,
            None => insert_with_new_id(connection, resource, parameters, placed).await,
        };
    }
    if let Some(id) = id.filter(|_| !resource.key().is_empty()) {
        return insert_with_members(connection, resource, id, parameters, placed).await.map_err(|error| {
            // SQLite has one writer, so that the id was free a moment ago; a column may compare by another collation.
            if error.breaks_key(resource) { StoreError::IdExists } else { error }
        });
    }
    let given = if id.is_some() { GivenId::Yes } else { GivenId::No };
    if !connection.rowids.contains(&resource.table) {
        return insert_returning(connection, resource, given, parameters, placed).await;
    }
    let text = connection.text(given.shape(resource, placed), || {
        change::insert(Sqlite, resource, given, Returned::Nothing, &connection.limits, placed)
    })?;
    // A trigger may have ignored it; then the last rowid is that of another row.
    match connection.run(&text, parameters)? {
        1 => Ok(id.cloned().unwrap_or(ResourceId::Integer(connection.sqlite.last_insert_rowid()))),
        _ => Err(StoreError::Constraint(Constraint::nameless())),
    }
}

/// Makes a row of a view, whose trigger gives it an id: neither the number of rows nor `RETURNING` tells of that.
async fn insert_with_new_id(
    connection: &Connection,
    resource: &'static Description,
    parameters: &[Parameter<'_>],
    placed: &[&'static str],
) -> Result<ResourceId, StoreError> {
    let text = change::insert(Sqlite, resource, GivenId::No, Returned::Nothing, &connection.limits, placed)
        .map_err(StoreError::Internal)?;
    // Nobody else writes meanwhile, so that a higher id than all before is the new one's.
    let before = newest(connection, resource).await?;
    connection.run(&text, parameters)?;
    match newest(connection, resource).await? {
        Some(id) if before.is_none_or(|before| id > before) => Ok(ResourceId::Integer(id)),
        _ => {
            log::warn!(
                "the view `{}` shows no new row after an insertion: its trigger made none, or the view doesn't show it",
                resource.table
            );
            Err(StoreError::Constraint(Constraint::nameless()))
        }
    }
}

async fn newest(connection: &Connection, resource: &Description) -> Result<Option<i64>, StoreError> {
    let mut newest = None;
    connection
        .each(&select::newest(Sqlite, resource), &[], |row| {
            newest = cell::number(row, 0)?;
            Ok(())
        })
        .await?;
    Ok(newest)
}
