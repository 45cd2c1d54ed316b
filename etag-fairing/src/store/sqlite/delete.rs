//! The end of a row, and of what must not outlive it.
//!
//! Tables that the store has made have foreign keys, and SQLite itself restricts, cascades or empties. A table of
//! the user's may have none, or others; then all references are followed here, since what SQLite takes along would
//! not come by. So they are where versions have to rise with what is taken along.

use std::sync::Arc;

use rusqlite::types::Value as Stored;

use super::{
    connection::{Connection, bound},
    dialect::Sqlite,
    error::store_error,
    read::exists,
    versions::{self, RowOf, value_of},
};
use crate::{
    resource::{Description, ResourceId, Value, ValueRef},
    store::{
        Constraint, Scopes, StoreError,
        sql::{
            cache::{Shape, Verb},
            plan::{can_be, id_value},
            referrer::{Effect, Referrer},
            versions::{Guard, Versions},
            write,
        },
    },
};

/// Deletes a resource, if it has this version.
pub(super) fn delete(
    connection: &mut Connection,
    resource: &'static Description,
    id: &ResourceId,
    version: Option<&Guard<'_>>,
) -> Result<ResourceId, StoreError> {
    if !can_be(id, resource.id.kind) {
        return Err(StoreError::NotFound);
    }
    let text = connection
        .text(Shape::new(Verb::Delete, resource).columns(vec![version.is_some()]), || {
            Ok::<_, String>(write::delete(Sqlite, resource, version.map(|guard| guard.column)))
        })?;
    let referrers = Arc::clone(&connection.referrers);
    let versions = Arc::clone(&connection.versions);
    let row = |connection: &mut Connection| {
        let guarded = match version {
            Some(guard) => Some(versions::guarded(connection, resource, guard, id_value(id))?),
            None => None,
        };
        let own = [Some(id_value(id)), guarded.as_ref().map(Value::as_ref)];
        let own: Vec<_> = own.into_iter().flatten().collect();
        match connection.run(&text, &own)? {
            0 if !exists(connection, &Scopes::NONE, resource, id)? => Err(StoreError::NotFound),
            0 if version.is_some() => Err(StoreError::VersionChanged),
            // A trigger has kept it.
            0 => Err(StoreError::Constraint(Constraint::nameless())),
            _ => Ok(id.clone()),
        }
    };
    if referrers.is_empty() && versions.is_empty() {
        return row(connection);
    }
    connection.whole(|connection| {
        let stored = match id {
            ResourceId::Integer(id) => Stored::Integer(*id),
            ResourceId::Text(id) => Stored::Text(id.clone()),
        };
        let mut follower = Follower {
            referrers: &referrers,
            versions: &versions,
            ending: Vec::new(),
            restricted: Vec::new(),
        };
        // Rows that refer to each other in a circle end one by one: their foreign keys, if they have any, wait for
        // the last of them. What then still leads nowhere fails the commit.
        connection.control("PRAGMA defer_foreign_keys = ON")?;
        follower.follow(connection, resource.table, stored)?;
        // Whatever stood in the way may have been taken along by another path.
        if follower.restricted.iter().any(|row| !follower.ending.contains(row)) {
            return Err(StoreError::Constraint(Constraint::ForeignKey));
        }
        let outcome = row(connection);
        connection.control("PRAGMA defer_foreign_keys = OFF")?;
        outcome
    })
}

/// Follows all references to rows that are about to end.
struct Follower<'a> {
    referrers: &'a [Referrer],
    versions: &'a Versions,
    /// The rows that end.
    ending: Vec<RowOf>,
    /// Those that must not be left.
    restricted: Vec<RowOf>,
}

impl Follower<'_> {
    fn follow(
        &mut self,
        connection: &mut Connection,
        table: &'static str,
        id: Stored,
    ) -> Result<(), StoreError> {
        let Some(parameter) = value_of(&id) else { return Ok(()) };
        self.ending.push((table, id.clone()));
        // Before its edges end: they tell who shows it.
        versions::end(connection, self.versions, table, parameter, &self.ending)?;
        let referrers = self.referrers;
        for referrer in referrers.iter().filter(|referrer| referrer.target.eq_ignore_ascii_case(table)) {
            match &referrer.effect {
                Effect::End(text) => connection.run(text, &[parameter]).map(drop)?,
                Effect::Empty { ids: text, empty } => {
                    if let Some(kept) = self.versions.table(referrer.table) {
                        for row in ids(connection, text, parameter)? {
                            let row = (kept.name, row);
                            if let (Some(id), false) = (value_of(&row.1), self.ending.contains(&row)) {
                                versions::touch(connection, kept, id)?;
                            }
                        }
                    }
                    connection.run(empty, &[parameter]).map(drop)?;
                }
                Effect::Restrict(text) => {
                    let rows = ids(connection, text, parameter)?;
                    self.restricted.extend(rows.into_iter().map(|id| (referrer.table, id)));
                }
                Effect::Cascade { ids: text, delete } => {
                    for id in ids(connection, text, parameter)? {
                        if self.ending.contains(&(referrer.table, id.clone())) {
                            continue;
                        }
                        self.follow(connection, referrer.table, id.clone())?;
                        if let Some(own) = value_of(&id) {
                            connection.run(delete, &[own])?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

fn ids(connection: &Connection, text: &str, of: ValueRef<'_>) -> Result<Vec<Stored>, StoreError> {
    let mut statement = connection.prepare(text)?;
    let rows = statement.query_map(bound(&[of]), |row| row.get(0)).map_err(store_error)?;
    rows.collect::<Result<_, _>>().map_err(store_error)
}
