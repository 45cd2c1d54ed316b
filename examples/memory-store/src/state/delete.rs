//! Deletions, and what they do to those that refer to what is deleted.

use etag_fairing::resource::{
    Description, Linkage, OnDelete, Relationship, RelationshipKind, ResourceId, Upkeep, Value, ValueRef,
};
use etag_fairing::store::{Constraint, Scopes, Seen, StoreError};

use super::links::{join_of, owner_and_target};
use super::{Row, State};

impl State {
    /// Deletes a resource, and does to those that refer to it what they ask for.
    pub(super) fn delete(
        &mut self,
        resource: &'static Description,
        id: &ResourceId,
    ) -> Result<(), StoreError> {
        let table = self.tables.get_mut(resource.table).ok_or(StoreError::NotFound)?;
        table.rows.remove(id).ok_or(StoreError::NotFound)?;
        for relationship in resource.relationships {
            if let RelationshipKind::Through { .. } = relationship.kind {
                let join = join_of(relationship);
                let pairs = self.joins.entry(join).or_default();
                pairs.retain(|pair| owner_and_target(relationship, pair).0 != id);
                for ((of, _), places) in &mut self.positions {
                    if *of == join {
                        places.retain(|pair, _| owner_and_target(relationship, pair).0 != id);
                    }
                }
            }
        }
        let mut also = Vec::new();
        for row in self.tables.values_mut().flat_map(|table| table.rows.values_mut()) {
            for (relationship, linkage) in row.resource.relationships.iter().zip(&mut row.record.linkage) {
                match follows(relationship, linkage, resource, id) {
                    None => {}
                    Some(OnDelete::Restrict) => return Err(StoreError::Constraint(Constraint::ForeignKey)),
                    Some(OnDelete::SetNull) => *linkage = Linkage::One(None),
                    Some(OnDelete::Cascade) => {
                        also.extend(row.record.id.clone().map(|id| (row.resource, id)));
                    }
                }
            }
        }
        for (resource, id) in also {
            match self.delete(resource, &id) {
                // By two relationships at once, or in a circle: it has gone already.
                Err(StoreError::NotFound) => {}
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Marks a resource as deleted, and does the same to those that must not be there without it. References to it
    /// stay: no scope shows them.
    pub(super) fn delete_softly(
        &mut self,
        resource: &'static Description,
        id: &ResourceId,
        at: &Value,
    ) -> Result<(), StoreError> {
        let record = self.record_mut(resource, id).ok_or(StoreError::NotFound)?;
        if let Some(deletion) = resource.soft_delete.and_then(|it| it.of_mut(&mut record.attributes)) {
            *deletion = at.clone();
        }
        let mut also = Vec::new();
        let seen = Seen::new(self, &Scopes::NONE);
        for Row { resource: referring, record } in
            self.rows().filter(|row| seen.sees(row.resource, &row.record))
        {
            for (relationship, linkage) in referring.relationships.iter().zip(&record.linkage) {
                match follows(relationship, linkage, resource, id) {
                    None | Some(OnDelete::SetNull) => {}
                    Some(OnDelete::Restrict) => return Err(StoreError::Constraint(Constraint::ForeignKey)),
                    Some(OnDelete::Cascade) => also.extend(record.id.clone().map(|id| (*referring, id))),
                }
            }
        }
        for (resource, id) in also {
            match resource.soft_delete {
                // By two relationships at once, or in a circle: it has gone already.
                Some(_) if self.must_see(resource, &id, &Scopes::NONE).is_err() => {}
                Some(_) => self.delete_softly(resource, &id, at)?,
                None => match self.delete(resource, &id) {
                    Err(StoreError::NotFound) => {}
                    outcome => outcome?,
                },
            }
        }
        Ok(())
    }
}

/// What happens to the owner of this linkage when the resource with this id goes, if it leads there.
fn follows(
    relationship: &Relationship,
    linkage: &Linkage,
    resource: &Description,
    id: &ResourceId,
) -> Option<OnDelete> {
    let (RelationshipKind::ToOne { on_delete, .. } | RelationshipKind::OneOf { on_delete, .. }) =
        relationship.kind
    else {
        return None;
    };
    let leads_there = matches!(linkage, Linkage::One(Some(related)) if related == id);
    (leads_there && relationship.target().is(resource)).then_some(on_delete)
}

/// The time of a deletion, as it is stored.
pub(super) fn deletion_time() -> Result<Value, StoreError> {
    Ok(Upkeep::Moment.first(ValueRef::Null, None)?)
}
