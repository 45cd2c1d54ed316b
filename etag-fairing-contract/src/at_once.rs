//! What a store makes at once is what it makes one after the other.

use std::{collections::BTreeMap, sync::Arc};

use etag_fairing::{
    resource::{Description, IdKind, Kind, ResourceId, Value},
    store::{Change, Fetched, LinkageChange, Listing, Plan, Root, Selection, Store, StoreError, Transaction},
};

use crate::{
    random::{Caller, Random},
    resources::{ALL, ITEMS, LABELS, LISTS, REVIEWS, ROOMS},
    steps::*,
};

/// What is read of a resource, without its id: attributes, to-one and to-many linkage.
type ToldRow = (Vec<Value>, Vec<Value>, Vec<Vec<ResourceId>>);

/// The same of a new resource; `None` where the caller does not see it.
type Told = Option<ToldRow>;

fn all() -> Vec<&'static Description> {
    let mut all = ALL.clone();
    all.extend([*LISTS, *ITEMS, *LABELS]);
    all
}

pub(crate) async fn what_is_made_at_once_is_what_one_after_the_other_makes(store: Arc<dyn Store>) {
    at_random(&*store, 5, 60).await;
}

/// Makes many new resources, at once and one after the other, and compares what comes of it.
pub(crate) async fn at_random(store: &dyn Store, seed: u64, tries: usize) {
    store.prepare(&all()).await.expect("prepared");
    let mut random = Random::new(seed);
    random.fill(store).await;
    let mut made_at_once = 0;
    for number in 0..tries {
        let existing = ids_of_all(store).await;
        if random.happens(5) {
            // The versions of later ones are higher than its own.
            let resource = *random.of(&[*LISTS, *ITEMS, *LABELS]);
            if let Some(id) = existing[resource.type_name].first() {
                let _ = write(store, delete(resource, id)).await;
            }
            continue;
        }
        let caller = if random.happens(3) { Caller::Scoped } else { Caller::SeesAll };
        let resource = *random.of(&all());
        let most = if random.happens(6) { 140 } else { 6 };
        let several = 1 + random.below(most);
        let changes: Vec<Change> = (0..several)
            .map(|place| random_insert(&mut random, resource, &existing, number * 1000 + place))
            .collect();
        let mut plan = one(resource, &number_or_text(resource));
        plan.scopes = random.scopes(caller);
        if random.happens(2) {
            plan.selection = Selection::whole(resource);
        }

        let (at_once, before, after_at_once) = loop {
            let mut transaction = store.begin().await.expect("a turn");
            let before = state(&mut *transaction).await;
            let at_once = transaction.insert_all(&changes, &plan).await;
            let after = state(&mut *transaction).await;
            // The one before this, which was dropped, may not have ended yet.
            if !transaction.must_be_repeated() {
                drop(transaction);
                break (at_once.expect("no failure"), known(before), known(after));
            }
        };
        let (one_by_one, after, transaction) = loop {
            let mut transaction = store.begin().await.expect("a turn");
            let made = one_by_one(&mut *transaction, &changes, &plan).await;
            let after = state(&mut *transaction).await;
            if !transaction.must_be_repeated() {
                break (made, after, transaction);
            }
        };
        let told = changes.iter().map(told).collect::<Vec<_>>();
        match (at_once, one_by_one) {
            (None, _) => assert_eq!(after_at_once, before, "nothing has changed: {told:?}"),
            (Some(_), None) => panic!("at once there is made what is refused alone: {changes:?}"),
            (Some(at_once), Some(one_by_one)) => {
                made_at_once += 1;
                assert_eq!(at_once.len(), one_by_one.len(), "{told:?}");
                for ((id, fetched), (id_alone, alone)) in at_once.iter().zip(&one_by_one) {
                    assert!(is_made(resource) || id == id_alone, "{id} and {id_alone}");
                    assert_eq!(tell(resource, id, fetched), tell(resource, id_alone, alone), "{told:?}");
                }
                let ids: Vec<&ResourceId> = at_once.iter().map(|(id, _)| id).collect();
                assert!(!is_made(resource) || ids.is_sorted(), "as one after the other, ids ascend");
                assert_eq!(changed(&before, &after_at_once), changed(&before, &known(after)), "{told:?}");
            }
        }
        if random.happens(2) {
            transaction.commit().await.expect("committed");
        }
    }
    let mut transaction = store.begin().await.expect("a turn");
    let tries_it = all().iter().any(|resource| transaction.inserts_at_once(resource));
    assert_eq!(tries_it, made_at_once > 0, "{made_at_once} of {tries} are made at once");
    let none = transaction.insert_all(&[], &one(*ROOMS, &text("none"))).await.expect("nothing to do");
    assert!(none.is_none_or(|none| none.is_empty()));
}

/// Whether the store makes the ids.
fn is_made(resource: &Description) -> bool {
    matches!(resource.id.kind, IdKind::Integer { .. })
}

fn number_or_text(resource: &Description) -> ResourceId {
    if is_made(resource) { number(0) } else { text("none") }
}

async fn ids_of_all(store: &dyn Store) -> BTreeMap<&'static str, Vec<ResourceId>> {
    let mut existing = BTreeMap::new();
    for resource in all() {
        existing.insert(resource.type_name, ids(&read(store, &collection(resource, Listing::all())).await));
    }
    existing
}

fn random_insert(
    random: &mut Random,
    resource: &'static Description,
    existing: &BTreeMap<&'static str, Vec<ResourceId>>,
    unique: usize,
) -> Change {
    let taken = &existing[resource.type_name];
    let id = match resource.id.kind {
        IdKind::Integer { .. } if random.happens(200) => {
            Some(number(-2 - i64::try_from(unique).expect("small")))
        }
        IdKind::Integer { .. } => None,
        _ if random.happens(60) && !taken.is_empty() => Some(random.of(taken).clone()),
        IdKind::Uuid => Some(text(&format!("0190163d-8694-739b-aea5-{unique:012x}"))),
        _ => Some(text(&format!("{}{unique}", random.of(&["a", "é", "it's "])))),
    };
    let kept: Vec<_> = resource.kept().map(|(id, _)| id).collect();
    let attributes = resource.attributes_by_id().map(|(id, attribute)| match attribute.kind {
        Kind::Timestamp if kept.contains(&id) => Value::Text("2018-03-24T13:30:00.000000Z".into()),
        _ if kept.contains(&id) => Value::Integer(1),
        // What the column refuses.
        _ if random.happens(300) => Value::Null,
        kind => random.value(kind, attribute.nullable),
    });
    let attributes = attributes.collect();
    let linkage = resource.relationships.iter().map(|relationship| {
        let related = &existing[relationship.target().type_name];
        let some = (!related.is_empty()).then(|| random.of(related).clone());
        match (relationship.is_to_many(), random.below(3)) {
            (true, _) if random.happens(40) => some.map(|id| LinkageChange::Add(vec![id])),
            (true, _) => None,
            (false, 0) if resource.is(*REVIEWS) => some.map(|id| LinkageChange::One(Some(id))),
            (false, 0) => None,
            (false, _) if random.happens(80) => {
                Some(LinkageChange::One(Some(match relationship.target().id.kind {
                    IdKind::Integer { .. } => number(987_654),
                    _ => text("0190163d-8694-739b-aea5-000000000000"),
                })))
            }
            (false, _) => some.map(|id| LinkageChange::One(Some(id))),
        }
    });
    let linkage = linkage.collect();
    Change::Insert { resource, id, attributes, linkage }
}

/// Makes them one after the other; `None` if one is refused.
async fn one_by_one(
    transaction: &mut dyn Transaction,
    changes: &[Change],
    plan: &Plan,
) -> Option<Vec<(ResourceId, Fetched)>> {
    let mut made = Vec::new();
    for change in changes {
        let id = transaction.apply(change.clone(), &plan.scopes).await.ok()?;
        let mut plan = plan.clone();
        plan.root = Root::One(id.clone());
        let fetched = transaction.fetch(&plan).await.ok()?;
        made.push((id, fetched));
    }
    Some(made)
}

fn tell(resource: &'static Description, id: &ResourceId, fetched: &Fetched) -> Told {
    assert!(fetched.rows.len() <= 1);
    let row = fetched.rows.get(0)?;
    assert_eq!(row.resource_id().as_ref(), Ok(id));
    Some(tell_row(resource, fetched, 0))
}

fn tell_row(resource: &'static Description, fetched: &Fetched, place: usize) -> ToldRow {
    let row = fetched.rows.get(place).expect("a row");
    let attributes = resource.attributes_by_id().map(|(id, _)| row.attribute(id).to_owned());
    let to_one = resource.relationships_by_id().map(|(id, _)| row.to_one(resource, id).to_owned());
    let to_many =
        fetched.links.iter().map(|links| links.as_ref().map_or(Vec::new(), |links| links.of(place).to_vec()));
    (attributes.collect(), to_one.collect(), to_many.collect())
}

/// All that is stored, by type and id.
type State = BTreeMap<(&'static str, ResourceId), ToldRow>;

async fn state(transaction: &mut dyn Transaction) -> Result<State, StoreError> {
    let mut state = State::new();
    for resource in all() {
        let fetched = transaction.fetch(&collection(resource, Listing::all())).await?;
        for (place, id) in ids(&fetched).into_iter().enumerate() {
            state.insert((resource.type_name, id), tell_row(resource, &fetched, place));
        }
    }
    Ok(state)
}

fn known(state: Result<State, StoreError>) -> State {
    state.expect("readable")
}

/// Which of the resources that were there before have changed. How far a version has risen is not compared: at once it rises
/// once.
fn changed(before: &State, after: &State) -> Vec<(&'static str, ResourceId)> {
    let is_changed =
        |(known, told): &(&(&'static str, ResourceId), &ToldRow)| after.get(*known) != Some(*told);
    before.iter().filter(is_changed).map(|((type_name, id), _)| (*type_name, id.clone())).collect()
}
