//! Reads that take too long, that nobody waits for any more, and those beside them.

use std::{future::Future, sync::Arc, time::Duration};

use rocket::tokio::{self, spawn, time::sleep};

use super::*;
use crate::plan::{Comparison, Field, Filter, Listing, Member, Page, Relation};
use crate::schema::AttributeId;
use crate::schema::{Id, IdKind, Operations};
use crate::store::contract::ROOMS;

/// What is read from it has no end.
static ENDLESS: Description = Description::new(
    "numbers",
    "numbers",
    "Number",
    "numbers",
    Id { column: "id", kind: IdKind::Integer { min: i64::MIN, max: i64::MAX } },
    &[attribute("number", Kind::Integer, false, None)],
    &[],
    Operations::ALL,
);

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(3600);

fn with_options<F: Future<Output = ()>>(
    change: impl FnOnce(&mut SqliteOptions),
    test: impl FnOnce(Arc<SqliteStore>) -> F,
) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("reads.db");
    rocket::async_test(async {
        let endless = "CREATE VIEW numbers (id, number) AS \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, i FROM n";
        outside(&path).execute_batch(endless).expect("a view");
        let mut options =
            SqliteOptions { queue_timeout: LONG, read_timeout: LONG, readers: 2, ..options(&path) };
        change(&mut options);
        let store = Arc::new(SqliteStore::open(options).expect("a database"));
        store.prepare(&[&ENDLESS, &ROOMS]).await.expect("prepared");
        test(Arc::clone(&store)).await;
        store.close().await;
    });
}

fn endless() -> Plan {
    let filter = Filter::Compare {
        member: Member { path: Vec::new(), field: Field::Attribute(AttributeId::at(0)) },
        comparison: Comparison::Value(Relation::Less, Value::Integer(0)),
    };
    let page = Page::Offset { offset: 0, limit: 1 };
    whole(&ENDLESS, Root::Collection(Listing { filter: Some(filter), page, ..Listing::all() }))
}

fn rooms() -> Plan {
    whole(&ROOMS, Root::Collection(Listing::all()))
}

/// Until all readers are free. However long that takes: a test that waits in vain is ended by whoever runs it.
async fn idle(store: &SqliteStore) {
    while !store.readers.is_idle() {
        sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn a_read_that_takes_too_long_is_ended() {
    let limit = Duration::from_millis(120);
    with_options(
        |options| options.read_timeout = limit,
        async |store| {
            for _ in 0..3 {
                let ended = store.fetch(&endless()).await;
                assert!(
                    matches!(ended, Err(StoreError::ReadTimedOut { limit: told }) if told == limit),
                    "{ended:?}"
                );
                idle(&store).await;
                store.fetch_on_a_thread(&rooms()).await.expect("others are answered");
            }
        },
    );
}

#[test]
fn a_read_whose_caller_is_gone_is_ended_running_or_waiting() {
    with_options(
        |_| {},
        async |store| {
            // One goes on, the others wait for its place.
            let reads: Vec<_> = (0..6)
                .map(|_| {
                    let store = Arc::clone(&store);
                    spawn(async move { store.fetch(&endless()).await })
                })
                .collect();
            sleep(Duration::from_millis(150)).await;
            while store.readers.is_idle() {
                sleep(Duration::from_millis(1)).await;
            }
            assert!(reads.iter().all(|read| !read.is_finished()));
            for read in reads {
                read.abort();
                assert!(read.await.expect_err("aborted").is_cancelled());
            }
            idle(&store).await;
            assert!(store.lanes.is_idle(), "no place is lost");
            store.fetch_on_a_thread(&rooms()).await.expect("the connections are as before");
        },
    );
}

#[test]
fn slow_reads_leave_a_reader_to_others() {
    for readers in [1, 2, 4] {
        with_options(
            |options| options.readers = readers,
            async |store| {
                let slow: Vec<_> = (0..16)
                    .map(|_| {
                        let store = Arc::clone(&store);
                        spawn(async move { store.fetch(&endless()).await })
                    })
                    .collect();
                for _ in 0..30 {
                    store.fetch_on_a_thread(&rooms()).await.expect("a list beside the slow ones");
                    tokio::task::yield_now().await;
                }
                assert!(slow.iter().all(|read| !read.is_finished()));
                slow.iter().for_each(tokio::task::JoinHandle::abort);
            },
        );
    }
}

#[test]
fn closing_ends_what_reads() {
    with_options(
        |_| {},
        async |store| {
            let reading = Arc::clone(&store);
            let slow = spawn(async move { reading.fetch(&endless()).await });
            sleep(Duration::from_millis(20)).await;
            store.close().await;
            let ended = slow.await.expect("no panic");
            assert!(matches!(ended, Err(StoreError::Busy { .. })), "{ended:?}");
        },
    );
}
