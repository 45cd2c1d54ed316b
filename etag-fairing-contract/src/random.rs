//! Data, filters and sorts at random, the same for the same seed.

use etag_fairing::{
    resource::{AttributeId, Description, IdKind, Kind, RelationshipId, ResourceId, Value},
    store::{
        Change, Comparison, Field, Filter, LinkageChange, Listing, Member, Part, Relation, Scopes, SortKey,
        Store,
    },
};

use crate::{
    resources::{ALL, REVIEWS, ROOMS, SPEAKERS, TALKS},
    steps::*,
};

/// What the caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Everything.
    SeesAll,
    /// What random scopes leave of it.
    Scoped,
}

/// A source of random numbers (splitmix64).
pub(crate) struct Random(u64);

const TEXTS: [&str; 20] = [
    "", "a", "A", "ab", "aB", "b", "B", "aab", "é", "É", "%", "_", "\\", "a%b", "a_b", "🦀", "it's", "*",
    "[a]", "a?b",
];
const TIMES: [&str; 3] =
    ["2018-03-24T05:30:00.000000Z", "2018-03-24T05:30:00.000001Z", "2020-01-01T00:00:00.000000Z"];
const JSON: [&str; 5] = ["null", "12", "{\"a\":1}", "\"x\"", "[]"];

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % end as u64).expect("a number below `end`")
    }

    pub(crate) fn happens(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    pub(crate) fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    fn text_of(&mut self, choices: &[&str]) -> Value {
        Value::Text((*self.of(choices)).into())
    }

    fn some(&mut self, kind: Kind) -> Value {
        match kind {
            Kind::Bool => Value::Bool(self.happens(2)),
            Kind::Integer => Value::Integer(*self.of(&[-1, 0, 1, 2, 3, i64::MIN, i64::MAX])),
            Kind::Float => Value::Float(*self.of(&[-1.5, -0.0, 0.0, 0.1, 1.0, 3.0, 1e300])),
            Kind::Timestamp => self.text_of(&TIMES),
            Kind::Json => self.text_of(&JSON),
            _ => self.text_of(&TEXTS),
        }
    }

    /// A value of some attribute, often null where that is one.
    pub(crate) fn value(&mut self, kind: Kind, nullable: bool) -> Value {
        if nullable && self.happens(3) { Value::Null } else { self.some(kind) }
    }

    /// Fills an empty store in one transaction.
    pub(crate) async fn fill(&mut self, store: &dyn Store) {
        let mut transaction = store.begin().await.expect("a turn");
        let mut changes = Vec::new();
        let rooms = ["a", "A", "b", "é", "%"];
        changes.extend(rooms.map(room));
        changes.extend((1..=4).map(speaker));
        for change in changes {
            transaction.apply(change, &Scopes::NONE).await.expect("applied");
        }
        let mut talks: Vec<ResourceId> = Vec::new();
        for _ in 0..12 {
            let attributes = TALKS.attributes.iter();
            let attributes =
                attributes.map(|attribute| self.value(attribute.kind, attribute.nullable)).collect();
            let mut linkage = vec![None; TALKS.relationships.len()];
            if self.happens(2) {
                linkage[ROOM.place()] = Some(LinkageChange::One(Some(text(self.of::<&str>(&rooms)))));
            }
            if !talks.is_empty() && self.happens(2) {
                linkage[SEQUEL_OF.place()] = Some(LinkageChange::One(Some(self.of(&talks).clone())));
            }
            let speakers = (1..=4).filter(|_| self.happens(3)).map(speaker_id).collect();
            linkage[SPEAKERS_OF.place()] = Some(LinkageChange::Add(speakers));
            let change = Change::Insert { resource: *TALKS, id: None, attributes, linkage };
            talks.push(transaction.apply(change, &Scopes::NONE).await.expect("applied"));
        }
        // The first may be the sequel of the last: a cycle.
        let cycle = link(&talks[0], SEQUEL_OF, LinkageChange::One(Some(talks[self.below(12)].clone())));
        transaction.apply(cycle, &Scopes::NONE).await.expect("applied");
        for _ in 0..8 {
            let talk = self.of(&talks).clone();
            let change = Change::Insert {
                resource: *REVIEWS,
                id: None,
                attributes: vec![self.some(Kind::Text)],
                linkage: vec![Some(LinkageChange::One(Some(talk)))],
            };
            transaction.apply(change, &Scopes::NONE).await.expect("applied");
        }
        transaction.commit().await.expect("committed");
        // Else a store that keeps nothing would pass.
        for (resource, number) in [(*ROOMS, rooms.len()), (*SPEAKERS, 4), (*TALKS, 12), (*REVIEWS, 8)] {
            let found = read(store, &collection(resource, Listing::all())).await.rows.len();
            assert_eq!(found, number, "{} that were made", resource.type_name);
        }
    }

    fn path(&mut self, mut resource: &'static Description) -> (Vec<RelationshipId>, &'static Description) {
        let mut path = Vec::new();
        while path.len() < 3 && self.happens(3) {
            let to_one = resource.relationships_by_id().filter(|(_, found)| !found.is_to_many());
            let to_one: Vec<RelationshipId> = to_one.map(|(id, _)| id).collect();
            if to_one.is_empty() {
                break;
            }
            let step = *self.of(&to_one);
            path.push(step);
            resource = resource.relationships[step.place()].target();
        }
        (path, resource)
    }

    fn member(&mut self, resource: &'static Description) -> (Member, Kind) {
        let (path, resource) = self.path(resource);
        let id_kind = |resource: &Description| match resource.id.kind {
            IdKind::Integer { .. } => Kind::Integer,
            _ => Kind::Text,
        };
        let place = self.below(resource.width());
        let (field, kind) = match place.checked_sub(1) {
            None => (Field::Id, id_kind(resource)),
            Some(place) => match place.checked_sub(resource.attributes.len()) {
                None => (Field::Attribute(AttributeId::at(place)), resource.attributes[place].kind),
                Some(place) if resource.relationships[place].is_to_many() => (Field::Id, id_kind(resource)),
                Some(place) => {
                    (Field::ToOne(RelationshipId::at(place)), id_kind(resource.relationships[place].target()))
                }
            },
        };
        (Member { path, field }, kind)
    }

    pub(crate) fn sort(&mut self, resource: &'static Description) -> Vec<SortKey> {
        let number = self.below(4);
        (0..number)
            .map(|_| SortKey { member: self.member(resource).0, descending: self.happens(2) })
            .collect()
    }

    fn relation(&mut self) -> Relation {
        *self.of(&[
            Relation::Equal,
            Relation::NotEqual,
            Relation::Less,
            Relation::LessOrEqual,
            Relation::Greater,
            Relation::GreaterOrEqual,
        ])
    }

    /// A value to compare with: seldom null, seldom of another kind.
    fn given(&mut self, kind: Kind) -> Value {
        let attribute = self.of(TALKS.attributes);
        match self.below(20) {
            0 => Value::Null,
            1 if !may_be_one(kind, attribute.kind) => self.some(attribute.kind),
            _ => self.some(kind),
        }
    }

    /// A member to compare with.
    fn other(&mut self, resource: &'static Description, kind: Kind) -> Member {
        loop {
            let (member, other) = self.member(resource);
            if !may_be_one(kind, other) {
                return member;
            }
        }
    }

    fn comparison(&mut self, resource: &'static Description, kind: Kind) -> Comparison {
        match self.below(if matches!(kind, Kind::Bool | Kind::Integer | Kind::Float) { 6 } else { 9 }) {
            0 => Comparison::IsNull,
            1 | 2 => Comparison::Value(self.relation(), self.given(kind)),
            3 => Comparison::Member(self.relation(), self.other(resource, kind)),
            4 => {
                let number = self.below(4);
                Comparison::In((0..number).map(|_| self.given(kind)).collect())
            }
            5 => Comparison::Between(self.given(kind), self.given(kind)),
            _ => {
                let part = *self.of(&[Part::Anywhere, Part::Start, Part::End, Part::Like, Part::Like]);
                let number = self.below(4);
                let pieces =
                    ["a", "A", "b", "B", "%", "_", "\\%", "\\_", "\\\\", "é", "*", "?", "[", "🦀", "", "'"];
                let mut text: String = (0..number).map(|_| *self.of(&pieces)).collect();
                if self.happens(4) {
                    text = (*self.of(&TEXTS)).into();
                }
                // A `\` that escapes nothing is in no pattern that a query makes.
                if part == Part::Like && text.ends_with('\\') && !text.ends_with("\\\\") {
                    text.push('\\');
                }
                Comparison::Text { part, text, case_sensitive: self.happens(2) }
            }
        }
    }

    /// Scopes for a caller, of about half of all resources.
    pub(crate) fn scopes(&mut self, caller: Caller) -> Scopes {
        if caller == Caller::SeesAll {
            return Scopes::NONE;
        }
        let mut scopes = Vec::new();
        for resource in ALL.iter().copied() {
            if self.happens(2) {
                let filter = self.filter(resource, 2);
                // Most filters let little through.
                scopes.push((resource, if self.happens(2) { filter } else { Filter::Not(Box::new(filter)) }));
            }
        }
        Scopes::new(scopes)
    }

    pub(crate) fn filter(&mut self, resource: &'static Description, depth: usize) -> Filter {
        match self.below(if depth == 0 { 4 } else { 10 }) {
            4 | 5 => {
                let number = self.below(4);
                Filter::And((0..number).map(|_| self.filter(resource, depth - 1)).collect())
            }
            6 => {
                let number = self.below(4);
                Filter::Or((0..number).map(|_| self.filter(resource, depth - 1)).collect())
            }
            7 => Filter::Not(Box::new(self.filter(resource, depth - 1))),
            8 | 9 => {
                let (path, owner) = self.path(resource);
                let relationship = RelationshipId::at(self.below(owner.relationships.len()));
                let target = owner.relationships[relationship.place()].target();
                if owner.relationships[relationship.place()].is_to_many() && self.happens(3) {
                    let relation = self.relation();
                    let number = u32::try_from(self.below(4)).expect("a small number");
                    return Filter::Count { path, relationship, relation, number };
                }
                let filter = (!self.happens(4)).then(|| Box::new(self.filter(target, depth - 1)));
                Filter::Related { path, relationship, filter }
            }
            _ => {
                let (member, kind) = self.member(resource);
                Filter::Compare { member, comparison: self.comparison(resource, kind) }
            }
        }
    }
}

/// Booleans and integers: whether they can be compared is the store's to say, since it may have no booleans.
fn may_be_one(one: Kind, other: Kind) -> bool {
    matches!(
        (one, other),
        (Kind::Bool, Kind::Integer | Kind::Float) | (Kind::Integer | Kind::Float, Kind::Bool)
    )
}
