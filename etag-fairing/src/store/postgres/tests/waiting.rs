//! Locks, deadlocks, and waits that have an end.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use rocket::{futures::future::join_all, tokio};

use super::*;
use crate::plan::{Fetched, LinkageChange};
use crate::schema::RelationshipId;
use crate::store::contract::{ALL, REVIEWS, ROOMS, TALKS};
use crate::store::{Claim, Decision, KeptAnswer, RepeatableRequest, Transaction, modify};

fn room(name: &str) -> Change {
    Change::Insert {
        resource: &ROOMS,
        id: Some(ResourceId::Text(name.into())),
        attributes: vec![],
        linkage: vec![None],
    }
}

fn one(name: &str) -> Plan {
    Plan::new(Root::One(ResourceId::Text(name.into())), Selection::whole(&ROOMS))
}

async fn with_rooms(database: &Database, options: PostgresOptions) -> PostgresStore {
    let store = PostgresStore::open(options).expect("a store");
    store.prepare(&ALL).await.expect("prepared");
    for name in ["a", "b"] {
        write(&store, room(name)).await.expect("written");
    }
    let _ = database;
    store
}

/// Locks one room, then another.
struct Both<'a> {
    both: &'a tokio::sync::Barrier,
    second: &'static str,
    decided: usize,
}

#[async_trait]
impl Decision for Both<'_> {
    type Refusal = StoreError;

    async fn decide(
        &mut self,
        current: Fetched,
        transaction: &mut dyn Transaction,
    ) -> Result<Change, StoreError> {
        self.decided += 1;
        let id = current.rows.get(0).ok_or(StoreError::NotFound)?.resource_id()?;
        if self.decided == 1 {
            // Both have their first one.
            self.both.wait().await;
        }
        transaction.fetch(&one(self.second)).await?;
        Ok(Change::Update { resource: &ROOMS, id, attributes: vec![], linkage: vec![None] })
    }

    fn read_back(&self, _: &ResourceId) -> Option<Plan> {
        None
    }

    fn scopes(&self) -> &Scopes {
        &Scopes::NONE
    }
}

#[test]
fn of_two_that_wait_for_each_other_one_begins_again() {
    with_database(async |database| {
        let store = with_rooms(database, PostgresOptions::new(database.url()).expect("a URL")).await;
        let both = &tokio::sync::Barrier::new(2);
        let mut first = Both { both, second: "b", decided: 0 };
        let mut second = Both { both, second: "a", decided: 0 };
        let limit = Duration::from_secs(30);
        let (a, b) = (one("a"), one("b"));
        let (one, other) = tokio::join!(
            modify(&store, Some(&a), &mut first, limit),
            modify(&store, Some(&b), &mut second, limit)
        );
        one.expect("written");
        other.expect("written");
        // Each waits only shortly for its second row, so that both may give up at the same moment.
        let decided = first.decided + second.decided;
        assert!((3..=4).contains(&decided), "one of them, or each, was asked twice: {decided}");
        store.close().await;
    });
}

#[test]
fn a_lock_is_waited_for_only_so_long() {
    with_database(async |database| {
        let mut options = PostgresOptions::new(database.url()).expect("a URL");
        options.statement_timeout = Duration::from_millis(300);
        let store = with_rooms(database, options).await;
        let mut holder = Store::begin(&store).await.expect("a transaction");
        holder.fetch(&one("a")).await.expect("locked");
        let start = Instant::now();
        let mut waiter = Store::begin(&store).await.expect("a transaction");
        assert!(matches!(waiter.fetch(&one("a")).await, Err(StoreError::Busy { .. })));
        assert!(start.elapsed() >= Duration::from_millis(300));
        // What failed undid the transaction: it cannot seem to be committed.
        assert!(waiter.commit().await.is_err());
        // Another row is free, and so is reading.
        let mut other = Store::begin(&store).await.expect("a transaction");
        other.fetch(&one("b")).await.expect("locked");
        assert_eq!(store.fetch(&one("a")).await.expect("read").rows.len(), 1);
        drop(holder);
        drop(other);
        store.close().await;
    });
}

#[test]
fn a_connection_is_waited_for_only_so_long() {
    with_database(async |database| {
        let mut options = PostgresOptions::new(database.url()).expect("a URL");
        (options.connections, options.wait_timeout) = (2, Duration::from_millis(200));
        let store = with_rooms(database, options).await;
        let mut held = Vec::new();
        for name in ["a", "b"] {
            let mut transaction = Store::begin(&store).await.expect("a transaction");
            transaction.fetch(&one(name)).await.expect("locked");
            held.push(transaction);
        }
        assert!(matches!(store.fetch(&one("a")).await, Err(StoreError::Busy { .. })));
        drop(held);
        assert_eq!(store.fetch(&one("a")).await.expect("read").rows.len(), 1);
        store.close().await;
    });
}

#[test]
fn who_stops_waiting_leaves_no_lock_and_no_broken_connection() {
    with_database(async |database| {
        let mut options = PostgresOptions::new(database.url()).expect("a URL");
        options.connections = 3;
        let store = with_rooms(database, options).await;
        let mut holder = Store::begin(&store).await.expect("a transaction");
        holder.fetch(&one("a")).await.expect("locked");
        let plan = one("a");
        let impatient = (0..2).map(|_| async {
            let mut transaction = Store::begin(&store).await.expect("a transaction");
            tokio::time::timeout(Duration::from_millis(50), transaction.fetch(&plan)).await.is_err()
        });
        assert_eq!(join_all(impatient).await, [true, true]);
        drop(holder);
        // All three connections are of use again.
        for _ in 0..3 {
            let work = (0..3).map(|_| store.fetch(&plan));
            for fetched in join_all(work).await {
                assert_eq!(fetched.expect("read").rows.len(), 1);
            }
        }
        // What undoes a transaction that nobody waits for is not waited for, either.
        let locks = "SELECT count(*) FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation \
                     WHERE c.relnamespace = current_schema()::regnamespace AND l.mode = 'RowShareLock'";
        let patience = Instant::now() + Duration::from_secs(10);
        while database.run(locks) != "0\n" {
            assert!(Instant::now() < patience, "a lock is left");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        store.close().await;
    });
}

#[test]
fn several_refer_to_one_row_at_once_and_who_decides_by_it_waits_for_them() {
    with_database(async |database| {
        let store =
            PostgresStore::open(PostgresOptions::new(database.url()).expect("a URL")).expect("a store");
        store.prepare(&ALL).await.expect("prepared");
        let mut values = vec![Value::Null; TALKS.attributes.len()];
        (values[0], values[2], values[4]) = (text("one"), Value::Integer(0), Value::Bool(false));
        let talk = write(&store, new(&TALKS, values)).await.expect("written");
        let review = || Change::Insert {
            resource: &REVIEWS,
            id: None,
            attributes: vec![text("good")],
            linkage: vec![Some(LinkageChange::One(Some(talk.clone())))],
        };
        let mut open = Vec::new();
        for _ in 0..3 {
            let mut transaction = store.begin().await.expect("a transaction");
            // Before the commit of the others.
            transaction.apply(review(), &Scopes::NONE).await.expect("it waits for nobody");
            open.push(transaction);
        }
        let decide = async {
            let mut transaction = store.begin().await.expect("a transaction");
            let selection = Selection::whole(&TALKS).with_linkage(RelationshipId::at(3));
            let fetched = transaction.fetch(&Plan::new(Root::One(talk.clone()), selection)).await;
            fetched.expect("read").links[3].as_ref().expect("linkage").of(0).len()
        };
        let mut decide = std::pin::pin!(decide);
        let waited = tokio::time::timeout(Duration::from_millis(200), &mut decide).await;
        assert!(waited.is_err(), "the linkage was read while others change it: {waited:?}");
        for transaction in open {
            transaction.commit().await.expect("committed");
        }
        assert_eq!(decide.await, 3, "it sees what it has waited for");
        store.close().await;
    });
}

#[test]
fn who_begins_again_takes_its_key_before_its_rows() {
    with_database(async |database| {
        let store = with_rooms(database, PostgresOptions::new(database.url()).expect("a URL")).await;
        assert!(store.prepare_answers().await.expect("a table"));
        let request = RepeatableRequest::new("", "k", "f", 100);
        let answer = KeptAnswer::new(204, "[]", None);

        let mut first = store.begin().await.expect("a transaction");
        let claimed = first.kept_answers().expect("answers").claim(&request, 0).await.expect("claimed");
        assert_eq!(claimed, Claim::First);
        first.fetch(&one("a")).await.expect("locked");
        // Another node gets the same request, and waits for the key.
        let again = tokio::spawn({
            let mut second = store.begin().await.expect("a transaction");
            let (request, answer) = (request.clone(), answer.clone());
            async move {
                let claimed = second.kept_answers().expect("answers").claim(&request, 0).await?;
                second.fetch(&one("a")).await?;
                second.kept_answers().expect("answers").keep(&request, &answer).await?;
                second.commit().await.map(|()| claimed)
            }
        });
        let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        while database.run(waits) != "1\n" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // A third one has the row that the first needs next, so that the first has to begin again.
        let mut holder = store.begin().await.expect("a transaction");
        holder.fetch(&one("b")).await.expect("locked");
        first.fetch(&one("b")).await.expect_err("it waits only shortly");
        assert!(first.must_be_repeated());
        drop(holder);

        assert!(first.begin_again().await.expect("begun again"));
        let found = first.kept_answers().expect("answers").claim(&request, 0).await.expect("found");
        if found == Claim::First {
            // It was faster than the one that waited, who has the key after it then.
            drop(first);
            assert_eq!(again.await.expect("no panic").expect("nobody is in its way"), Claim::First);
            return store.close().await;
        }
        assert_eq!(found, Claim::Answered(answer));
        assert_eq!(again.await.expect("no panic").expect("nobody was in its way"), Claim::First);
        // What was found is told once: the next one asks the database.
        let other = RepeatableRequest::new("", "k", "other", 100);
        let found = first.kept_answers().expect("answers").claim(&other, 0).await.expect("found");
        assert_eq!(found, Claim::Reused);
        drop(first);
        store.close().await;
    });
}
