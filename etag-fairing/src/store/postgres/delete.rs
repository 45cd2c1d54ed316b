//! The end of a row, and of what must not outlive it.
//!
//! Tables that the store has made have foreign keys, and PostgreSQL itself restricts, cascades or empties; so do those
//! of the user's. What no foreign key does, or not as a struct asks for, is done here; and all references are followed
//! where versions have to rise with what PostgreSQL takes along, which would not come by.

use super::{
    connection::Connection,
    dialect::Postgres,
    encode::Parameter,
    lock::{self, Strength},
    prepare::Known,
    read::{can_be, exists},
    versions::{self, RowOf, ids},
    write::check_version,
};
use crate::{
    resource::{Description, ResourceId},
    store::{
        Constraint, Scopes, StoreError,
        sql::{
            cache::{Shape, Verb},
            plan::id_value,
            referrer::{By, Effect},
            versions::Guard,
            write,
        },
    },
};

/// Deletes a resource, if it has this version.
pub(super) async fn delete(
    connection: &Connection,
    scopes: &Scopes,
    resource: &'static Description,
    id: &ResourceId,
    version: Option<&Guard<'_>>,
) -> Result<ResourceId, StoreError> {
    if !can_be(id, resource.id.kind) {
        return Err(StoreError::NotFound);
    }
    let links = lock::row_and_links(connection, resource, id).await?.ok_or(StoreError::NotFound)?;
    if scopes.of(resource).is_some() && !exists(connection, scopes, resource, id).await? {
        return Err(StoreError::NotFound);
    }
    let known = connection.known();
    for (relationship, link) in resource.relationships.iter().zip(links) {
        let watched = relationship.column().is_some_and(|column| known.is_watched(resource.table, column));
        if let (true, Some(link)) = (watched, link) {
            lock::rows(connection, relationship.target(), [&link], Strength::Change).await?;
        }
    }
    for end in known.joins_of(resource.table) {
        lock::other_end(connection, end, id).await?;
    }
    if !(known.referrers.is_empty() && known.versions.is_empty()) {
        let mut follower = Follower { known: &known, ending: Vec::new(), restricted: Vec::new() };
        follower.follow(connection, resource.table, id.clone()).await?;
        // Whatever stood in the way may have been taken along by another path.
        if follower.restricted.iter().any(|row| !follower.ending.contains(row)) {
            return Err(StoreError::Constraint(Constraint::ForeignKey));
        }
    }
    let is_view = known.limits.is_view(resource.table);
    if let (true, Some(guard)) = (is_view, version) {
        check_version(connection, resource, id, guard).await?;
    }
    let text = connection
        .text(Shape::new(Verb::Delete, resource).columns(vec![version.is_some()]), || {
            Ok::<_, String>(write::delete(Postgres, resource, version.map(|guard| guard.column)))
        })?;
    let own = [Some(id_value(id)), version.map(|guard| guard.value)];
    let own: Vec<Parameter<'_>> = own.into_iter().flatten().map(Parameter::from).collect();
    match connection.run(&text, &own).await? {
        // Of a view no statement need tell how many rows it has changed.
        0 if !exists(connection, &Scopes::NONE, resource, id).await? => match is_view {
            true => Ok(id.clone()),
            false => Err(StoreError::NotFound),
        },
        0 if is_view => Err(StoreError::Constraint(Constraint::nameless())),
        0 if version.is_some() => Err(StoreError::VersionChanged),
        // A trigger has kept it.
        0 => Err(StoreError::Constraint(Constraint::nameless())),
        _ => Ok(id.clone()),
    }
}

/// Follows all references to rows that are about to end.
struct Follower<'a> {
    known: &'a Known,
    /// The rows that end.
    ending: Vec<RowOf>,
    /// Those that must not be left.
    restricted: Vec<RowOf>,
}

impl Follower<'_> {
    /// Goes through all that refers to a row that is about to end, and is locked.
    async fn follow(
        &mut self,
        connection: &Connection,
        table: &'static str,
        id: ResourceId,
    ) -> Result<(), StoreError> {
        let known = self.known;
        self.ending.push((table, id.clone()));
        let own = id_value(&id);
        // Before its edges end: they tell who shows it.
        versions::end(connection, &known.versions, table, own, &self.ending).await?;
        for referrer in known.referrers.iter().filter(|referrer| referrer.target == table) {
            let by = referrer.by;
            match &referrer.effect {
                Effect::End(text) => make(connection, by, text, &id).await?,
                Effect::Empty { ids: text, empty } => {
                    if let Some(kept) = known.versions.table(referrer.table) {
                        for row in ids(connection, text, own).await? {
                            let row = (kept.name, row);
                            if !self.ending.contains(&row) {
                                versions::touch(connection, kept, id_value(&row.1)).await?;
                            }
                        }
                    }
                    make(connection, by, empty, &id).await?;
                }
                Effect::Restrict(text) => {
                    let rows = ids(connection, text, own).await?;
                    self.restricted.extend(rows.into_iter().map(|id| (referrer.table, id)));
                }
                Effect::Cascade { ids: text, delete } => {
                    // Locked, so that nobody refers to them any more.
                    for id in ids(connection, &format!("{text}{}", Strength::Change.clause()), own).await? {
                        if self.ending.contains(&(referrer.table, id.clone())) {
                            continue;
                        }
                        Box::pin(self.follow(connection, referrer.table, id.clone())).await?;
                        make(connection, by, delete, &id).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Does what PostgreSQL doesn't do by itself.
async fn make(connection: &Connection, by: By, text: &str, id: &ResourceId) -> Result<(), StoreError> {
    match by {
        By::Database => Ok(()),
        By::Store => connection.run(text, &[id_value(id).into()]).await.map(drop),
    }
}
