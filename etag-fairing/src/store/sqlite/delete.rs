//! The end of a row, and of what must not outlive it.
//!
//! Tables that the store has made have foreign keys, and SQLite itself restricts, cascades or empties. A table of
//! the user's may have none, or others; then all references are followed here, since what SQLite takes along would
//! not come by.

use std::sync::Arc;

use rusqlite::types::Value as Stored;

use super::{
    connection::{Connection, bound},
    dialect::Sqlite,
    error::store_error,
};
use crate::{
    resource::{Description, ResourceId, ValueRef},
    store::{
        Constraint, StoreError,
        sql::{
            cache::{Shape, Verb},
            plan::{can_be, id_value},
            referrer::{Effect, Referrer},
            write,
        },
    },
};

/// Deletes a resource.
pub(super) fn delete(
    connection: &mut Connection,
    resource: &'static Description,
    id: &ResourceId,
) -> Result<ResourceId, StoreError> {
    if !can_be(id, resource.id.kind) {
        return Err(StoreError::NotFound);
    }
    let text = connection
        .text(Shape::new(Verb::Delete, resource), || Ok::<_, String>(write::delete(Sqlite, resource)))?;
    let referrers = Arc::clone(&connection.referrers);
    let row = |connection: &mut Connection| match connection.run(&text, &[id_value(id)])? {
        0 => Err(StoreError::NotFound),
        _ => Ok(id.clone()),
    };
    if referrers.is_empty() {
        return row(connection);
    }
    connection.whole(|connection| {
        let stored = match id {
            ResourceId::Integer(id) => Stored::Integer(*id),
            ResourceId::Text(id) => Stored::Text(id.clone()),
        };
        let mut ending = vec![(resource.table, stored.clone())];
        let mut restricted = Vec::new();
        // Rows that refer to each other in a circle end one by one: their foreign keys, if they have any, wait for
        // the last of them. What then still leads nowhere fails the commit.
        connection.control("PRAGMA defer_foreign_keys = ON")?;
        follow(connection, &referrers, resource.table, &stored, &mut ending, &mut restricted)?;
        // Whatever stood in the way may have been taken along by another path.
        if restricted.iter().any(|row| !ending.contains(row)) {
            return Err(StoreError::Constraint(Constraint::ForeignKey));
        }
        let outcome = row(connection);
        connection.control("PRAGMA defer_foreign_keys = OFF")?;
        outcome
    })
}

/// A row: its table and its id.
type Ending = (&'static str, Stored);

/// Follows all references to a row that is about to end. `ending` are the rows that end with it, `restricted` those
/// that must not be left.
fn follow(
    connection: &mut Connection,
    referrers: &[Referrer],
    table: &str,
    id: &Stored,
    ending: &mut Vec<Ending>,
    restricted: &mut Vec<Ending>,
) -> Result<(), StoreError> {
    let parameter = match id {
        Stored::Integer(id) => ValueRef::Integer(*id),
        Stored::Text(id) => ValueRef::Text(id),
        _ => return Ok(()),
    };
    for referrer in referrers.iter().filter(|referrer| referrer.target.eq_ignore_ascii_case(table)) {
        match &referrer.effect {
            Effect::Change(text) => connection.run(text, &[parameter]).map(drop)?,
            Effect::Restrict(text) => {
                let rows = ids(connection, text, parameter)?;
                restricted.extend(rows.into_iter().map(|id| (referrer.table, id)));
            }
            Effect::Cascade { ids: text, delete } => {
                for id in ids(connection, text, parameter)? {
                    let row = (referrer.table, id);
                    if ending.contains(&row) {
                        continue;
                    }
                    ending.push(row.clone());
                    follow(connection, referrers, referrer.table, &row.1, ending, restricted)?;
                    let own = match &row.1 {
                        Stored::Integer(id) => ValueRef::Integer(*id),
                        Stored::Text(id) => ValueRef::Text(id),
                        _ => continue,
                    };
                    connection.run(delete, &[own])?;
                }
            }
        }
    }
    Ok(())
}

fn ids(connection: &Connection, text: &str, of: ValueRef<'_>) -> Result<Vec<Stored>, StoreError> {
    let mut statement = connection.prepare(text)?;
    let rows = statement.query_map(bound(&[of]), |row| row.get(0)).map_err(store_error)?;
    rows.collect::<Result<_, _>>().map_err(store_error)
}
