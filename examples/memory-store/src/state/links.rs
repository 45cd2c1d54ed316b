//! What a change makes of linkage.

use etag_fairing::resource::{
    Columns, Description, Linkage, Relationship, RelationshipId, RelationshipKind, ResourceId, TypedEnd,
};
use etag_fairing::store::{Constraint, LinkageChange, Scopes, StoreError};

use super::{Join, State};

impl State {
    pub(super) fn link(
        &mut self,
        resource: &'static Description,
        id: &ResourceId,
        linkage: Vec<Option<LinkageChange>>,
        given: &[&'static str],
        scopes: &Scopes,
    ) -> Result<(), StoreError> {
        for ((relationship_id, relationship), change) in resource.relationships_by_id().zip(linkage) {
            let Some(change) = change else { continue };
            let target = relationship.target();
            let wanted = match &change {
                LinkageChange::One(id) => id.as_slice(),
                LinkageChange::Replace(ids) | LinkageChange::Add(ids) => ids,
                LinkageChange::Remove(_) => &[],
            };
            let there = |other: &ResourceId| {
                // What is being made may relate to itself, before it is within any scope.
                (other == id && target.is(resource)) || self.must_see(target, other, scopes).is_ok()
            };
            if let Some(missing) = wanted.iter().find(|id| !there(id)) {
                return Err(StoreError::RelatedNotFound {
                    relationship: relationship_id,
                    id: missing.clone(),
                });
            }
            let misshapen = || StoreError::Internal(format!("no such change of {}", relationship.name));
            match (relationship.kind, change) {
                (
                    RelationshipKind::ToOne { .. } | RelationshipKind::OneOf { .. },
                    LinkageChange::One(related),
                ) => {
                    // It looks empty already; if it leads to what is hidden, it stays.
                    if related.is_none() && self.seen_ids(resource, id, relationship_id, scopes).is_empty() {
                        continue;
                    }
                    if let Some(owner) = &related {
                        self.arrive(resource, id, relationship, owner, given, scopes);
                    }
                    self.set_to_one(resource, id, relationship_id, related);
                }
                (RelationshipKind::ToOne { .. } | RelationshipKind::OneOf { .. }, _)
                | (_, LinkageChange::One(_)) => return Err(misshapen()),
                (RelationshipKind::Inverse { .. }, change) => {
                    let back = resource.way_back(relationship).ok_or_else(misshapen)?;
                    let held = self.seen_ids(resource, id, relationship_id, scopes);
                    let placed = self.placed(resource, id, relationship_id, &held, &change);
                    let (gone, new) = difference(&held, change);
                    let moves = !gone.is_empty() || new.iter().any(|id| !held.contains(id));
                    if moves && relationship.is_kept_in_ids() {
                        let name = relationship.name;
                        return Err(StoreError::Internal(format!(
                            "{name} is part of ids, which never change"
                        )));
                    }
                    for related in gone {
                        if back.1.is_required() {
                            return Err(StoreError::Constraint(Constraint::NotNull {
                                column: back.1.columns().map_or("", Columns::first).into(),
                            }));
                        }
                        self.set_to_one(target, &related, back.0, None);
                    }
                    for related in new {
                        self.set_to_one(target, &related, back.0, Some(id.clone()));
                    }
                    self.place(relationship, id, placed);
                }
                (RelationshipKind::Through { .. }, change) => {
                    let join = join_of(relationship);
                    let held = self.seen_ids(resource, id, relationship_id, scopes);
                    let placed = self.placed(resource, id, relationship_id, &held, &change);
                    let (gone, new) = difference(&held, change);
                    for related in gone {
                        let pair = pair(relationship, id, &related);
                        self.joins.entry(join).or_default().remove(&pair);
                        for ((of, _), places) in &mut self.positions {
                            if *of == join {
                                places.remove(&pair);
                            }
                        }
                    }
                    for related in new {
                        let pair = pair(relationship, id, &related);
                        if self.joins.entry(join).or_default().insert(pair) {
                            self.append_at_the_other_end(relationship, id, &related);
                        }
                    }
                    self.place(relationship, id, placed);
                }
            }
        }
        Ok(())
    }

    fn set_to_one(
        &mut self,
        resource: &'static Description,
        id: &ResourceId,
        relationship: RelationshipId,
        to: Option<ResourceId>,
    ) {
        let Some(record) = self.record_mut(resource, id) else { return };
        // Of a polymorphic relationship at most one arm leads to a resource.
        for (arm, _) in resource.arms(relationship).filter(|(arm, _)| to.is_some() && *arm != relationship) {
            if let Some(slot) = arm.of_mut(&mut record.linkage) {
                *slot = Linkage::One(None);
            }
        }
        if let Some(slot) = relationship.of_mut(&mut record.linkage) {
            *slot = Linkage::One(to);
        }
    }

    pub(super) fn required_are_there(
        &self,
        resource: &'static Description,
        id: &ResourceId,
    ) -> Result<(), StoreError> {
        for (relationship_id, relationship) in
            resource.relationship_members().filter(|(_, there)| there.is_required())
        {
            let mut arms = resource.arms(relationship_id);
            if arms.all(|(arm, _)| self.related_ids(resource, id, arm).is_empty()) {
                let column = relationship.columns().map_or("", Columns::first).into();
                return Err(StoreError::Constraint(Constraint::NotNull { column }));
            }
        }
        Ok(())
    }
}

/// The links of a relationship: those of a join table, as far as they have the relationship's type, or those in a table.
pub(super) fn join_of(relationship: &Relationship) -> Join {
    match relationship.kind {
        RelationshipKind::Through { table, typed, .. } => match typed {
            None => (table, ""),
            Some(TypedEnd::Owner { stored_type, .. }) => (table, stored_type),
            Some(TypedEnd::Target { .. }) => (table, relationship.stored_type().unwrap_or_default()),
        },
        _ => (relationship.target().table, ""),
    }
}

/// A join table belongs to the relationships of both ends: the order of its columns' names tells which id stands
/// first.
fn owner_is_first(relationship: &Relationship) -> bool {
    match relationship.kind {
        RelationshipKind::Through { owner_columns, target_columns, .. } => {
            owner_columns.names().lt(target_columns.names())
        }
        _ => true,
    }
}

pub(super) fn pair(
    relationship: &Relationship,
    owner: &ResourceId,
    target: &ResourceId,
) -> (ResourceId, ResourceId) {
    let (first, second) = if owner_is_first(relationship) { (owner, target) } else { (target, owner) };
    (first.clone(), second.clone())
}

/// The ids of a pair, as the relationship looks at it.
pub(super) fn owner_and_target<'p>(
    relationship: &Relationship,
    (first, second): &'p (ResourceId, ResourceId),
) -> (&'p ResourceId, &'p ResourceId) {
    if owner_is_first(relationship) { (first, second) } else { (second, first) }
}

/// Which links end and which begin.
fn difference(held: &[ResourceId], change: LinkageChange) -> (Vec<ResourceId>, Vec<ResourceId>) {
    match change {
        LinkageChange::Replace(ids) => (held.iter().filter(|id| !ids.contains(id)).cloned().collect(), ids),
        LinkageChange::Add(ids) => (Vec::new(), ids),
        LinkageChange::Remove(ids) => (ids.into_iter().filter(|id| held.contains(id)).collect(), Vec::new()),
        LinkageChange::One(id) => (Vec::new(), id.into_iter().collect()),
    }
}
