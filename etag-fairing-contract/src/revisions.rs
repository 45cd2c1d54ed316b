//! Rules of revisions, for a store that tells them: each change to what an answer is made of makes it another one.

use std::sync::Arc;

use etag_fairing::{
    resource::{RelationshipId, ResourceId, Value},
    store::{Change, LinkageChange, Listing, Plan, Revision, Scopes, Store},
};

use crate::{
    resources::{REVIEWS, ROOMS, SPEAKERS, TALKS},
    steps::*,
};

async fn revision(store: &dyn Store, plan: &Plan) -> Option<Revision> {
    store.revision(&plan.tables()).await.expect("a revision, or none")
}

/// Answers that a talk takes part in, each by another way.
fn answers(talk: &ResourceId, speaker: &ResourceId, room: &ResourceId) -> Vec<Plan> {
    let all = Listing::all;
    vec![
        one(*TALKS, talk),
        collection(*TALKS, all()),
        related(*TALKS, talk, SPEAKERS_OF, all()),
        related(*TALKS, talk, REVIEWS_OF, all()),
        related(*TALKS, talk, ROOM, all()),
        related(*SPEAKERS, speaker, RelationshipId::at(0), all()),
        related(*ROOMS, room, RelationshipId::at(0), all()),
    ]
}

pub(crate) async fn a_revision_changes_with_every_change(store: Arc<dyn Store>) {
    let store = &*store;
    let room_id = done(store, room("main")).await;
    let speaker_id = done(store, speaker(1)).await;
    let id = done(store, talk("first")).await;
    let answers = answers(&id, &speaker_id, &room_id);
    if revision(store, &answers[0]).await.is_none() {
        return;
    }
    let one_of = |id: &ResourceId| LinkageChange::One(Some(id.clone()));
    let text = Value::Text("second".into());
    let rename = |resource, id: &ResourceId| Change::Update {
        resource,
        id: id.clone(),
        attributes: vec![Some(Value::Text("renamed".into()))],
        linkage: vec![None],
    };
    // Each change, and which of the answers it changes.
    let changes = [
        (set(&id, &[(TITLE, text)]), &[0, 1, 2, 3, 4, 5, 6][..]),
        (link(&id, ROOM, one_of(&room_id)), &[0, 1, 4, 6]),
        (link(&id, SPEAKERS_OF, LinkageChange::Add(vec![speaker_id.clone()])), &[0, 1, 2, 5]),
        (rename(*SPEAKERS, &speaker_id), &[2]),
        (review(&id), &[0, 1, 3]),
        (link(&id, SPEAKERS_OF, LinkageChange::Remove(vec![speaker_id.clone()])), &[0, 1, 2, 5]),
        (link(&id, SPEAKERS_OF, LinkageChange::Replace(vec![speaker_id.clone()])), &[0, 1, 2, 5]),
        (talk("another"), &[1]),
        // Empties the talk's relationship.
        (delete(*ROOMS, &room_id), &[0, 1, 4, 6]),
        // Ends the link.
        (delete(*SPEAKERS, &speaker_id), &[0, 1, 2, 5]),
    ];
    for (change, changed) in changes {
        let told = told(&change);
        let mut before = Vec::new();
        for plan in &answers {
            before.push(revision(store, plan).await);
        }
        done(store, change).await;
        for place in changed {
            let after = revision(store, &answers[*place]).await;
            assert!(
                after.is_some() && after != before[*place],
                "{told} is not told of in {:?}",
                answers[*place]
            );
        }
    }
    let reviews = collection(*REVIEWS, Listing::all());
    let (before, last) = (revision(store, &reviews).await, ids(&read(store, &reviews).await));
    done(store, delete(*REVIEWS, &last[0])).await;
    assert_ne!(revision(store, &reviews).await, before);
    // Nor does it come back when what was there comes back.
    let talks = one(*TALKS, &id);
    let first = revision(store, &talks).await;
    for title in ["third", "second"] {
        done(store, set(&id, &[(TITLE, Value::Text(title.into()))])).await;
        assert_ne!(revision(store, &talks).await, first);
    }
}

pub(crate) async fn each_table_has_a_revision(store: Arc<dyn Store>) {
    let store = &*store;
    let id = done(store, speaker(1)).await;
    let tables = [TALKS.table, SPEAKERS.table, ROOMS.table, REVIEWS.table];
    let all = || async { store.revisions(&tables).await.expect("revisions, or none") };
    let before = all().await;
    assert_eq!(before.len(), tables.len());
    for (table, revision) in tables.iter().zip(&before) {
        let alone = store.revision(&[*table]).await.expect("a revision, or none");
        assert_eq!(*revision, alone, "`{table}` among others, and alone");
    }
    assert!(store.revisions(&[]).await.expect("nothing").is_empty());
    // A store that counts nothing has nothing to tell.
    if before.iter().all(Option::is_none) {
        return;
    }
    let attributes = vec![Some(Value::Text("renamed".into()))];
    done(store, Change::Update { resource: *SPEAKERS, id, attributes, linkage: vec![None] }).await;
    for ((table, before), after) in tables.iter().zip(before).zip(all().await) {
        // What is counted for all tables together is allowed to change with each.
        if before.is_some() && *table == SPEAKERS.table {
            assert_ne!(before, after, "`{table}`");
        }
    }
}

pub(crate) async fn a_revision_stays_while_nothing_changes(store: Arc<dyn Store>) {
    let store = &*store;
    let id = done(store, talk("first")).await;
    let plan = one(*TALKS, &id);
    let before = revision(store, &plan).await;
    read(store, &plan).await;
    read(store, &collection(*TALKS, Listing::all())).await;
    assert_eq!(revision(store, &plan).await, before);
}

pub(crate) async fn what_is_read_after_a_revision_is_at_least_as_new(store: Arc<dyn Store>) {
    let store = &*store;
    let id = done(store, talk("before")).await;
    let plan = one(*TALKS, &id);
    let Some(before) = revision(store, &plan).await else { return };
    let mut transaction = store.begin().await.expect("a transaction");
    transaction
        .apply(set(&id, &[(TITLE, Value::Text("after".into()))]), &Scopes::NONE)
        .await
        .expect("applied");
    let during = revision(store, &plan).await;
    assert_eq!(attribute_of(store, &id, TITLE).await, Value::Text("before".into()));
    transaction.commit().await.expect("committed");
    let after = revision(store, &plan).await;
    // A revision from before the commit is not that of what is committed.
    assert_ne!(after, Some(before));
    assert_ne!(after, during);
    assert_eq!(attribute_of(store, &id, TITLE).await, Value::Text("after".into()));
}
