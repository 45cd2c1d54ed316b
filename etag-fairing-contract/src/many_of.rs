//! Rules of to-many relationships to several types: a join table has the type of one of its ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use etag_fairing::{
    JsonApiResource, ToMany, ToManyOf,
    resource::{AttributeId, Description, RelationshipId, ResourceId, Value},
    store::{
        Change, Comparison, Field, Filter, Include, LinkageChange, Listing, Member, Page, Plan, Relation,
        Root, Scopes, Store, StoreError,
    },
};

use crate::{
    random::Random,
    steps::{collection, delete, done, everything, ids, linkage, number, one, read, related, told, write},
};

type Resource = LazyLock<&'static Description>;

/// Stickers, each on any number of boxes and jars. They have a version.
pub(crate) static STICKERS: Resource = LazyLock::new(Sticker::description);
/// Boxes, which show their stickers and have a version.
pub(crate) static BOXES: Resource = LazyLock::new(Box::description);
/// Jars: their ids are those of boxes, too. Their stickers have an order.
pub(crate) static JARS: Resource = LazyLock::new(Jar::description);

#[derive(JsonApiResource)]
#[jsonapi(type = "stickers")]
struct Sticker {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship, through = "stuck", stored_types(Jar = "A\\Jar's"))]
    on: ToManyOf<(Box, Jar)>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "boxes")]
struct Box {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship, through = "stuck", owner_column = "on_id", type_column = "on_type")]
    stickers: ToMany<Sticker>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "jars")]
struct Jar {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(
        relationship,
        through = "stuck",
        owner_column = "on_id",
        type_column = "on_type",
        stored_type = "A\\Jar's",
        order = "place"
    )]
    stickers: ToMany<Sticker>,
}

/// The version of stickers; that of boxes stands behind their names.
const VERSION: AttributeId = AttributeId::at(0);
const NAME: AttributeId = AttributeId::at(0);
const VERSION_OF_BOX: AttributeId = AttributeId::at(1);
/// The arms of stickers.
const ARMS: [RelationshipId; 2] = [RelationshipId::at(0), RelationshipId::at(1)];
/// The only relationship of boxes and jars.
const STICKERS_ON: RelationshipId = RelationshipId::at(0);

async fn prepare(store: &dyn Store) {
    store.prepare(&[*STICKERS, *BOXES, *JARS]).await.expect("prepared");
}

fn target(arm: usize) -> &'static Description {
    STICKERS.relationships[arm].target()
}

fn thing(arm: usize, id: i64) -> Change {
    let mut attributes = vec![Value::Text(format!("{} {id}", ["box", "jar"][arm]))];
    attributes.extend((arm == 0).then_some(Value::Integer(1)));
    Change::Insert { resource: target(arm), id: Some(number(id)), attributes, linkage: vec![None] }
}

fn sticker(id: i64, linkage: Vec<Option<LinkageChange>>) -> Change {
    Change::Insert { resource: *STICKERS, id: Some(number(id)), attributes: vec![Value::Integer(1)], linkage }
}

fn link(resource: &'static Description, id: i64, linkage: Vec<Option<LinkageChange>>) -> Change {
    let attributes = vec![None; resource.attributes.len()];
    Change::Update { resource, id: number(id), attributes, linkage }
}

fn numbers(ids: impl IntoIterator<Item = i64>) -> Vec<ResourceId> {
    ids.into_iter().map(number).collect()
}

pub(crate) async fn links_to_several_types_are_told_apart_by_it(store: Arc<dyn Store>) {
    let store = &*store;
    prepare(store).await;
    for arm in [0, 1] {
        for id in 1..=3 {
            done(store, thing(arm, id)).await;
        }
    }
    let replace = |ids: &[i64]| Some(LinkageChange::Replace(numbers(ids.iter().copied())));
    done(store, sticker(1, vec![replace(&[1, 2]), replace(&[2, 3])])).await;
    done(store, sticker(2, vec![replace(&[2]), None])).await;
    let plan = |by: RelationshipId, listing| related(*STICKERS, &number(1), by, listing);
    assert_eq!(ids(&read(store, &plan(ARMS[0], Listing::all())).await), numbers([1, 2]));
    let page = Listing::all().paged(Page::Offset { offset: 1, limit: 5 }).counted();
    let jars = read(store, &plan(ARMS[1], page)).await;
    assert_eq!((ids(&jars), jars.total), (numbers([3]), Some(2)));
    // What is included, counted, and shown by a window, of each type.
    let include = [0, 1].map(|arm| {
        let last = Listing::all().paged(Page::Offset { offset: 1, limit: 1 }).counted();
        Include::new(ARMS[arm], everything(target(arm))).within(last)
    });
    let mut all = Plan::new(Root::Collection(Listing::all()), everything(*STICKERS)).including_at_most(20);
    all.selection = all.selection.including(include.to_vec());
    all.selection.counts = ARMS.to_vec();
    let fetched = read(store, &all).await;
    assert_eq!(
        [0, 1].map(|row| ARMS.map(|arm| fetched.counts.of(arm, row))),
        [[Some(2), Some(2)], [Some(1), Some(0)]]
    );
    let window = |arm: usize, row: usize| fetched.windows[arm].of(row).map(|window| window.ids.clone());
    assert_eq!(
        (window(0, 0), window(1, 0), window(0, 1)),
        (Some(numbers([2])), Some(numbers([3])), Some(vec![]))
    );
    // Filters over an arm, and from the other end.
    let named = |name: &str| Filter::Compare {
        member: Member { path: vec![], field: Field::Attribute(NAME) },
        comparison: Comparison::Value(Relation::Equal, Value::Text(name.into())),
    };
    let leads = |relationship, filter: Filter| Filter::Related {
        path: vec![],
        relationship,
        filter: Some(std::boxed::Box::new(filter)),
    };
    for (filter, expected) in [
        (leads(ARMS[0], named("box 2")), vec![1, 2]),
        (leads(ARMS[1], named("jar 2")), vec![1]),
        (leads(ARMS[1], named("box 2")), vec![]),
        (Filter::Related { path: vec![], relationship: ARMS[1], filter: None }, vec![1]),
        (
            Filter::Count { path: vec![], relationship: ARMS[0], relation: Relation::Greater, number: 1 },
            vec![1],
        ),
        (
            Filter::Count { path: vec![], relationship: ARMS[1], relation: Relation::Equal, number: 0 },
            vec![2],
        ),
    ] {
        let found = read(store, &collection(*STICKERS, Listing::all().filtered(filter.clone()))).await;
        assert_eq!(ids(&found), numbers(expected), "{filter:?}");
    }
    let one_sticker =
        Filter::Count { path: vec![], relationship: STICKERS_ON, relation: Relation::Equal, number: 1 };
    let found = read(store, &collection(*JARS, Listing::all().filtered(one_sticker.clone()))).await;
    assert_eq!(ids(&found), numbers([2, 3]));
    let found = read(store, &collection(*BOXES, Listing::all().filtered(one_sticker))).await;
    assert_eq!(ids(&found), numbers([1]));
    // A scope hides what it hides of its own type alone.
    let seen = one(*STICKERS, &number(1)).scoped(Scopes::new([(*JARS, named("jar 3"))]));
    let fetched = read(store, &seen).await;
    assert_eq!(ARMS.map(|arm| linkage(&fetched, arm, 0)), [numbers([1, 2]), numbers([3])]);
    // The order of one type's links.
    done(store, sticker(3, vec![None, replace(&[2])])).await;
    let order = LinkageChange::Replace(numbers([3, 1]));
    done(store, link(*JARS, 2, vec![Some(order)])).await;
    assert_eq!(linkage(&read(store, &one(*JARS, &number(2))).await, STICKERS_ON, 0), numbers([3, 1]));
    assert_eq!(linkage(&read(store, &one(*BOXES, &number(2))).await, STICKERS_ON, 0), numbers([1, 2]));
    let missing = link(*STICKERS, 2, vec![None, Some(LinkageChange::Add(numbers([9])))]);
    let refused = write(store, missing).await;
    assert!(
        matches!(refused, Err(StoreError::RelatedNotFound { relationship, .. }) if relationship == ARMS[1]),
        "{refused:?}"
    );
}

/// What must be there: the stickers, the boxes and jars, and the links from one to the other.
#[derive(Default)]
struct World {
    stickers: BTreeSet<i64>,
    things: [BTreeSet<i64>; 2],
    links: BTreeSet<(i64, usize, i64)>,
}

impl World {
    fn of_sticker(&self, sticker: i64, arm: usize) -> BTreeSet<i64> {
        self.links.iter().filter(|link| (link.0, link.1) == (sticker, arm)).map(|link| link.2).collect()
    }

    fn of_thing(&self, arm: usize, thing: i64) -> BTreeSet<i64> {
        self.links.iter().filter(|link| (link.1, link.2) == (arm, thing)).map(|link| link.0).collect()
    }
}

pub(crate) async fn any_changes_of_links_to_several_types_are_what_they_mean(store: Arc<dyn Store>) {
    let store = &*store;
    prepare(store).await;
    let random = &mut Random::new(23);
    let mut world = World::default();
    for _ in 0..150 {
        let before = versions(store).await;
        let shown_before = (world.links.clone(), world.stickers.clone(), world.things.clone());
        let (change, expected) = step(random, &mut world);
        let told = told(&change);
        let outcome = write(store, change).await;
        match expected {
            Ok(()) => assert!(outcome.is_ok(), "{told}: {outcome:?}"),
            Err(expected) => {
                let name = format!("{:?}", outcome.expect_err("a refusal"));
                assert!(name.starts_with(expected), "{told}: {name} in place of {expected}");
            }
        }
        check(store, &world, &told).await;
        // What shows another link has another version.
        let after = versions(store).await;
        let (links, ..) = &shown_before;
        let same = |of: &dyn Fn(&(i64, usize, i64)) -> bool| {
            links.iter().filter(|link| of(link)).eq(world.links.iter().filter(|link| of(link)))
        };
        for ((resource, id), version) in &after {
            let is_same = match *resource {
                "stickers" => same(&|link| link.0 == *id),
                _ => same(&|link| (link.1, link.2) == (0, *id)),
            };
            if let Some(before) = before.get(&(*resource, *id)) {
                assert!(is_same || before != version, "{told}: {resource} {id} shows something else");
            }
        }
    }
}

fn step(random: &mut Random, world: &mut World) -> (Change, Result<(), &'static str>) {
    let (id, arm) = (1 + random.below(4) as i64, random.below(2));
    let some = |random: &mut Random| -> Vec<i64> { (1..=4).filter(|_| random.happens(2)).collect() };
    match random.below(10) {
        0 | 1 => {
            let is_new = world.things[arm].insert(id);
            (thing(arm, id), if is_new { Ok(()) } else { Err("IdExists") })
        }
        2 => {
            let there = !world.stickers.insert(id);
            (sticker(id, vec![None, None]), if there { Err("IdExists") } else { Ok(()) })
        }
        3..6 => {
            // One arm, or both.
            let lists = [some(random), some(random)];
            let (first, second) = (change_of(random, &lists[0]), change_of(random, &lists[1]));
            let both = random.happens(2);
            let changes = [Some(first), both.then_some(second)];
            let change = link(*STICKERS, id, changes.clone().map(|it| it.map(|(change, _)| change)).to_vec());
            if !world.stickers.contains(&id) {
                return (change, Err("NotFound"));
            }
            for (arm, changed) in changes.iter().enumerate() {
                let named = changed.as_ref().filter(|(_, kind)| *kind != Kind::Remove);
                if named.is_some() && lists[arm].iter().any(|id| !world.things[arm].contains(id)) {
                    return (change, Err("RelatedNotFound"));
                }
            }
            for (arm, changed) in changes.iter().enumerate() {
                let Some((_, kind)) = changed else { continue };
                let now = apply(&world.of_sticker(id, arm), &lists[arm], *kind);
                world.links.retain(|link| (link.0, link.1) != (id, arm));
                world.links.extend(now.into_iter().map(|thing| (id, arm, thing)));
            }
            (change, Ok(()))
        }
        6 | 7 => {
            let list = some(random);
            let (changed, kind) = change_of(random, &list);
            let change = link(target(arm), id, vec![Some(changed)]);
            if !world.things[arm].contains(&id) {
                return (change, Err("NotFound"));
            }
            if kind != Kind::Remove && list.iter().any(|id| !world.stickers.contains(id)) {
                return (change, Err("RelatedNotFound"));
            }
            let now = apply(&world.of_thing(arm, id), &list, kind);
            world.links.retain(|link| (link.1, link.2) != (arm, id));
            world.links.extend(now.into_iter().map(|sticker| (sticker, arm, id)));
            (change, Ok(()))
        }
        8 => {
            let there = world.things[arm].remove(&id);
            world.links.retain(|link| (link.1, link.2) != (arm, id));
            (delete(target(arm), &number(id)), if there { Ok(()) } else { Err("NotFound") })
        }
        _ => {
            let there = world.stickers.remove(&id);
            world.links.retain(|link| link.0 != id);
            (delete(*STICKERS, &number(id)), if there { Ok(()) } else { Err("NotFound") })
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Add,
    Replace,
    Remove,
}

fn change_of(random: &mut Random, list: &[i64]) -> (LinkageChange, Kind) {
    let ids = numbers(list.iter().copied());
    match random.below(3) {
        0 => (LinkageChange::Add(ids), Kind::Add),
        1 => (LinkageChange::Replace(ids), Kind::Replace),
        _ => (LinkageChange::Remove(ids), Kind::Remove),
    }
}

fn apply(now: &BTreeSet<i64>, list: &[i64], kind: Kind) -> BTreeSet<i64> {
    let list: BTreeSet<i64> = list.iter().copied().collect();
    match kind {
        Kind::Add => now | &list,
        Kind::Replace => list,
        Kind::Remove => now - &list,
    }
}

async fn versions(store: &dyn Store) -> BTreeMap<(&'static str, i64), Value> {
    let mut versions = BTreeMap::new();
    for (resource, version) in [(*STICKERS, VERSION), (*BOXES, VERSION_OF_BOX)] {
        for row in read(store, &collection(resource, Listing::all())).await.rows.iter() {
            let ResourceId::Integer(id) = row.resource_id().expect("an id") else { panic!("a number") };
            versions.insert((resource.type_name, id), row.attribute(version).to_owned());
        }
    }
    versions
}

/// Looks at the world from each side.
async fn check(store: &dyn Store, world: &World, told: &str) {
    let stickers = read(store, &collection(*STICKERS, Listing::all())).await;
    assert_eq!(ids(&stickers), numbers(world.stickers.iter().copied()), "{told}");
    for (row, sticker) in world.stickers.iter().enumerate() {
        for arm in [0, 1] {
            let expected = numbers(world.of_sticker(*sticker, arm));
            assert_eq!(linkage(&stickers, ARMS[arm], row), expected, "{told}: sticker {sticker}");
        }
    }
    for arm in [0, 1] {
        let things = read(store, &collection(target(arm), Listing::all())).await;
        assert_eq!(ids(&things), numbers(world.things[arm].iter().copied()), "{told}");
        for (row, thing) in world.things[arm].iter().enumerate() {
            let mut found = linkage(&things, STICKERS_ON, row);
            found.sort();
            assert_eq!(
                found,
                numbers(world.of_thing(arm, *thing)),
                "{told}: {} {thing}",
                target(arm).type_name
            );
        }
    }
}
