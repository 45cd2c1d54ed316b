//! Rules of creating, changing and deleting.

use std::sync::Arc;

use etag_fairing::{
    resource::{RelationshipId, ResourceId, Value},
    store::{Change, Constraint, LinkageChange, Store, StoreError},
};

use crate::{
    resources::{ALL, REPLIES, REVIEWS, ROOMS, SPEAKERS, TALKS},
    steps::*,
};

pub(crate) async fn every_value_comes_back_as_it_was(store: Arc<dyn Store>) {
    let linkage = vec![None; TALKS.relationships.len()];
    let nothing = [Value::Null, Value::Null, Value::Null, Value::Null];
    let cases = [
        ("", nothing.clone(), i64::MIN, true),
        ("it's \"quoted\"; -- ? $1 \\ % 🦀 \u{10ffff}\n", nothing, i64::MAX, false),
        (
            "12",
            [
                Value::Text("007".into()),
                Value::Float(0.1),
                Value::Text("2018-03-24T05:30:00.000000Z".into()),
                Value::Text(r#"{"b":[1,2.50,null],"a":"x"}"#.into()),
            ],
            0,
            true,
        ),
        (
            "null",
            [
                Value::Text("null".into()),
                Value::Float(-1e300),
                Value::Text("0000-01-01T00:00:00.000000Z".into()),
                Value::Text("12".into()),
            ],
            -1,
            false,
        ),
        (
            "a whole float",
            [Value::Text(String::new()), Value::Float(3.0), Value::Null, Value::Text("null".into())],
            1,
            true,
        ),
    ];
    for (title, [subtitle, rating, starts_at, extra], favourites, published) in cases {
        let attributes = vec![
            Value::Text(title.into()),
            subtitle,
            Value::Integer(favourites),
            rating,
            Value::Bool(published),
            starts_at,
            extra,
        ];
        let change = Change::Insert {
            resource: *TALKS,
            id: None,
            attributes: attributes.clone(),
            linkage: linkage.clone(),
        };
        let id = done(&*store, change).await;
        let fetched = read(&*store, &one(*TALKS, &id)).await;
        let row = fetched.rows.get(0).expect("the talk");
        let found: Vec<Value> =
            TALKS.attributes_by_id().map(|(id, _)| row.attribute(id).to_owned()).collect();
        assert_eq!(found, attributes);
    }
}

pub(crate) async fn made_ids_ascend_and_are_never_used_twice(store: Arc<dyn Store>) {
    let first = done(&*store, talk("first")).await;
    let second = done(&*store, talk("second")).await;
    assert!(first < second);
    done(&*store, delete(*TALKS, &second)).await;
    let third = done(&*store, talk("third")).await;
    assert!(second < third, "{third} was used before");
    // The id of a struct that has none yet: the store chooses.
    let open = match talk("open") {
        Change::Insert { resource, attributes, linkage, .. } => {
            Change::Insert { resource, id: Some(number(0)), attributes, linkage }
        }
        other => other,
    };
    let fourth = done(&*store, open).await;
    assert!(third < fourth, "{fourth} was used before");
}

pub(crate) async fn a_given_id_is_taken_once(store: Arc<dyn Store>) {
    assert_eq!(done(&*store, room("hall")).await, text("hall"));
    assert!(matches!(write(&*store, room("hall")).await, Err(StoreError::IdExists)));
    let with_id = |id| match talk("given") {
        Change::Insert { resource, attributes, linkage, .. } => {
            Change::Insert { resource, id: Some(number(id)), attributes, linkage }
        }
        other => other,
    };
    assert_eq!(done(&*store, with_id(-7)).await, number(-7));
    assert!(matches!(write(&*store, with_id(-7)).await, Err(StoreError::IdExists)));
    assert_eq!(read(&*store, &one(*TALKS, &number(-7))).await.rows.len(), 1);
}

pub(crate) async fn a_missing_text_id_is_made(store: Arc<dyn Store>) {
    let new = Change::Insert {
        resource: *SPEAKERS,
        id: None,
        attributes: vec![Value::Text("anonymous".into())],
        linkage: vec![None],
    };
    let first = done(&*store, new.clone()).await;
    let second = done(&*store, new.clone()).await;
    assert_ne!(first, second);
    let mut made = vec![first, second];
    // The id of a struct that has none yet: the store chooses.
    for open in ["", "00000000-0000-0000-0000-000000000000"] {
        let mut new = new.clone();
        if let Change::Insert { id, .. } = &mut new {
            *id = Some(text(open));
        }
        made.push(done(&*store, new).await);
    }
    for id in made {
        assert_eq!(SPEAKERS.id.kind.parse(&id.to_string()), Some(id.clone()), "a canonical UUID");
        assert_eq!(read(&*store, &one(*SPEAKERS, &id)).await.rows.len(), 1);
    }
}

pub(crate) async fn an_update_changes_what_it_names(store: Arc<dyn Store>) {
    done(&*store, room("hall")).await;
    let linkage = only(ROOM, LinkageChange::One(Some(text("hall"))));
    let id = done(&*store, linked_talk("before", linkage)).await;
    let other = done(&*store, talk("other")).await;
    let change = set(&id, &[(TITLE, Value::Text("after".into())), (FAVOURITES, Value::Integer(5))]);
    assert_eq!(done(&*store, change).await, id);
    assert_eq!(attribute_of(&*store, &id, TITLE).await, Value::Text("after".into()));
    assert_eq!(attribute_of(&*store, &id, FAVOURITES).await, Value::Integer(5));
    assert_eq!(attribute_of(&*store, &id, PUBLISHED).await, Value::Bool(false));
    assert_eq!(to_one_of(&*store, &id, ROOM).await, Value::Text("hall".into()));
    assert_eq!(attribute_of(&*store, &other, TITLE).await, Value::Text("other".into()));

    // Nothing named, nothing changed, and that is no error.
    assert_eq!(done(&*store, set(&id, &[])).await, id);
    done(&*store, link(&id, ROOM, LinkageChange::One(None))).await;
    assert_eq!(to_one_of(&*store, &id, ROOM).await, Value::Null);
    assert_eq!(attribute_of(&*store, &id, TITLE).await, Value::Text("after".into()));
}

pub(crate) async fn what_is_not_there_cannot_be_changed(store: Arc<dyn Store>) {
    let gone = number(99);
    for change in [
        set(&gone, &[]),
        set(&gone, &[(TITLE, Value::Text("x".into()))]),
        link(&gone, SPEAKERS_OF, LinkageChange::Add(vec![])),
        // The resource comes before what it relates to.
        link(&gone, SPEAKERS_OF, LinkageChange::Add(vec![speaker_id(9)])),
        delete(*TALKS, &gone),
        delete(*TALKS, &text("99")),
        delete(*ROOMS, &text("nowhere")),
    ] {
        let told = told(&change);
        assert!(matches!(write(&*store, change).await, Err(StoreError::NotFound)), "{told}");
    }
}

pub(crate) async fn a_deleted_resource_is_gone(store: Arc<dyn Store>) {
    let id = done(&*store, talk("gone")).await;
    let other = done(&*store, talk("still here")).await;
    assert_eq!(done(&*store, delete(*TALKS, &id)).await, id);
    assert!(read(&*store, &one(*TALKS, &id)).await.rows.is_empty());
    assert_eq!(read(&*store, &one(*TALKS, &other)).await.rows.len(), 1);
    assert!(matches!(write(&*store, delete(*TALKS, &id)).await, Err(StoreError::NotFound)));
}

pub(crate) async fn a_referent_that_must_be_there_cannot_be_deleted(store: Arc<dyn Store>) {
    let id = done(&*store, talk("reviewed")).await;
    let review_id = done(&*store, review(&id)).await;
    let refused = write(&*store, delete(*TALKS, &id)).await;
    assert!(matches!(refused, Err(StoreError::Constraint(Constraint::ForeignKey))), "{refused:?}");
    assert_eq!(read(&*store, &one(*TALKS, &id)).await.rows.len(), 1);
    done(&*store, delete(*REVIEWS, &review_id)).await;
    done(&*store, delete(*TALKS, &id)).await;
}

pub(crate) async fn deleting_a_referent_empties_or_ends_the_reference(store: Arc<dyn Store>) {
    done(&*store, room("hall")).await;
    done(&*store, speaker(1)).await;
    done(&*store, speaker(2)).await;
    let mut linkage = only(SPEAKERS_OF, LinkageChange::Replace(vec![speaker_id(1), speaker_id(2)]));
    linkage[ROOM.place()] = Some(LinkageChange::One(Some(text("hall"))));
    let id: ResourceId = done(&*store, linked_talk("linked", linkage)).await;

    done(&*store, delete(*ROOMS, &text("hall"))).await;
    assert_eq!(to_one_of(&*store, &id, ROOM).await, Value::Null);
    done(&*store, delete(*SPEAKERS, &speaker_id(1))).await;
    assert_eq!(linkage_of(&*store, &id, SPEAKERS_OF).await, [speaker_id(2)]);
    done(&*store, delete(*TALKS, &id)).await;
    let fetched = read(&*store, &one(*SPEAKERS, &speaker_id(2))).await;
    assert_eq!(crate::steps::linkage(&fetched, RelationshipId::at(0), 0), []);
}

pub(crate) async fn deleting_a_referent_takes_along_what_goes_with_it(store: Arc<dyn Store>) {
    let mut resources = ALL.clone();
    resources.push(*REPLIES);
    store.prepare(&resources).await.expect("prepared");
    let talk_id = done(&*store, talk("reviewed")).await;
    let (first, second) = (done(&*store, review(&talk_id)).await, done(&*store, review(&talk_id)).await);
    let reply = |review: &ResourceId| Change::Insert {
        resource: *REPLIES,
        id: None,
        attributes: vec![],
        linkage: vec![Some(LinkageChange::One(Some(review.clone())))],
    };
    let replies = [
        done(&*store, reply(&first)).await,
        done(&*store, reply(&second)).await,
        done(&*store, reply(&first)).await,
    ];
    done(&*store, delete(*REVIEWS, &first)).await;
    for (id, rows) in replies.iter().zip([0, 1, 0]) {
        assert_eq!(read(&*store, &one(*REPLIES, id)).await.rows.len(), rows);
    }
    let refused = write(&*store, delete(*TALKS, &talk_id)).await;
    assert!(matches!(refused, Err(StoreError::Constraint(Constraint::ForeignKey))), "{refused:?}");
    assert_eq!(
        read(&*store, &one(*REPLIES, &replies[1])).await.rows.len(),
        1,
        "what goes with it stays with it"
    );
}

pub(crate) async fn a_value_that_must_be_there_cannot_be_null(store: Arc<dyn Store>) {
    let id = done(&*store, talk("titled")).await;
    let refused = write(&*store, set(&id, &[(TITLE, Value::Null)])).await;
    let expected = Constraint::NotNull { column: "title".into() };
    assert!(matches!(&refused, Err(StoreError::Constraint(found)) if *found == expected), "{refused:?}");
    assert_eq!(attribute_of(&*store, &id, TITLE).await, Value::Text("titled".into()));

    let alone = Change::Insert {
        resource: *REVIEWS,
        id: None,
        attributes: vec![Value::Text("of nothing".into())],
        linkage: vec![None],
    };
    let refused = write(&*store, alone).await;
    let expected = Constraint::NotNull { column: "talk_id".into() };
    assert!(matches!(&refused, Err(StoreError::Constraint(found)) if *found == expected), "{refused:?}");
}
