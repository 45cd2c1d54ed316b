//! Deletes a row, and the rows that must not exist without it.
//!
//! In tables that the store has created, foreign keys make the database restrict, cascade or empty
//! references. The same holds for foreign keys of other tables. The store itself does what no foreign key
//! does, or what a foreign key does in another way than a struct asks for. If the database deletes or changes
//! referring rows, versions don't rise; so the store follows all references if there are versions.
//!
//! A soft deletion only writes the time of the deletion into the row. References to it stay as they are, and
//! reads don't show them. What must not exist without the row is deleted too: softly, if it is of a table
//! whose rows are deleted softly.

use super::{
    Dialect,
    cache::{Shape, Verb},
    cell, change,
    managed::{self, RowOf, ids},
    parameter::Parameter,
    read::exists,
    referrer::{By, Effect, Referrer},
    session::Session,
    versions::{Guard, KeptTable, Versions},
};
use crate::plan::Scopes;
use crate::schema::{Description, ResourceId, Upkeep, Value, ValueRef};
use crate::store::{Constraint, StoreError};

/// Deletes a resource, if it has this version.
pub(crate) async fn delete<S: Session>(
    session: &S,
    scopes: &Scopes,
    resource: &'static Description,
    id: &ResourceId,
    version: Option<&Guard<'_>>,
) -> Result<ResourceId, StoreError> {
    let (referrers, versions) = (session.referrers(), session.versions());
    let is_view = session.limits().is_view(resource.table);
    if !session.dialect().can_be(id, resource.id.kind) {
        return Err(StoreError::NotFound);
    }
    let links = session.lock_row_and_links(resource, id).await?.ok_or(StoreError::NotFound)?;
    let must_be_seen = scopes.limits(resource) || is_view && !S::LOCKS_ROWS;
    if must_be_seen && !exists(session, scopes, resource, id).await? {
        return Err(StoreError::NotFound);
    }
    session.lock_ends(resource, id, &links).await?;
    let softly = resource.soft_delete.and_then(|_| versions.deletion(resource.table));
    if let Some(guard) = version.filter(|_| is_view || softly.is_some()) {
        managed::check_version(session, resource, id, guard).await?;
    }
    let softly = match softly {
        Some(table) => Some(Softly { table, at: Upkeep::Moment.first(ValueRef::Null, None)? }),
        None => None,
    };
    let deletion = Deletion { session, resource, id, version, is_view, softly: softly.as_ref() };
    if referrers.is_empty() && versions.is_empty() {
        return deletion.end_row(&versions).await;
    }
    let mut follower = Follower::new(session, &referrers, &versions);
    if S::ERRORS_UNDO_ALL {
        // The caller has set a savepoint.
        return deletion.end_all(&mut follower).await;
    }
    match session.whole(deletion.end_all(&mut follower)).await {
        // Rows that refer to each other in a circle are deleted one by one, so that their foreign keys must
        // not be checked before the last deletion. The check is deferred until the commit, which fails if a
        // reference to a missing row is left. It is not switched back earlier, since that would forget the
        // violations found so far.
        Err(StoreError::Constraint(Constraint::ForeignKey)) if follower.is_tangled() => {
            session.let_foreign_keys_wait()?;
            let mut follower = Follower::new(session, &referrers, &versions);
            session.whole(deletion.end_all(&mut follower)).await
        }
        outcome => outcome,
    }
}

/// A soft deletion: the table of the row, and the time, which is one for all rows that are deleted together.
struct Softly<'a> {
    table: &'a KeptTable,
    at: Value,
}

/// A row to delete.
struct Deletion<'a, S> {
    session: &'a S,
    resource: &'static Description,
    id: &'a ResourceId,
    version: Option<&'a Guard<'a>>,
    is_view: bool,
    softly: Option<&'a Softly<'a>>,
}

impl<S: Session> Deletion<'_, S> {
    /// Deletes the row, and follows the references to it.
    async fn end_all(&self, follower: &mut Follower<'_, S>) -> Result<ResourceId, StoreError> {
        match self.softly {
            Some(softly) => follower.follow_softly(self.resource.table, self.id.clone(), &softly.at).await?,
            None => follower.follow(self.resource.table, self.id.clone()).await?,
        }
        if follower.is_restricted() {
            return Err(StoreError::Constraint(Constraint::ForeignKey));
        }
        self.end_row(follower.versions).await
    }

    async fn end_row(&self, versions: &Versions) -> Result<ResourceId, StoreError> {
        let Self { session, resource, id, version, is_view, softly } = *self;
        if let Some(softly) = softly {
            return if softly.end_row(session, versions, id).await? || is_view {
                Ok(id.clone())
            } else {
                // A trigger has prevented the change.
                Err(StoreError::Constraint(Constraint::nameless()))
            };
        }
        let guarded = match version {
            Some(guard) => Some(session.guarded(resource, guard, id).await?),
            None => None,
        };
        let shape = Shape::new(Verb::Delete, resource).columns(vec![version.is_some()]);
        let text = session.text(shape, || {
            Ok(change::delete(session.dialect(), resource, version.map(|guard| guard.column)))
        })?;
        let guarded = guarded.as_ref().map(|version| Parameter::from(version.as_ref()));
        let own: Vec<Parameter<'_>> = [Some(id.into()), guarded].into_iter().flatten().collect();
        if session.run(&text, &own).await? > 0 {
            return Ok(id.clone());
        }
        // The number of changed rows is not reliable for a view.
        Err(match exists(session, Scopes::all_stored(resource), resource, id).await? {
            false if is_view => return Ok(id.clone()),
            false => StoreError::NotFound,
            true if version.is_some() && !is_view => StoreError::VersionChanged,
            // A trigger has prevented the deletion.
            true => StoreError::Constraint(Constraint::nameless()),
        })
    }
}

impl Softly<'_> {
    /// Marks the row as deleted. Its version rises, since a tag of the row is no longer that of what there is.
    async fn end_row(
        &self,
        session: &impl Session,
        versions: &Versions,
        id: &ResourceId,
    ) -> Result<bool, StoreError> {
        let is_marked = managed::mark_deleted(session, self.table, Parameter::id(id), &self.at).await?;
        if let Some(kept) = versions.table(self.table.name) {
            managed::touch(session, kept, Parameter::id(id)).await?;
        }
        Ok(is_marked)
    }
}

/// Follows all references to rows that will be deleted.
struct Follower<'a, S> {
    session: &'a S,
    referrers: &'a [Referrer],
    versions: &'a Versions,
    /// The rows that will be deleted.
    ending: Vec<RowOf>,
    /// The rows that forbid the deletion, unless they are deleted too. A row without an id can't be deleted.
    restricted: Vec<(&'static str, Option<ResourceId>)>,
    /// Whether rows refer to each other in a circle.
    in_a_circle: bool,
}

impl<'a, S: Session> Follower<'a, S> {
    fn new(session: &'a S, referrers: &'a [Referrer], versions: &'a Versions) -> Self {
        let (ending, restricted) = (Vec::new(), Vec::new());
        Self { session, referrers, versions, ending, restricted, in_a_circle: false }
    }

    fn ends(&self, table: &'static str, id: &ResourceId) -> bool {
        self.ending.iter().any(|(known, ending)| *known == table && ending == id)
    }

    /// Whether a row forbids the deletion. A row that did so may itself be deleted through another reference.
    fn is_restricted(&self) -> bool {
        let stays = |table, id: &Option<ResourceId>| id.as_ref().is_none_or(|id| !self.ends(table, id));
        self.restricted.iter().any(|(table, id)| stays(table, id))
    }

    /// Whether foreign keys may fail during the deletion that would hold after it.
    fn is_tangled(&self) -> bool {
        self.in_a_circle || !self.restricted.is_empty()
    }

    /// Follows the references to a row that will be deleted and that is locked.
    async fn follow(&mut self, table: &'static str, id: ResourceId) -> Result<(), StoreError> {
        let Self { session, referrers, versions, .. } = *self;
        let dialect = session.dialect();
        self.ending.push((table, id.clone()));
        let own = Parameter::id(&id);
        // This comes before the edges are deleted, since they tell which resources show the row.
        managed::end(session, versions, table, own, &self.ending).await?;
        for referrer in referrers.iter().filter(|referrer| dialect.is_same_name(referrer.target, table)) {
            match &referrer.effect {
                Effect::End(text) => self.make(referrer, text, own).await?,
                Effect::Empty { ids: text, empty } => {
                    if let Some(kept) = versions.table(referrer.table) {
                        for row in ids(session, text, own, referrer.key).await? {
                            if !self.ends(kept.name, &row) {
                                managed::touch(session, kept, Parameter::id(&row)).await?;
                            }
                        }
                    }
                    self.make(referrer, empty, own).await?;
                }
                Effect::Restrict(text) => {
                    let restricted = &mut self.restricted;
                    session
                        .each(text, &[own], |row| {
                            restricted.push((referrer.table, cell::any_id(row, 0, referrer.key)?));
                            Ok(())
                        })
                        .await?;
                }
                Effect::Cascade { ids: text, delete } => {
                    // The rows are locked, so that no other transaction adds references to them.
                    let text = format!("{text}{}", if S::LOCKS_ROWS { " FOR UPDATE" } else { "" });
                    for id in ids(session, &text, own, referrer.key).await? {
                        if self.ends(referrer.table, &id) {
                            self.in_a_circle = true;
                            continue;
                        }
                        Box::pin(self.follow(referrer.table, id.clone())).await?;
                        self.make(referrer, delete, Parameter::id(&id)).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Follows the references to a row that will be marked as deleted at this time. The row is locked, and it
    /// stays, so that all references to it can stay, too: nothing shows them.
    async fn follow_softly(
        &mut self,
        table: &'static str,
        id: ResourceId,
        at: &Value,
    ) -> Result<(), StoreError> {
        let Self { session, referrers, versions, .. } = *self;
        let dialect = session.dialect();
        self.ending.push((table, id.clone()));
        let own = Parameter::id(&id);
        managed::touch_owners(session, versions, table, own, &self.ending).await?;
        let ended =
            |referrer: &&Referrer| dialect.is_same_name(referrer.target, table) && !referrer.sees_deleted;
        for referrer in referrers.iter().filter(ended) {
            // Rows that are deleted already neither forbid anything nor show anything.
            let Some(text) = referrer.living.as_deref().or_else(|| referrer.ids()) else { continue };
            match &referrer.effect {
                Effect::End(_) => {}
                Effect::Empty { .. } => {
                    let Some(kept) = versions.table(referrer.table) else { continue };
                    for row in ids(session, text, own, referrer.key).await? {
                        if !self.ends(kept.name, &row) {
                            managed::touch(session, kept, Parameter::id(&row)).await?;
                        }
                    }
                }
                Effect::Restrict(_) => {
                    let restricted = &mut self.restricted;
                    session
                        .each(text, &[own], |row| {
                            restricted.push((referrer.table, cell::any_id(row, 0, referrer.key)?));
                            Ok(())
                        })
                        .await?;
                }
                Effect::Cascade { delete, .. } => {
                    let text = format!("{text}{}", if S::LOCKS_ROWS { " FOR UPDATE" } else { "" });
                    let softly = versions.deletion(referrer.table);
                    let softly = softly.map(|table| Softly { table, at: at.clone() });
                    for id in ids(session, &text, own, referrer.key).await? {
                        if self.ends(referrer.table, &id) {
                            self.in_a_circle = true;
                            continue;
                        }
                        if let Some(softly) = &softly {
                            Box::pin(self.follow_softly(referrer.table, id.clone(), at)).await?;
                            softly.end_row(session, versions, &id).await?;
                        } else {
                            Box::pin(self.follow(referrer.table, id.clone())).await?;
                            session.run(delete, &[Parameter::id(&id)]).await?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Runs the statement, unless the database does the same by itself.
    async fn make(&self, referrer: &Referrer, text: &str, id: Parameter<'_>) -> Result<(), StoreError> {
        match referrer.by {
            By::Database => Ok(()),
            By::Store => self.session.run(text, &[id]).await.map(drop),
        }
    }
}
