//! Rules of relationships to resources whose ids are made of several columns, and of join tables between them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use etag_fairing::{
    JsonApiResource, ToMany, ToOne,
    resource::{AttributeId, CompositeId, Description, Linkage, Record, RelationshipId, ResourceId, Value},
    store::{
        Change, Comparison, Constraint, Field, Filter, Include, LinkageChange, Listing, Member, Page, Place,
        Plan, Records, Relation, Root, SortKey, Store, StoreError, Window, matches,
    },
};

use crate::{
    random::Random,
    steps::{
        collection, delete, done, everything, ids, linkage, number, one, read, related, text, told, write,
    },
};

type Resource = LazyLock<&'static Description>;

/// Seats, whose ids are made of a hall and a name. They have a version, and show who sits there.
pub(crate) static SEATS: Resource = LazyLock::new(Seat::description);
/// Guests: each has a seat or none, and perhaps another one in reserve, with which they go.
pub(crate) static GUESTS: Resource = LazyLock::new(Guest::description);
/// Lamps: each stands at a seat, which can't be deleted then.
pub(crate) static LAMPS: Resource = LazyLock::new(Lamp::description);
/// Groups of seats.
pub(crate) static GROUPS: Resource = LazyLock::new(Group::description);

#[derive(JsonApiResource)]
#[jsonapi(type = "seats", id(hall, name))]
struct Seat {
    hall: i64,
    name: String,
    note: Option<String>,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship, inverse = "seat", linkage = true)]
    guests: ToMany<Guest>,
    #[jsonapi(relationship, through = "seat_groups", owner_columns("hall", "seat"), linkage = false)]
    groups: ToMany<Group>,
    #[jsonapi(
        relationship,
        through = "neighbours",
        owner_columns("hall", "seat"),
        target_columns("next_hall", "next_seat"),
        linkage = true
    )]
    neighbours: ToMany<Seat>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "guests")]
struct Guest {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, columns("hall", "seat"))]
    seat: ToOne<Seat>,
    #[jsonapi(relationship, columns("reserve_hall", "reserve_seat"), on_delete = "cascade")]
    reserve: ToOne<Seat>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "lamps")]
struct Lamp {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, required, columns("hall", "seat"))]
    seat: ToOne<Seat>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "groups")]
struct Group {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, through = "seat_groups", target_columns("hall", "seat"), order = "place")]
    seats: ToMany<Seat>,
}

const NOTE: AttributeId = AttributeId::at(2);
const VERSION: AttributeId = AttributeId::at(3);
/// The relationships of seats.
const GUESTS_OF: RelationshipId = RelationshipId::at(0);
const GROUPS_OF: RelationshipId = RelationshipId::at(1);
const NEIGHBOURS: RelationshipId = RelationshipId::at(2);
/// The relationships of guests; lamps have the first.
const SEAT: RelationshipId = RelationshipId::at(0);
const RESERVE: RelationshipId = RelationshipId::at(1);
/// That of groups.
const SEATS_OF: RelationshipId = RelationshipId::at(0);

/// Parts that are hostile to whoever joins them, and not in the order of their texts.
const HALLS: [i64; 3] = [2, 10, -1];
const NAMES: [&str; 3] = ["a~1", "é!", "B"];

fn seat_id(hall: i64, name: &str) -> ResourceId {
    ResourceId::Composite(CompositeId::new([number(hall), text(name)]))
}

fn all_seats() -> Vec<ResourceId> {
    let mut all: Vec<ResourceId> =
        HALLS.iter().flat_map(|hall| NAMES.iter().map(|name| seat_id(*hall, name))).collect();
    all.sort();
    all
}

fn seat(id: &ResourceId) -> Change {
    let ResourceId::Composite(parts) = id else { panic!("{id:?}") };
    let [ResourceId::Integer(hall), ResourceId::Text(name)] = parts.parts() else { panic!("{id:?}") };
    let note = Value::Text(format!("{name} of {hall}"));
    let attributes = vec![Value::Integer(*hall), Value::Text(name.clone()), note, Value::Integer(1)];
    Change::Insert { resource: *SEATS, id: None, attributes, linkage: vec![None; 3] }
}

fn insert(resource: &'static Description, id: i64, linkage: Vec<Option<LinkageChange>>) -> Change {
    Change::Insert { resource, id: Some(number(id)), attributes: Vec::new(), linkage }
}

fn link(
    resource: &'static Description,
    id: &ResourceId,
    by: RelationshipId,
    change: LinkageChange,
) -> Change {
    let mut linkage = vec![None; resource.relationships.len()];
    linkage[by.place()] = Some(change);
    Change::Update { resource, id: id.clone(), attributes: vec![None; resource.attributes.len()], linkage }
}

fn to(seat: Option<&ResourceId>) -> Option<LinkageChange> {
    Some(LinkageChange::One(seat.cloned()))
}

async fn prepare(store: &dyn Store) {
    store.prepare(&[*SEATS, *GUESTS, *LAMPS, *GROUPS]).await.expect("prepared");
}

/// All seats; guests on some of them, by chance.
async fn fill(store: &dyn Store, random: &mut Random) -> BTreeMap<i64, Option<ResourceId>> {
    prepare(store).await;
    let seats = all_seats();
    for id in &seats {
        assert_eq!(done(store, seat(id)).await, *id);
    }
    let mut guests = BTreeMap::new();
    for guest in 1..=20 {
        let seat = if random.happens(4) { None } else { Some(random.of(&seats).clone()) };
        done(store, insert(*GUESTS, guest, vec![to(seat.as_ref()), None])).await;
        guests.insert(guest, seat);
    }
    guests
}

/// What a store holds of these, for evaluation in memory.
struct All(Vec<(&'static Description, Vec<Record>)>);

impl All {
    async fn read(store: &dyn Store) -> Self {
        let mut all = Vec::new();
        for resource in [*SEATS, *GUESTS, *LAMPS, *GROUPS] {
            let plan = Plan::new(Root::Collection(Listing::all()), everything(resource));
            let fetched = read(store, &plan).await;
            let records = fetched.rows.iter().enumerate().map(|(place, row)| {
                let mut record = row.to_record(resource).expect("a record");
                for (slot, links) in record.linkage.iter_mut().zip(&fetched.links) {
                    if let Some(links) = links {
                        *slot = Linkage::Many(links.of(place).to_vec());
                    }
                }
                record
            });
            all.push((resource, records.collect()));
        }
        Self(all)
    }

    fn of(&self, resource: &Description) -> &[Record] {
        &self.0.iter().find(|(known, _)| known.is(resource)).expect("one of these").1
    }

    fn passing(&self, resource: &'static Description, filter: &Filter) -> Vec<ResourceId> {
        let passing = self.of(resource).iter().filter(|record| matches(filter, resource, record, self));
        passing.filter_map(|record| record.id.clone()).collect()
    }
}

impl Records for All {
    fn record(&self, resource: &'static Description, id: &ResourceId) -> Option<&Record> {
        self.of(resource).iter().find(|record| record.id.as_ref() == Some(id))
    }
}

fn member(path: &[RelationshipId], field: Field) -> Member {
    Member { path: path.to_vec(), field }
}

pub(crate) async fn a_to_one_relationship_leads_to_an_id_of_several_columns(store: Arc<dyn Store>) {
    let store = &*store;
    let guests = fill(store, &mut Random::new(3)).await;
    let include = vec![Include::new(SEAT, everything(*SEATS))];
    let plan = Plan::new(Root::Collection(Listing::all()), everything(*GUESTS).including(include));
    let fetched = read(store, &plan.including_at_most(100)).await;
    let found: BTreeMap<i64, Option<ResourceId>> = fetched
        .rows
        .iter()
        .map(|row| match row.resource_id().expect("an id") {
            ResourceId::Integer(id) => (id, row.related_id(*GUESTS, SEAT).expect("an id")),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(found, guests);
    let reached: BTreeSet<&ResourceId> = guests.values().flatten().collect();
    let included: Vec<ResourceId> =
        fetched.included[0].rows.iter().map(|row| row.resource_id().expect("an id")).collect();
    assert_eq!(included.iter().collect::<Vec<_>>(), reached.into_iter().collect::<Vec<_>>());
    for (guest, seat) in &guests {
        let plan = Plan::new(
            Root::Related {
                parent: *GUESTS,
                id: number(*guest),
                relationship: SEAT,
                listing: Listing::all(),
            },
            everything(*SEATS),
        );
        assert_eq!(ids(&read(store, &plan).await), seat.clone().into_iter().collect::<Vec<_>>());
    }
    // What is not there is named, and nothing else leads anywhere.
    for missing in [seat_id(2, "nowhere"), seat_id(7, "B"), number(2), text("2~B")] {
        let change = link(*GUESTS, &number(1), SEAT, LinkageChange::One(Some(missing.clone())));
        let refused = write(store, change).await;
        assert!(
            matches!(&refused, Err(StoreError::RelatedNotFound { id, .. }) if *id == missing),
            "{refused:?}"
        );
    }
    let empty = vec![None];
    let refused = write(store, insert(*LAMPS, 1, empty)).await;
    assert!(matches!(refused, Err(StoreError::Constraint(Constraint::NotNull { .. }))), "{refused:?}");
}

pub(crate) async fn ids_of_several_columns_are_filtered_and_sorted_by_from_afar(store: Arc<dyn Store>) {
    let store = &*store;
    let guests = fill(store, &mut Random::new(5)).await;
    let all = All::read(store).await;
    let seats = all_seats();
    let value = |seat: &ResourceId| seat.to_value();
    let some = seats[2].clone();
    let to_seat = || member(&[], Field::ToOne(SEAT));
    let compared = |member: Member, comparison| Filter::Compare { member, comparison };
    let comparisons = || {
        vec![
            Comparison::IsNull,
            Comparison::Value(Relation::Equal, value(&some)),
            Comparison::Value(Relation::NotEqual, value(&some)),
            Comparison::Value(Relation::Equal, Value::Text("2~nowhere".into())),
            Comparison::Value(Relation::Equal, Value::Text("none".into())),
            Comparison::In(vec![value(&seats[0]), value(&some), Value::Text("2".into())]),
            Comparison::In(vec![]),
        ]
    };
    let mut filters = Vec::new();
    for comparison in comparisons() {
        filters.push(compared(to_seat(), comparison.clone()));
        filters.push(compared(member(&[SEAT], Field::Id), comparison.clone()));
        filters.push(Filter::Not(Box::new(compared(to_seat(), comparison))));
    }
    let note = |path: &[RelationshipId]| {
        let relation = Comparison::Value(Relation::Equal, Value::Text("B of 10".into()));
        compared(member(path, Field::Attribute(NOTE)), relation)
    };
    filters.push(note(&[SEAT]));
    filters.push(Filter::Not(Box::new(note(&[SEAT]))));
    let leads = |path: &[RelationshipId], relationship, filter: Option<Filter>| Filter::Related {
        path: path.to_vec(),
        relationship,
        filter: filter.map(Box::new),
    };
    filters.push(leads(&[], SEAT, None));
    filters.push(leads(&[], SEAT, Some(note(&[]))));
    filters.push(leads(
        &[],
        SEAT,
        Some(leads(
            &[],
            GUESTS_OF,
            Some(compared(member(&[], Field::Id), Comparison::Value(Relation::Less, Value::Integer(4)))),
        )),
    ));
    filters.push(leads(&[SEAT], GUESTS_OF, None));
    for (relation, number) in [(Relation::GreaterOrEqual, 3), (Relation::Less, 3), (Relation::Equal, 0)] {
        filters.push(Filter::Count { path: vec![SEAT], relationship: GUESTS_OF, relation, number });
    }
    for filter in filters {
        let found = read(store, &collection(*GUESTS, Listing::all().filtered(filter.clone()))).await;
        assert_eq!(ids(&found), all.passing(*GUESTS, &filter), "{filter:?}");
    }
    for (relation, number) in [(Relation::GreaterOrEqual, 2), (Relation::Less, 2), (Relation::Equal, 0)] {
        let filter = Filter::Count { path: vec![], relationship: GUESTS_OF, relation, number };
        let found = read(store, &collection(*SEATS, Listing::all().filtered(filter.clone()))).await;
        assert_eq!(ids(&found), all.passing(*SEATS, &filter), "{filter:?}");
    }

    // By the id that they refer to, by cursors, with those that refer to none at the end.
    for descending in [false, true] {
        let mut sorted: Vec<(&i64, &Option<ResourceId>)> = guests.iter().collect();
        sorted.sort_by(|(one, of_one), (other, of_other)| {
            let by_seat = of_one.cmp(of_other);
            let by_seat = if descending { by_seat.reverse() } else { by_seat };
            of_one.is_none().cmp(&of_other.is_none()).then(by_seat).then(one.cmp(other))
        });
        let expected: Vec<ResourceId> = sorted.iter().map(|(guest, _)| number(**guest)).collect();
        for by in [to_seat(), member(&[SEAT], Field::Id)] {
            let sort = vec![SortKey { member: by, descending }];
            let found = read(store, &collection(*GUESTS, Listing::all().sorted(sort.clone()))).await;
            assert_eq!(ids(&found), expected, "{sort:?}");
            for at in [0, 3, 9, 15, 19] {
                let keys = vec![sorted[at].1.as_ref().map_or(Value::Null, value)];
                let place = Place { keys, id: expected[at].clone() };
                let page = |after, before| {
                    Listing::all().sorted(sort.clone()).paged(Page::Between { after, before, limit: 5 })
                };
                let found = read(store, &collection(*GUESTS, page(Some(place.clone()), None))).await;
                assert_eq!(ids(&found), expected[at + 1..20.min(at + 6)], "after {at}, {sort:?}");
                let found = read(store, &collection(*GUESTS, page(None, Some(place)))).await;
                assert_eq!(ids(&found), expected[at.saturating_sub(5)..at], "before {at}, {sort:?}");
            }
        }
    }
}

pub(crate) async fn linkage_of_ids_of_several_columns_is_counted_and_windowed(store: Arc<dyn Store>) {
    let store = &*store;
    let guests = fill(store, &mut Random::new(9)).await;
    let seats = all_seats();
    for (place, seat) in seats.iter().enumerate() {
        done(
            store,
            insert(*GROUPS, place as i64 + 1, vec![Some(LinkageChange::Replace(seats[place..].to_vec()))]),
        )
        .await;
        let others = seats.iter().filter(|other| *other > seat).cloned().collect();
        done(store, link(*SEATS, seat, NEIGHBOURS, LinkageChange::Replace(others))).await;
    }
    let on = |seat: &ResourceId| -> Vec<ResourceId> {
        guests.iter().filter(|(_, on)| on.as_ref() == Some(seat)).map(|(id, _)| number(*id)).collect()
    };
    let by_id = SortKey { member: member(&[], Field::Id), descending: true };
    for (by, target, expected) in [
        (GUESTS_OF, *GUESTS, seats.iter().map(on).collect::<Vec<_>>()),
        (
            GROUPS_OF,
            *GROUPS,
            (0..seats.len()).map(|place| (1..=place as i64 + 1).map(number).collect()).collect(),
        ),
        (NEIGHBOURS, *SEATS, (0..seats.len()).map(|place| seats[place + 1..].to_vec()).collect()),
    ] {
        let mut plan = collection(*SEATS, Listing::all()).including_at_most(100);
        plan.selection = everything(*SEATS);
        plan.selection.counts = vec![by];
        let fetched = read(store, &plan).await;
        let last = Listing::all().paged(Page::Offset { offset: 1, limit: 2 }).counted();
        let last = last.sorted(vec![by_id.clone()]);
        plan.selection =
            everything(*SEATS).including(vec![Include::new(by, everything(target)).within(last)]);
        let windows = read(store, &plan).await;
        for (row, expected) in expected.iter().enumerate() {
            assert_eq!(linkage(&fetched, by, row), *expected, "{}", seats[row]);
            assert_eq!(fetched.counts.of(by, row), Some(expected.len() as u64), "{}", seats[row]);
            let listed = related(*SEATS, &seats[row], by, Listing::all().counted());
            let listed = read(store, &listed).await;
            assert_eq!((ids(&listed), listed.total), (expected.clone(), Some(expected.len() as u64)));
            let shown: Vec<ResourceId> = expected.iter().rev().skip(1).take(2).cloned().collect();
            let window =
                Window::new(shown).followed_by_more(expected.len() > 3).counted(Some(expected.len() as u64));
            assert_eq!(windows.windows[0].of(row), Some(&window), "{}", seats[row]);
        }
    }
    // The order of a join table.
    let mut backwards = seats.clone();
    backwards.reverse();
    done(store, link(*GROUPS, &number(1), SEATS_OF, LinkageChange::Replace(backwards.clone()))).await;
    assert_eq!(linkage(&read(store, &one(*GROUPS, &number(1))).await, SEATS_OF, 0), backwards);
    assert_eq!(ids(&read(store, &related(*GROUPS, &number(1), SEATS_OF, Listing::all())).await), backwards);
    let all = All::read(store).await;
    for (resource, relationship) in [(*SEATS, GROUPS_OF), (*SEATS, NEIGHBOURS), (*GROUPS, SEATS_OF)] {
        for (relation, number) in [(Relation::Greater, 4), (Relation::LessOrEqual, 4), (Relation::Equal, 0)] {
            let filter = Filter::Count { path: vec![], relationship, relation, number };
            let found = read(store, &collection(resource, Listing::all().filtered(filter.clone()))).await;
            assert_eq!(ids(&found), all.passing(resource, &filter), "{filter:?}");
        }
    }
}

/// What must be there.
#[derive(Default)]
struct World {
    seats: BTreeMap<ResourceId, i64>,
    guests: BTreeMap<i64, [Option<ResourceId>; 2]>,
    lamps: BTreeMap<i64, ResourceId>,
    groups: BTreeMap<i64, BTreeSet<ResourceId>>,
    neighbours: BTreeSet<(ResourceId, ResourceId)>,
}

/// How a change ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Made,
    IdExists,
    NotFound,
    RelatedNotFound,
    Restricted,
}

impl World {
    fn guests_on(&self, seat: &ResourceId) -> Vec<ResourceId> {
        let on = self.guests.iter().filter(|(_, [on, _])| on.as_ref() == Some(seat));
        on.map(|(id, _)| number(*id)).collect()
    }

    fn groups_of(&self, seat: &ResourceId) -> Vec<ResourceId> {
        self.groups.iter().filter(|(_, seats)| seats.contains(seat)).map(|(id, _)| number(*id)).collect()
    }

    fn neighbours_of(&self, seat: &ResourceId) -> Vec<ResourceId> {
        self.neighbours.iter().filter(|(one, _)| one == seat).map(|(_, other)| other.clone()).collect()
    }

    /// What a seat shows of others.
    fn shown(&self, seat: &ResourceId) -> (Vec<ResourceId>, Vec<ResourceId>) {
        (self.guests_on(seat), self.neighbours_of(seat))
    }
}

/// A list that is added, put in the place of the others, or removed; and what becomes of a set by it.
fn change_of(
    random: &mut Random,
    listed: Vec<ResourceId>,
    now: &BTreeSet<ResourceId>,
) -> (LinkageChange, BTreeSet<ResourceId>) {
    let named: BTreeSet<ResourceId> = listed.iter().cloned().collect();
    match random.below(3) {
        0 => (LinkageChange::Add(listed), now | &named),
        1 => (LinkageChange::Replace(listed), named),
        _ => (LinkageChange::Remove(listed), now - &named),
    }
}

fn adds(change: &LinkageChange) -> bool {
    !matches!(change, LinkageChange::Remove(_))
}

pub(crate) async fn any_changes_of_links_to_ids_of_several_columns_are_what_they_mean(store: Arc<dyn Store>) {
    let store = &*store;
    prepare(store).await;
    let random = &mut Random::new(17);
    let seats: Vec<ResourceId> = all_seats().into_iter().step_by(2).collect();
    let mut world = World::default();
    for _ in 0..150 {
        let before: BTreeMap<ResourceId, _> =
            world.seats.keys().map(|seat| (seat.clone(), world.shown(seat))).collect();
        let versions_before = versions(store).await;
        let (change, expected) = step(random, &seats, &mut world);
        let told = told(&change);
        let outcome = match write(store, change).await {
            Ok(_) => Outcome::Made,
            Err(StoreError::IdExists) => Outcome::IdExists,
            Err(StoreError::NotFound) => Outcome::NotFound,
            Err(StoreError::RelatedNotFound { .. }) => Outcome::RelatedNotFound,
            Err(StoreError::Constraint(Constraint::ForeignKey)) => Outcome::Restricted,
            Err(error) => panic!("{told}: {error:?}"),
        };
        assert_eq!(outcome, expected, "{told}");
        check(store, &world, &told).await;
        let versions = versions(store).await;
        for (seat, shown) in before {
            if let (Some(version), true) = (versions.get(&seat), world.shown(&seat) != shown) {
                assert_ne!(Some(version), versions_before.get(&seat), "{told}: {seat} shows something else");
            }
        }
    }
}

fn step(random: &mut Random, seats: &[ResourceId], world: &mut World) -> (Change, Outcome) {
    let chosen = random.of(seats).clone();
    let id = 1 + random.below(5) as i64;
    let is_there = world.seats.contains_key(&chosen);
    let related = |there| if there { Outcome::Made } else { Outcome::RelatedNotFound };
    match random.below(14) {
        0..3 => {
            let outcome = if is_there { Outcome::IdExists } else { Outcome::Made };
            world.seats.entry(chosen.clone()).or_insert(1);
            (seat(&chosen), outcome)
        }
        3 | 4 => {
            let seat = if random.happens(3) { None } else { Some(chosen) };
            let reserve = if random.happens(2) { Some(random.of(seats).clone()) } else { None };
            let change = insert(*GUESTS, id, vec![to(seat.as_ref()), to(reserve.as_ref())]);
            if world.guests.contains_key(&id) {
                return (change, Outcome::IdExists);
            }
            let there = [&seat, &reserve].into_iter().flatten().all(|seat| world.seats.contains_key(seat));
            if there {
                world.guests.insert(id, [seat, reserve]);
            }
            (change, related(there))
        }
        5 => {
            let change = insert(*LAMPS, id, vec![to(Some(&chosen))]);
            if world.lamps.contains_key(&id) {
                return (change, Outcome::IdExists);
            }
            if is_there {
                world.lamps.insert(id, chosen);
            }
            (change, related(is_there))
        }
        6 => {
            let there = world.groups.contains_key(&id);
            world.groups.entry(id).or_default();
            (insert(*GROUPS, id, vec![None]), if there { Outcome::IdExists } else { Outcome::Made })
        }
        7 | 8 => {
            let by = *random.of(&[SEAT, RESERVE]);
            let seat = if random.happens(3) { None } else { Some(chosen) };
            let change = link(*GUESTS, &number(id), by, LinkageChange::One(seat.clone()));
            let Some(now) = world.guests.get_mut(&id) else { return (change, Outcome::NotFound) };
            let there = seat.as_ref().is_none_or(|seat| world.seats.contains_key(seat));
            if there {
                now[by.place()] = seat;
            }
            (change, related(there))
        }
        9 => {
            // From the other end.
            let listed: Vec<i64> = (1..=5).filter(|_| random.happens(3)).collect();
            let now = world.guests_on(&chosen).into_iter().collect();
            let (change, then) = change_of(random, listed.iter().map(|id| number(*id)).collect(), &now);
            let there = !adds(&change) || listed.iter().all(|id| world.guests.contains_key(id));
            let changed = link(*SEATS, &chosen, GUESTS_OF, change);
            if !is_there {
                return (changed, Outcome::NotFound);
            }
            if there {
                for (id, [on, _]) in &mut world.guests {
                    if then.contains(&number(*id)) {
                        *on = Some(chosen.clone());
                    } else if on.as_ref() == Some(&chosen) {
                        *on = None;
                    }
                }
            }
            (changed, related(there))
        }
        10 => {
            let listed: Vec<ResourceId> = seats.iter().filter(|_| random.happens(3)).cloned().collect();
            let now = world.groups.get(&id).cloned().unwrap_or_default();
            let (change, then) = change_of(random, listed.clone(), &now);
            let there = !adds(&change) || listed.iter().all(|seat| world.seats.contains_key(seat));
            let changed = link(*GROUPS, &number(id), SEATS_OF, change);
            let Some(group) = world.groups.get_mut(&id) else { return (changed, Outcome::NotFound) };
            if there {
                *group = then;
            }
            (changed, related(there))
        }
        11 => {
            let listed: Vec<ResourceId> = seats.iter().filter(|_| random.happens(3)).cloned().collect();
            let now = world.neighbours_of(&chosen).into_iter().collect();
            let (change, then) = change_of(random, listed.clone(), &now);
            let there = !adds(&change) || listed.iter().all(|seat| world.seats.contains_key(seat));
            let changed = link(*SEATS, &chosen, NEIGHBOURS, change);
            if !is_there {
                return (changed, Outcome::NotFound);
            }
            if there {
                world.neighbours.retain(|(one, _)| *one != chosen);
                world.neighbours.extend(then.into_iter().map(|other| (chosen.clone(), other)));
            }
            (changed, related(there))
        }
        12 => {
            let change = delete(*SEATS, &chosen);
            if !is_there {
                return (change, Outcome::NotFound);
            }
            if world.lamps.values().any(|seat| *seat == chosen) {
                return (change, Outcome::Restricted);
            }
            world.seats.remove(&chosen);
            world.guests.retain(|_, [_, reserve]| reserve.as_ref() != Some(&chosen));
            for [on, _] in world.guests.values_mut() {
                if on.as_ref() == Some(&chosen) {
                    *on = None;
                }
            }
            for seats in world.groups.values_mut() {
                seats.remove(&chosen);
            }
            world.neighbours.retain(|(one, other)| *one != chosen && *other != chosen);
            (change, Outcome::Made)
        }
        _ => {
            let (resource, there) = match random.below(3) {
                0 => (*GUESTS, world.guests.remove(&id).is_some()),
                1 => (*LAMPS, world.lamps.remove(&id).is_some()),
                _ => (*GROUPS, world.groups.remove(&id).is_some()),
            };
            (delete(resource, &number(id)), if there { Outcome::Made } else { Outcome::NotFound })
        }
    }
}

async fn versions(store: &dyn Store) -> BTreeMap<ResourceId, Value> {
    let seats = read(store, &collection(*SEATS, Listing::all())).await;
    let version = |row: etag_fairing::resource::Row<'_>| {
        (row.resource_id().expect("an id"), row.attribute(VERSION).to_owned())
    };
    seats.rows.iter().map(version).collect()
}

/// Looks at the world from each side.
async fn check(store: &dyn Store, world: &World, told: &str) {
    let plan = Plan::new(Root::Collection(Listing::all()), everything(*SEATS));
    let seats = read(store, &plan).await;
    assert_eq!(ids(&seats), world.seats.keys().cloned().collect::<Vec<_>>(), "{told}");
    for (row, seat) in world.seats.keys().enumerate() {
        assert_eq!(linkage(&seats, GUESTS_OF, row), world.guests_on(seat), "{told}: guests of {seat}");
        assert_eq!(linkage(&seats, GROUPS_OF, row), world.groups_of(seat), "{told}: groups of {seat}");
        assert_eq!(linkage(&seats, NEIGHBOURS, row), world.neighbours_of(seat), "{told}: next to {seat}");
    }
    let guests = read(store, &collection(*GUESTS, Listing::all())).await;
    let found: Vec<_> = guests
        .rows
        .iter()
        .map(|row| {
            let ends = [SEAT, RESERVE].map(|by| row.related_id(*GUESTS, by).expect("an id"));
            (row.resource_id().expect("an id"), ends)
        })
        .collect();
    let expected: Vec<_> = world.guests.iter().map(|(id, ends)| (number(*id), ends.clone())).collect();
    assert_eq!(found, expected, "{told}");
    let groups = read(store, &collection(*GROUPS, Listing::all())).await;
    for (row, seats) in world.groups.values().enumerate() {
        let found: BTreeSet<ResourceId> = linkage(&groups, SEATS_OF, row).into_iter().collect();
        assert_eq!(found, *seats, "{told}");
    }
}
