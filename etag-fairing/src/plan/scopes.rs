//! The rows that a caller sees.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::bytes::PlanBytes;
use super::{Comparison, Field, Filter, Member, Records, matches};
use crate::schema::{AttributeId, Description, Record, RelationshipId, ResourceId};

/// The rows that a caller sees, for each resource.
///
/// A row outside its resource's scope does not exist for the caller: no plan returns it, counts it, follows a
/// path through it or shows linkage to it, and no [`Change`](super::Change) finds it or relates a resource to
/// it. A to-one relationship to it is empty. The filter of a scope itself is not limited by scopes: it sees
/// all stored rows, of its own resource and of related ones.
///
/// A row that is deleted softly ([`Description::soft_delete`]) is outside of all scopes but
/// [`Scopes::WITH_DELETED`], and the filter of a scope does not see it either.
///
/// Scopes are data and cheap to clone. What a caller sees depends on the caller only by its scopes, so that a
/// cache can use [`key`](Self::key) instead of the caller.
#[derive(Clone, Debug, Default)]
pub struct Scopes {
    scoped: Option<Arc<Scoped>>,
    deleted: Deleted,
}

/// Whether rows that are deleted softly are seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Deleted {
    #[default]
    Hidden,
    Seen,
}

#[derive(Debug)]
struct Scoped {
    /// One entry for each resource, sorted by type.
    filters: Vec<(&'static Description, Filter)>,
    key: OnceLock<Vec<u8>>,
}

/// What limits the rows of one resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit<'s> {
    /// The attribute that must be null: it has the time of a row's deletion.
    pub(crate) deletion: Option<AttributeId>,
    /// The filter of the scope.
    pub(crate) filter: Option<&'s Filter>,
}

impl Scopes {
    /// Every row of every resource that is not deleted.
    pub const NONE: Self = Self { scoped: None, deleted: Deleted::Hidden };

    /// Every stored row of every resource, with the rows that are deleted softly.
    pub const WITH_DELETED: Self = Self { scoped: None, deleted: Deleted::Seen };

    /// The scopes of some resources. All rows of other resources are seen. If a resource has two scopes, both
    /// must match.
    pub fn new(scopes: impl IntoIterator<Item = (&'static Description, Filter)>) -> Self {
        let mut filters: Vec<(&'static Description, Filter)> = Vec::new();
        for (resource, filter) in scopes {
            match filters.iter_mut().find(|(known, _)| known.is(resource)) {
                Some((_, known)) => {
                    let both = vec![std::mem::replace(known, Filter::And(Vec::new())), filter];
                    *known = Filter::And(both);
                }
                None => filters.push((resource, filter)),
            }
        }
        // Sorted, since the order in which the scopes were asked for doesn't matter.
        filters.sort_by_key(|(resource, _)| (resource.type_name, resource.rust_name));
        let scoped = (!filters.is_empty()).then(|| Arc::new(Scoped { filters, key: OnceLock::new() }));
        Self { scoped, deleted: Deleted::Hidden }
    }

    /// Whether every row of every resource is seen that is not deleted.
    pub fn is_empty(&self) -> bool {
        self.scoped.is_none() && self.deleted == Deleted::Hidden
    }

    /// The filter for the rows of a resource that are seen; `None` for all rows.
    pub fn of(&self, resource: &Description) -> Option<Cow<'_, Filter>> {
        let limit = self.limit(resource)?;
        let living = limit.deletion.map(|deletion| Filter::Compare {
            member: Member { path: Vec::new(), field: Field::Attribute(deletion) },
            comparison: Comparison::IsNull,
        });
        match (living, limit.filter) {
            (None, filter) => filter.map(Cow::Borrowed),
            (Some(living), None) => Some(Cow::Owned(living)),
            (Some(living), Some(filter)) => Some(Cow::Owned(Filter::And(vec![living, filter.clone()]))),
        }
    }

    /// What limits the rows of a resource; `None` if all rows are seen.
    pub(crate) fn limit(&self, resource: &Description) -> Option<Limit<'_>> {
        let deletion = resource.soft_delete.filter(|_| self.deleted == Deleted::Hidden);
        let filter = self.iter().find(|(known, _)| known.is(resource)).map(|(_, filter)| filter);
        (deletion.is_some() || filter.is_some()).then_some(Limit { deletion, filter })
    }

    /// Whether some rows of a resource are hidden.
    pub fn limits(&self, resource: &Description) -> bool {
        self.limit(resource).is_some()
    }

    /// Whether the rows of a resource look different from what is stored: some are hidden, or they refer to
    /// hidden rows.
    #[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code, reason = "stores ask"))]
    pub(crate) fn changes_rows_of(&self, resource: &Description) -> bool {
        self.limits(resource)
            || resource
                .relationships
                .iter()
                .any(|relationship| !relationship.is_to_many() && self.limits(relationship.target()))
    }

    /// Scopes that see all stored rows of a resource. If no row of it can be hidden, they are
    /// [`NONE`](Self::NONE), for which stores keep the texts of their statements.
    #[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code, reason = "stores ask"))]
    pub(crate) fn all_stored(resource: &Description) -> &'static Self {
        static NONE: Scopes = Scopes::NONE;
        static WITH_DELETED: Scopes = Scopes::WITH_DELETED;
        if resource.soft_delete.is_some() { &WITH_DELETED } else { &NONE }
    }

    /// The resources that have a scope.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Description, &Filter)> {
        self.scoped.iter().flat_map(|scoped| &scoped.filters).map(|(resource, filter)| (*resource, filter))
    }

    /// The scopes as bytes. Equal scopes have equal bytes in every process, and different scopes have
    /// different bytes. `None` if every row is seen that is not deleted.
    pub fn key(&self) -> Option<&[u8]> {
        if self.deleted == Deleted::Seen {
            return Some(b"+");
        }
        let scoped = self.scoped.as_ref()?;
        Some(scoped.key.get_or_init(|| {
            let mut bytes = PlanBytes::default();
            for (resource, filter) in &scoped.filters {
                bytes.text(resource.type_name);
                bytes.filter(filter);
            }
            bytes.into_vec()
        }))
    }
}

impl PartialEq for Scopes {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

/// Records as a caller sees them, for stores that answer plans in memory.
///
/// Records outside the scopes are hidden, and no relationship leads to them. The [`linkage`](Record::linkage)
/// of a returned record still has their ids: use [`related`](Records::related) instead.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    records: &'a dyn Records,
    scopes: &'a Scopes,
}

impl fmt::Debug for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

impl<'a> Seen<'a> {
    /// The records, limited by the scopes.
    pub fn new(records: &'a dyn Records, scopes: &'a Scopes) -> Self {
        Self { records, scopes }
    }

    /// Whether the caller sees a record.
    pub fn sees(&self, resource: &'static Description, record: &Record) -> bool {
        let Some(limit) = self.scopes.limit(resource) else { return true };
        let is_deleted = |deletion: AttributeId| {
            deletion.of(&record.attributes).is_some_and(|deleted_at| !deleted_at.is_null())
        };
        // The filter of a scope sees all rows that are not deleted.
        let living = Seen { records: self.records, scopes: &Scopes::NONE };
        !limit.deletion.is_some_and(is_deleted)
            && limit.filter.is_none_or(|filter| matches(filter, resource, record, &living))
    }
}

impl Records for Seen<'_> {
    fn record(&self, resource: &'static Description, id: &ResourceId) -> Option<&Record> {
        self.records.record(resource, id).filter(|record| self.sees(resource, record))
    }

    fn related<'a>(
        &'a self,
        resource: &'static Description,
        record: &'a Record,
        relationship: RelationshipId,
    ) -> Cow<'a, [ResourceId]> {
        let ids = self.records.related(resource, record, relationship);
        match resource.relationship_at(relationship).map(|relationship| relationship.target()) {
            Some(target) if self.scopes.limits(target) => {
                ids.iter().filter(|id| self.record(target, id).is_some()).cloned().collect()
            }
            _ => ids,
        }
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::super::Relation;
    use super::*;
    use crate::schema::Value;
    use crate::store::contract::{ROOMS, SPEAKERS, TALKS};

    fn titled(title: &str) -> Filter {
        Filter::Compare {
            member: Member { path: Vec::new(), field: Field::Attribute(AttributeId::at(0)) },
            comparison: Comparison::Value(Relation::Equal, Value::Text(title.into())),
        }
    }

    #[test]
    fn the_key_is_the_same_for_the_same_scopes_alone() {
        let none = || Filter::Or(Vec::new());
        let scopes = Scopes::new([(*TALKS, titled("a")), (*ROOMS, none())]);
        assert_eq!(scopes.key(), Scopes::new([(*ROOMS, none()), (*TALKS, titled("a"))]).key());
        let not = |filter| Filter::Not(Box::new(filter));
        let others = [
            Scopes::new([(*TALKS, titled("a"))]),
            Scopes::new([(*TALKS, titled("b"))]),
            Scopes::new([(*TALKS, not(titled("a")))]),
            Scopes::new([(*TALKS, none()), (*ROOMS, titled("a"))]),
            Scopes::new([(*TALKS, titled("a")), (*SPEAKERS, none())]),
            Scopes::new([(*TALKS, titled("a")), (*ROOMS, Filter::And(Vec::new()))]),
            // Lists with the same elements, but split at another place.
            Scopes::new([(*TALKS, Filter::And(vec![Filter::Or(vec![titled("a")]), titled("b")]))]),
            Scopes::new([(*TALKS, Filter::And(vec![Filter::Or(vec![titled("a"), titled("b")])]))]),
        ];
        let mut keys: Vec<_> = others.iter().chain([&scopes]).map(Scopes::key).collect();
        assert!(keys.iter().all(Option::is_some));
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), others.len() + 1);
        assert_eq!((Scopes::new([]).key(), Scopes::NONE.key()), (None, None));
    }

    #[test]
    fn two_scopes_of_one_resource_both_hold() {
        let both = Scopes::new([(*TALKS, titled("a")), (*TALKS, titled("b"))]);
        let expected = Filter::And(vec![titled("a"), titled("b")]);
        assert_eq!(both.of(*TALKS).as_deref(), Some(&expected));
        assert_eq!(both.of(*ROOMS), None);
    }
}
