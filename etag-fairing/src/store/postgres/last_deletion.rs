//! A deletion that nothing can refuse any more but the database: it locks what shows the row, deletes the row, and is
//! committed without a wait between these.
//!
//! It is for a row whose deletion the database alone follows, by foreign keys.

use rocket::{futures::future::join_all, tokio::time::Instant};

use super::connection::Connection;
use super::connection::end::Parts;
use super::last_change::LockedRow;
use super::{dialect::Postgres, lock};
use crate::plan::{Change, Scopes};
use crate::schema::Value;
use crate::store::StoreError;
use crate::store::sql::cache::{Shape, Verb};
use crate::store::sql::change::delete;
use crate::store::sql::parameter::Parameter;
use crate::store::sql::session::Session;
use crate::store::sql::versions::Guard;

impl LockedRow {
    /// Whether [`delete`](Self::delete) does what [`apply`](crate::store::Transaction::apply) would have done.
    pub(super) fn can_be_deleted(&self, connection: &Connection, change: &Change, scopes: &Scopes) -> bool {
        let Change::Delete { resource, id } = change else { return false };
        let known = connection.known();
        resource.is(self.resource)
            && *id == self.id
            && self.ends.is_some()
            && scopes.is_empty()
            && !scopes.limits(resource)
            && known.is_plain(resource.table)
            && known.versions.table(resource.table).is_none()
            && known.versions.deletion(resource.table).is_none()
            && known.versions.leading_to(resource.table).next().is_none()
            && !known.referrers.iter().any(|referrer| referrer.target == resource.table)
            && known.joins_of(resource.table).next().is_none()
            && connection.can_end(resource, id)
    }

    /// Deletes the row, and commits that. What is not answered by `end` is stopped.
    pub(super) async fn delete(
        &self,
        connection: &Connection,
        change: &Change,
        version: Option<&Value>,
        end: Option<Instant>,
    ) -> Result<(), StoreError> {
        let (resource, ends) = (self.resource, self.ends.as_deref().unwrap_or_default());
        let guard = Guard::of(resource, version)?;
        let shape = Shape::new(Verb::DeleteReturning, resource).columns(vec![guard.is_some()]);
        let text = connection.text(shape, || {
            // Who counts the rows that were deleted needs rows.
            Ok(delete(Postgres, resource, guard.as_ref().map(|guard| guard.column)) + " RETURNING 1")
        })?;
        let guarded = guard.as_ref().map(|guard| Parameter::from(guard.value));
        let own: Vec<Parameter<'_>> =
            [Some(Parameter::id(&self.id)), guarded].into_iter().flatten().collect();
        let locks = async {
            let ends = ends
                .iter()
                .map(|(target, id)| lock::rows(connection, target, [id], lock::of_other_end(target)));
            join_all(ends).await.into_iter().try_for_each(|locked| locked.map(drop))
        };
        let reads = Parts::of(0, std::future::ready(Ok(())));
        let ended = connection.end_with(Parts::of(ends.len(), locks), &text, &own, reads, end).await;
        let (deleted, ()) = ended.map_err(|error| connection.explained(change, error))?;
        match (deleted.len(), guard) {
            (0, Some(_)) => Err(StoreError::VersionChanged),
            // Somebody has made a trigger or a rule that keeps it.
            (0, None) => Err(connection.unexpected(resource)),
            _ => Ok(()),
        }
    }
}
