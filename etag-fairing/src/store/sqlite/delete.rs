//! The end of a row, and of what must not outlive it.
//!
//! Tables that the store has made have foreign keys, and SQLite itself restricts, cascades or empties; so do those of
//! the user's. What no foreign key does, or not as a struct asks for, is done here; and all references are followed
//! where versions have to rise with what SQLite takes along, which would not come by.

use std::sync::Arc;

use rusqlite::types::Value as Stored;

use super::{
    connection::{Connection, bound},
    dialect::Sqlite,
    error::store_error,
    read::exists,
    versions::{self, RowOf, value_of},
    write::check_version,
};
use crate::{
    resource::{Description, ResourceId, Value, ValueRef},
    store::{
        Constraint, Scopes, StoreError,
        sql::{
            cache::{Shape, Verb},
            plan::{can_be, id_value},
            referrer::{By, Effect, Referrer},
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
    let is_view = connection.limits.is_view(resource.table);
    if is_view {
        if !exists(connection, &Scopes::NONE, resource, id)? {
            return Err(StoreError::NotFound);
        }
        if let Some(guard) = version {
            check_version(connection, resource, id, guard)?;
        }
    }
    let row = |connection: &mut Connection| {
        let guarded = match version {
            Some(guard) => Some(versions::guarded(connection, resource, guard, id_value(id))?),
            None => None,
        };
        let own = [Some(id_value(id)), guarded.as_ref().map(Value::as_ref)];
        let own: Vec<_> = own.into_iter().flatten().collect();
        match connection.run(&text, &own)? {
            // Of a view no statement tells how many rows it has changed.
            0 if !exists(connection, &Scopes::NONE, resource, id)? => match is_view {
                true => Ok(id.clone()),
                false => Err(StoreError::NotFound),
            },
            0 if is_view => Err(StoreError::Constraint(Constraint::nameless())),
            0 if version.is_some() => Err(StoreError::VersionChanged),
            // A trigger has kept it.
            0 => Err(StoreError::Constraint(Constraint::nameless())),
            _ => Ok(id.clone()),
        }
    };
    if referrers.is_empty() && versions.is_empty() {
        return row(connection);
    }
    let delete = |connection: &mut Connection| {
        let stored = match id {
            ResourceId::Integer(id) => Stored::Integer(*id),
            ResourceId::Text(id) => Stored::Text(id.clone()),
        };
        let mut follower = Follower {
            referrers: &referrers,
            versions: &versions,
            ending: Vec::new(),
            restricted: Vec::new(),
            in_a_circle: false,
        };
        let outcome = follower.follow(connection, resource.table, stored).and_then(|()| {
            // Whatever stood in the way may have been taken along by another path.
            match follower.restricted.iter().any(|row| !follower.ending.contains(row)) {
                true => Err(StoreError::Constraint(Constraint::ForeignKey)),
                false => row(connection),
            }
        });
        (outcome, follower.in_a_circle || !follower.restricted.is_empty())
    };
    let mut tangled = false;
    let outcome = connection.whole(|connection| {
        let (outcome, is_tangled) = delete(connection);
        tangled = is_tangled;
        outcome
    });
    match outcome {
        // Rows that refer to each other in a circle end one by one: their foreign keys, if they have any, must wait for
        // the last of them. They go on waiting until the commit, which fails if anything still leads nowhere: to end
        // the waiting before would forget what it has seen.
        Err(StoreError::Constraint(Constraint::ForeignKey)) if tangled => {
            connection.let_foreign_keys_wait()?;
            connection.whole(|connection| delete(connection).0)
        }
        outcome => outcome,
    }
}

/// Follows all references to rows that are about to end.
struct Follower<'a> {
    referrers: &'a [Referrer],
    versions: &'a Versions,
    /// The rows that end.
    ending: Vec<RowOf>,
    /// Those that must not be left.
    restricted: Vec<RowOf>,
    /// Whether a row was met that ends already.
    in_a_circle: bool,
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
            let by_store = referrer.by == By::Store;
            match &referrer.effect {
                Effect::End(text) => {
                    if by_store {
                        connection.run(text, &[parameter])?;
                    }
                }
                Effect::Empty { ids: text, empty } => {
                    if let Some(kept) = self.versions.table(referrer.table) {
                        for row in ids(connection, text, parameter)? {
                            let row = (kept.name, row);
                            if let (Some(id), false) = (value_of(&row.1), self.ending.contains(&row)) {
                                versions::touch(connection, kept, id)?;
                            }
                        }
                    }
                    if by_store {
                        connection.run(empty, &[parameter])?;
                    }
                }
                Effect::Restrict(text) => {
                    let rows = ids(connection, text, parameter)?;
                    self.restricted.extend(rows.into_iter().map(|id| (referrer.table, id)));
                }
                Effect::Cascade { ids: text, delete } => {
                    for id in ids(connection, text, parameter)? {
                        if self.ending.contains(&(referrer.table, id.clone())) {
                            self.in_a_circle = true;
                            continue;
                        }
                        self.follow(connection, referrer.table, id.clone())?;
                        if let (true, Some(own)) = (by_store, value_of(&id)) {
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
