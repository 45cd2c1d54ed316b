//! Rules of polymorphic relationships: each has an arm for each type that it may lead to, and at most one arm leads to a
//! resource.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use etag_fairing::{
    JsonApiResource, ToMany, ToOneOf,
    resource::{AttributeId, Description, RelationshipId, ResourceId, Value},
    store::{
        Change, Comparison, Constraint, Field, Filter, Include, LinkageChange, Listing, Member, Plan,
        Relation, Root, SortKey, Store, StoreError,
    },
};

use crate::{
    random::Random,
    steps::{collection, delete, done, everything, ids, linkage, number, one, read, related, told, write},
};

type Resource = LazyLock<&'static Description>;

/// Posts: they show the remarks on them, and have a version.
pub(crate) static POSTS: Resource = LazyLock::new(Post::description);
/// Clips: their ids are those of posts, too.
pub(crate) static CLIPS: Resource = LazyLock::new(Clip::description);
/// Remarks: on a post, a clip or nothing.
pub(crate) static REMARKS: Resource = LazyLock::new(Remark::description);
/// Votes: they go with what they are about.
pub(crate) static VOTES: Resource = LazyLock::new(Vote::description);
/// Seals: what they are about cannot be deleted.
pub(crate) static SEALS: Resource = LazyLock::new(Seal::description);

#[derive(JsonApiResource)]
#[jsonapi(type = "posts")]
struct Post {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship, inverse = "on", linkage = true)]
    remarks: ToMany<Remark>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "clips")]
struct Clip {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(relationship, inverse = "on")]
    remarks: ToMany<Remark>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "remarks")]
struct Remark {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, stored_types(Post = "App\\Post's"))]
    on: ToOneOf<(Post, Clip)>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "votes")]
struct Vote {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, required, on_delete = "cascade", column = "about", type_column = "kind")]
    about: ToOneOf<(Clip, Post)>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "seals")]
struct Seal {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, on_delete = "restrict")]
    about: ToOneOf<(Post, Clip)>,
}

const TITLE: AttributeId = AttributeId::at(0);
const VERSION: AttributeId = AttributeId::at(1);
/// The only relationship of posts and clips.
const REMARKS_ON: RelationshipId = RelationshipId::at(0);
/// The arms of remarks and seals, and the other way round those of votes.
const ARMS: [RelationshipId; 2] = [RelationshipId::at(0), RelationshipId::at(1)];

async fn prepare(store: &dyn Store) {
    store.prepare(&[*POSTS, *CLIPS, *REMARKS, *VOTES, *SEALS]).await.expect("prepared");
}

fn target(resource: &'static Description, arm: usize) -> &'static Description {
    resource.relationships[arm].target()
}

fn post(id: i64, title: &str) -> Change {
    let attributes = vec![Value::Text(title.into()), Value::Integer(1)];
    Change::Insert { resource: *POSTS, id: Some(number(id)), attributes, linkage: vec![None] }
}

fn clip(id: i64, title: &str) -> Change {
    let attributes = vec![Value::Text(title.into())];
    Change::Insert { resource: *CLIPS, id: Some(number(id)), attributes, linkage: vec![None] }
}

/// The linkage that leads by this arm to this id.
fn to(arm: usize, id: i64) -> Vec<Option<LinkageChange>> {
    let mut linkage = vec![Some(LinkageChange::One(None)); 2];
    linkage[arm] = Some(LinkageChange::One(Some(number(id))));
    linkage
}

fn insert(resource: &'static Description, id: i64, linkage: Vec<Option<LinkageChange>>) -> Change {
    Change::Insert { resource, id: Some(number(id)), attributes: Vec::new(), linkage }
}

fn link(resource: &'static Description, id: i64, linkage: Vec<Option<LinkageChange>>) -> Change {
    let attributes = vec![None; resource.attributes.len()];
    Change::Update { resource, id: number(id), attributes, linkage }
}

/// Where the arms of a resource lead.
async fn arms(store: &dyn Store, resource: &'static Description, id: i64) -> Vec<Option<ResourceId>> {
    let fetched = read(store, &one(resource, &number(id))).await;
    let row = fetched.rows.get(0).expect("a row");
    ARMS.map(|arm| row.related_id(resource, arm).expect("an id")).to_vec()
}

async fn found(store: &dyn Store, resource: &'static Description, filter: Filter) -> Vec<ResourceId> {
    let listing = Listing::all().filtered(filter).counted();
    let fetched = read(store, &collection(resource, listing)).await;
    let ids = ids(&fetched);
    assert_eq!(fetched.total, Some(ids.len() as u64));
    ids
}

fn compare(path: Vec<RelationshipId>, field: Field, comparison: Comparison) -> Filter {
    Filter::Compare { member: Member { path, field }, comparison }
}

fn equal(arm: usize, id: i64) -> Filter {
    compare(vec![], Field::ToOne(ARMS[arm]), Comparison::Value(Relation::Equal, Value::Integer(id)))
}

pub(crate) async fn one_arm_leads_to_a_resource(store: Arc<dyn Store>) {
    let store = &*store;
    prepare(store).await;
    for id in [1, 2] {
        done(store, post(id, "p")).await;
        done(store, clip(id, "c")).await;
    }
    done(store, insert(*REMARKS, 1, to(0, 1))).await;
    done(store, insert(*REMARKS, 2, vec![None, None])).await;
    assert_eq!(arms(store, *REMARKS, 1).await, [Some(number(1)), None]);
    assert_eq!(arms(store, *REMARKS, 2).await, [None, None]);
    // The same id of another type.
    done(store, link(*REMARKS, 1, to(1, 1))).await;
    assert_eq!(arms(store, *REMARKS, 1).await, [None, Some(number(1))]);
    // An arm alone takes it from the others.
    done(store, link(*REMARKS, 1, vec![Some(LinkageChange::One(Some(number(2)))), None])).await;
    assert_eq!(arms(store, *REMARKS, 1).await, [Some(number(2)), None]);
    // An arm that leads nowhere is emptied: the other one stays.
    done(store, link(*REMARKS, 1, vec![None, Some(LinkageChange::One(None))])).await;
    assert_eq!(arms(store, *REMARKS, 1).await, [Some(number(2)), None]);
    done(store, link(*REMARKS, 1, vec![Some(LinkageChange::One(None)), None])).await;
    assert_eq!(arms(store, *REMARKS, 1).await, [None, None]);
    for arm in [0, 1] {
        match write(store, link(*REMARKS, 1, to(arm, 9))).await {
            Err(StoreError::RelatedNotFound { relationship, id }) => {
                assert_eq!((relationship, id), (ARMS[arm], number(9)));
            }
            other => panic!("{other:?}"),
        }
    }
    done(store, insert(*VOTES, 1, to(1, 1))).await;
    for linkage in [vec![Some(LinkageChange::One(None)); 2], vec![None, Some(LinkageChange::One(None))]] {
        let refused = write(store, link(*VOTES, 1, linkage)).await;
        let told = format!("{refused:?}");
        assert!(matches!(refused, Err(StoreError::Constraint(Constraint::NotNull { .. }))), "{told}");
    }
    assert_eq!(arms(store, *VOTES, 1).await, [None, Some(number(1))]);
}

pub(crate) async fn a_deletion_concerns_the_arms_of_its_type(store: Arc<dyn Store>) {
    let store = &*store;
    prepare(store).await;
    for id in [1, 2] {
        done(store, post(id, "p")).await;
        done(store, clip(id, "c")).await;
    }
    for (id, arm) in [(1, 0), (2, 1)] {
        done(store, insert(*REMARKS, id, to(arm, 1))).await;
        done(store, insert(*VOTES, id, to(1 - arm, 1))).await;
        done(store, insert(*SEALS, id, to(arm, 2))).await;
    }
    done(store, delete(*CLIPS, &number(1))).await;
    assert_eq!(arms(store, *REMARKS, 1).await, [Some(number(1)), None]);
    assert_eq!(arms(store, *REMARKS, 2).await, [None, None]);
    assert_eq!(ids(&read(store, &collection(*VOTES, Listing::all())).await), [number(1)]);
    for resource in [*POSTS, *CLIPS] {
        let refused = write(store, delete(resource, &number(2))).await;
        let told = format!("{refused:?}");
        assert!(matches!(refused, Err(StoreError::Constraint(Constraint::ForeignKey))), "{told}");
    }
    done(store, delete(*SEALS, &number(1))).await;
    done(store, delete(*POSTS, &number(2))).await;
    assert!(write(store, delete(*CLIPS, &number(2))).await.is_err());
}

/// What there is, in a few words.
#[derive(Clone, Debug, Default)]
struct World {
    /// By arm of remarks: posts, clips.
    targets: [BTreeSet<i64>; 2],
    remarks: BTreeMap<i64, Option<(usize, i64)>>,
    votes: BTreeMap<i64, (usize, i64)>,
    seals: BTreeMap<i64, Option<(usize, i64)>>,
}

impl World {
    fn remarks_on(&self, arm: usize, id: i64) -> Vec<ResourceId> {
        let on = self.remarks.iter().filter(|(_, on)| **on == Some((arm, id)));
        on.map(|(remark, _)| number(*remark)).collect()
    }

    fn is_there(&self, (arm, id): (usize, i64)) -> bool {
        self.targets[arm].contains(&id)
    }
}

pub(crate) async fn any_changes_of_polymorphic_links_are_what_they_mean(store: Arc<dyn Store>) {
    let store = &*store;
    prepare(store).await;
    for seed in 0..6 {
        changes_at_random(store, seed, 60).await;
    }
}

/// Makes changes, each of which must do what it does to a [`World`], and looks at all that shows it.
async fn changes_at_random(store: &dyn Store, seed: u64, number_of_changes: usize) {
    let mut random = Random::new(seed);
    for resource in [*SEALS, *VOTES, *REMARKS, *POSTS, *CLIPS] {
        for id in ids(&read(store, &collection(resource, Listing::all())).await) {
            done(store, delete(resource, &id)).await;
        }
    }
    let mut world = World::default();
    for _ in 0..number_of_changes {
        let id = i64::try_from(random.below(4)).expect("small") + 1;
        let (arm, other) = (random.below(2), i64::try_from(random.below(5)).expect("small") + 1);
        let on = (arm, other);
        let before = world.clone();
        let versions = versions(store).await;
        let (change, expected) = change(&mut random, &mut world, id, on);
        let told = format!("seed {seed}: {} in {before:?}", told(&change));
        let outcome = write(store, change).await;
        match (&outcome, expected) {
            (Ok(_), Outcome::Made) => {}
            (Err(StoreError::NotFound), Outcome::NotFound)
            | (Err(StoreError::IdExists), Outcome::IdExists)
            | (Err(StoreError::RelatedNotFound { .. }), Outcome::RelatedNotFound)
            | (Err(StoreError::Constraint(Constraint::ForeignKey)), Outcome::Restricted) => {
                world = before.clone();
            }
            (outcome, expected) => panic!("{told}: {outcome:?}, and not {expected:?}"),
        }
        check(store, &world, &told).await;
        for post in world.targets[0].intersection(&before.targets[0]) {
            let changed = world.remarks_on(0, *post) != before.remarks_on(0, *post);
            let now = self::versions(store).await;
            assert_eq!(now[post] != versions[post], changed, "{told}: the version of post {post}");
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    Made,
    NotFound,
    IdExists,
    RelatedNotFound,
    Restricted,
}

/// A change by chance, made in the world, and what must come of it.
fn change(random: &mut Random, world: &mut World, id: i64, on: (usize, i64)) -> (Change, Outcome) {
    let (arm, other) = on;
    let is_there = world.is_there(on);
    match random.below(12) {
        0 | 1 => {
            let change = if arm == 0 { post(other, "p") } else { clip(other, "c") };
            let is_new = world.targets[arm].insert(other);
            (change, if is_new { Outcome::Made } else { Outcome::IdExists })
        }
        2 => {
            let is_new = world.remarks.insert(id, Some(on)).is_none();
            let outcome = match (is_new, is_there) {
                (false, _) => Outcome::IdExists,
                (true, false) => Outcome::RelatedNotFound,
                (true, true) => Outcome::Made,
            };
            (insert(*REMARKS, id, to(arm, other)), outcome)
        }
        3 => {
            let is_new = world.votes.insert(id, on).is_none();
            let outcome = match (is_new, is_there) {
                (false, _) => Outcome::IdExists,
                (true, false) => Outcome::RelatedNotFound,
                (true, true) => Outcome::Made,
            };
            (insert(*VOTES, id, to(1 - arm, other)), outcome)
        }
        4 => {
            let on = random.happens(2).then_some(on);
            let is_new = world.seals.insert(id, on).is_none();
            let linkage = on.map_or(vec![None, None], |(arm, other)| to(arm, other));
            let outcome = match (is_new, on.is_none_or(|_| is_there)) {
                (false, _) => Outcome::IdExists,
                (true, false) => Outcome::RelatedNotFound,
                (true, true) => Outcome::Made,
            };
            (insert(*SEALS, id, linkage), outcome)
        }
        5 | 6 => {
            let there = world.remarks.contains_key(&id);
            let mut linkage = to(arm, other);
            if random.happens(2) {
                linkage[1 - arm] = None;
            }
            if there {
                world.remarks.insert(id, Some(on));
            }
            let outcome = match (there, is_there) {
                (false, _) => Outcome::NotFound,
                (true, false) => Outcome::RelatedNotFound,
                (true, true) => Outcome::Made,
            };
            (link(*REMARKS, id, linkage), outcome)
        }
        7 => {
            // Some arms are emptied.
            let emptied = [random.happens(2), random.happens(2)];
            let linkage = emptied.map(|it| it.then_some(LinkageChange::One(None))).to_vec();
            let Some(on) = world.remarks.get_mut(&id) else {
                return (link(*REMARKS, id, linkage), Outcome::NotFound);
            };
            if on.is_some_and(|(arm, _)| emptied[arm]) {
                *on = None;
            }
            (link(*REMARKS, id, linkage), Outcome::Made)
        }
        8 | 9 => {
            // From the other end.
            let resource = target(*REMARKS, arm);
            let remarks: Vec<i64> = (1..=4).filter(|_| random.happens(2)).collect();
            let listed: Vec<ResourceId> = remarks.iter().map(|id| number(*id)).collect();
            let all_there = remarks.iter().all(|remark| world.remarks.contains_key(remark));
            let (change, adds, keeps) = match random.below(3) {
                0 => (LinkageChange::Add(listed), true, true),
                1 => (LinkageChange::Replace(listed), true, false),
                _ => (LinkageChange::Remove(listed), false, true),
            };
            for (remark, now) in &mut world.remarks {
                let named = remarks.contains(remark);
                if adds && named {
                    *now = Some(on);
                } else if *now == Some(on) && (!keeps || (!adds && named)) {
                    *now = None;
                }
            }
            let outcome = match (is_there, all_there || !adds) {
                (false, _) => Outcome::NotFound,
                (true, false) => Outcome::RelatedNotFound,
                (true, true) => Outcome::Made,
            };
            (link(resource, other, vec![Some(change)]), outcome)
        }
        10 => {
            let resource = target(*REMARKS, arm);
            let sealed = world.seals.values().any(|seal| *seal == Some(on));
            world.targets[arm].remove(&other);
            world.votes.retain(|_, vote| *vote != on);
            for remark in world.remarks.values_mut().filter(|remark| **remark == Some(on)) {
                *remark = None;
            }
            let outcome = match (is_there, sealed) {
                (false, _) => Outcome::NotFound,
                (true, true) => Outcome::Restricted,
                (true, false) => Outcome::Made,
            };
            (delete(resource, &number(other)), outcome)
        }
        _ => {
            let (resource, there) = match random.below(3) {
                0 => (*REMARKS, world.remarks.remove(&id).is_some()),
                1 => (*VOTES, world.votes.remove(&id).is_some()),
                _ => (*SEALS, world.seals.remove(&id).is_some()),
            };
            (delete(resource, &number(id)), if there { Outcome::Made } else { Outcome::NotFound })
        }
    }
}

async fn versions(store: &dyn Store) -> BTreeMap<i64, Value> {
    let posts = read(store, &collection(*POSTS, Listing::all())).await;
    let rows = posts.rows.iter().map(|row| match row.resource_id().expect("an id") {
        ResourceId::Integer(id) => (id, row.attribute(VERSION).to_owned()),
        other => panic!("{other:?}"),
    });
    rows.collect()
}

/// Looks at the world from each side.
async fn check(store: &dyn Store, world: &World, told: &str) {
    let ends = |on: Option<(usize, i64)>| {
        let mut ends = vec![Value::Null, Value::Null];
        if let Some((arm, id)) = on {
            ends[arm] = Value::Integer(id);
        }
        ends
    };
    let include = ARMS
        .map(|relationship| Include::new(relationship, everything(target(*REMARKS, relationship.place()))));
    let selection = everything(*REMARKS).including(include.to_vec());
    let plan = Plan::new(Root::Collection(Listing::all()), selection).including_at_most(100);
    let remarks = read(store, &plan).await;
    let shown: Vec<_> = remarks
        .rows
        .iter()
        .map(|row| {
            let ends = ARMS.map(|arm| row.to_one(*REMARKS, arm).to_owned()).to_vec();
            (row.resource_id().expect("an id"), ends)
        })
        .collect();
    let expected: Vec<_> = world.remarks.iter().map(|(id, on)| (number(*id), ends(*on))).collect();
    assert_eq!(shown, expected, "{told}");
    for arm in [0, 1] {
        let resource = target(*REMARKS, arm);
        let reached: BTreeSet<ResourceId> =
            world.remarks.values().flatten().filter(|on| on.0 == arm).map(|on| number(on.1)).collect();
        let included = remarks.included.iter().find(|included| included.resource == resource);
        let included: Vec<ResourceId> = included.map_or(Vec::new(), |included| {
            included.rows.iter().map(|row| row.resource_id().expect("an id")).collect()
        });
        assert_eq!(
            included,
            reached.into_iter().collect::<Vec<_>>(),
            "{told}: included {}",
            resource.type_name
        );
        let targets = read(store, &collection(resource, Listing::all())).await;
        let all: Vec<ResourceId> = world.targets[arm].iter().map(|id| number(*id)).collect();
        assert_eq!(ids(&targets), all, "{told}");
        for (row, id) in world.targets[arm].iter().enumerate() {
            let on = world.remarks_on(arm, *id);
            assert_eq!(linkage(&targets, REMARKS_ON, row), on, "{told}");
            let listed = related(resource, &number(*id), REMARKS_ON, Listing::all());
            assert_eq!(ids(&read(store, &listed).await), on, "{told}");
            assert_eq!(found(store, *REMARKS, equal(arm, *id)).await, on, "{told}");
        }
        let with_remarks = Filter::Related { path: vec![], relationship: REMARKS_ON, filter: None };
        let expected: Vec<_> =
            world.targets[arm].iter().filter(|id| !world.remarks_on(arm, **id).is_empty()).collect();
        let expected: Vec<ResourceId> = expected.into_iter().map(|id| number(*id)).collect();
        assert_eq!(found(store, resource, with_remarks).await, expected, "{told}");
        // A filter over the arm, and one of what is not there.
        let title = Comparison::Value(Relation::Equal, Value::Text(["p", "c"][arm].into()));
        let by_title = compare(vec![ARMS[arm]], Field::Attribute(TITLE), title);
        let expected: Vec<ResourceId> = world
            .remarks
            .iter()
            .filter(|(_, on)| on.is_some_and(|on| on.0 == arm))
            .map(|(id, _)| number(*id))
            .collect();
        assert_eq!(found(store, *REMARKS, by_title.clone()).await, expected, "{told}");
        let null = compare(vec![], Field::ToOne(ARMS[arm]), Comparison::IsNull);
        assert_eq!(found(store, *REMARKS, Filter::Not(Box::new(null))).await, expected, "{told}");
        let inside =
            Filter::Related { path: vec![], relationship: ARMS[arm], filter: Some(Box::new(equal_id(1))) };
        assert_eq!(found(store, *REMARKS, inside).await, world.remarks_on(arm, 1), "{told}");
        let member = Member { path: vec![], field: Field::ToOne(ARMS[arm]) };
        let sorted = Listing::all().sorted(vec![SortKey { member, descending: true }]);
        let sorted = ids(&read(store, &collection(*REMARKS, sorted)).await);
        let mut expected: Vec<_> = world.remarks.iter().collect();
        expected.sort_by_key(|(id, on)| {
            let end = on.filter(|on| on.0 == arm).map(|on| on.1);
            (end.is_none(), std::cmp::Reverse(end), **id)
        });
        let expected: Vec<ResourceId> = expected.into_iter().map(|(id, _)| number(*id)).collect();
        assert_eq!(sorted, expected, "{told}");
    }
    for (id, (arm, other)) in &world.votes {
        let mut expected = vec![None, None];
        expected[1 - arm] = Some(number(*other));
        assert_eq!(arms(store, *VOTES, *id).await, expected, "{told}");
    }
    let votes = ids(&read(store, &collection(*VOTES, Listing::all())).await);
    assert_eq!(votes.len(), world.votes.len(), "{told}");
}

fn equal_id(id: i64) -> Filter {
    compare(vec![], Field::Id, Comparison::Value(Relation::Equal, Value::Integer(id)))
}
