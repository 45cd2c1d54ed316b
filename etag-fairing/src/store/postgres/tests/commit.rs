//! A connection that is lost around the commit, by a proxy that cuts it.

use std::{
    future::ready,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use async_trait::async_trait;

use super::last_change::{Set, TITLES, talk};
use super::*;
use crate::plan::Fetched;
use crate::store::contract::{ALL, ROOMS, SPEAKERS, TALKS};
use crate::store::postgres::connection::{Purpose, end::Parts};
use crate::store::{Decision, Transaction, modify};

/// When the proxy cuts a connection, once a message of the client's holds this text.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// The server never gets the message.
    Before(&'static str),
    /// It gets the message, and the client no answer.
    After(&'static str),
}

/// A URL by way of a proxy.
fn by_proxy(url: &str, cut: Cut) -> String {
    let server = url.split_once('@').and_then(|(_, rest)| rest.split_once('/')).expect("a host").0.to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let own = listener.local_addr().expect("an address").to_string();
    let through = url.replace(&server, &own);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(&server) else { return };
            let (back, to) = (server.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
            thread::spawn(move || pass(back, to, None));
            thread::spawn(move || pass(client, server, Some(cut)));
        }
    });
    through
}

fn pass(mut from: TcpStream, mut to: TcpStream, cut: Option<Cut>) {
    let mut bytes = [0; 65536];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        let holds = |text: &str| bytes[..length].windows(text.len()).any(|part| part == text.as_bytes());
        match cut {
            Some(Cut::Before(text)) if holds(text) => break,
            Some(Cut::After(text)) if holds(text) => {
                // No answer comes back, but all of the message gets there.
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.write_all(&bytes[..length]);
                thread::sleep(Duration::from_millis(300));
                break;
            }
            _ if to.write_all(&bytes[..length]).is_err() => break,
            _ => {}
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// Makes a room.
struct Make(usize);

#[async_trait]
impl Decision for Make {
    type Refusal = StoreError;

    async fn decide(&mut self, _: Fetched, _: &mut dyn Transaction) -> Result<Change, StoreError> {
        self.0 += 1;
        let id = Some(ResourceId::Text("hall".into()));
        Ok(Change::Insert { resource: &ROOMS, id, attributes: vec![], linkage: vec![None] })
    }

    fn read_back(&self, _: &ResourceId) -> Option<Plan> {
        None
    }

    fn scopes(&self) -> &Scopes {
        &Scopes::NONE
    }
}

#[test]
fn a_lost_commit_is_neither_called_failed_nor_tried_again() {
    with_database(async |database| {
        let direct = open(database);
        direct.prepare(&ALL).await.expect("prepared");
        for (cut, made) in [(Cut::After("COMMIT\0"), "1\n"), (Cut::Before("COMMIT\0"), "0\n")] {
            let url = by_proxy(database.url(), cut);
            let store = PostgresStore::open(PostgresOptions::new(&url).expect("a URL")).expect("a store");
            let mut make = Make(0);
            let outcome = modify(&store, None, &mut make, Duration::from_secs(20)).await;
            assert!(matches!(outcome, Err(StoreError::OutcomeUnknown)), "{cut:?}: {outcome:?}");
            assert_eq!(make.0, 1, "{cut:?}");
            rocket::tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(database.run("SELECT count(*) FROM rooms"), made, "{cut:?}");
            database.run("DELETE FROM rooms");
        }
        direct.close().await;
    });
}

/// A change that is committed as it is made.
#[test]
fn a_lost_answer_to_a_change_and_its_commit_is_not_called_failed() {
    with_database(async |database| {
        let direct = open(database);
        direct.prepare(&ALL).await.expect("prepared");
        let id = talk(&direct, "first").await;
        for cut in [Cut::After("COMMIT\0"), Cut::Before("COMMIT\0")] {
            database.run("UPDATE talks SET title = 'first'");
            let url = by_proxy(database.url(), cut);
            let store = PostgresStore::open(PostgresOptions::new(&url).expect("a URL")).expect("a store");
            direct
                .shared
                .known
                .lock()
                .expect("a lock")
                .clone_into(&mut store.shared.known.lock().expect("a lock"));
            let outcome = Set::first_attribute(&TALKS, &id, text("second")).by(&store).await;
            assert!(matches!(outcome, Err(StoreError::OutcomeUnknown)), "{cut:?}: {outcome:?}");
            rocket::tokio::time::sleep(Duration::from_millis(500)).await;
            let title = if matches!(cut, Cut::After(_)) { "second\n" } else { "first\n" };
            assert_eq!(database.run("SELECT title FROM talks"), title, "{cut:?}");
        }
        // Before it has got there.
        let url = by_proxy(database.url(), Cut::Before("UPDATE \"talks\""));
        let store = PostgresStore::open(PostgresOptions::new(&url).expect("a URL")).expect("a store");
        direct
            .shared
            .known
            .lock()
            .expect("a lock")
            .clone_into(&mut store.shared.known.lock().expect("a lock"));
        let outcome = Set::first_attribute(&TALKS, &id, text("third")).by(&store).await;
        assert!(matches!(outcome, Err(StoreError::Busy { .. })), "{outcome:?}");
    });
}

/// A new row that is committed as it is made.
#[test]
fn a_lost_answer_to_a_new_row_is_neither_called_failed_nor_asked_for_again() {
    with_database(async |database| {
        let direct = open(database);
        direct.prepare(&ALL).await.expect("prepared");
        let through = |cut| {
            let url = by_proxy(database.url(), cut);
            let store = PostgresStore::open(PostgresOptions::new(&url).expect("a URL")).expect("a store");
            let known = direct.shared.known.lock().expect("a lock").clone();
            *store.shared.known.lock().expect("a lock") = known;
            store
        };
        let named = || Change::Insert {
            resource: &SPEAKERS,
            id: Some(ResourceId::Text("6f1e7f0e-0d54-4c9c-8d2a-3c1f6f7d0a01".into())),
            attributes: vec![text("to be cut")],
            linkage: vec![None],
        };
        for (cut, made) in [(Cut::After("to be cut"), "1\n"), (Cut::Before("to be cut"), "0\n")] {
            let outcome = new_row::Make::at_once(named()).by(&through(cut)).await;
            assert!(matches!(outcome, Err(StoreError::OutcomeUnknown)), "{cut:?}: {outcome:?}");
            rocket::tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(database.run("SELECT count(*) FROM speakers"), made, "{cut:?}");
            database.run("DELETE FROM speakers");
        }
        // Before it has got there.
        let outcome = new_row::Make::at_once(named()).by(&through(Cut::Before("INSERT INTO"))).await;
        assert!(matches!(outcome, Err(StoreError::Busy { .. })), "{outcome:?}");
        assert_eq!(database.run("SELECT count(*) FROM speakers"), "0\n");
    });
}

#[test]
fn a_connection_that_is_lost_before_the_commit_has_changed_nothing() {
    with_database(async |database| {
        let direct = open(database);
        direct.prepare(&ALL).await.expect("prepared");
        for cut in [Cut::Before("INSERT"), Cut::After("SAVEPOINT")] {
            let url = by_proxy(database.url(), cut);
            let store = PostgresStore::open(PostgresOptions::new(&url).expect("a URL")).expect("a store");
            let outcome = modify(&store, None, &mut Make(0), Duration::from_secs(20)).await;
            assert!(matches!(outcome, Err(StoreError::Busy { .. })), "{cut:?}: {outcome:?}");
            rocket::tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(database.run("SELECT count(*) FROM rooms"), "0\n", "{cut:?}");
        }
        direct.close().await;
    });
}

/// What failed here, and not on the server, undoes nothing there: it either keeps the change out, or is no failure of it.
#[test]
fn a_change_is_told_as_failed_only_if_it_is_not_there() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&[&TITLES]).await.expect("prepared");
        let broken = || Err(StoreError::Internal("broken".into()));
        let delete = "DELETE FROM titles RETURNING 1";
        for (lock, read, left) in [(broken(), Ok(()), "1\n"), (Ok(()), broken(), "0\n")] {
            database.run("TRUNCATE titles; INSERT INTO titles (title) VALUES ('first')");
            let connection = store.take().await.expect("a connection");
            connection.begin(Purpose::Write);
            connection.rows("SELECT 1 FROM titles FOR UPDATE", &[]).await.expect("locked");
            let (locks, reads) =
                (Parts::of(usize::from(lock.is_err()), ready(lock)), Parts::of(0, ready(read)));
            let ended = connection.end_with(locks, delete, &[], reads, None).await;
            let is_unknown = matches!(ended, Err(StoreError::OutcomeUnknown));
            assert!(ended.is_err() && is_unknown == (left == "0\n"), "{ended:?}");
            drop(connection);
            assert_eq!(database.run("SELECT count(*) FROM titles"), left);
        }
        store.close().await;
    });
}
