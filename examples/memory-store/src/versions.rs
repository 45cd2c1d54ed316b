//! Versions and dates of the last change, which the store keeps.
//!
//! A change is made on a copy of the state, so what it shows in is found by comparing the two: whatever the change
//! did, and to whom. (It looks at every resource that has a version. A store with more than fits into memory asks its
//! indexes instead.)

use std::collections::BTreeMap;

use etag_fairing::resource::{AttributeId, Description, Record, ResourceId, Value};
use etag_fairing::store::{Records, Scopes, Seen, StoreError};

use crate::state::{Row, State};

/// The highest version that a deleted row of a table had, by its attribute: no id has one twice.
pub type Marks = BTreeMap<AttributeId, i64>;

impl State {
    /// Goes on with each version whose resource shows something else than `before`.
    ///
    /// # Errors
    /// If a version is none, or has no successor.
    pub fn keep_versions(&mut self, before: &Self) -> Result<(), StoreError> {
        for (resource, id, record) in before.versioned() {
            if self.record(resource, id).is_none() {
                self.raise_marks(resource, record)?;
            }
        }
        let mut kept: Vec<(&'static Description, ResourceId, AttributeId, Value)> = Vec::new();
        for (resource, id, record) in self.versioned() {
            let old = before.record(resource, id);
            let unchanged =
                old.is_some_and(|old| before.shows(resource, old) == self.shows(resource, record));
            for (version, upkeep) in resource.kept() {
                let of = |record: &Record| version.of(&record.attributes).cloned().unwrap_or_default();
                let value = match old {
                    Some(old) if unchanged => of(old),
                    Some(old) => upkeep.next(of(old).as_ref())?,
                    None => upkeep.first(of(record).as_ref(), self.mark(resource, version))?,
                };
                kept.push((resource, id.clone(), version, value));
            }
        }
        for (resource, id, version, value) in kept {
            let record = self.record_mut(resource, &id);
            if let Some(slot) = record.and_then(|record| version.of_mut(&mut record.attributes)) {
                *slot = value;
            }
        }
        Ok(())
    }

    fn versioned(&self) -> impl Iterator<Item = (&'static Description, &ResourceId, &Record)> {
        self.rows().filter_map(|Row { resource, record }| {
            resource.kept().next()?;
            Some((*resource, record.id.as_ref()?, record))
        })
    }

    /// What a resource's representation shows, but for what is kept here.
    fn shows(&self, resource: &'static Description, record: &Record) -> (Vec<Value>, Vec<Vec<ResourceId>>) {
        let mut attributes = record.attributes.clone();
        for (version, _) in resource.kept() {
            if let Some(slot) = version.of_mut(&mut attributes) {
                *slot = Value::Null;
            }
        }
        // No linkage leads to what is deleted softly.
        let seen = Seen::new(self, &Scopes::NONE);
        let shown = resource.relationships_by_id().filter(|(_, there)| there.linkage);
        let linkage = shown.map(|(id, _)| seen.related(resource, record, id).into_owned());
        (attributes, linkage.collect())
    }

    fn raise_marks(&mut self, resource: &'static Description, record: &Record) -> Result<(), StoreError> {
        for (version, upkeep) in resource.kept() {
            let value = version.of(&record.attributes).cloned().unwrap_or_default();
            let rank = upkeep.rank(value.as_ref())?;
            let mark = self.marks(resource).entry(version).or_insert(rank);
            *mark = rank.max(*mark);
        }
        Ok(())
    }
}
