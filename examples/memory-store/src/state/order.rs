//! Positions: the order that a relationship keeps.

use std::collections::BTreeSet;

use etag_fairing::resource::{
    AttributeId, Description, Relationship, RelationshipId, RelationshipKind, ResourceId, Value,
};
use etag_fairing::store::{Arrangement, LinkageChange, Records, Scopes, gives_position, lists_of};

use super::State;
use super::links::{join_of, owner_and_target, pair};

impl State {
    /// The positions that a change of an ordered relationship gives.
    pub(super) fn placed(
        &self,
        resource: &'static Description,
        id: &ResourceId,
        relationship_id: RelationshipId,
        seen: &[ResourceId],
        change: &LinkageChange,
    ) -> Vec<(ResourceId, i64)> {
        let relationship = resource.relationship_at(relationship_id);
        let Some(relationship) = relationship.filter(|it| it.order.is_some()) else { return Vec::new() };
        let place = |related: &ResourceId| self.position(relationship, id, related);
        let hidden = self.related_ids(resource, id, relationship_id);
        let hidden = hidden.iter().filter(|related| !seen.contains(related)).filter_map(place).collect();
        let members = seen.iter().map(|related| (related.clone(), place(related))).collect();
        let stored = Arrangement { members, hidden };
        let mut named = BTreeSet::new();
        match change {
            LinkageChange::Replace(ids) => {
                let wanted: Vec<_> = ids.iter().filter(|id| named.insert(*id)).cloned().collect();
                stored.replaced(&wanted)
            }
            LinkageChange::Add(ids) => {
                let new = ids.iter().filter(|id| !seen.contains(id) && named.insert(*id));
                stored.appended(&new.cloned().collect::<Vec<_>>())
            }
            _ => Vec::new(),
        }
    }

    /// The position of a related resource in the linkage of an owner.
    fn position(&self, relationship: &Relationship, id: &ResourceId, related: &ResourceId) -> Option<i64> {
        let column = relationship.order?;
        let target = relationship.target();
        let pair = match relationship.kind {
            RelationshipKind::Through { .. } => pair(relationship, id, related),
            _ => (related.clone(), related.clone()),
        };
        if let (Some(attribute), RelationshipKind::Inverse { .. }) =
            (attribute_of(target, column), relationship.kind)
        {
            let record = self.record(target, related)?;
            return match attribute.of(&record.attributes) {
                Some(Value::Integer(position)) => Some(*position),
                _ => None,
            };
        }
        self.positions.get(&(join_of(relationship), column))?.get(&pair).copied()
    }

    /// Sets the positions of related resources in the linkage of an owner.
    pub(super) fn place(
        &mut self,
        relationship: &Relationship,
        id: &ResourceId,
        placed: Vec<(ResourceId, i64)>,
    ) {
        let Some(column) = relationship.order else { return };
        let target = relationship.target();
        for (related, position) in placed {
            match relationship.kind {
                RelationshipKind::Through { .. } => {
                    let pair = pair(relationship, id, &related);
                    self.positions.entry((join_of(relationship), column)).or_default().insert(pair, position);
                }
                _ => match attribute_of(target, column) {
                    Some(attribute) => {
                        let record = self.record_mut(target, &related);
                        if let Some(slot) = record.and_then(|record| attribute.of_mut(&mut record.attributes))
                        {
                            *slot = Value::Integer(position);
                        }
                    }
                    None => {
                        let pair = (related.clone(), related);
                        let join = join_of(relationship);
                        self.positions.entry((join, column)).or_default().insert(pair, position);
                    }
                },
            }
        }
    }

    /// A new link comes last in the order that the relationship at its other end keeps.
    pub(super) fn append_at_the_other_end(
        &mut self,
        near: &Relationship,
        id: &ResourceId,
        related: &ResourceId,
    ) {
        let is_far = |far: &&Relationship| match (far.kind, near.kind) {
            (
                RelationshipKind::Through { owner_columns, .. },
                RelationshipKind::Through { target_columns, .. },
            ) => far.order.is_some() && join_of(far) == join_of(near) && owner_columns.are(target_columns),
            _ => false,
        };
        let Some(far) = near.target().relationships.iter().find(is_far) else { return };
        let pairs = self.joins.get(&join_of(far)).into_iter().flatten();
        let pairs = pairs.map(|pair| owner_and_target(far, pair)).filter(|(owner, _)| *owner == related);
        let last = pairs.filter_map(|(owner, target)| self.position(far, owner, target)).max();
        self.place(far, related, vec![(id.clone(), last.unwrap_or(0) + 1)]);
    }

    /// Puts the ids of an owner's linkage into the order of the relationship: by positions, then by ids.
    pub(super) fn in_order(
        &self,
        relationship: &Relationship,
        id: &ResourceId,
        mut ids: Vec<ResourceId>,
    ) -> Vec<ResourceId> {
        ids.sort_by_cached_key(|related| {
            let position = self.position(relationship, id, related);
            (position.is_none(), position, related.clone())
        });
        ids
    }

    /// The position of a related resource in the linkage of an owner.
    pub fn position_of(
        &self,
        resource: &'static Description,
        id: &ResourceId,
        relationship: RelationshipId,
        related: &ResourceId,
    ) -> Option<i64> {
        self.position(resource.relationship_at(relationship)?, id, related)
    }

    /// A row that a to-one relationship will lead to another owner comes last in the owner's lists that keep an order.
    pub(super) fn arrive(
        &mut self,
        resource: &'static Description,
        id: &ResourceId,
        relationship: &'static Relationship,
        owner: &ResourceId,
        given: &[&'static str],
        scopes: &Scopes,
    ) {
        let of = relationship.target();
        for (list, far) in lists_of(resource, relationship) {
            let is_member = self.related_ids(of, owner, list).contains(id);
            if is_member || far.order.is_none_or(|column| given.contains(&column)) {
                continue;
            }
            let held = self.seen_ids(of, owner, list, scopes);
            let placed = self.placed(of, owner, list, &held, &LinkageChange::Add(vec![id.clone()]));
            self.place(far, owner, placed);
        }
    }
}

/// The columns of positions in which a change gives a value itself.
pub(super) fn given_positions<'v>(
    resource: &'static Description,
    value_at: impl Fn(usize) -> Option<&'v Value> + Copy,
) -> Vec<&'static str> {
    let to_one = resource.relationships.iter().filter(|it| !it.is_to_many());
    let columns = to_one.flat_map(|it| lists_of(resource, it)).filter_map(|(_, list)| list.order);
    columns.filter(|column| gives_position(resource, column, value_at)).collect()
}

/// The attribute that shows a column.
fn attribute_of(resource: &'static Description, column: &str) -> Option<AttributeId> {
    resource.attributes_by_id().find(|(_, attribute)| attribute.column == column).map(|(id, _)| id)
}
