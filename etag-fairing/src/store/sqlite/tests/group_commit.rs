//! Writes that share a transaction.

use std::{
    future::Future,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;
use rocket::tokio::{self, time::timeout};

use super::{super::connection::Connection, *};
use crate::plan::Fetched;
use crate::store::contract::{ALL, TALKS};
use crate::store::{Constraint, Decision, Transaction, modify};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn talk(title: &str) -> Change {
    let mut attributes = vec![Value::Null; TALKS.attributes.len()];
    (attributes[0], attributes[4]) = (Value::Text(title.into()), Value::Bool(true));
    attributes[2] = Value::Integer(0);
    new(&TALKS, attributes)
}

/// Makes one talk, or finds out too late that it should not.
struct Make {
    title: String,
    refuses: bool,
}

#[async_trait]
impl Decision for Make {
    type Refusal = StoreError;

    fn awaits_only_the_store(&self) -> bool {
        true
    }

    async fn decide(&mut self, _: Fetched, _: &mut dyn Transaction) -> Result<Change, StoreError> {
        Ok(talk(&self.title))
    }

    fn read_back(&self, id: &ResourceId) -> Option<Plan> {
        Some(whole(&TALKS, Root::One(id.clone())))
    }

    fn scopes(&self) -> &Scopes {
        &Scopes::NONE
    }

    fn judge(&mut self, _: &Fetched) -> Result<(), StoreError> {
        match self.refuses {
            true => Err(StoreError::IdExists),
            false => Ok(()),
        }
    }
}

/// All at the same time.
async fn make(store: &Arc<SqliteStore>, titles: Vec<(String, bool)>) -> Vec<Result<ResourceId, StoreError>> {
    let tasks: Vec<_> = titles
        .into_iter()
        .map(|(title, refuses)| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                modify(&*store, None, &mut Make { title, refuses }, PATIENCE).await.map(|(id, _)| id)
            })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.expect("a writer"));
    }
    outcomes
}

async fn titles(store: &SqliteStore) -> Vec<String> {
    let text = |values: Vec<Value>| match values.into_iter().next() {
        Some(Value::Text(title)) => title,
        other => panic!("{other:?}"),
    };
    let mut titles: Vec<String> = attributes(store, &TALKS).await.into_iter().map(text).collect();
    titles.sort();
    titles
}

async fn begin(store: &SqliteStore, title: &str) -> Box<dyn Transaction> {
    let mut transaction = store.begin_shared().await.expect("a transaction");
    transaction.apply(talk(title), &Scopes::NONE).await.expect("applied");
    transaction
}

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Keeps transactions open to others for so long, however slow the machine.
async fn late_after(store: &SqliteStore, late: Duration) {
    let set = move |connection: &mut Connection| {
        connection.group_commit.policy.keep_open_for(late);
        Ok(())
    };
    store.writer.run(set).await.expect("set");
}

/// For each way to commit, in a file.
fn for_each(test: impl AsyncFn(Arc<SqliteStore>, &Path)) {
    for synchronous in [Synchronous::Normal, Synchronous::Full] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("shared.db");
        rocket::async_test(async {
            let store =
                SqliteStore::open(SqliteOptions { synchronous, ..options(&path) }).expect("a database");
            store.prepare(&ALL).await.expect("prepared");
            late_after(&store, PATIENCE).await;
            timeout(PATIENCE, test(Arc::new(store), &path)).await.expect("in time");
        });
    }
}

#[test]
fn writes_at_the_same_time_share_commits_and_what_is_refused_leaves_nothing() {
    for_each(async |store, _| {
        let before = store.commits();
        let all: Vec<_> = (0..60).map(|number| (format!("{number:02}"), number % 3 == 0)).collect();
        let outcomes = make(&store, all.clone()).await;
        let expected: Vec<_> =
            all.iter().filter(|(_, refuses)| !refuses).map(|(title, _)| title.clone()).collect();
        assert_eq!(titles(&store).await, expected);
        for (outcome, (title, refuses)) in outcomes.iter().zip(&all) {
            assert_eq!(matches!(outcome, Err(StoreError::IdExists)), *refuses, "{title}: {outcome:?}");
            assert_eq!(outcome.is_ok(), !refuses, "{title}: {outcome:?}");
        }
        let commits = store.commits() - before;
        assert!((1..30).contains(&commits), "{commits} commits for 40 writes");
        // Who comes alone is not kept waiting.
        let before = store.commits();
        for _ in 0..5 {
            assert!(make(&store, vec![("alone".into(), false)]).await.iter().all(Result::is_ok));
        }
        assert_eq!(store.commits() - before, 5);
        store.close().await;
    });
}

#[test]
fn who_undoes_the_transaction_or_its_commit_harms_nobody_else() {
    let cases = [
        "CREATE TRIGGER bad AFTER INSERT ON talks WHEN new.title = 'bad' BEGIN SELECT RAISE(ROLLBACK, 'bad'); END",
        "CREATE TABLE later (id INTEGER PRIMARY KEY, room TEXT REFERENCES rooms DEFERRABLE INITIALLY DEFERRED);
         CREATE TRIGGER bad AFTER INSERT ON talks WHEN new.title = 'bad' BEGIN INSERT INTO later (room) VALUES ('none'); END",
    ];
    for case in cases {
        for_each(async |store, path| {
            outside(path).execute_batch(case).expect("a trigger");
            for round in 0..3 {
                let all = (0..20).map(|number| match number % 10 {
                    7 => ("bad".into(), false),
                    _ => (format!("{round} {number:02}"), number == 3),
                });
                let all: Vec<_> = all.collect();
                let outcomes = make(&store, all.clone()).await;
                for (outcome, (title, refuses)) in outcomes.iter().zip(&all) {
                    match (title.as_str(), refuses) {
                        ("bad", _) => assert!(
                            matches!(
                                outcome,
                                Err(StoreError::Constraint(
                                    Constraint::ForeignKey | Constraint::Check { .. }
                                ))
                            ),
                            "{case}: {outcome:?}"
                        ),
                        (_, true) => {
                            assert!(matches!(outcome, Err(StoreError::IdExists)), "{title}: {outcome:?}")
                        }
                        (_, false) => assert!(outcome.is_ok(), "{case}: {title}: {outcome:?}"),
                    }
                }
                let there = titles(&store).await;
                let made = |(title, refuses): &&(String, bool)| title != "bad" && !refuses;
                for (title, _) in all.iter().filter(made) {
                    assert_eq!(there.iter().filter(|found| *found == title).count(), 1, "{title}");
                }
                assert_eq!(there.len(), (round + 1) * 17);
            }
            store.close().await;
        });
    }
}

#[test]
fn when_who_began_it_is_gone_the_others_changes_are_committed() {
    for_each(async |store, _| {
        let mut first = begin(&store, "first").await.commit();
        assert!(poll(&mut first).is_pending());
        let mut second = begin(&store, "second").await.commit();
        assert!(poll(&mut second).is_pending());
        // Dropped before its turn to commit comes.
        drop(first);
        second.await.expect("committed");
        assert_eq!(titles(&store).await, ["first", "second"]);
        store.close().await;
    });
}

#[test]
fn who_leaves_takes_only_its_own_changes() {
    for_each(async |store, _| {
        let first = begin(&store, "first").await;
        let mut first = first.commit();
        assert!(poll(&mut first).is_pending());
        drop(begin(&store, "dropped").await);
        let mut abandoned = begin(&store, "abandoned").await.abandon();
        // It has seen the first one's change, which is not permanent yet.
        assert!(poll(&mut abandoned).is_pending());
        let mut third = begin(&store, "third").await.commit();
        assert!(poll(&mut third).is_pending());
        let before = store.commits();
        first.await.expect("committed");
        abandoned.await.expect("abandoned");
        third.await.expect("committed");
        assert_eq!(store.commits() - before, 1);
        assert_eq!(titles(&store).await, ["first", "third"]);
        store.close().await;
    });
}

#[test]
fn a_refusal_is_not_told_of_what_never_was() {
    for_each(async |store, path| {
        let trigger = "CREATE TRIGGER bad AFTER INSERT ON talks WHEN new.title = 'bad' BEGIN SELECT RAISE(ROLLBACK, ''); END";
        outside(path).execute_batch(trigger).expect("a trigger");
        let first = begin(&store, "first").await;
        let mut first = first.commit();
        assert!(poll(&mut first).is_pending());
        let mut refused = begin(&store, "refused").await.abandon();
        assert!(poll(&mut refused).is_pending());
        let mut bad = store.begin_shared().await.expect("a transaction");
        assert!(matches!(bad.apply(talk("bad"), &Scopes::NONE).await, Err(StoreError::Constraint(_))));
        // Perhaps for what the others did before: it has to be asked again, too.
        assert!(matches!(bad.abandon().await, Err(StoreError::Conflict)));
        assert!(matches!(refused.await, Err(StoreError::Conflict)));
        assert!(matches!(first.await, Err(StoreError::Conflict)));
        assert!(titles(&store).await.is_empty());
        store.close().await;
    });
}

#[test]
fn what_may_take_long_waits_for_no_shared_commit_and_none_waits_for_it() {
    for_each(async |store, _| {
        let first = begin(&store, "first").await;
        let mut first = first.commit();
        assert!(poll(&mut first).is_pending());
        let long = Store::begin(&*store).await.expect("a transaction of its own");
        // Committed by the one that has begun since, though the first was not asked again.
        assert_eq!(titles(&store).await, ["first"]);
        first.await.expect("committed");
        drop(long);
        store.close().await;
    });
}

#[test]
fn who_comes_late_begins_another_one() {
    for_each(async |store, _| {
        late_after(&store, Duration::ZERO).await;
        let mut first = begin(&store, "first").await.commit();
        assert!(poll(&mut first).is_pending());
        let second = begin(&store, "second").await;
        assert_eq!(titles(&store).await, ["first"]);
        drop(second);
        first.await.expect("committed");
        assert_eq!(titles(&store).await, ["first"]);
        store.close().await;
    });
}

#[test]
fn closing_commits_what_is_open() {
    for_each(async |store, path| {
        let first = begin(&store, "first").await;
        let mut first = first.commit();
        assert!(poll(&mut first).is_pending());
        let (closed, outcome) = tokio::join!(store.close(), first);
        let () = closed;
        outcome.expect("committed");
        let titles: i64 =
            outside(path).query_row("SELECT count(*) FROM talks", [], |row| row.get(0)).expect("a count");
        assert_eq!(titles, 1);
    });
}

/// The titles that others see.
fn titles_outside(path: &Path) -> Vec<String> {
    let sqlite = outside(path);
    let mut statement = sqlite.prepare("SELECT title FROM talks ORDER BY title").expect("talks");
    let titles = statement.query_map([], |row| row.get(0)).expect("titles");
    titles.collect::<Result<_, _>>().expect("titles")
}

#[test]
fn closing_undoes_what_is_not_whole() {
    for synchronous in [Synchronous::Normal, Synchronous::Full] {
        for leaves in [true, false] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("shared.db");
            rocket::async_test(async {
                let queue_timeout = Duration::from_millis(100);
                let options = SqliteOptions { synchronous, queue_timeout, ..options(&path) };
                let store = SqliteStore::open(options).expect("a database");
                store.prepare(&ALL).await.expect("prepared");
                late_after(&store, PATIENCE).await;
                let mut first = begin(&store, "first").await.commit();
                assert!(poll(&mut first).is_pending());
                // Still has its turn when nobody waits for it any more.
                let mut half = begin(&store, "half").await;
                store.close().await;
                first.await.expect("committed");
                assert!(matches!(
                    half.apply(talk("more"), &Scopes::NONE).await,
                    Err(StoreError::Busy { .. })
                ));
                let ended = if leaves { half.abandon().await } else { half.commit().await };
                assert!(matches!(ended, Err(StoreError::Busy { .. })), "{ended:?}");
                assert_eq!(titles_outside(&path), ["first"], "{synchronous:?} {leaves}");
            });
        }
    }
}

#[test]
fn what_nobody_commits_the_thread_does_in_the_end() {
    for_each(async |store, path| {
        let mut first = begin(&store, "first").await.commit();
        assert!(poll(&mut first).is_pending());
        // Nobody looks at the first one's future again.
        begin(&store, "second").await.commit().await.expect("committed");
        assert_eq!(titles_outside(path), ["first", "second"]);
        first.await.expect("committed");
        let mut third = begin(&store, "third").await.commit();
        assert!(poll(&mut third).is_pending());
        let fourth = begin(&store, "fourth").await.commit();
        // Where there is no runtime to leave the commit to.
        std::thread::spawn(move || drop(third)).join().expect("dropped");
        fourth.await.expect("committed");
        assert_eq!(titles_outside(path), ["first", "fourth", "second", "third"]);
        store.close().await;
    });
}

fn several(number: usize) -> Vec<(String, bool)> {
    (0..number).map(|number| (number.to_string(), false)).collect()
}

/// How many commits so many writes take that are there at the same time.
async fn commits_of(store: &Arc<SqliteStore>, number: usize) -> u64 {
    let before = store.commits();
    assert!(make(store, several(number)).await.iter().all(Result::is_ok));
    store.commits() - before
}

#[test]
fn after_a_failure_writes_commit_by_themselves_for_a_while() {
    for_each(async |store, path| {
        let trigger = "CREATE TRIGGER bad AFTER INSERT ON talks WHEN new.title = 'bad' BEGIN SELECT RAISE(ROLLBACK, ''); END";
        outside(path).execute_batch(trigger).expect("a trigger");
        let mut all = several(20);
        all.push(("bad".into(), false));
        assert_eq!(make(&store, all).await.iter().filter(|outcome| outcome.is_err()).count(), 1);
        // At least those that began again did so by themselves.
        assert_eq!(commits_of(&store, 40).await, 40);
        let later = commits_of(&store, 120).await;
        assert!(later < 110, "{later} commits for 120 writes");
        store.close().await;
    });
}

#[test]
fn beside_another_process_writes_commit_by_themselves() {
    for_each(async |store, path| {
        assert!(commits_of(&store, 40).await < 30);
        assert!(commits_of(&store, 40).await < 30);
        outside(path).execute_batch("CREATE TABLE theirs (id INTEGER)").expect("their write");
        // Found out with the first commit for several.
        assert!(commits_of(&store, 80).await > 16);
        assert_eq!(commits_of(&store, 40).await, 40);
        store.close().await;
    });
}

#[test]
fn changes_that_take_long_go_to_the_thread() {
    for_each(async |store, path| {
        let slow = "CREATE TRIGGER slow AFTER INSERT ON talks WHEN new.title LIKE 'slow%' BEGIN \
             SELECT count(*) FROM (WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 300000) \
             SELECT n FROM n); END";
        outside(path).execute_batch(slow).expect("a trigger");
        let mut transaction = store.begin_shared().await.expect("a transaction");
        let (none, titles) = (&Scopes::NONE, ["quick", "slow", "slow after slow", "quick after slow"]);
        for (title, at_once) in titles.into_iter().zip([true, true, false, false]) {
            let mut applied = transaction.apply(talk(title), none);
            match poll(&mut applied) {
                Poll::Ready(outcome) => assert!(at_once && outcome.is_ok(), "{title}: {outcome:?}"),
                Poll::Pending => {
                    assert!(!at_once, "{title}");
                    applied.await.expect("applied");
                }
            }
        }
        transaction.commit().await.expect("committed");
        assert_eq!(titles_outside(path).len(), 4);
        store.close().await;
    });
}
