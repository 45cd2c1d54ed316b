//! A server that is there and says nothing: stopped processes, a link that loses what is sent.

use std::{net::TcpListener, time::Duration};

use postgres_server::Link;
use rocket::tokio::time::{sleep, timeout};

use super::*;
use crate::store::contract::{ALL, ROOMS};

/// Far more than any of the limits, and not for ever.
const PATIENCE: Duration = Duration::from_secs(30);

fn all_rooms() -> Plan {
    Plan::new(Root::Collection(Listing::all()), Selection::whole(&ROOMS))
}

fn one(name: &str) -> Plan {
    Plan::new(Root::One(ResourceId::Text(name.into())), Selection::whole(&ROOMS))
}

fn room(name: &str) -> Change {
    Change::Insert {
        resource: &ROOMS,
        id: Some(ResourceId::Text(name.into())),
        attributes: vec![],
        linkage: vec![None],
    }
}

/// Short ones.
fn options(url: &str) -> PostgresOptions {
    let mut options = PostgresOptions::new(url).expect("a URL");
    options.connections = 4;
    options.connect_timeout = Duration::from_millis(500);
    options.wait_timeout = Duration::from_millis(500);
    options.read_timeout = Duration::from_millis(300);
    options.statement_timeout = Duration::from_millis(300);
    options
}

async fn behind(link: &Link) -> PostgresStore {
    let store = PostgresStore::open(options(link.url())).expect("a store");
    store.prepare(&ALL).await.expect("prepared");
    store
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work).await.expect("nobody waits for ever")
}

/// A connection was made, and works.
async fn is_well(store: &PostgresStore) {
    in_time(async {
        while store.fetch(&all_rooms()).await.is_err() || store.revision(&[ROOMS.table]).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[test]
fn reads_of_a_silent_server_end_and_their_connections_are_given_up() {
    with_database(async |database| {
        let link = Link::to(database.url());
        let store = behind(&link).await;
        is_well(&store).await;
        for round in 0..2 {
            link.fall_silent();
            let fetched = in_time(store.fetch(&all_rooms())).await;
            assert!(
                matches!(fetched, Err(StoreError::ReadTimedOut { .. } | StoreError::Busy { .. })),
                "{fetched:?}"
            );
            // That of the memo, by which it answers 304.
            let revision = in_time(store.revision(&[ROOMS.table])).await;
            assert!(
                matches!(revision, Err(StoreError::ReadTimedOut { .. } | StoreError::Busy { .. })),
                "{round}: {revision:?}"
            );
            // And of many at once.
            let tables = [ROOMS.table];
            let many = (0..20).map(|_| store.revision(&tables));
            for revision in in_time(rocket::futures::future::join_all(many)).await {
                assert!(revision.is_err(), "{round}: {revision:?}");
            }
            link.speak();
            is_well(&store).await;
        }
        // What was silent is closed. One more than the pool has asks for revisions.
        in_time(async {
            while link.connections() > 4 + 1 {
                sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        store.close().await;
    });
}

#[test]
fn no_step_of_a_write_waits_for_a_silent_server() {
    with_database(async |database| {
        let link = Link::to(database.url());
        let store = behind(&link).await;
        // Begun; locked; applied; begun again. Each with a row of its own: the server lets a lock go once it learns that
        // the connection is closed.
        for step in 0..4 {
            write(&store, room(&format!("a{step}"))).await.expect("written");
            let mut transaction = Store::begin(&store).await.expect("begun");
            if step > 0 {
                transaction.fetch(&one(&format!("a{step}"))).await.expect("locked");
            }
            if step > 1 {
                transaction.apply(room(&format!("b{step}")), &Scopes::NONE).await.expect("applied");
            }
            link.fall_silent();
            let error = match step {
                0 => in_time(transaction.fetch(&one("a0"))).await.map(drop),
                1 => in_time(transaction.apply(room("c"), &Scopes::NONE)).await.map(drop),
                2 => in_time(transaction.fetch(&all_rooms())).await.map(drop),
                _ => in_time(transaction.begin_again()).await.map(drop),
            };
            assert!(matches!(error, Err(StoreError::Busy { .. })), "{step}: {error:?}");
            // It cannot seem to be committed.
            in_time(transaction.commit()).await.expect_err("undone");
            link.speak();
            is_well(&store).await;
        }
        let mut transaction = Store::begin(&store).await.expect("begun");
        transaction.apply(room("d"), &Scopes::NONE).await.expect("applied");
        link.fall_silent();
        let committed = in_time(transaction.commit()).await;
        assert!(matches!(committed, Err(StoreError::OutcomeUnknown)), "{committed:?}");
        link.speak();
        is_well(&store).await;
        assert_eq!(database.run("SELECT name FROM rooms ORDER BY name"), "a0\na1\na2\na3\n");
        in_time(store.close()).await;
    });
}

#[test]
fn making_a_connection_has_an_end() {
    with_database(async |database| {
        let link = Link::to(database.url());
        let store = behind(&link).await;
        drop(store);
        link.fall_silent();
        // The port takes the connection; nobody answers.
        let store = PostgresStore::open(options(link.url())).expect("a store");
        let fetched = in_time(store.fetch(&all_rooms())).await;
        assert!(matches!(fetched, Err(StoreError::Busy { .. })), "{fetched:?}");
        assert!(in_time(Store::begin(&store)).await.is_err());
        let problem = in_time(store.prepare(&ALL)).await.expect_err("silent").to_string();
        assert!(problem.contains("does not answer"), "{problem}");
        in_time(store.close()).await;
    });
}

#[test]
fn of_several_hosts_a_silent_one_is_passed_over() {
    with_database(async |database| {
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = silent.local_addr().expect("an address").port();
        let url = database.url().replacen('@', &format!("@127.0.0.1:{port},"), 1);
        let store = PostgresStore::open(options(&url)).expect("a store");
        in_time(store.prepare(&ALL)).await.expect("prepared");
        assert_eq!(in_time(store.fetch(&all_rooms())).await.expect("read").rows.len(), 0);
        in_time(store.close()).await;
    });
}

#[test]
fn stopped_processes_are_a_silent_server() {
    let Some(binaries) = postgres_server::Binaries::provide() else { return };
    let server = postgres_server::Server::start(&binaries, &[]);
    server.create_database("silent");
    rocket::async_test(async {
        let store = PostgresStore::open(options(&server.url("silent"))).expect("a store");
        store.prepare(&ALL).await.expect("prepared");
        write(&store, room("a")).await.expect("written");
        server.pause();
        // A connection that is there, and one that would have to be made.
        for _ in 0..2 {
            let revision = in_time(store.revision(&[ROOMS.table])).await;
            assert!(revision.is_err(), "{revision:?}");
            let fetched = in_time(store.fetch(&all_rooms())).await;
            assert!(fetched.is_err(), "{fetched:?}");
            assert!(in_time(write(&store, room("b"))).await.is_err());
        }
        server.go_on();
        is_well(&store).await;
        assert_eq!(server.run("silent", "SELECT name FROM rooms"), "a\n");
        in_time(store.close()).await;
    });
}
