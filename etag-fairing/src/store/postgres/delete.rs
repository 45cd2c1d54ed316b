//! The end of a row, and of what must not outlive it.
//!
//! Tables that the store has made have foreign keys, and PostgreSQL itself restricts, cascades or empties. A table of
//! the user's may have none, or others; then all references are followed here, since what PostgreSQL takes along would
//! not come by.

use super::{
    cell,
    connection::Connection,
    dialect::Postgres,
    lock::{self, Strength},
    read::can_be,
};
use crate::{
    resource::{Description, ResourceId, Value},
    store::{
        Constraint, StoreError,
        sql::{
            cache::{Shape, Verb},
            plan::id_value,
            referrer::{Effect, Referrer},
            write,
        },
    },
};

/// Deletes a resource.
pub(super) async fn delete(
    connection: &Connection,
    resource: &'static Description,
    id: &ResourceId,
) -> Result<ResourceId, StoreError> {
    if !can_be(id, resource.id.kind) {
        return Err(StoreError::NotFound);
    }
    let links = lock::row_and_links(connection, resource, id).await?.ok_or(StoreError::NotFound)?;
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
    if !known.referrers.is_empty() {
        let own = id.to_value();
        let mut end = End { ending: vec![(resource.table, own.clone())], restricted: Vec::new() };
        end.follow(connection, &known.referrers, resource.table, &own).await?;
        // Whatever stood in the way may have been taken along by another path.
        if end.restricted.iter().any(|row| !end.ending.contains(row)) {
            return Err(StoreError::Constraint(Constraint::ForeignKey));
        }
    }
    let text = connection
        .text(Shape::new(Verb::Delete, resource), || Ok::<_, String>(write::delete(Postgres, resource)))?;
    match connection.run(&text, &[id_value(id).into()]).await? {
        0 => Err(StoreError::NotFound),
        _ => Ok(id.clone()),
    }
}

/// Rows by their tables and ids.
struct End {
    /// Those that end with it.
    ending: Vec<(&'static str, Value)>,
    /// Those that must not be left.
    restricted: Vec<(&'static str, Value)>,
}

impl End {
    /// Follows all references to a row that is about to end.
    async fn follow(
        &mut self,
        connection: &Connection,
        referrers: &[Referrer],
        table: &str,
        id: &Value,
    ) -> Result<(), StoreError> {
        for referrer in referrers.iter().filter(|referrer| referrer.target == table) {
            match &referrer.effect {
                Effect::Change(text) => {
                    connection.run(text, &[id.as_ref().into()]).await?;
                }
                Effect::Restrict(text) => {
                    let rows = ids(connection, text, id).await?;
                    self.restricted.extend(rows.into_iter().map(|id| (referrer.table, id)));
                }
                Effect::Cascade { ids: text, delete } => {
                    for id in ids(connection, text, id).await? {
                        let row = (referrer.table, id);
                        if self.ending.contains(&row) {
                            continue;
                        }
                        self.ending.push(row.clone());
                        Box::pin(self.follow(connection, referrers, referrer.table, &row.1)).await?;
                        connection.run(delete, &[row.1.as_ref().into()]).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

async fn ids(connection: &Connection, text: &str, of: &Value) -> Result<Vec<Value>, StoreError> {
    let rows = connection.rows(text, &[of.as_ref().into()]).await?;
    rows.iter().map(|row| cell::value(row, 0)).collect()
}
