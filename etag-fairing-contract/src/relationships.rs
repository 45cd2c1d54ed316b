//! Rules of changing linkage.

use std::sync::Arc;

use etag_fairing::{
    resource::{RelationshipId, ResourceId, Value},
    store::{Change, Constraint, LinkageChange, Listing, Scopes, Store, StoreError},
};

use crate::{
    resources::{ROOMS, TALKS},
    steps::*,
};

fn speakers(numbers: &[u8]) -> Vec<ResourceId> {
    numbers.iter().map(|number| speaker_id(*number)).collect()
}

pub(crate) async fn a_join_table_is_replaced_added_to_and_removed_from(store: Arc<dyn Store>) {
    for number in 1..=5 {
        done(&*store, speaker(number)).await;
    }
    let id = done(&*store, talk("panel")).await;
    let other =
        done(&*store, linked_talk("x", only(SPEAKERS_OF, LinkageChange::Add(speakers(&[1, 5]))))).await;
    for (change, expected) in [
        (LinkageChange::Add(speakers(&[3, 1])), &[1, 3][..]),
        (LinkageChange::Add(speakers(&[3, 2, 2])), &[1, 2, 3]),
        (LinkageChange::Add(vec![]), &[1, 2, 3]),
        (LinkageChange::Remove(speakers(&[1, 5])), &[2, 3]),
        (LinkageChange::Remove(vec![speaker_id(9)]), &[2, 3]),
        (LinkageChange::Replace(speakers(&[4, 3, 4])), &[3, 4]),
        (LinkageChange::Replace(vec![]), &[]),
    ] {
        let told = format!("{change:?}");
        done(&*store, link(&id, SPEAKERS_OF, change)).await;
        assert_eq!(linkage_of(&*store, &id, SPEAKERS_OF).await, speakers(expected), "{told}");
        assert_eq!(linkage_of(&*store, &other, SPEAKERS_OF).await, speakers(&[1, 5]), "{told}");
    }
}

pub(crate) async fn an_inverse_is_replaced_added_to_and_removed_from(store: Arc<dyn Store>) {
    done(&*store, room("hall")).await;
    done(&*store, room("yard")).await;
    let mut talks = Vec::new();
    for index in 0..4 {
        talks.push(done(&*store, talk(&format!("talk {index}"))).await);
    }
    let pick = |indexes: &[usize]| indexes.iter().map(|index| talks[*index].clone()).collect::<Vec<_>>();
    let change = |room: &str, change| Change::Update {
        resource: *ROOMS,
        id: text(room),
        attributes: vec![],
        linkage: vec![Some(change)],
    };
    done(&*store, change("yard", LinkageChange::Add(pick(&[0, 3])))).await;
    for (linkage_change, hall, yard) in [
        (LinkageChange::Add(pick(&[2, 1])), pick(&[1, 2]), pick(&[0, 3])),
        // One that belongs to another owner moves.
        (LinkageChange::Add(pick(&[0])), pick(&[0, 1, 2]), pick(&[3])),
        (LinkageChange::Remove(pick(&[1, 3])), pick(&[0, 2]), pick(&[3])),
        (LinkageChange::Replace(pick(&[1, 2])), pick(&[1, 2]), pick(&[3])),
        (LinkageChange::Replace(vec![]), vec![], pick(&[3])),
    ] {
        let told = format!("{linkage_change:?}");
        done(&*store, change("hall", linkage_change)).await;
        let fetched = read(&*store, &collection(*ROOMS, Listing::all())).await;
        assert_eq!(linkage(&fetched, RelationshipId::at(0), 0), hall, "{told}");
        assert_eq!(linkage(&fetched, RelationshipId::at(0), 1), yard, "{told}");
    }
}

pub(crate) async fn an_inverse_that_must_have_an_owner_is_not_let_go(store: Arc<dyn Store>) {
    let id = done(&*store, talk("reviewed")).await;
    let other = done(&*store, talk("also reviewed")).await;
    let review_id = done(&*store, review(&id)).await;
    let expected = Constraint::NotNull { column: "talk_id".into() };
    for change in [LinkageChange::Remove(vec![review_id.clone()]), LinkageChange::Replace(vec![])] {
        let refused = write(&*store, link(&id, REVIEWS_OF, change)).await;
        assert!(matches!(&refused, Err(StoreError::Constraint(found)) if *found == expected), "{refused:?}");
    }
    // It can be given to another, and nobody's can be removed from here.
    done(&*store, link(&other, REVIEWS_OF, LinkageChange::Add(vec![review_id.clone()]))).await;
    done(&*store, link(&id, REVIEWS_OF, LinkageChange::Remove(vec![review_id.clone()]))).await;
    assert_eq!(linkage_of(&*store, &other, REVIEWS_OF).await, [review_id]);
}

pub(crate) async fn a_related_resource_that_does_not_exist_is_named(store: Arc<dyn Store>) {
    done(&*store, speaker(1)).await;
    done(&*store, room("7")).await;
    let id = done(&*store, talk("lonely")).await;
    let known = speaker_id(1);
    for (relationship, change, missing) in [
        (ROOM, LinkageChange::One(Some(text("nowhere"))), text("nowhere")),
        (ROOM, LinkageChange::One(Some(number(7))), number(7)),
        (SEQUEL_OF, LinkageChange::One(Some(number(99))), number(99)),
        (SEQUEL_OF, LinkageChange::One(Some(text("1"))), text("1")),
        (SPEAKERS_OF, LinkageChange::Add(vec![known.clone(), speaker_id(9)]), speaker_id(9)),
        (SPEAKERS_OF, LinkageChange::Replace(vec![speaker_id(8), speaker_id(9)]), speaker_id(8)),
        (SPEAKERS_OF, LinkageChange::Add(vec![known.clone(), number(1), speaker_id(9)]), number(1)),
        (REVIEWS_OF, LinkageChange::Add(vec![number(5)]), number(5)),
    ] {
        for change in
            [link(&id, relationship, change.clone()), linked_talk("new", only(relationship, change))]
        {
            let told = told(&change);
            match write(&*store, change).await {
                Err(StoreError::RelatedNotFound { relationship: place, id }) => {
                    assert_eq!((place, id), (relationship, missing.clone()), "{told}");
                }
                other => panic!("{told}: {other:?}"),
            }
        }
    }
    assert_eq!(linkage_of(&*store, &id, SPEAKERS_OF).await, []);
    assert_eq!(read(&*store, &collection(*TALKS, Listing::all())).await.rows.len(), 1);
}

pub(crate) async fn a_resource_may_relate_to_itself(store: Arc<dyn Store>) {
    let mut change = linked_talk("itself", only(SEQUEL_OF, LinkageChange::One(Some(number(40)))));
    if let Change::Insert { id, .. } = &mut change {
        *id = Some(number(40));
    }
    done(&*store, change).await;
    assert_eq!(to_one_of(&*store, &number(40), SEQUEL_OF).await, Value::Integer(40));
    done(&*store, delete(*TALKS, &number(40))).await;
}

pub(crate) async fn a_change_that_fails_leaves_nothing_of_itself(store: Arc<dyn Store>) {
    done(&*store, speaker(1)).await;
    let id = done(&*store, talk("as it was")).await;
    let review_id = done(&*store, review(&id)).await;

    let mut transaction = store.begin().await.expect("a transaction");
    // The title and the speakers would be changed before the reviews are refused.
    let mut linkage = only(REVIEWS_OF, LinkageChange::Remove(vec![review_id]));
    linkage[SPEAKERS_OF.place()] = Some(LinkageChange::Add(vec![speaker_id(1)]));
    let Change::Update { resource, id, mut attributes, .. } = set(&id, &[]) else { return };
    attributes[0] = Some(Value::Text("half".into()));
    let refused = transaction
        .apply(Change::Update { resource, id: id.clone(), attributes, linkage }, &Scopes::NONE)
        .await;
    assert!(matches!(refused, Err(StoreError::Constraint(_))), "{refused:?}");
    // The transaction goes on: what it does now is kept.
    transaction
        .apply(set(&id, &[(FAVOURITES, Value::Integer(1))]), &Scopes::NONE)
        .await
        .expect("the transaction goes on");
    transaction.commit().await.expect("committed");

    assert_eq!(attribute_of(&*store, &id, TITLE).await, Value::Text("as it was".into()));
    assert_eq!(attribute_of(&*store, &id, FAVOURITES).await, Value::Integer(1));
    assert_eq!(linkage_of(&*store, &id, SPEAKERS_OF).await, []);
}
