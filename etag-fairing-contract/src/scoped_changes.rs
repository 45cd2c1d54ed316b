//! Random changes by callers who see a part of what is stored.

use std::collections::{BTreeMap, BTreeSet};

use etag_fairing::{
    resource::{Description, Linkage, RelationshipId, RelationshipKind, ResourceId, Value},
    store::{Change, Constraint, LinkageChange, Store, StoreError},
};

use crate::{
    model::Model,
    random::{Caller, Random},
    resources::{ALL, TALKS},
    steps::SPEAKERS_OF,
};

/// Attributes and to-one linkage.
type Row = (Vec<Value>, Vec<Option<ResourceId>>);

/// Everything that is stored, as rows and pairs.
#[derive(Clone, Debug, PartialEq)]
struct Stored {
    rows: BTreeMap<(&'static str, ResourceId), Row>,
    /// Talks and their speakers.
    pairs: BTreeSet<(ResourceId, ResourceId)>,
}

impl Stored {
    fn of(model: &Model) -> Self {
        let mut stored = Self { rows: BTreeMap::new(), pairs: BTreeSet::new() };
        for (type_name, records) in model.records() {
            for record in records {
                let id = record.id.expect("an id");
                if type_name == TALKS.type_name
                    && let Linkage::Many(speakers) = &record.linkage[SPEAKERS_OF.place()]
                {
                    stored.pairs.extend(speakers.iter().map(|speaker| (id.clone(), speaker.clone())));
                }
                let links = record.linkage.into_iter().map(|linkage| match linkage {
                    Linkage::One(one) => one,
                    _ => None,
                });
                stored.rows.insert((type_name, id), (record.attributes, links.collect()));
            }
        }
        stored
    }

    /// Gives a relationship this linkage.
    fn link(
        &mut self,
        resource: &Description,
        id: &ResourceId,
        relationship: RelationshipId,
        to: &[ResourceId],
    ) {
        let found = &resource.relationships[relationship.place()];
        let target = found.target();
        match found.kind {
            RelationshipKind::ToOne { .. } | RelationshipKind::OneOf { .. } => {
                let row = self.rows.get_mut(&(resource.type_name, id.clone())).expect("a row");
                row.1[relationship.place()] = to.first().cloned();
            }
            RelationshipKind::Inverse { of } => {
                let (back, _) = target.relationship(of).expect("a way back");
                for ((type_name, other), (_, links)) in &mut self.rows {
                    if *type_name != target.type_name {
                        continue;
                    }
                    if to.contains(other) {
                        links[back.place()] = Some(id.clone());
                    } else if links[back.place()].as_ref() == Some(id) {
                        links[back.place()] = None;
                    }
                }
            }
            RelationshipKind::Through { .. } => {
                let of_talk = resource.is(*TALKS);
                let own =
                    |pair: &(ResourceId, ResourceId)| if of_talk { &pair.0 == id } else { &pair.1 == id };
                self.pairs.retain(|pair| !own(pair));
                for other in to {
                    let (id, other) = (id.clone(), other.clone());
                    self.pairs.insert(if of_talk { (id, other) } else { (other, id) });
                }
            }
        }
    }
}

/// Fills the empty store and makes changes as callers with scopes; each is undone. Its outcome must be that of the same
/// change in a store that holds only what the caller sees, and what is hidden must stay as it was.
pub(crate) async fn changes_at_random(store: &dyn Store, seed: u64, number: usize) {
    let mut random = Random::new(seed);
    random.fill(store).await;
    let before = Model::read(store).await;
    for _ in 0..number {
        let scopes = random.scopes(Caller::Scoped);
        let seen = before.seen_by(&scopes);
        let resource = *random.of(&ALL);
        let id = random.of(&before.ids(resource)).clone();
        let relationship = RelationshipId::at(random.below(resource.relationships.len()));
        let target = resource.relationships[relationship.place()].target();
        let mut related = before.ids(target);
        related.retain(|_| random.happens(4));
        let change = match (resource.relationships[relationship.place()].is_to_many(), random.below(3)) {
            (false, 0) => LinkageChange::One(None),
            (false, _) => LinkageChange::One(related.pop()),
            (true, 0) => LinkageChange::Replace(related),
            (true, 1) => LinkageChange::Add(related),
            (true, _) => LinkageChange::Remove(related),
        };
        let told = format!("seed {seed}: {id} of {resource:?}: {change:?} of {relationship:?} by {scopes:?}");
        let mut linkage = vec![None; resource.relationships.len()];
        linkage[relationship.place()] = Some(change.clone());
        let update = Change::Update {
            resource,
            id: id.clone(),
            attributes: vec![None; resource.attributes.len()],
            linkage,
        };
        let mut transaction = store.begin().await.expect("a turn");
        let outcome = transaction.apply(update, &scopes).await;
        if !seen.ids(resource).contains(&id) {
            assert!(matches!(outcome, Err(StoreError::NotFound)), "{told}: {outcome:?}");
            continue;
        }
        let wanted = match &change {
            LinkageChange::One(id) => id.as_slice(),
            LinkageChange::Replace(ids) | LinkageChange::Add(ids) => ids,
            LinkageChange::Remove(_) => &[],
        };
        if let Some(missing) = wanted.iter().find(|id| !seen.ids(target).contains(id)) {
            match outcome {
                Err(StoreError::RelatedNotFound { relationship: place, id }) => {
                    assert_eq!((place, &id), (relationship, missing), "{told}");
                }
                other => panic!("{told}: {other:?}"),
            }
            continue;
        }
        let stored = before.related(resource, &id, relationship);
        let held = seen.related(resource, &id, relationship);
        let ending: Vec<&ResourceId> = match &change {
            LinkageChange::One(new) => held.iter().filter(|id| new.as_ref() != Some(id)).collect(),
            LinkageChange::Replace(ids) => held.iter().filter(|id| !ids.contains(id)).collect(),
            LinkageChange::Remove(ids) => held.iter().filter(|id| ids.contains(id)).collect(),
            LinkageChange::Add(_) => Vec::new(),
        };
        let must_stay = match resource.relationships[relationship.place()].kind {
            RelationshipKind::ToOne { required, .. } | RelationshipKind::OneOf { required, .. } => {
                required && wanted.is_empty()
            }
            RelationshipKind::Inverse { of } => {
                target.relationship(of).is_some_and(|(_, back)| back.is_required())
            }
            RelationshipKind::Through { .. } => false,
        };
        if must_stay && !ending.is_empty() {
            let refused = matches!(outcome, Err(StoreError::Constraint(Constraint::NotNull { .. })));
            assert!(refused, "{told}: {outcome:?}");
            continue;
        }
        assert_eq!(outcome.as_ref().ok(), Some(&id), "{told}: {outcome:?}");
        let mut expected: Vec<ResourceId> = match wanted {
            [new] if !resource.relationships[relationship.place()].is_to_many() => vec![new.clone()],
            wanted => {
                let staying = stored.iter().filter(|id| !ending.contains(id));
                staying.chain(wanted).cloned().collect()
            }
        };
        expected.sort();
        expected.dedup();
        let after = Model::read_in(transaction.as_mut()).await;
        assert_eq!(after.related(resource, &id, relationship), expected, "{told}");
        let mut all = Stored::of(&before);
        all.link(resource, &id, relationship, &expected);
        assert_eq!(Stored::of(&after), all, "{told}");
    }
}
