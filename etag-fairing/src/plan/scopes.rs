//! The rows that a caller sees.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::{Comparison, Field, Filter, Member, Part, Records, Relation, matches};
use crate::schema::{AttributeId, Description, Record, RelationshipId, ResourceId, Value};

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
            let mut bytes = Bytes(Vec::new());
            for (resource, filter) in &scoped.filters {
                bytes.text(resource.type_name);
                bytes.filter(filter);
            }
            bytes.0
        }))
    }
}

impl PartialEq for Scopes {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

/// Writes filters as bytes. Different filters have different bytes: each node has its own sign, and each list
/// and text begins with its length.
struct Bytes(Vec<u8>);

impl Bytes {
    fn sign(&mut self, sign: u8) {
        self.0.push(sign);
    }

    fn number(&mut self, number: usize) {
        self.0.extend_from_slice(&(number as u64).to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn filter(&mut self, filter: &Filter) {
        match filter {
            Filter::And(filters) => self.filters(b'&', filters),
            Filter::Or(filters) => self.filters(b'|', filters),
            Filter::Not(filter) => {
                self.sign(b'!');
                self.filter(filter);
            }
            Filter::Compare { member, comparison } => {
                self.sign(b'c');
                self.member(member);
                self.comparison(comparison);
            }
            Filter::Related { path, relationship, filter } => {
                self.sign(if filter.is_some() { b'r' } else { b'e' });
                self.path(path);
                self.number(relationship.place());
                if let Some(filter) = filter {
                    self.filter(filter);
                }
            }
            Filter::Count { path, relationship, relation, number } => {
                self.sign(b'n');
                self.path(path);
                self.number(relationship.place());
                self.relation(*relation);
                self.number(usize::try_from(*number).unwrap_or(usize::MAX));
            }
        }
    }

    fn filters(&mut self, sign: u8, filters: &[Filter]) {
        self.sign(sign);
        self.number(filters.len());
        filters.iter().for_each(|filter| self.filter(filter));
    }

    fn path(&mut self, path: &[RelationshipId]) {
        self.number(path.len());
        path.iter().for_each(|step| self.number(step.place()));
    }

    fn member(&mut self, member: &Member) {
        self.path(&member.path);
        match member.field {
            Field::Id => self.sign(b'i'),
            Field::Attribute(id) => {
                self.sign(b'a');
                self.number(id.place());
            }
            Field::ToOne(id) => {
                self.sign(b'o');
                self.number(id.place());
            }
        }
    }

    fn comparison(&mut self, comparison: &Comparison) {
        match comparison {
            Comparison::IsNull => self.sign(b'n'),
            Comparison::Value(relation, value) => {
                self.sign(b'v');
                self.relation(*relation);
                self.value(value);
            }
            Comparison::Member(relation, member) => {
                self.sign(b'm');
                self.relation(*relation);
                self.member(member);
            }
            Comparison::In(values) => {
                self.sign(b'l');
                self.number(values.len());
                values.iter().for_each(|value| self.value(value));
            }
            Comparison::Between(from, to) => {
                self.sign(b'b');
                self.value(from);
                self.value(to);
            }
            Comparison::HasAny(values) => {
                self.sign(b'h');
                self.number(values.len());
                values.iter().for_each(|value| self.value(value));
            }
            Comparison::IsEmpty => self.sign(b'e'),
            Comparison::Inside(path, comparison) => {
                self.sign(b'i');
                self.number(path.len());
                path.iter().for_each(|name| self.text(name));
                self.comparison(comparison);
            }
            Comparison::Text { part, text, case_sensitive } => {
                self.sign(b't');
                self.sign(match part {
                    Part::Anywhere => b'a',
                    Part::Start => b's',
                    Part::End => b'e',
                    Part::Like => b'l',
                });
                self.sign((*case_sensitive).into());
                self.text(text);
            }
        }
    }

    fn relation(&mut self, relation: Relation) {
        self.sign(match relation {
            Relation::Equal => b'=',
            Relation::NotEqual => b'#',
            Relation::Less => b'<',
            Relation::LessOrEqual => b'(',
            Relation::Greater => b'>',
            Relation::GreaterOrEqual => b')',
        });
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.sign(b'n'),
            Value::Bool(value) => {
                self.sign(b'b');
                self.sign((*value).into());
            }
            Value::Integer(value) => {
                self.sign(b'i');
                self.0.extend_from_slice(&value.to_be_bytes());
            }
            Value::Float(value) => {
                self.sign(b'f');
                self.0.extend_from_slice(&value.to_bits().to_be_bytes());
            }
            Value::Text(value) => {
                self.sign(b't');
                self.text(value);
            }
            Value::Decimal(value) => {
                self.sign(b'd');
                self.text(value);
            }
            Value::Bytes(value) => {
                self.sign(b'y');
                self.bytes(value);
            }
        }
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
    use super::*;
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
