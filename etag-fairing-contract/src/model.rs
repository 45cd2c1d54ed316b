//! A model of what plans mean, to compare a store with: all rows are read, and each is looked at.

use std::cmp::Ordering;

use etag_fairing::store::fold_case;
use etag_fairing::{
    resource::{Description, Linkage, Record, RelationshipId, ResourceId, Rows, Value},
    store::{
        Comparison, Fetched, Field, Filter, Links, Listing, Member, Part, Records, Relation, Scopes, SortKey,
        Store, Transaction, matches,
    },
};

use crate::{resources::ALL, steps::*};

/// Everything that a store holds.
pub(crate) struct Model(Vec<Resources>);

/// Those of one type, as they were fetched and as records.
struct Resources {
    resource: &'static Description,
    fetched: Fetched,
    records: Vec<Record>,
}

impl Model {
    pub(crate) async fn read(store: &dyn Store) -> Self {
        Self::read_in(store.begin().await.expect("a turn").as_mut()).await
    }

    /// As it is inside a transaction.
    pub(crate) async fn read_in(transaction: &mut dyn Transaction) -> Self {
        let mut model = Vec::new();
        for resource in ALL.iter().copied() {
            let fetched = read_in(transaction, &collection(resource, Listing::all())).await;
            let mut records = Vec::new();
            for (place, row) in fetched.rows.iter().enumerate() {
                let mut record = row.to_record(resource).expect("a record");
                for (index, linkage) in record.linkage.iter_mut().enumerate() {
                    if let Some(links) = &fetched.links[index] {
                        *linkage = Linkage::Many(links.of(place).to_vec());
                    }
                }
                records.push(record);
            }
            model.push(Resources { resource, fetched, records });
        }
        Self(model)
    }

    /// What is left of it by these scopes: as if the other rows had never been, nor any link to them.
    pub(crate) fn seen_by(&self, scopes: &Scopes) -> Self {
        let sees = |resource: &'static Description, id: &ResourceId| {
            scopes.of(resource).is_none_or(|filter| self.passes(resource, id, &filter))
        };
        let mut model = Vec::new();
        for all in &self.0 {
            let resource = all.resource;
            let records =
                all.records.iter().filter(|record| record.id.as_ref().is_some_and(|id| sees(resource, id)));
            let mut records: Vec<Record> = records.cloned().collect();
            let mut links: Vec<Option<Links>> =
                resource.relationships.iter().map(|it| it.is_to_many().then(Links::default)).collect();
            let mut rows = Rows::new(resource);
            for record in &mut records {
                for (index, relationship) in resource.relationships.iter().enumerate() {
                    let target = relationship.target();
                    match &mut record.linkage[index] {
                        Linkage::One(one) => *one = one.take().filter(|id| sees(target, id)),
                        Linkage::Many(ids) => ids.retain(|id| sees(target, id)),
                        Linkage::Unread => {}
                    }
                    if let (Some(links), Linkage::Many(ids)) = (&mut links[index], &record.linkage[index]) {
                        ids.iter().for_each(|id| links.push(id.clone()));
                        links.end_row();
                    }
                }
                rows.push_record(record);
            }
            let fetched = Fetched::new(rows, links);
            model.push(Resources { resource, fetched, records });
        }
        Self(model)
    }

    /// All of it, for comparing.
    pub(crate) fn records(&self) -> Vec<(&'static str, Vec<Record>)> {
        self.0.iter().map(|all| (all.resource.type_name, all.records.clone())).collect()
    }

    fn all(&self, resource: &Description) -> &Resources {
        self.0.iter().find(|known| known.resource.is(resource)).expect("a resource of the contract")
    }

    pub(crate) fn of(&self, resource: &Description) -> &Fetched {
        &self.all(resource).fetched
    }

    pub(crate) fn ids(&self, resource: &Description) -> Vec<ResourceId> {
        ids(self.of(resource))
    }

    fn place(&self, resource: &Description, id: &ResourceId) -> Option<usize> {
        self.ids(resource).iter().position(|known| known == id)
    }

    /// The ids at the other end of a relationship.
    pub(crate) fn related(
        &self,
        resource: &Description,
        id: &ResourceId,
        relationship: RelationshipId,
    ) -> Vec<ResourceId> {
        let Some(row) = self.place(resource, id) else { return Vec::new() };
        let fetched = self.of(resource);
        if resource.relationships[relationship.place()].is_to_many() {
            return linkage(fetched, relationship, row);
        }
        let link = fetched.rows.get(row).expect("a row").related_id(resource, relationship);
        link.expect("an id").into_iter().collect()
    }

    fn end(
        &self,
        resource: &'static Description,
        id: &ResourceId,
        path: &[RelationshipId],
    ) -> Option<(&'static Description, ResourceId)> {
        let (mut resource, mut id) = (resource, id.clone());
        for step in path {
            id = self.related(resource, &id, *step).pop()?;
            resource = resource.relationships[step.place()].target();
        }
        Some((resource, id))
    }

    pub(crate) fn value(&self, resource: &'static Description, id: &ResourceId, member: &Member) -> Value {
        let Some((resource, id)) = self.end(resource, id, &member.path) else { return Value::Null };
        match member.field {
            Field::Id => id.to_value(),
            Field::ToOne(index) => {
                self.related(resource, &id, index).pop().map_or(Value::Null, |id| id.to_value())
            }
            Field::Attribute(index) => {
                let row = self.place(resource, &id).expect("a row");
                self.of(resource).rows.get(row).expect("a row").attribute(index).to_owned()
            }
        }
    }

    /// Whether the filter lets a resource through, by the evaluation that stores in memory use.
    pub(crate) fn matches(&self, resource: &'static Description, id: &ResourceId, filter: &Filter) -> bool {
        let record = self.record(resource, id).expect("a record");
        matches(filter, resource, record, self)
    }

    /// Whether the filter lets a resource through.
    pub(crate) fn passes(&self, resource: &'static Description, id: &ResourceId, filter: &Filter) -> bool {
        match filter {
            Filter::And(filters) => filters.iter().all(|filter| self.passes(resource, id, filter)),
            Filter::Or(filters) => filters.iter().any(|filter| self.passes(resource, id, filter)),
            Filter::Not(filter) => !self.passes(resource, id, filter),
            Filter::Related { path, relationship, filter } => {
                let Some((owner, id)) = self.end(resource, id, path) else { return false };
                let target = owner.relationships[relationship.place()].target();
                let related = self.related(owner, &id, *relationship);
                related.iter().any(|id| filter.as_ref().is_none_or(|filter| self.passes(target, id, filter)))
            }
            Filter::Count { path, relationship, relation, number } => {
                let Some((owner, id)) = self.end(resource, id, path) else { return false };
                let related = self.related(owner, &id, *relationship);
                holds(*relation, Some(related.len().cmp(&usize::try_from(*number).expect("a number"))))
            }
            Filter::Compare { member, comparison } => {
                let value = self.value(resource, id, member);
                match comparison {
                    Comparison::IsNull => value.is_null(),
                    Comparison::Value(relation, other) => holds(*relation, compare(&value, other)),
                    Comparison::Member(relation, other) => {
                        holds(*relation, compare(&value, &self.value(resource, id, other)))
                    }
                    Comparison::In(values) => {
                        values.iter().any(|other| compare(&value, other) == Some(Ordering::Equal))
                    }
                    Comparison::Between(low, high) => {
                        compare(&value, low).is_some_and(Ordering::is_ge)
                            && compare(&value, high).is_some_and(Ordering::is_le)
                    }
                    // The rules of kinds are about these; what is made at random has none.
                    Comparison::HasAny(_) | Comparison::IsEmpty | Comparison::Inside(..) => false,
                    Comparison::Text { part, text, case_sensitive } => match value {
                        Value::Text(value) => has(&value, *part, text, *case_sensitive),
                        _ => false,
                    },
                }
            }
        }
    }

    /// The resources of a list in the order of a sort.
    pub(crate) fn sorted(
        &self,
        resource: &'static Description,
        ids: impl IntoIterator<Item = ResourceId>,
        sort: &[SortKey],
    ) -> Vec<ResourceId> {
        let mut ids: Vec<ResourceId> = ids.into_iter().collect();
        ids.sort_by(|one, other| {
            for key in sort {
                let (one, other) =
                    (self.value(resource, one, &key.member), self.value(resource, other, &key.member));
                let order = match (one.is_null(), other.is_null()) {
                    (true, true) => Ordering::Equal,
                    (true, false) => Ordering::Greater,
                    (false, true) => Ordering::Less,
                    (false, false) => {
                        let order = compare(&one, &other).expect("values of one kind");
                        if key.descending { order.reverse() } else { order }
                    }
                };
                if order.is_ne() {
                    return order;
                }
            }
            one.cmp(other)
        });
        ids
    }
}

impl Records for Model {
    fn record(&self, resource: &'static Description, id: &ResourceId) -> Option<&Record> {
        self.all(resource).records.iter().find(|record| record.id.as_ref() == Some(id))
    }
}

fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
        (Value::Integer(one), Value::Integer(other)) => Some(one.cmp(other)),
        (Value::Integer(one), Value::Float(other)) => (*one as f64).partial_cmp(other),
        (Value::Float(one), Value::Integer(other)) => one.partial_cmp(&(*other as f64)),
        (Value::Float(one), Value::Float(other)) => one.partial_cmp(other),
        (Value::Text(one), Value::Text(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

fn holds(relation: Relation, order: Option<Ordering>) -> bool {
    order.is_some_and(|order| match relation {
        Relation::Equal => order.is_eq(),
        Relation::NotEqual => order.is_ne(),
        Relation::Less => order.is_lt(),
        Relation::LessOrEqual => order.is_le(),
        Relation::Greater => order.is_gt(),
        Relation::GreaterOrEqual => order.is_ge(),
    })
}

fn has(value: &str, part: Part, text: &str, case_sensitive: bool) -> bool {
    let in_case = |text: &str| if case_sensitive { text.to_owned() } else { fold_case(text).into_owned() };
    let (value, text) = (in_case(value), in_case(text));
    match part {
        Part::Anywhere => value.contains(&text),
        Part::Start => value.starts_with(&text),
        Part::End => value.ends_with(&text),
        Part::Like => {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            is_like(&characters(&value), &characters(&text))
        }
    }
}

fn is_like(value: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => value.is_empty(),
        ['%', rest @ ..] => (0..=value.len()).any(|start| is_like(&value[start..], rest)),
        ['_', rest @ ..] => !value.is_empty() && is_like(&value[1..], rest),
        ['\\', literal @ ('%' | '_' | '\\'), rest @ ..] | [literal, rest @ ..] => {
            value.first() == Some(literal) && is_like(&value[1..], rest)
        }
    }
}
