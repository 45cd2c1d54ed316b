//! Reads that take long: they have an end, they end with whoever waits, and they leave connections to others.

use std::time::Duration;

use rocket::{
    futures::future::join_all,
    tokio::{
        self,
        time::{sleep, timeout},
    },
};

use super::*;
use crate::store::contract::{ALL, ROOMS, SPEAKERS};

const PATIENCE: Duration = Duration::from_secs(30);

fn all(resource: &'static Description) -> Plan {
    Plan::new(Root::Collection(Listing::all()), Selection::whole(resource))
}

/// Whoever reads rooms waits, until this is dropped.
struct Hold {
    client: tokio_postgres::Client,
}

impl Hold {
    async fn rooms(database: &Database) -> Self {
        let (client, connection) =
            tokio_postgres::connect(database.url(), tokio_postgres::NoTls).await.expect("a connection");
        tokio::spawn(connection);
        client.batch_execute("BEGIN; LOCK TABLE rooms IN ACCESS EXCLUSIVE MODE").await.expect("locked");
        Self { client }
    }

    /// How many statements wait for it.
    async fn waiting(&self) -> i64 {
        let count = "SELECT count(*) FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation \
                     WHERE NOT l.granted AND c.oid = CAST('rooms' AS regclass)";
        self.client.query_one(count, &[]).await.expect("counted").get(0)
    }

    async fn until(&self, count: i64) {
        let reached = async {
            while self.waiting().await != count {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, reached).await.expect("the server ends what nobody waits for");
    }
}

async fn store(database: &Database, change: impl FnOnce(&mut PostgresOptions)) -> PostgresStore {
    let mut options = PostgresOptions::new(database.url()).expect("a URL");
    change(&mut options);
    let store = PostgresStore::open(options).expect("a store");
    store.prepare(&ALL).await.expect("prepared");
    store
}

#[test]
fn a_read_ends_after_its_time_at_the_server_too() {
    with_database(async |database| {
        // By our own clock; by the server's.
        for (read, statement) in [(300, 20_000), (20_000, 300)] {
            let store = store(database, |options| {
                options.read_timeout = Duration::from_millis(read);
                options.statement_timeout = Duration::from_millis(statement);
            })
            .await;
            let hold = Hold::rooms(database).await;
            let fetched = timeout(PATIENCE, store.fetch(&all(&ROOMS))).await.expect("an end");
            assert!(matches!(fetched, Err(StoreError::ReadTimedOut { .. })), "{fetched:?}");
            hold.until(0).await;
            drop(hold);
            store.fetch(&all(&ROOMS)).await.expect("read");
            store.close().await;
        }
    });
}

#[test]
fn what_nobody_waits_for_is_ended_at_the_server() {
    with_database(async |database| {
        let store = store(database, |options| {
            options.connections = 2;
            options.read_timeout = Duration::from_secs(60);
            options.statement_timeout = Duration::from_secs(60);
            options.wait_timeout = Duration::from_secs(60);
        })
        .await;
        let hold = Hold::rooms(database).await;
        let plan = all(&ROOMS);
        {
            // One runs, others wait for a place or a connection.
            let mut reads = Box::pin(join_all((0..6).map(|_| store.fetch(&plan))));
            let mut ended = false;
            while !ended && hold.waiting().await == 0 {
                ended = timeout(Duration::from_millis(50), &mut reads).await.is_ok();
            }
            assert!(!ended, "they wait");
        }
        hold.until(0).await;
        // Nothing is left of them: all connections are free, and so are the places.
        let speakers = all(&SPEAKERS);
        for read in timeout(PATIENCE, join_all((0..6).map(|_| store.fetch(&speakers)))).await.expect("free") {
            read.expect("read");
        }
        drop(hold);
        timeout(PATIENCE, store.fetch(&plan)).await.expect("a place").expect("read");
        store.close().await;
    });
}

#[test]
fn slow_reads_leave_connections_to_quick_ones_and_writes() {
    with_database(async |database| {
        let store = store(database, |options| {
            options.connections = 4;
            options.read_timeout = Duration::from_secs(60);
            options.statement_timeout = Duration::from_secs(60);
            options.wait_timeout = Duration::from_secs(60);
        })
        .await;
        let hold = Hold::rooms(database).await;
        let (slow, quick) = (all(&ROOMS), all(&SPEAKERS));
        let slow_ones = join_all((0..12).map(|_| store.fetch(&slow)));
        let others = async {
            // Some of the slow ones have tried.
            sleep(Duration::from_millis(300)).await;
            for number in 0..20 {
                store.fetch(&quick).await.expect("read");
                store.revision(&[SPEAKERS.table]).await.expect("a revision");
                let name = Value::Text(format!("speaker {number}"));
                write(&store, new(&SPEAKERS, vec![name])).await.expect("written");
            }
            // Half of the connections are theirs, and no more.
            hold.until(2).await;
            drop(hold);
        };
        let (slow, ()) = timeout(PATIENCE, async { tokio::join!(slow_ones, others) }).await.expect("no wait");
        for read in slow {
            read.expect("each has had its turn");
        }
        store.close().await;
    });
}

#[test]
fn closing_ends_what_is_stuck() {
    with_database(async |database| {
        let store = store(database, |options| {
            options.read_timeout = Duration::from_secs(600);
            options.statement_timeout = Duration::from_secs(600);
        })
        .await;
        let hold = Hold::rooms(database).await;
        let plan = all(&ROOMS);
        let close = async {
            hold.until(1).await;
            store.close().await;
        };
        let (read, ()) =
            timeout(PATIENCE, async { tokio::join!(store.fetch(&plan), close) }).await.expect("an end");
        assert!(matches!(read, Err(StoreError::Busy { .. })), "{read:?}");
        hold.until(0).await;
    });
}
