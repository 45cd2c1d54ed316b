//! Rules of relationships to many that keep an order.

mod chance;

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use etag_fairing::{
    JsonApiResource, ToMany, ToOne,
    resource::{AttributeId, Description, RelationshipId, ResourceId, Value},
    store::{
        Change, Comparison, Fetched, Field, Filter, Include, LinkageChange, Listing, Member, Page, Place,
        Plan, Relation, Root, Scopes, Selection, SortKey, Store,
    },
};

pub(crate) use self::chance::{orders_at_random, orders_by_chance};
use crate::steps::*;

type Resource = LazyLock<&'static Description>;

/// Programmes: two orders, one in a join table and one in the rows of the acts; both show.
pub(crate) static PROGRAMMES: Resource = LazyLock::new(Programme::description);
/// Songs: deleted softly; the other end of the join table.
pub(crate) static SONGS: Resource = LazyLock::new(Song::description);
/// Acts: an attribute is their place in the programme.
pub(crate) static ACTS: Resource = LazyLock::new(Act::description);

#[derive(JsonApiResource)]
#[jsonapi(type = "programmes")]
struct Programme {
    #[jsonapi(id)]
    name: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(
        relationship,
        through = "programme_songs",
        owner_column = "programme_name",
        target_column = "song_id",
        order = "position"
    )]
    songs: ToMany<Song>,
    #[jsonapi(relationship, inverse = "programme", order = "place", linkage = true)]
    acts: ToMany<Act>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "songs", soft_delete = "deleted_at")]
struct Song {
    #[jsonapi(id)]
    id: i64,
    title: String,
    deleted_at: Option<DateTime<Utc>>,
    #[jsonapi(
        relationship,
        through = "programme_songs",
        owner_column = "song_id",
        target_column = "programme_name",
        linkage = false
    )]
    programmes: ToMany<Programme>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "acts")]
struct Act {
    #[jsonapi(id)]
    id: i64,
    place: Option<i64>,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship)]
    programme: ToOne<Programme>,
}

pub(crate) const SONGS_OF: RelationshipId = RelationshipId::at(0);
pub(crate) const ACTS_OF: RelationshipId = RelationshipId::at(1);
pub(crate) const PROGRAMME_OF: RelationshipId = RelationshipId::at(0);
const PLACE: AttributeId = AttributeId::at(0);

async fn prepared(store: &dyn Store) {
    store.prepare(&[*PROGRAMMES]).await.expect("prepared");
}

pub(crate) async fn programme(store: &dyn Store, name: &str) {
    let attributes = vec![Value::Integer(1)];
    let linkage = vec![None, None];
    done(store, Change::Insert { resource: *PROGRAMMES, id: Some(text(name)), attributes, linkage }).await;
}

async fn song(store: &dyn Store, id: i64) {
    let attributes = vec![Value::Text(format!("song {id}")), Value::Null];
    done(store, Change::Insert { resource: *SONGS, id: Some(number(id)), attributes, linkage: vec![None] })
        .await;
}

fn new_act(id: i64, place: Option<i64>, programme: Option<&str>) -> Change {
    let attributes = vec![place.map_or(Value::Null, Value::Integer), Value::Integer(1)];
    let linkage = vec![programme.map(|name| LinkageChange::One(Some(text(name))))];
    Change::Insert { resource: *ACTS, id: Some(number(id)), attributes, linkage }
}

/// An act at this place. Without one it has none, as rows of a table that has just got the column.
async fn act(store: &dyn Store, id: i64, place: Option<i64>, programme: Option<&str>) {
    let is_placeless = place.is_none() && programme.is_some();
    // With a place of its own it leaves those of others alone.
    done(store, new_act(id, if is_placeless { Some(id) } else { place }, programme)).await;
    if is_placeless {
        done(store, act_changed(id, Some(None), None)).await;
    }
}

/// A change of an act's place, and of its programme.
fn act_changed(id: i64, place: Option<Option<i64>>, programme: Option<Option<&str>>) -> Change {
    let place = place.map(|place| place.map_or(Value::Null, Value::Integer));
    let linkage = vec![programme.map(|name| LinkageChange::One(name.map(text)))];
    Change::Update { resource: *ACTS, id: number(id), attributes: vec![place, None], linkage }
}

/// A programme with songs and acts of these numbers, none of them linked.
pub(crate) async fn festival(store: &dyn Store, numbers: std::ops::RangeInclusive<i64>) {
    prepared(store).await;
    programme(store, "day").await;
    programme(store, "night").await;
    for id in numbers {
        song(store, id).await;
        act(store, id, None, None).await;
    }
}

pub(crate) fn numbers(ids: &[i64]) -> Vec<ResourceId> {
    ids.iter().copied().map(number).collect()
}

fn relink(name: &str, relationship: RelationshipId, change: LinkageChange) -> Change {
    let mut linkage = vec![None, None];
    linkage[relationship.place()] = Some(change);
    Change::Update { resource: *PROGRAMMES, id: text(name), attributes: vec![None], linkage }
}

pub(crate) async fn replace(store: &dyn Store, name: &str, relationship: RelationshipId, ids: &[i64]) {
    done(store, relink(name, relationship, LinkageChange::Replace(numbers(ids)))).await;
}

async fn linked(store: &dyn Store, name: &str, relationship: RelationshipId) -> Vec<ResourceId> {
    linkage(&read(store, &one(*PROGRAMMES, &text(name))).await, relationship, 0)
}

async fn version_of(store: &dyn Store, resource: &'static Description, id: &ResourceId) -> Value {
    let fetched = read(store, &one(resource, id)).await;
    let version = resource.version.expect("a version");
    fetched.rows.get(0).expect("a row").attribute(version).to_owned()
}

fn related_to(name: &str, relationship: RelationshipId, listing: Listing) -> Plan {
    related(*PROGRAMMES, &text(name), relationship, listing)
}

pub(crate) async fn a_join_table_keeps_the_order_that_it_is_given(store: Arc<dyn Store>) {
    keeps_the_order(&*store, SONGS_OF).await;
}

pub(crate) async fn an_inverse_keeps_the_order_that_it_is_given(store: Arc<dyn Store>) {
    keeps_the_order(&*store, ACTS_OF).await;
    // One that belongs to another owner moves.
    replace(&*store, "night", ACTS_OF, &[6, 3, 7]).await;
    done(&*store, relink("day", ACTS_OF, LinkageChange::Replace(numbers(&[2, 3, 1])))).await;
    assert_eq!(linked(&*store, "day", ACTS_OF).await, numbers(&[2, 3, 1]));
    assert_eq!(linked(&*store, "night", ACTS_OF).await, numbers(&[6, 7]));
}

async fn keeps_the_order(store: &dyn Store, relationship: RelationshipId) {
    festival(store, 1..=7).await;
    replace(store, "night", relationship, &[7, 6]).await;
    for (change, expected) in [
        (LinkageChange::Replace(numbers(&[3, 1, 2])), &[3, 1, 2][..]),
        (LinkageChange::Replace(numbers(&[2, 1, 3])), &[2, 1, 3]),
        (LinkageChange::Add(numbers(&[5, 1, 4, 5])), &[2, 1, 3, 5, 4]),
        (LinkageChange::Remove(numbers(&[1, 5, 6])), &[2, 3, 4]),
        (LinkageChange::Add(numbers(&[1])), &[2, 3, 4, 1]),
        (LinkageChange::Replace(numbers(&[1, 2, 5, 3, 4])), &[1, 2, 5, 3, 4]),
        (LinkageChange::Replace(numbers(&[4, 4, 3, 4, 5])), &[4, 3, 5]),
        (LinkageChange::Add(vec![]), &[4, 3, 5]),
        (LinkageChange::Replace(vec![]), &[]),
        (LinkageChange::Add(numbers(&[2, 1])), &[2, 1]),
    ] {
        let told = format!("{change:?}");
        done(store, relink("day", relationship, change)).await;
        assert_eq!(linked(store, "day", relationship).await, numbers(expected), "{told}");
        assert_eq!(linked(store, "night", relationship).await, numbers(&[7, 6]), "{told}");
    }
    let mut linkage = vec![None, None];
    linkage[relationship.place()] = Some(LinkageChange::Replace(numbers(&[5, 3, 4])));
    let attributes = vec![Value::Integer(1)];
    done(store, Change::Insert { resource: *PROGRAMMES, id: Some(text("new")), attributes, linkage }).await;
    assert_eq!(linked(store, "new", relationship).await, numbers(&[5, 3, 4]));
}

pub(crate) async fn an_order_that_is_given_again_changes_nothing(store: Arc<dyn Store>) {
    festival(&*store, 1..=3).await;
    // Two acts that have no place yet, and one that has.
    for (id, place) in [(11, None), (12, None), (13, Some(40))] {
        act(&*store, id, place, Some("day")).await;
    }
    let plan = collection(*ACTS, Listing::all());
    let told = |fetched: &Fetched| {
        let rows = fetched
            .rows
            .iter()
            .map(|row| (row.attribute(PLACE).to_owned(), row.attribute(AttributeId::at(1)).to_owned()));
        rows.collect::<Vec<_>>()
    };
    let before = told(&read(&*store, &plan).await);
    let version = version_of(&*store, *PROGRAMMES, &text("day")).await;
    replace(&*store, "day", ACTS_OF, &[13, 11, 12]).await;
    assert_eq!(told(&read(&*store, &plan).await), before);
    assert_eq!(version_of(&*store, *PROGRAMMES, &text("day")).await, version);
}

pub(crate) async fn related_resources_are_in_the_order_of_their_relationship(store: Arc<dyn Store>) {
    festival(&*store, 1..=6).await;
    for relationship in [SONGS_OF, ACTS_OF] {
        replace(&*store, "day", relationship, &[5, 2, 6, 1]).await;
        let listed = async |listing| ids(&read(&*store, &related_to("day", relationship, listing)).await);
        assert_eq!(listed(Listing::all()).await, numbers(&[5, 2, 6, 1]));
        // Only without keys.
        let id = Member { path: Vec::new(), field: Field::Id };
        let by_id = vec![SortKey { member: id.clone(), descending: true }];
        assert_eq!(listed(Listing::all().sorted(by_id)).await, numbers(&[6, 5, 2, 1]));
        let comparison = Comparison::Value(Relation::Greater, Value::Integer(1));
        let filter = Filter::Compare { member: id, comparison };
        let fetched =
            read(&*store, &related_to("day", relationship, Listing::all().filtered(filter).counted())).await;
        assert_eq!(ids(&fetched), numbers(&[5, 2, 6]));
        assert_eq!(fetched.total, Some(3));
        assert_eq!(listed(page(1, 2)).await, numbers(&[2, 6]));
    }
}

pub(crate) async fn pages_of_an_ordered_relationship_go_on_where_the_last_one_ended(store: Arc<dyn Store>) {
    festival(&*store, 1..=7).await;
    act(&*store, 20, None, Some("day")).await;
    act(&*store, 21, None, Some("day")).await;
    done(&*store, relink("day", SONGS_OF, LinkageChange::Replace(numbers(&[5, 2, 7, 1, 3])))).await;
    for (relationship, expected) in [(SONGS_OF, numbers(&[5, 2, 7, 1, 3])), (ACTS_OF, numbers(&[20, 21]))] {
        for limit in 1..=3 {
            let fetch = async |after: Option<Place>, before: Option<Place>| {
                let listing = Listing::all().paged(Page::Between { after, before, limit });
                let fetched = read(&*store, &related_to("day", relationship, listing)).await;
                assert_eq!(fetched.positions.len(), fetched.rows.len(), "a position for each row");
                let place = |index: usize| {
                    let position = *fetched.positions.get(index)?;
                    let keys = vec![position.map_or(Value::Null, Value::Integer)];
                    Some(Place { keys, id: fetched.rows.get(index)?.resource_id().expect("an id") })
                };
                let last = fetched.rows.len().checked_sub(1);
                (ids(&fetched), place(0), last.and_then(place), fetched.more)
            };
            let (mut found, mut at) = (Vec::new(), None);
            loop {
                let (page, _, last, more) = fetch(at, None).await;
                found.extend(page);
                at = last;
                if !more {
                    break;
                }
            }
            assert_eq!(found, expected, "forwards, {limit} at a time");
            // And back again.
            let mut back = Vec::new();
            while at.is_some() {
                let (page, first, _, _) = fetch(None, at).await;
                back.splice(0..0, page);
                at = first;
            }
            assert_eq!(back, expected[..expected.len() - 1], "backwards, {limit} at a time");
        }
    }
}

pub(crate) async fn included_linkage_is_in_the_order_of_its_relationship(store: Arc<dyn Store>) {
    festival(&*store, 1..=5).await;
    replace(&*store, "day", SONGS_OF, &[4, 1, 3]).await;
    replace(&*store, "night", SONGS_OF, &[3, 5, 4]).await;
    replace(&*store, "day", ACTS_OF, &[5, 2]).await;
    let include =
        |relationship: RelationshipId, resource| Include::new(relationship, Selection::whole(resource));
    let include = vec![include(SONGS_OF, *SONGS), include(ACTS_OF, *ACTS)];
    let selection = everything(*PROGRAMMES).including(include);
    let plan = Plan::new(Root::Collection(Listing::all()), selection).including_at_most(100);
    let fetched = read(&*store, &plan).await;
    for (relationship, row, expected) in
        [(SONGS_OF, 0, &[4, 1, 3][..]), (SONGS_OF, 1, &[3, 5, 4]), (ACTS_OF, 0, &[5, 2]), (ACTS_OF, 1, &[])]
    {
        assert_eq!(linkage(&fetched, relationship, row), numbers(expected));
    }
}

pub(crate) async fn members_without_a_position_come_last(store: Arc<dyn Store>) {
    festival(&*store, 1..=3).await;
    for (id, place) in [(10, None), (11, Some(2)), (12, None), (13, Some(-5)), (14, Some(2))] {
        act(&*store, id, place, Some("day")).await;
    }
    let expected = numbers(&[13, 11, 14, 10, 12]);
    assert_eq!(linked(&*store, "day", ACTS_OF).await, expected);
    assert_eq!(ids(&read(&*store, &related_to("day", ACTS_OF, Listing::all())).await), expected);
    // What is added comes after them.
    done(&*store, relink("day", ACTS_OF, LinkageChange::Add(numbers(&[3, 1])))).await;
    assert_eq!(linked(&*store, "day", ACTS_OF).await, numbers(&[13, 11, 14, 10, 12, 3, 1]));
    // The attribute is the position.
    let attributes = vec![Some(Value::Integer(-9)), None];
    done(&*store, Change::Update { resource: *ACTS, id: number(1), attributes, linkage: vec![None] }).await;
    assert_eq!(linked(&*store, "day", ACTS_OF).await, numbers(&[1, 13, 11, 14, 10, 12, 3]));
}

pub(crate) async fn members_that_are_hidden_keep_their_place(store: Arc<dyn Store>) {
    festival(&*store, 1..=6).await;
    let hides = |resource: &'static Description, hidden: i64| {
        let member = Member { path: Vec::new(), field: Field::Id };
        let comparison = Comparison::Value(Relation::Equal, Value::Integer(hidden));
        let filter = Filter::Not(Box::new(Filter::Compare { member, comparison }));
        Scopes::new([(resource, filter)])
    };
    for (relationship, resource) in [(SONGS_OF, *SONGS), (ACTS_OF, *ACTS)] {
        replace(&*store, "day", relationship, &[1, 2, 3, 4]).await;
        let scopes = hides(resource, 2);
        for (change, expected) in [
            (LinkageChange::Replace(numbers(&[4, 1, 3])), &[4, 2, 1, 3][..]),
            (LinkageChange::Replace(numbers(&[4, 3])), &[4, 2, 3]),
            (LinkageChange::Add(numbers(&[5])), &[4, 2, 3, 5]),
            (LinkageChange::Replace(numbers(&[5, 3, 4])), &[5, 2, 3, 4]),
        ] {
            let told = format!("{change:?}");
            let mut transaction = store.begin().await.expect("a transaction");
            transaction.apply(relink("day", relationship, change), &scopes).await.expect("a change");
            transaction.commit().await.expect("committed");
            assert_eq!(linked(&*store, "day", relationship).await, numbers(expected), "{told}");
        }
    }
    // So do those that are deleted softly.
    replace(&*store, "day", SONGS_OF, &[1, 2, 3]).await;
    done(&*store, delete(*SONGS, &number(2))).await;
    assert_eq!(linked(&*store, "day", SONGS_OF).await, numbers(&[1, 3]));
    replace(&*store, "day", SONGS_OF, &[3, 1]).await;
    assert_eq!(linked(&*store, "day", SONGS_OF).await, numbers(&[3, 1]));
    let scopes = Scopes::WITH_DELETED;
    let plan = one(*PROGRAMMES, &text("day")).scoped(scopes);
    assert_eq!(linkage(&read(&*store, &plan).await, SONGS_OF, 0), numbers(&[3, 2, 1]));
}

pub(crate) async fn a_link_from_the_other_end_comes_last(store: Arc<dyn Store>) {
    festival(&*store, 1..=4).await;
    replace(&*store, "day", SONGS_OF, &[4, 2]).await;
    for song in [3, 1] {
        let linkage = vec![Some(LinkageChange::Add(vec![text("night"), text("day")]))];
        let attributes = vec![None, None];
        done(&*store, Change::Update { resource: *SONGS, id: number(song), attributes, linkage }).await;
    }
    assert_eq!(linked(&*store, "day", SONGS_OF).await, numbers(&[4, 2, 3, 1]));
    assert_eq!(linked(&*store, "night", SONGS_OF).await, numbers(&[3, 1]));
}

pub(crate) async fn a_row_comes_last_in_the_list_of_its_new_owner(store: Arc<dyn Store>) {
    festival(&*store, 1..=5).await;
    replace(&*store, "day", ACTS_OF, &[3, 1, 2]).await;
    replace(&*store, "night", ACTS_OF, &[5, 4]).await;
    let lists = async || {
        [linked(&*store, "day", ACTS_OF).await, linked(&*store, "night", ACTS_OF).await]
            .map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    };
    for (change, day, night) in [
        (act_changed(3, None, Some(Some("night"))), "1 2", "5 4 3"),
        // It is there already.
        (act_changed(5, None, Some(Some("night"))), "1 2", "5 4 3"),
        (act_changed(4, None, Some(None)), "1 2", "5 3"),
        (act_changed(4, None, Some(Some("night"))), "1 2", "5 3 4"),
        (new_act(6, None, Some("day")), "1 2 6", "5 3 4"),
        (new_act(7, None, None), "1 2 6", "5 3 4"),
        (act_changed(7, None, Some(Some("day"))), "1 2 6 7", "5 3 4"),
        // Who says the place gets it.
        (new_act(8, Some(-1), Some("day")), "8 1 2 6 7", "5 3 4"),
        (act_changed(2, Some(Some(-2)), Some(Some("night"))), "8 1 6 7", "2 5 3 4"),
        (act_changed(2, None, Some(Some("day"))), "8 1 6 7 2", "5 3 4"),
    ] {
        let told = format!("{change:?}");
        done(&*store, change).await;
        assert_eq!(lists().await, [day, night], "{told}");
    }
    // Those without a place stay before it.
    for id in [6, 1] {
        done(&*store, act_changed(id, Some(None), None)).await;
    }
    done(&*store, act_changed(5, None, Some(Some("day")))).await;
    assert_eq!(lists().await, ["8 7 2 1 6 5", "3 4"]);
    done(&*store, new_act(9, None, Some("day"))).await;
    assert_eq!(lists().await, ["8 7 2 1 6 5 9", "3 4"]);
    // Both owners show it.
    let versions = async || {
        [
            version_of(&*store, *PROGRAMMES, &text("day")).await,
            version_of(&*store, *PROGRAMMES, &text("night")).await,
        ]
    };
    let before = versions().await;
    done(&*store, act_changed(8, None, Some(Some("night")))).await;
    let [day, night] = versions().await;
    assert!(day != before[0] && night != before[1]);
}

pub(crate) async fn an_order_is_part_of_its_owners_version(store: Arc<dyn Store>) {
    festival(&*store, 1..=3).await;
    for (relationship, resource) in [(SONGS_OF, *SONGS), (ACTS_OF, *ACTS)] {
        replace(&*store, "day", relationship, &[1, 2, 3]).await;
        let owner = async || version_of(&*store, *PROGRAMMES, &text("day")).await;
        let before = owner().await;
        replace(&*store, "day", relationship, &[1, 2, 3]).await;
        assert_eq!(owner().await, before, "the same order");
        let related = async || match resource.version {
            Some(_) => Some(version_of(&*store, resource, &number(3)).await),
            None => None,
        };
        let related_before = related().await;
        replace(&*store, "day", relationship, &[3, 1, 2]).await;
        assert_ne!(owner().await, before, "another order");
        if related_before.is_some() {
            assert_ne!(related().await, related_before, "the act shows its place");
        }
    }
    let before = version_of(&*store, *PROGRAMMES, &text("day")).await;
    let attributes = vec![Some(Value::Integer(99)), None];
    done(&*store, Change::Update { resource: *ACTS, id: number(3), attributes, linkage: vec![None] }).await;
    assert_eq!(linked(&*store, "day", ACTS_OF).await, numbers(&[1, 2, 3]));
    assert_ne!(version_of(&*store, *PROGRAMMES, &text("day")).await, before, "the attribute is the position");
}
