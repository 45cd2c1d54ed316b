//! Writes that take too long, and for which there is no room.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use rocket::tokio::spawn;

use super::*;
use crate::plan::Fetched;
use crate::store::contract::TALKS;
use crate::store::{Decision, Transaction, modify};

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(3600);

/// Its trigger has no end.
const ENDLESS: &str = "CREATE TRIGGER endless AFTER INSERT ON talks WHEN new.title LIKE 'endless%' BEGIN \
     SELECT count(*) FROM (WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT n FROM n); END";

fn talk(title: &str) -> Change {
    talk_linked(title, vec![None; TALKS.relationships.len()])
}

fn talk_linked(title: &str, linkage: Vec<Option<LinkageChange>>) -> Change {
    let mut attributes = vec![Value::Null; TALKS.attributes.len()];
    (attributes[0], attributes[4]) = (Value::Text(title.into()), Value::Bool(true));
    attributes[2] = Value::Integer(0);
    new_linked(&TALKS, attributes, linkage)
}

struct Make {
    title: String,
    brief: bool,
}

#[async_trait]
impl Decision for Make {
    type Refusal = StoreError;

    fn awaits_only_the_store(&self) -> bool {
        self.brief
    }

    async fn decide(&mut self, _: Fetched, _: &mut dyn Transaction) -> Result<Change, StoreError> {
        Ok(talk(&self.title))
    }

    fn read_back(&self, _: &ResourceId) -> Option<Plan> {
        None
    }

    fn scopes(&self) -> &Scopes {
        &Scopes::NONE
    }
}

async fn make(store: &SqliteStore, title: &str, brief: bool, limit: Duration) -> Result<(), StoreError> {
    let mut make = Make { title: title.into(), brief };
    modify(store, None, &mut make, limit).await.map(drop)
}

async fn titles(store: &SqliteStore) -> Vec<Value> {
    attributes(store, &TALKS).await.into_iter().filter_map(|values| values.into_iter().next()).collect()
}

fn for_each(test: impl AsyncFn(Arc<SqliteStore>, &Path)) {
    for synchronous in [Synchronous::Full, Synchronous::Normal] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("limits.db");
        rocket::async_test(async {
            let options = SqliteOptions { synchronous, queue_timeout: LONG, ..options(&path) };
            let store = Arc::new(SqliteStore::open(options).expect("a database"));
            store.prepare(&[&TALKS]).await.expect("prepared");
            test(Arc::clone(&store), &path).await;
            store.close().await;
        });
    }
}

#[test]
fn a_write_that_takes_too_long_is_ended_and_the_next_has_its_turn() {
    for_each(async |store, path| {
        outside(path).execute_batch(ENDLESS).expect("a trigger");
        let limit = Duration::from_millis(100);
        // Where the request is answered, and on the thread: one that took long is followed by some there.
        for (round, brief) in [true, true, false, false].into_iter().enumerate() {
            let ended = make(&store, "endless", brief, limit).await;
            assert!(matches!(ended, Err(StoreError::Busy { .. })), "{ended:?}");
            make(&store, &format!("good {round}"), brief, LONG).await.expect("the next one");
        }
        let made = titles(&store).await;
        assert_eq!(made.len(), 4, "{made:?}");
    });
}

#[test]
fn those_who_share_a_commit_with_one_that_takes_too_long_lose_nothing() {
    for_each(async |store, path| {
        outside(path).execute_batch(ENDLESS).expect("a trigger");
        for round in 0..2 {
            let writes: Vec<_> = (0..24)
                .map(|number| {
                    let store = Arc::clone(&store);
                    let (title, limit) = match number {
                        12 => ("endless".to_owned(), Duration::from_millis(100)),
                        _ => (format!("good {round} {number}"), LONG),
                    };
                    spawn(async move { (number, make(&store, &title, true, limit).await) })
                })
                .collect();
            for write in writes {
                let (number, outcome) = write.await.expect("no panic");
                assert_eq!(outcome.is_ok(), number != 12, "{number}: {outcome:?}");
            }
            assert_eq!(titles(&store).await.len(), (round + 1) * 23);
        }
    });
}

#[test]
fn a_transaction_that_is_dropped_while_it_writes_gives_up_the_writer() {
    for_each(async |store, path| {
        outside(path).execute_batch(ENDLESS).expect("a trigger");
        let mut transaction = store.begin().await.expect("a transaction");
        // Linkage of a to-many relationship takes statements more, so that the change goes to the thread.
        let linkage = TALKS.relationships.iter().map(|relationship| {
            let ends_all = LinkageChange::Replace(Vec::new());
            relationship.is_to_many().then_some(ends_all)
        });
        let endless = talk_linked("endless", linkage.collect());
        let writing = spawn(async move { transaction.apply(endless, &Scopes::NONE).await.map(drop) });
        rocket::tokio::time::sleep(Duration::from_millis(50)).await;
        writing.abort();
        make(&store, "good", false, LONG).await.expect("its turn");
        assert_eq!(titles(&store).await.len(), 1);
    });
}

#[test]
fn where_there_is_no_room_it_is_said_and_nothing_is_half_done() {
    for_each(async |store, _| {
        make(&store, "first", true, LONG).await.expect("room");
        let pages = async |most: i64| {
            let set = move |connection: &mut super::super::connection::Connection| {
                let set = connection.sqlite.pragma_update_and_check(None, "max_page_count", most, |_| Ok(()));
                set.map_err(super::super::error::store_error)
            };
            store.writer.run(set).await.expect("a limit");
        };
        // As many as there are, which SQLite makes of anything less.
        pages(1).await;
        let large = "x".repeat(100_000);
        for brief in [true, false] {
            let full = make(&store, &large, brief, LONG).await;
            assert!(matches!(full, Err(StoreError::StorageFull)), "{full:?}");
        }
        let writes: Vec<_> = (0..8)
            .map(|_| {
                let (store, large) = (Arc::clone(&store), large.clone());
                spawn(async move { make(&store, &large, true, LONG).await })
            })
            .collect();
        for write in writes {
            let full = write.await.expect("no panic");
            assert!(matches!(full, Err(StoreError::StorageFull)), "{full:?}");
        }
        pages(1_000_000).await;
        make(&store, &large, true, LONG).await.expect("room again");
        assert_eq!(titles(&store).await.len(), 2);
    });
}
