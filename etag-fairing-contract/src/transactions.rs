//! Rules of transactions: what others see, and what is left of one that ends early.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;
use etag_fairing::{
    resource::{AttributeId, ResourceId, Value, ValueRef},
    store::{
        Change, Decision, Fetched, LinkageChange, Listing, Plan, Scopes, Store, StoreError, Transaction,
        modify,
    },
};
use rocket::tokio::{
    self,
    time::{sleep, timeout},
};

use crate::{resources::TALKS, steps::*};

/// Far longer than anything here takes: a test that waits for it has found a lock.
const PATIENCE: Duration = Duration::from_secs(60);

async fn begin(store: &dyn Store) -> Box<dyn Transaction> {
    store.begin().await.expect("a transaction")
}

pub(crate) async fn a_write_is_seen_by_itself_at_once_and_by_others_when_committed(store: Arc<dyn Store>) {
    let id = done(&*store, talk("before")).await;
    let plan = one(*TALKS, &id);
    let mut transaction = begin(&*store).await;
    transaction
        .apply(set(&id, &[(TITLE, Value::Text("after".into()))]), &Scopes::NONE)
        .await
        .expect("applied");
    let new = transaction.apply(talk("new"), &Scopes::NONE).await.expect("applied");

    let seen = read_in(&mut *transaction, &plan).await;
    assert_eq!(seen.rows.get(0).map(|row| row.attribute(AttributeId::at(0))), Some(ValueRef::Text("after")));
    assert_eq!(ids(&read_in(&mut *transaction, &collection(*TALKS, Listing::all())).await).len(), 2);
    assert_eq!(attribute_of(&*store, &id, TITLE).await, Value::Text("before".into()));
    assert!(read(&*store, &one(*TALKS, &new)).await.rows.is_empty());

    transaction.commit().await.expect("committed");
    assert_eq!(attribute_of(&*store, &id, TITLE).await, Value::Text("after".into()));
    assert_eq!(ids(&read(&*store, &collection(*TALKS, Listing::all())).await), [id, new]);
}

pub(crate) async fn readers_do_not_wait_for_a_writer(store: Arc<dyn Store>) {
    let id = done(&*store, talk("readable")).await;
    let mut transaction = begin(&*store).await;
    transaction.apply(set(&id, &[(FAVOURITES, Value::Integer(1))]), &Scopes::NONE).await.expect("applied");
    for _ in 0..20 {
        let reading = timeout(PATIENCE, attribute_of(&*store, &id, FAVOURITES));
        assert_eq!(reading.await.expect("a reader waits for the writer"), Value::Integer(0));
    }
    transaction.commit().await.expect("committed");
}

pub(crate) async fn a_dropped_transaction_is_undone(store: Arc<dyn Store>) {
    let id = done(&*store, talk("kept")).await;
    let mut transaction = begin(&*store).await;
    transaction
        .apply(set(&id, &[(TITLE, Value::Text("undone".into()))]), &Scopes::NONE)
        .await
        .expect("applied");
    let new = transaction.apply(talk("undone"), &Scopes::NONE).await.expect("applied");
    drop(transaction);

    // The next one begins after it is undone, not before.
    let mut next = begin(&*store).await;
    let seen = read_in(&mut *next, &one(*TALKS, &id)).await;
    assert_eq!(seen.rows.get(0).map(|row| row.attribute(AttributeId::at(0))), Some(ValueRef::Text("kept")));
    assert!(read_in(&mut *next, &one(*TALKS, &new)).await.rows.is_empty());
    next.commit().await.expect("committed");
    assert_eq!(attribute_of(&*store, &id, TITLE).await, Value::Text("kept".into()));
}

/// Polls a future this often, then drops it. Answers whether it was ready.
async fn cut<F: Future>(future: F, polls: u32) -> bool {
    let mut future = pin!(future);
    for _ in 0..polls {
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return true;
        }
        sleep(Duration::from_micros(200)).await;
    }
    false
}

pub(crate) async fn a_transaction_is_undone_when_its_future_is_dropped_anywhere(store: Arc<dyn Store>) {
    done(&*store, speaker(1)).await;
    let id = done(&*store, talk("whole")).await;
    for polls in 1..30 {
        let mut written = false;
        let whole = cut(
            async {
                let mut transaction = begin(&*store).await;
                transaction
                    .apply(set(&id, &[(TITLE, Value::Text("half".into()))]), &Scopes::NONE)
                    .await
                    .expect("applied");
                let linkage = LinkageChange::Add(vec![speaker_id(1)]);
                transaction.apply(link(&id, SPEAKERS_OF, linkage), &Scopes::NONE).await.expect("applied");
                read_in(&mut *transaction, &one(*TALKS, &id)).await;
                written = true;
            },
            polls,
        )
        .await;
        assert_eq!(whole, written);
        let next = timeout(PATIENCE, store.begin()).await.expect("the turn is free again");
        let mut next = next.expect("a transaction");
        let seen = read_in(&mut *next, &one(*TALKS, &id)).await;
        let title = seen.rows.get(0).map(|row| row.attribute(AttributeId::at(0)).to_owned());
        assert_eq!(title, Some(Value::Text("whole".into())), "dropped after {polls} polls");
        assert_eq!(linkage(&seen, SPEAKERS_OF, 0), []);
    }
}

pub(crate) async fn a_snapshot_has_no_seam(store: Arc<dyn Store>) {
    done(&*store, speaker(1)).await;
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..60 {
                let linkage = only(SPEAKERS_OF, LinkageChange::Replace(vec![speaker_id(1)]));
                done(&*store, linked_talk("with a speaker", linkage)).await;
            }
        })
    };
    // Each talk is there with its speaker, and counted, at every moment.
    let mut seen = 0;
    while seen < 60 {
        let plan = collection(*TALKS, Listing::all().counted());
        let fetched = read(&*store, &plan).await;
        let rows = fetched.rows.len();
        assert_eq!(fetched.total, Some(rows as u64));
        for row in 0..rows {
            assert_eq!(linkage(&fetched, SPEAKERS_OF, row), [speaker_id(1)]);
        }
        assert!(rows >= seen, "a later snapshot is older");
        seen = rows;
        assert!(seen == 60 || !writer.is_finished() || read(&*store, &plan).await.rows.len() == 60);
    }
    writer.await.expect("the writer");
}

/// Adds one to the favourites it reads.
struct AddOne {
    brief: bool,
}

#[async_trait]
impl Decision for AddOne {
    type Refusal = StoreError;

    fn awaits_only_the_store(&self) -> bool {
        self.brief
    }

    async fn decide(
        &mut self,
        current: Fetched,
        _transaction: &mut dyn Transaction,
    ) -> Result<Change, StoreError> {
        let row = current.rows.get(0).ok_or(StoreError::NotFound)?;
        let id = row.resource_id()?;
        let ValueRef::Integer(count) = row.attribute(AttributeId::at(2)) else {
            return Err(StoreError::NotFound);
        };
        // Others get to run between the reading and the writing.
        if !self.brief {
            tokio::task::yield_now().await;
        }
        Ok(set(&id, &[(FAVOURITES, Value::Integer(count + 1))]))
    }

    fn read_back(&self, id: &ResourceId) -> Option<Plan> {
        Some(one(*TALKS, id))
    }

    fn scopes(&self) -> &Scopes {
        &Scopes::NONE
    }
}

pub(crate) async fn modify_gives_each_writer_the_last_ones_outcome(store: Arc<dyn Store>) {
    count_to_eighty(store, false).await;
}

pub(crate) async fn brief_writes_give_each_writer_the_last_ones_outcome(store: Arc<dyn Store>) {
    count_to_eighty(store, true).await;
}

async fn count_to_eighty(store: Arc<dyn Store>, brief: bool) {
    let id = done(&*store, talk("counted")).await;
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (store, id) = (store.clone(), id.clone());
        tasks.push(tokio::spawn(async move {
            let mut counts = Vec::new();
            for _ in 0..10 {
                let (_, answer) = modify(&*store, Some(&one(*TALKS, &id)), &mut AddOne { brief }, PATIENCE)
                    .await
                    .expect("a count");
                let answer = answer.expect("what was asked for");
                counts.push(answer.rows.get(0).map(|row| row.attribute(AttributeId::at(2)).to_owned()));
            }
            counts
        }));
    }
    let mut counts = Vec::new();
    for task in tasks {
        counts.extend(task.await.expect("a writer"));
    }
    assert_eq!(attribute_of(&*store, &id, FAVOURITES).await, Value::Integer(80));
    // Each saw an outcome of its own.
    for count in 1..=80 {
        assert_eq!(
            counts.iter().filter(|found| **found == Some(Value::Integer(count))).count(),
            1,
            "{count}"
        );
    }
}

/// How a writer ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Commit,
    Abandon,
    Drop,
    /// The future of the commit is dropped after so many looks at it.
    Forget(u32),
}

/// Two talks of one title, in one brief transaction that ends in this way. Answers whether they must be there.
async fn pair(store: Arc<dyn Store>, title: String, way: Way) -> Option<bool> {
    let mut transaction = store.begin_shared().await.expect("a transaction");
    for _ in 0..2 {
        if way == Way::Drop {
            // The task may be aborted here.
            tokio::task::yield_now().await;
        }
        transaction.apply(talk(&title), &Scopes::NONE).await.expect("applied");
    }
    match way {
        Way::Commit => transaction.commit().await.map(|()| Some(true)).expect("committed"),
        Way::Abandon => transaction.abandon().await.map(|()| Some(false)).expect("abandoned"),
        Way::Drop => Some(false),
        Way::Forget(looks) => {
            let mut commit = transaction.commit();
            for _ in 0..looks {
                if let Poll::Ready(outcome) = poll_once(&mut commit).await {
                    outcome.expect("committed");
                    return Some(true);
                }
                tokio::task::yield_now().await;
            }
            None
        }
    }
}

async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::future::poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut *future).poll(context))).await
}

pub(crate) async fn brief_writes_are_made_whole_or_not_at_all_whoever_ends_how(store: Arc<dyn Store>) {
    let ways =
        [Way::Commit, Way::Abandon, Way::Commit, Way::Drop, Way::Forget(1), Way::Forget(2), Way::Forget(0)];
    for round in 0..8 {
        let tasks: Vec<_> = (0..28_usize)
            .map(|number| {
                let way = ways[(number * 5 + round * 3 + number / 7) % ways.len()];
                let title = format!("{round}, {number}");
                let task = pair(store.clone(), title.clone(), way);
                (title, way, tokio::spawn(timeout(PATIENCE, task)))
            })
            .collect();
        let mut expected = Vec::new();
        for (title, way, task) in tasks {
            if way == Way::Drop && round % 2 == 0 {
                task.abort();
                let _ = task.await;
                expected.push((title, Some(false)));
                continue;
            }
            expected.push((title, task.await.expect("a writer").expect("in time")));
        }
        // The writers that were dropped have left no transaction open.
        done(&*store, talk("the turn is free")).await;
        let all = read(&*store, &collection(*TALKS, Listing::all())).await;
        for (title, there) in expected {
            let found = all
                .rows
                .iter()
                .filter(|row| row.attribute(AttributeId::at(0)) == ValueRef::Text(&title))
                .count();
            match there {
                Some(there) => assert_eq!(found, if there { 2 } else { 0 }, "{title}"),
                None => assert!(found == 0 || found == 2, "{title}: {found}"),
            }
        }
    }
}

pub(crate) async fn a_brief_write_refuses_what_it_has_seen_only_once_that_is_permanent(
    store: Arc<dyn Store>,
) {
    let id = done(&*store, talk("before")).await;
    let plan = one(*TALKS, &id);
    let mut first = store.begin_shared().await.expect("a transaction");
    first.apply(set(&id, &[(TITLE, Value::Text("after".into()))]), &Scopes::NONE).await.expect("applied");
    let mut commit = first.commit();
    let committed = poll_once(&mut commit).await.is_ready();
    if committed {
        // This store commits at once: nobody sees what is not permanent.
        return;
    }
    // The second one either waits for the end of the first, or sees what that one has changed.
    let mut second = store.clone();
    let second = tokio::spawn(async move {
        let store = &mut second;
        let mut transaction = store.begin_shared().await.expect("a transaction");
        let seen = read_in(&mut *transaction, &plan).await;
        let seen = seen.rows.get(0).map(|row| row.attribute(AttributeId::at(0)).to_owned());
        transaction.abandon().await.expect("what it has seen is permanent");
        (seen, attribute_of(&**store, &id, TITLE).await)
    });
    commit.await.expect("committed");
    let (seen, permanent) = timeout(PATIENCE, second).await.expect("in time").expect("the second");
    assert_eq!(seen, Some(Value::Text("after".into())));
    assert_eq!(seen, Some(permanent));
}

/// Writes, and then refuses.
struct Refuse(ResourceId);

#[async_trait]
impl Decision for Refuse {
    type Refusal = StoreError;

    async fn decide(
        &mut self,
        _current: Fetched,
        transaction: &mut dyn Transaction,
    ) -> Result<Change, StoreError> {
        transaction.apply(set(&self.0, &[(TITLE, Value::Text("by a hook".into()))]), &Scopes::NONE).await?;
        Err(StoreError::IdExists)
    }

    fn read_back(&self, _id: &ResourceId) -> Option<Plan> {
        None
    }

    fn scopes(&self) -> &Scopes {
        &Scopes::NONE
    }
}

pub(crate) async fn modify_leaves_nothing_of_a_refused_write(store: Arc<dyn Store>) {
    let id = done(&*store, talk("kept")).await;
    let outcome = modify(&*store, Some(&one(*TALKS, &id)), &mut Refuse(id.clone()), PATIENCE).await;
    assert!(matches!(outcome, Err(StoreError::IdExists)));
    assert_eq!(attribute_of(&*store, &id, TITLE).await, Value::Text("kept".into()));
    done(&*store, talk("the turn is free")).await;
}

async fn at_once(store: &Arc<dyn Store>, changes: Vec<Change>) -> Vec<Result<ResourceId, StoreError>> {
    let tasks: Vec<_> = changes
        .into_iter()
        .map(|change| {
            let store = store.clone();
            tokio::spawn(async move { write(&*store, change).await })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.expect("a writer"));
    }
    outcomes
}

pub(crate) async fn exactly_one_of_many_deletes_finds_the_resource(store: Arc<dyn Store>) {
    for _ in 0..5 {
        let id = done(&*store, talk("wanted")).await;
        let outcomes = at_once(&store, vec![delete(*TALKS, &id); 8]).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let late = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::NotFound)));
        assert_eq!(late.count(), 7);
    }
}

pub(crate) async fn one_id_is_created_once(store: Arc<dyn Store>) {
    for name in ["a", "b", "c"] {
        let outcomes = at_once(&store, vec![room(name); 8]).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let late = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::IdExists)));
        assert_eq!(late.count(), 7);
    }
}
