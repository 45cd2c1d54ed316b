//! Checks that related resources exist before linkage changes. A foreign key would only report that some
//! reference is broken, and a table that the user has created may have none. If other transactions can write
//! at the same time, the related rows are locked, too.

use std::collections::HashSet;

use super::{
    Dialect,
    cache::{Shape, Verb},
    cell,
    ids::list_of_ids,
    include,
    read::exists,
    session::{Session, unless_unfit},
};
use crate::plan::{LinkageChange, Scopes, Selection};
#[cfg(feature = "postgres")]
use crate::schema::RelationshipId;
use crate::schema::{Description, ResourceId, ValueRef};
use crate::store::StoreError;

/// Checks that each related resource exists, and locks the rows that the change of linkage concerns.
///
/// `links` are the current ids in the to-one relationships, as far as they are known. They are empty for a
/// new resource.
pub(crate) async fn check_related<S: Session>(
    session: &S,
    scopes: &Scopes,
    resource: &'static Description,
    own: Option<&ResourceId>,
    links: &[Option<ResourceId>],
    linkage: &[Option<LinkageChange>],
) -> Result<(), StoreError> {
    for ((relationship_id, relationship), change) in resource.relationships_by_id().zip(linkage) {
        let Some(change) = change else { continue };
        let target = relationship.target();
        let wanted: &[ResourceId] = match change {
            LinkageChange::One(id) => id.as_slice(),
            LinkageChange::Replace(ids) | LinkageChange::Add(ids) => ids,
            LinkageChange::Remove(_) => &[],
        };
        let locked = if S::LOCKS_ROWS {
            let before = relationship_id.of(links).and_then(Option::as_ref);
            Some(session.lock_related(resource, relationship_id, own, before, change).await?)
        } else {
            None
        };
        // A new resource may relate to itself, and an existing one is already locked.
        let is_own_row = |id: &ResourceId| Some(id) == own && target.table == resource.table;
        // The related type may be another struct over the same table, whose scope hides the new row.
        let is_own = |id: &ResourceId| is_own_row(id) && (!scopes.limits(target) || target.is(resource));
        let is_there =
            |id: &ResourceId| is_own_row(id) || locked.as_ref().is_none_or(|locked| locked.contains(id));
        let missing: Vec<&ResourceId> = if locked.is_some() && !scopes.limits(target) {
            wanted.iter().filter(|id| !is_there(id)).collect()
        } else {
            let seen = seen(session, scopes, target, wanted.iter().filter(|id| !is_own(id))).await?;
            wanted.iter().filter(|id| !(is_own(id) || is_there(id) && seen.contains(*id))).collect()
        };
        for id in missing {
            // A column that the user has created may have a collation by which it equals the id in other
            // letters.
            if locked.is_some() || !exists(session, scopes, target, id).await? {
                return Err(StoreError::RelatedNotFound { relationship: relationship_id, id: id.clone() });
            }
        }
        if relationship.is_to_many() {
            session.lock_owners_before(resource, relationship_id, own, wanted).await?;
        }
    }
    Ok(())
}

/// Whether all of these related resources exist, to which new rows will lead over one to-one relationship. If so, they are
/// locked as [`check_related`] does it.
#[cfg(feature = "postgres")]
pub(crate) async fn are_there(
    session: &impl Session,
    scopes: &Scopes,
    resource: &'static Description,
    relationship: RelationshipId,
    target: &'static Description,
    ids: Vec<ResourceId>,
) -> Result<bool, StoreError> {
    // What is locked of a to-one relationship's targets doesn't depend on how many rows lead there.
    let change = LinkageChange::Add(ids);
    let locked = session.lock_related(resource, relationship, None, None, &change).await?;
    let LinkageChange::Add(ids) = change else { return Ok(false) };
    let are_seen =
        !scopes.limits(target) || seen(session, scopes, target, ids.iter()).await?.len() == ids.len();
    Ok(are_seen && locked.len() == ids.len())
}

/// The ids of the resources that the caller sees.
async fn seen<'a>(
    session: &impl Session,
    scopes: &Scopes,
    resource: &'static Description,
    ids: impl Iterator<Item = &'a ResourceId>,
) -> Result<HashSet<ResourceId>, StoreError> {
    let dialect = session.dialect();
    let ids: Vec<&ResourceId> = ids.filter(|id| dialect.can_be(id, resource.id.kind)).collect();
    let mut seen = HashSet::new();
    if let [id] = ids[..] {
        if exists(session, scopes, resource, id).await? {
            seen.insert(id.clone());
        }
    } else if !ids.is_empty() {
        let selection = Selection::identifiers(resource);
        let list = list_of_ids(ids.into_iter())?;
        let shape = Shape::new(Verb::IncludeOne, resource).columns(selection.attributes.clone());
        let query = session.bound_query(scopes, shape, [ValueRef::Text(&list)], |visible| {
            include::to_one(visible, &selection, &list)
        })?;
        unless_unfit(
            session
                .each(&query.text, &query.values(), |row| {
                    seen.extend(cell::known_id(
                        resource.table,
                        resource.id.columns(),
                        resource.id.kind,
                        row,
                        0,
                    )?);
                    Ok(())
                })
                .await,
        )?;
    }
    Ok(seen)
}
