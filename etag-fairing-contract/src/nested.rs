//! Filters nested in filters, over relationships to many and back: their cost must add up and not multiply.

use etag_fairing::{
    resource::{AttributeId, Description, RelationshipId, ResourceId, Value},
    store::{
        Comparison, Field, Filter, LinkageChange, Listing, Member, Part, Plan, Relation, Root, Scopes,
        Selection, Store,
    },
};

use crate::{
    resources::{ROOMS, TALKS},
    steps::*,
};

/// The talks of each of two rooms. Each has both speakers.
const TALKS_OF_A_ROOM: i64 = 150;

/// Places in [`ROOMS`] and in the speakers' resource.
const TALKS_THERE: RelationshipId = RelationshipId::at(0);

fn compare(title: &str) -> Filter {
    // A search within texts, which no index answers.
    let comparison = Comparison::Text { part: Part::Like, text: title.into(), case_sensitive: false };
    Filter::Compare {
        member: Member { path: vec![], field: Field::Attribute(AttributeId::at(0)) },
        comparison,
    }
}

fn related(path: Vec<RelationshipId>, relationship: RelationshipId, filter: Filter) -> Filter {
    Filter::Related { path, relationship, filter: Some(Box::new(filter)) }
}

/// A way from a talk to other talks.
type Way = fn(Filter) -> Filter;

const BY_PATH: Way = |filter| related(vec![ROOM], TALKS_THERE, filter);
const STEP_BY_STEP: Way = |filter| related(vec![], ROOM, related(vec![], TALKS_THERE, filter));
const BY_A_JOIN_TABLE: Way = |filter| related(vec![], SPEAKERS_OF, related(vec![], TALKS_THERE, filter));

async fn fill(store: &dyn Store) -> Vec<ResourceId> {
    let mut transaction = store.begin().await.expect("a turn");
    for change in [room("a"), room("b"), speaker(1), speaker(2)] {
        transaction.apply(change, &Scopes::NONE).await.expect("applied");
    }
    let mut talks = Vec::new();
    for number in 0..2 * TALKS_OF_A_ROOM {
        let mut linkage = only(SPEAKERS_OF, LinkageChange::Add(vec![speaker_id(1), speaker_id(2)]));
        let room = if number % 2 == 0 { "a" } else { "b" };
        linkage[ROOM.place()] = Some(LinkageChange::One(Some(text(room))));
        let talk = linked_talk(&format!("talk {number}"), linkage);
        talks.push(transaction.apply(talk, &Scopes::NONE).await.expect("applied"));
    }
    transaction.commit().await.expect("committed");
    talks
}

async fn ids_of(
    store: &dyn Store,
    root: Root,
    resource: &'static Description,
    scopes: &Scopes,
) -> Vec<ResourceId> {
    let selection = Selection::identifiers(resource);
    let plan = Plan::new(root, selection).scoped(scopes.clone());
    let fetched = read(store, &plan).await;
    let found = ids(&fetched);
    assert_eq!(fetched.total.unwrap_or(found.len() as u64), found.len() as u64, "{plan:?}");
    found
}

/// Fills an empty store and asks it what a database can answer only if it looks at each table a few times.
pub(crate) async fn nested_filters_add_up(store: &dyn Store) {
    store.prepare(&crate::resources::ALL).await.expect("prepared");
    let talks = fill(store).await;
    let in_room_a: Vec<_> = talks.iter().step_by(2).cloned().collect();
    let in_room_b: Vec<_> = talks.iter().skip(1).step_by(2).cloned().collect();
    let nothing = || compare("%zz9zz%");
    let last_of_room_a = || compare("%talk 298%");
    let nest = |way: Way, filter: Filter| (0..4).fold(filter, |filter, _| way(filter));
    let not = |filter| Filter::Not(Box::new(filter));

    let hidden = Member { path: vec![], field: Field::Attribute(AttributeId::at(0)) };
    let comparison = Comparison::Value(Relation::NotEqual, Value::Text("talk 0".into()));
    let not_the_first = Filter::Compare { member: hidden, comparison };
    // The program's own rule looks at related rows, too.
    let scopes = Scopes::new([(*TALKS, Filter::And(vec![not_the_first, BY_PATH(last_of_room_a())]))]);

    for way in [BY_PATH, STEP_BY_STEP, BY_A_JOIN_TABLE] {
        let found = nest(way, last_of_room_a());
        let expected = if way(nothing()) == BY_A_JOIN_TABLE(nothing()) { &talks } else { &in_room_a };
        let others: Vec<_> = talks.iter().filter(|talk| !expected.contains(talk)).cloned().collect();
        for (filter, expected) in [
            (nest(way, nothing()), vec![]),
            (not(nest(way, nothing())), talks.clone()),
            (found.clone(), expected.clone()),
            (not(found.clone()), others.clone()),
            (Filter::Or(vec![compare("talk 1"), nest(way, nothing())]), vec![talks[1].clone()]),
            (Filter::And(vec![not(compare("talk 2")), not(found.clone())]), others),
            // A connective between each two steps.
            (nest(way, not(not(Filter::Or(vec![nothing(), way(last_of_room_a())])))), expected.clone()),
        ] {
            let listing = Listing::all().filtered(filter.clone()).counted();
            let root = Root::Collection(listing.clone());
            assert_eq!(ids_of(store, root, *TALKS, &Scopes::NONE).await, expected, "{filter:?}");
            let root = Root::Related { parent: *ROOMS, id: text("b"), relationship: TALKS_THERE, listing };
            let of_room_b: Vec<_> =
                expected.iter().filter(|talk| in_room_b.contains(talk)).cloned().collect();
            assert_eq!(ids_of(store, root, *TALKS, &Scopes::NONE).await, of_room_b, "{filter:?}");
        }
        // What a scope hides, nothing leads to: all of room b, and the first of room a.
        let listing = Listing::all().filtered(nest(way, last_of_room_a()));
        let seen = ids_of(store, Root::Collection(listing), *TALKS, &scopes).await;
        assert_eq!(seen, in_room_a[1..], "{way:?}");
        let listing = Listing::all().filtered(nest(way, compare("talk 0")));
        assert!(ids_of(store, Root::Collection(listing), *TALKS, &scopes).await.is_empty(), "{way:?}");
    }

    // From the room of one talk.
    let talks_of = |filter| Some(related(vec![], TALKS_THERE, nest(BY_PATH, filter)));
    for (filter, expected) in [(last_of_room_a(), vec![text("a")]), (nothing(), vec![])] {
        let listing = Listing::all().filtered(talks_of(filter));
        let root = Root::Related { parent: *TALKS, id: talks[0].clone(), relationship: ROOM, listing };
        assert_eq!(ids_of(store, root, *ROOMS, &Scopes::NONE).await, expected);
    }
}
