//! Rules of reading.

use std::sync::Arc;

use etag_fairing::{
    resource::{AttributeId, RelationshipId, Value, ValueRef},
    store::{LinkageChange, Listing, Plan, Root, Selection, Store},
};

use crate::{
    resources::{ALL, REVIEWS, ROOMS, SPEAKERS, TALKS},
    steps::*,
};

pub(crate) async fn preparing_twice_keeps_what_is_there(store: Arc<dyn Store>) {
    let id = done(&*store, talk("kept")).await;
    store.prepare(&ALL).await.expect("prepared once more");
    assert_eq!(attribute_of(&*store, &id, TITLE).await, Value::Text("kept".into()));
}

pub(crate) async fn a_resource_that_does_not_exist_is_no_row(store: Arc<dyn Store>) {
    let fetched = read(&*store, &one(*TALKS, &number(4711))).await;
    assert!(fetched.parent && fetched.rows.is_empty() && !fetched.more);
    assert!(fetched.links[SPEAKERS_OF.place()].is_some());
}

pub(crate) async fn an_id_of_another_kind_is_no_row(store: Arc<dyn Store>) {
    let id = done(&*store, talk("one")).await;
    done(&*store, room("1")).await;
    assert!(read(&*store, &one(*TALKS, &text(&id.to_string()))).await.rows.is_empty());
    assert!(read(&*store, &one(*ROOMS, &number(1))).await.rows.is_empty());
    let plan = related(*TALKS, &text(&id.to_string()), SPEAKERS_OF, Listing::all());
    assert!(!read(&*store, &plan).await.parent);
}

pub(crate) async fn attributes_that_are_not_selected_are_null(store: Arc<dyn Store>) {
    done(&*store, room("hall")).await;
    let linkage = only(ROOM, LinkageChange::One(Some(text("hall"))));
    let id = done(&*store, linked_talk("unread", linkage)).await;
    let mut selection = Selection::identifiers(*TALKS);
    selection.attributes[2] = true;
    let fetched = read(&*store, &Plan::new(Root::One(id.clone()), selection)).await;
    let row = fetched.rows.get(0).expect("the talk");
    assert_eq!(row.resource_id(), Ok(id));
    assert_eq!(row.attribute(AttributeId::at(0)), ValueRef::Null);
    assert_eq!(row.attribute(AttributeId::at(2)), ValueRef::Integer(0));
    // To-one linkage stands in the row and is always read.
    assert_eq!(row.to_one(*TALKS, ROOM), ValueRef::Text("hall"));
}

pub(crate) async fn a_collection_is_in_ascending_order_of_ids(store: Arc<dyn Store>) {
    for name in ["b", "é", "a", "B", "aa"] {
        done(&*store, room(name)).await;
    }
    let fetched = read(&*store, &collection(*ROOMS, Listing::all())).await;
    assert_eq!(ids(&fetched), ["B", "a", "aa", "b", "é"].map(text));
    assert_eq!((fetched.more, fetched.total), (false, None));
}

pub(crate) async fn pages_and_totals(store: Arc<dyn Store>) {
    let mut all = Vec::new();
    for index in 0..12 {
        all.push(done(&*store, talk(&format!("talk {index}"))).await);
    }
    for (offset, limit, expected, more) in [
        (0, 5, &all[0..5], true),
        (5, 5, &all[5..10], true),
        (10, 5, &all[10..], false),
        (7, 5, &all[7..], false),
        (12, 5, &[], false),
        (1000, 5, &[], false),
        (0, 0, &[], true),
        (12, 0, &[], false),
        (2, u64::MAX, &all[2..], false),
        (u64::MAX, 5, &[], false),
    ] {
        let fetched = read(&*store, &collection(*TALKS, page(offset, limit))).await;
        assert_eq!(ids(&fetched), expected, "offset {offset}, limit {limit}");
        assert_eq!((fetched.more, fetched.total), (more, Some(12)), "offset {offset}, limit {limit}");
    }
}

pub(crate) async fn linkage_of_each_row_in_its_order(store: Arc<dyn Store>) {
    for number in 1..=4 {
        done(&*store, speaker(number)).await;
    }
    let mut talks = Vec::new();
    for speakers in [&[3, 1, 2][..], &[], &[4], &[], &[2, 4]] {
        let speakers = speakers.iter().map(|number| speaker_id(*number)).collect();
        let linkage = only(SPEAKERS_OF, LinkageChange::Replace(speakers));
        talks.push(done(&*store, linked_talk("linked", linkage)).await);
    }
    let first = done(&*store, review(&talks[4])).await;
    let second = done(&*store, review(&talks[4])).await;
    let third = done(&*store, review(&talks[0])).await;

    let fetched = read(&*store, &collection(*TALKS, Listing::all())).await;
    let speakers = [&[1, 2, 3][..], &[], &[4], &[], &[2, 4]];
    for (row, speakers) in speakers.iter().enumerate() {
        let speakers: Vec<_> = speakers.iter().map(|number| speaker_id(*number)).collect();
        assert_eq!(linkage(&fetched, SPEAKERS_OF, row), speakers, "row {row}");
    }
    let reviews = [vec![third.clone()], vec![], vec![], vec![], vec![first.clone(), second.clone()]];
    for (row, reviews) in reviews.iter().enumerate() {
        assert_eq!(&linkage(&fetched, REVIEWS_OF, row), reviews, "row {row}");
    }
    assert!(fetched.links[ROOM.place()].is_none(), "to-one linkage stands in the row");

    // The other end of the join table, on a page that begins in the middle.
    let fetched = read(&*store, &collection(*SPEAKERS, page(1, 2))).await;
    assert_eq!(linkage(&fetched, RelationshipId::at(0), 0), [talks[0].clone(), talks[4].clone()]);
    assert_eq!(linkage(&fetched, RelationshipId::at(0), 1), [talks[0].clone()]);
}

pub(crate) async fn a_related_resource(store: Arc<dyn Store>) {
    done(&*store, room("hall")).await;
    let first = done(&*store, linked_talk("1", only(ROOM, LinkageChange::One(Some(text("hall")))))).await;
    let linkage = only(SEQUEL_OF, LinkageChange::One(Some(first.clone())));
    let second = done(&*store, linked_talk("2", linkage)).await;

    let fetched = read(&*store, &related(*TALKS, &first, ROOM, Listing::all())).await;
    assert_eq!((fetched.parent, ids(&fetched)), (true, vec![text("hall")]));
    let fetched = read(&*store, &related(*TALKS, &second, SEQUEL_OF, Listing::all())).await;
    assert_eq!((fetched.parent, ids(&fetched)), (true, vec![first.clone()]));
    assert_eq!(fetched.rows.get(0).map(|row| row.attribute(AttributeId::at(0))), Some(ValueRef::Text("1")));
    let fetched = read(&*store, &related(*TALKS, &first, SEQUEL_OF, Listing::all())).await;
    assert_eq!((fetched.parent, ids(&fetched)), (true, vec![]));
    let fetched = read(&*store, &related(*TALKS, &number(99), ROOM, Listing::all())).await;
    assert_eq!((fetched.parent, ids(&fetched)), (false, vec![]));
}

pub(crate) async fn related_resources_in_pages(store: Arc<dyn Store>) {
    for number in 1..=5 {
        done(&*store, speaker(number)).await;
    }
    let all: Vec<_> = (1..=5).map(speaker_id).collect();
    let linkage = only(SPEAKERS_OF, LinkageChange::Replace(all.clone()));
    let talk_id = done(&*store, linked_talk("panel", linkage)).await;
    let other = done(&*store, talk("alone")).await;

    for (offset, limit, expected, more) in
        [(0, 2, &all[0..2], true), (2, 2, &all[2..4], true), (4, 2, &all[4..], false), (9, 2, &[], false)]
    {
        let fetched = read(&*store, &related(*TALKS, &talk_id, SPEAKERS_OF, page(offset, limit))).await;
        assert!(fetched.parent);
        assert_eq!(ids(&fetched), expected);
        assert_eq!((fetched.more, fetched.total), (more, Some(5)));
    }
    let fetched = read(&*store, &related(*TALKS, &other, SPEAKERS_OF, page(0, 2))).await;
    assert_eq!((fetched.parent, fetched.rows.is_empty(), fetched.total), (true, true, Some(0)));
    let fetched = read(&*store, &related(*TALKS, &number(99), SPEAKERS_OF, page(0, 2))).await;
    assert_eq!((fetched.parent, fetched.rows.is_empty()), (false, true));

    let mut reviews = Vec::new();
    for _ in 0..3 {
        reviews.push(done(&*store, review(&other)).await);
    }
    done(&*store, review(&talk_id)).await;
    let fetched = read(&*store, &related(*TALKS, &other, REVIEWS_OF, page(1, 1))).await;
    assert_eq!(ids(&fetched), [reviews[1].clone()]);
    assert_eq!((fetched.parent, fetched.more, fetched.total), (true, true, Some(3)));
    assert_eq!(
        fetched.rows.get(0).map(|row| row.to_one(*REVIEWS, RelationshipId::at(0)).to_owned()),
        Some(other.to_value())
    );
}

pub(crate) async fn linkage_that_is_not_asked_for_is_not_read(store: Arc<dyn Store>) {
    let id = done(&*store, talk("short")).await;
    let plan = Plan::new(Root::One(id), Selection::whole(*TALKS));
    let fetched = read(&*store, &plan).await;
    let asked: Vec<bool> = fetched.links.iter().map(Option::is_some).collect();
    assert_eq!(asked, [false, false, true, false]);
}
