//! Rules of included resources.

use std::{collections::BTreeSet, sync::Arc};

use etag_fairing::{
    resource::{Description, RelationshipId, ResourceId, Rows, ValueRef},
    store::{
        Fetched, Field, Include, LinkageChange, Links, Listing, Member, Page, Plan, Root, Selection, SortKey,
        Store, StoreError, Window, Windows,
    },
};

use crate::{
    model::Model,
    random::{Caller, Random},
    resources::{ALL, ROOMS, SPEAKERS, TALKS},
    steps::*,
};

fn including(selection: Selection, include: Vec<Include>) -> Selection {
    selection.including(include)
}

fn include(owner: &Description, relationship: RelationshipId, nested: Vec<Include>) -> Include {
    let selection = including(everything(owner.relationships[relationship.place()].target()), nested);
    Include::new(relationship, selection)
}

fn plan(root: Root, selection: Selection) -> Plan {
    Plan::new(root, selection).including_at_most(1000)
}

/// The ids that are included of one resource.
fn included(fetched: &Fetched, resource: &Description) -> Vec<ResourceId> {
    let mut found = fetched.included.iter().filter(|included| included.resource.is(resource));
    let ids = found.next().map(|included| included.rows.iter().map(|row| row.resource_id().expect("an id")));
    assert!(found.next().is_none(), "a type has one entry");
    ids.into_iter().flatten().collect()
}

pub(crate) async fn what_is_included_stands_there_once(store: Arc<dyn Store>) {
    done(&*store, room("hall")).await;
    for number in 1..=3 {
        done(&*store, speaker(number)).await;
    }
    let mut talks = Vec::new();
    for speakers in [&[3, 1][..], &[1], &[2, 3]] {
        let speakers = speakers.iter().map(|number| speaker_id(*number)).collect();
        let mut linkage = only(SPEAKERS_OF, LinkageChange::Add(speakers));
        linkage[ROOM.place()] = Some(LinkageChange::One(Some(text("hall"))));
        talks.push(done(&*store, linked_talk("talk", linkage)).await);
    }
    // The first two are the page; the room leads back to them and on to the third.
    let nested = include(*ROOMS, RelationshipId::at(0), vec![include(*TALKS, SPEAKERS_OF, vec![])]);
    let include = vec![include(*TALKS, ROOM, vec![nested]), include(*TALKS, SPEAKERS_OF, vec![])];
    let root = Root::Collection(page(0, 2));
    let fetched = read(&*store, &plan(root, including(everything(*TALKS), include))).await;
    assert_eq!((ids(&fetched), fetched.total, fetched.more), (talks[..2].to_vec(), Some(3), true));
    assert_eq!(included(&fetched, *ROOMS), [text("hall")]);
    assert_eq!(included(&fetched, *TALKS), talks[2..]);
    // Those of an earlier include first: the page's, and then the third talk's.
    assert_eq!(included(&fetched, *SPEAKERS), [1, 3, 2].map(speaker_id));
    let types: Vec<_> = fetched.included.iter().map(|included| included.resource.type_name).collect();
    assert_eq!(types, ["rooms", "speakers", "talks"]);
    assert_eq!(linkage(&fetched, SPEAKERS_OF, 0), [1, 3].map(speaker_id));
    let hall = fetched.included[0].links[0].as_ref().expect("linkage").of(0);
    assert_eq!(hall, talks, "complete, though two stand in the page");
}

pub(crate) async fn a_resource_may_include_its_own_kind(store: Arc<dyn Store>) {
    let mut talks = vec![done(&*store, talk("1")).await];
    for title in ["2", "3"] {
        let linkage = only(SEQUEL_OF, LinkageChange::One(talks.last().cloned()));
        talks.push(done(&*store, linked_talk(title, linkage)).await);
    }
    let back = LinkageChange::One(Some(talks[2].clone()));
    done(&*store, link(&talks[0], SEQUEL_OF, back)).await;
    let deep = |depth: usize| (0..depth).fold(vec![], |nested, _| vec![include(*TALKS, SEQUEL_OF, nested)]);
    // 3 is the sequel of 2, 2 of 1, and 1 of 3.
    for (depth, expected) in [(1, &[1][..]), (2, &[1, 0]), (3, &[1, 0]), (7, &[1, 0])] {
        let selection = including(everything(*TALKS), deep(depth));
        let fetched = read(&*store, &plan(Root::One(talks[2].clone()), selection)).await;
        let expected: Vec<_> = expected.iter().map(|index| talks[*index].clone()).collect();
        assert_eq!(included(&fetched, *TALKS), expected, "depth {depth}");
    }
    let itself = LinkageChange::One(Some(talks[1].clone()));
    done(&*store, link(&talks[1], SEQUEL_OF, itself)).await;
    let selection = including(everything(*TALKS), deep(2));
    let fetched = read(&*store, &plan(Root::One(talks[1].clone()), selection)).await;
    assert_eq!(included(&fetched, *TALKS), []);
}

pub(crate) async fn empty_relationships_include_nothing_and_drop_no_owner(store: Arc<dyn Store>) {
    let talks = [done(&*store, talk("1")).await, done(&*store, talk("2")).await];
    let all = TALKS.relationships_by_id().map(|(id, _)| include(*TALKS, id, vec![])).collect();
    let selection = including(everything(*TALKS), all);
    let fetched = read(&*store, &plan(Root::Collection(Listing::all()), selection.clone())).await;
    assert_eq!(ids(&fetched), talks);
    for resource in ALL.iter().copied() {
        assert_eq!(included(&fetched, resource), []);
    }
    assert_eq!(linkage(&fetched, SPEAKERS_OF, 1), []);
    let fetched = read(&*store, &plan(Root::One(number(99)), selection)).await;
    assert!(fetched.rows.is_empty());
    assert!(fetched.links[REVIEWS_OF.place()].is_some());
}

pub(crate) async fn more_than_may_be_included_is_an_error(store: Arc<dyn Store>) {
    done(&*store, room("hall")).await;
    done(&*store, speaker(1)).await;
    let mut linkage = only(SPEAKERS_OF, LinkageChange::Add(vec![speaker_id(1)]));
    linkage[ROOM.place()] = Some(LinkageChange::One(Some(text("hall"))));
    let id = done(&*store, linked_talk("talk", linkage)).await;
    done(&*store, review(&id)).await;
    done(&*store, review(&id)).await;
    let all = TALKS.relationships_by_id().map(|(id, _)| include(*TALKS, id, vec![])).collect();
    let mut plan = plan(Root::One(id), including(everything(*TALKS), all));
    for most in 0..6 {
        plan.most_included = most;
        match store.fetch(&plan).await {
            Ok(fetched) => {
                assert!(most >= 4, "{most}");
                assert_eq!(fetched.included.iter().map(|included| included.rows.len()).sum::<usize>(), 4);
            }
            Err(error) => assert!(most < 4 && matches!(error, StoreError::TooManyIncluded), "{error}"),
        }
    }
}

pub(crate) async fn a_window_is_the_first_of_each_owner_in_its_order(store: Arc<dyn Store>) {
    for number in 1..=4 {
        done(&*store, speaker(number)).await;
    }
    let mut talks = Vec::new();
    for speakers in [&[1, 2, 3, 4][..], &[2], &[]] {
        let speakers = speakers.iter().map(|number| speaker_id(*number)).collect();
        talks.push(done(&*store, linked_talk("talk", only(SPEAKERS_OF, LinkageChange::Add(speakers)))).await);
    }
    let by_id =
        |descending| vec![SortKey { member: Member { path: Vec::new(), field: Field::Id }, descending }];
    let offset = |offset, limit| Listing::all().paged(Page::Offset { offset, limit });
    for (window, expected) in [
        (offset(0, 2), [(&[1, 2][..], true), (&[2], false), (&[], false)]),
        (offset(0, 4), [(&[1, 2, 3, 4], false), (&[2], false), (&[], false)]),
        (offset(1, 1), [(&[2], true), (&[], false), (&[], false)]),
        (offset(9, 1), [(&[], false), (&[], false), (&[], false)]),
        (offset(0, 3).sorted(by_id(true)), [(&[4, 3, 2], true), (&[2], false), (&[], false)]),
        (Listing::all().sorted(by_id(true)), [(&[4, 3, 2, 1], false), (&[2], false), (&[], false)]),
    ] {
        for counted in [false, true] {
            let window = if counted { window.clone().counted() } else { window.clone() };
            let told = format!("{window:?}");
            let include = include(*TALKS, SPEAKERS_OF, vec![]).within(window);
            // The whole linkage is another question.
            let selection = including(Selection::whole(*TALKS).with_linkage(SPEAKERS_OF), vec![include]);
            let root = Root::Collection(Listing::all());
            let fetched = read(&*store, &plan(root, selection)).await;
            let windows = windows(&fetched.windows, SPEAKERS_OF).expect("windows");
            let totals = [4, 1, 0].map(|total| counted.then_some(total));
            for (row, ((ids, more), total)) in expected.into_iter().zip(totals).enumerate() {
                let ids: Vec<_> = ids.iter().map(|number| speaker_id(*number)).collect();
                let expected = Window::new(ids).followed_by_more(more).counted(total);
                assert_eq!(windows.of(row), Some(&expected), "{told}");
            }
            let mut all: Vec<_> = expected.iter().flat_map(|(ids, _)| ids.iter().copied()).collect();
            all.sort_unstable();
            all.dedup();
            let all: Vec<_> = all.into_iter().map(speaker_id).collect();
            assert_eq!(included(&fetched, *SPEAKERS), all, "{told}");
            assert_eq!(linkage(&fetched, SPEAKERS_OF, 0), [1, 2, 3, 4].map(speaker_id), "{told}");
        }
    }
}

fn windows(windows: &[Windows], relationship: RelationshipId) -> Option<&Windows> {
    windows.iter().find(|windows| windows.relationship() == relationship)
}

pub(crate) async fn any_windows_are_what_they_mean(store: Arc<dyn Store>) {
    windows_at_random(&*store, 5, 80, Caller::SeesAll).await;
}

pub(crate) async fn any_windows_keep_within_the_scopes(store: Arc<dyn Store>) {
    windows_at_random(&*store, 6, 40, Caller::Scoped).await;
}

/// The same with windows.
pub(crate) async fn windows_at_random(store: &dyn Store, seed: u64, number: usize, caller: Caller) {
    at_random(store, seed, number, caller, Shape::Windows).await;
}

pub(crate) async fn any_includes_are_what_they_mean(store: Arc<dyn Store>) {
    includes_at_random(&*store, 4, 80, Caller::SeesAll).await;
}

/// Fills the empty store and compares what is included with its meaning.
pub(crate) async fn includes_at_random(store: &dyn Store, seed: u64, number: usize, caller: Caller) {
    at_random(store, seed, number, caller, Shape::Whole).await;
}

/// How the related resources of an owner are included.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// All of them.
    Whole,
    /// Many by windows.
    Windows,
}

/// The window of each relationship of each resource: the same wherever a plan includes it.
type WindowOfEach = Vec<(&'static Description, RelationshipId, Listing)>;

fn window_of<'w>(
    windows: &'w WindowOfEach,
    resource: &Description,
    relationship: RelationshipId,
) -> Option<&'w Listing> {
    let found = windows.iter().find(|(owner, id, _)| owner.is(resource) && *id == relationship);
    found.map(|(_, _, listing)| listing)
}

fn some_windows(random: &mut Random) -> WindowOfEach {
    let mut windows = Vec::new();
    for resource in ALL.iter().copied() {
        for (id, relationship) in resource.relationships_by_id() {
            if !relationship.is_to_many() || random.happens(4) {
                continue;
            }
            let target = relationship.target();
            let filter = random.happens(2).then(|| random.filter(target, 2));
            let listing = Listing::all().filtered(filter).sorted(random.sort(target));
            let (offset, limit) = (random.below(3) as u64, 1 + random.below(4) as u64);
            let listing = match random.below(3) {
                0 => listing,
                1 => listing.paged(Page::Offset { offset: 0, limit }),
                _ => listing.paged(Page::Offset { offset, limit }),
            };
            windows.push((resource, id, if random.happens(2) { listing.counted() } else { listing }));
        }
    }
    windows
}

async fn at_random(store: &dyn Store, seed: u64, number: usize, caller: Caller, shape: Shape) {
    let mut random = Random::new(seed);
    random.fill(store).await;
    let stored = Model::read(store).await;
    for _ in 0..number {
        let scopes = random.scopes(caller);
        let model = stored.seen_by(&scopes);
        // A document has each resource once, so that all selections of one agree.
        let of_each: Vec<Selection> = ALL.iter().map(|resource| some_of(&mut random, resource)).collect();
        let windows_of_each = if shape == Shape::Windows { some_windows(&mut random) } else { Vec::new() };
        let Some((resource, root, expected_root)) = root(&mut random, &model) else { continue };
        let selection = tree(&mut random, &of_each, &windows_of_each, resource, 3);
        let told = format!("seed {seed}: {root:?} {selection:?} by {scopes:?}");
        let mut plan = plan(root, selection).scoped(scopes);
        let fetched = read(store, &plan).await;
        assert_eq!(ids(&fetched), expected_root, "{told}");
        let (expected, followed) = meaning(&model, &plan.selection, &expected_root);
        let number: usize = expected.iter().map(|(_, ids)| ids.len()).sum();
        let found: Vec<_> = fetched
            .included
            .iter()
            .filter(|found| !found.rows.is_empty())
            .map(|found| (found.resource, included(&fetched, found.resource)))
            .collect();
        let names = |found: &[(&Description, Vec<ResourceId>)]| {
            found.iter().map(|(resource, ids)| (resource.type_name, ids.clone())).collect::<Vec<_>>()
        };
        assert_eq!(names(&found), names(&expected), "{told}");

        let windows = Answered { model: &model, followed: &followed, told: &told };
        check_rows(&model, &plan.selection, &fetched.rows, &fetched.links, &told);
        windows.check(resource, &fetched.rows, &fetched.windows);
        for found in &fetched.included {
            let selection = of_each.iter().find(|selection| selection.resource.is(found.resource));
            check_rows(&model, selection.expect("a resource"), &found.rows, &found.links, &told);
            windows.check(found.resource, &found.rows, &found.windows);
        }
        plan.most_included = number;
        read(store, &plan).await;
        if let Some(less) = number.checked_sub(1) {
            plan.most_included = less;
            assert!(matches!(store.fetch(&plan).await, Err(StoreError::TooManyIncluded)), "{told}");
        }
    }
}

fn some_of(random: &mut Random, resource: &'static Description) -> Selection {
    let mut selection = Selection::whole(resource);
    selection.attributes.fill_with(|| random.happens(2));
    selection.linkage.fill_with(|| random.happens(2));
    selection
}

fn root(random: &mut Random, model: &Model) -> Option<(&'static Description, Root, Vec<ResourceId>)> {
    let resource = *random.of(&ALL);
    let ids = model.ids(resource);
    if ids.is_empty() {
        return None;
    }
    let id = random.of(&ids).clone();
    Some(match random.below(3) {
        0 => (resource, Root::One(id.clone()), vec![id]),
        1 => {
            let end = (1 + random.below(8)).min(ids.len());
            (resource, Root::Collection(page(0, end as u64)), ids[..end].to_vec())
        }
        _ => {
            let relationship = RelationshipId::at(random.below(resource.relationships.len()));
            let related = model.related(resource, &id, relationship);
            let listing = Listing::all();
            let root = Root::Related { parent: resource, id, relationship, listing };
            (resource.relationships[relationship.place()].target(), root, related)
        }
    })
}

fn tree(
    random: &mut Random,
    of_each: &[Selection],
    windows: &WindowOfEach,
    resource: &'static Description,
    depth: usize,
) -> Selection {
    let mut selection =
        of_each.iter().find(|selection| selection.resource.is(resource)).expect("a resource").clone();
    for (relationship, _) in resource.relationships_by_id() {
        if depth > 0 && random.happens(2) {
            let target = resource.relationships[relationship.place()].target();
            let selection_of = tree(random, of_each, windows, target, depth - 1);
            let window = window_of(windows, resource, relationship).cloned();
            selection.include.push(Include::new(relationship, selection_of).within(window));
        }
    }
    selection
}

/// The owners from which a plan follows a relationship by a window.
type Followed = Vec<(&'static Description, RelationshipId, Listing, BTreeSet<ResourceId>)>;

/// The ids that a listing lets through, and how many there are without its page.
fn listed(
    model: &Model,
    resource: &'static Description,
    ids: Vec<ResourceId>,
    listing: &Listing,
) -> (Vec<ResourceId>, usize) {
    let passes =
        |id: &ResourceId| listing.filter.as_ref().is_none_or(|filter| model.passes(resource, id, filter));
    let mut ids = model.sorted(resource, ids.into_iter().filter(passes), &listing.sort);
    let number = ids.len();
    if let Page::Offset { offset, limit } = listing.page {
        ids = ids.into_iter().skip(offset as usize).take(limit as usize).collect();
    }
    (ids, number)
}

/// The windows of an answer, to compare with what they mean.
struct Answered<'a> {
    model: &'a Model,
    followed: &'a Followed,
    told: &'a str,
}

impl Answered<'_> {
    fn check(&self, resource: &'static Description, rows: &Rows, found: &[Windows]) {
        let Self { model, followed, told } = self;
        for (owner, relationship, listing, owners) in *followed {
            if !owner.is(resource) {
                continue;
            }
            let found = windows(found, *relationship).unwrap_or_else(|| panic!("no windows: {told}"));
            for (place, row) in rows.iter().enumerate() {
                let id = row.resource_id().expect("an id");
                let related = model.related(owner, &id, *relationship);
                let target = owner.relationships[relationship.place()].target();
                let (ids, number) = listed(model, target, related, listing);
                let more = match listing.page {
                    Page::Offset { offset, limit } => number as u64 > offset + limit,
                    _ => false,
                };
                let total = listing.total.then_some(number as u64);
                let window = Window::new(ids).followed_by_more(more).counted(total);
                let expected = owners.contains(&id).then_some(&window);
                assert_eq!(found.of(place), expected, "{id} {told}");
            }
        }
    }
}

/// What a plan includes: level by level, edge by edge.
fn meaning(
    model: &Model,
    root: &Selection,
    rows: &[ResourceId],
) -> (Vec<(&'static Description, Vec<ResourceId>)>, Followed) {
    let mut followed: Followed = Vec::new();
    let mut found: Vec<(&'static Description, Vec<ResourceId>)> = Vec::new();
    let mut level = vec![(root, rows.to_vec())];
    while !level.is_empty() {
        let mut next = Vec::new();
        for (selection, owners) in level {
            for include in &selection.include {
                let target = include.selection.resource;
                let related: BTreeSet<ResourceId> = owners
                    .iter()
                    .flat_map(|owner| {
                        let related = model.related(selection.resource, owner, include.relationship);
                        match &include.window {
                            Some(listing) => listed(model, target, related, listing).0,
                            None => related,
                        }
                    })
                    .collect();
                if let Some(listing) = &include.window {
                    let (owner, id) = (selection.resource, include.relationship);
                    match followed.iter_mut().find(|known| known.0.is(owner) && known.1 == id) {
                        Some((.., known)) => known.extend(owners.iter().cloned()),
                        None => {
                            followed.push((owner, id, listing.clone(), owners.iter().cloned().collect()));
                        }
                    }
                }
                if !found.iter().any(|(known, _)| known.is(target)) {
                    found.push((target, Vec::new()));
                }
                let (_, known) = found.iter_mut().find(|(known, _)| known.is(target)).expect("an entry");
                for id in &related {
                    let in_root = root.resource.is(target) && rows.contains(id);
                    if !in_root && !known.contains(id) {
                        known.push(id.clone());
                    }
                }
                next.push((&include.selection, related.into_iter().collect()));
            }
        }
        level = next;
    }
    found.retain(|(_, ids)| !ids.is_empty());
    (found, followed)
}

fn check_rows(model: &Model, selection: &Selection, rows: &Rows, links: &[Option<Links>], told: &str) {
    let resource = selection.resource;
    let all = model.of(resource);
    for (place, row) in rows.iter().enumerate() {
        let id = row.resource_id().expect("an id");
        let known = all.rows.iter().find(|row| row.resource_id().as_ref() == Ok(&id)).expect("a row");
        for (attribute, _) in resource.attributes_by_id() {
            let wanted = selection.reads_attribute(attribute);
            let expected = if wanted { known.attribute(attribute) } else { ValueRef::Null };
            assert_eq!(row.attribute(attribute), expected, "{told}");
        }
        for (relationship_id, relationship) in resource.relationships_by_id() {
            let index = relationship_id.place();
            if !relationship.is_to_many() {
                assert_eq!(
                    row.to_one(resource, relationship_id),
                    known.to_one(resource, relationship_id),
                    "{told}"
                );
                assert!(links[index].is_none());
                continue;
            }
            assert_eq!(links[index].is_some(), selection.linkage[index], "{told}");
            if let Some(links) = &links[index] {
                assert_eq!(links.of(place), model.related(resource, &id, relationship_id), "{told}");
            }
        }
    }
}
