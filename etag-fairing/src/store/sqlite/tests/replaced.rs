//! A file that is no longer where it was: what would be written is lost, so nothing is.
#![cfg(unix)]

use std::{fs, path::PathBuf, time::Duration};

use super::*;
use crate::plan::Listing;
use crate::store::contract::ROOMS;

fn list() -> Plan {
    whole(&ROOMS, Root::Collection(Listing::all()))
}

fn room(name: &str) -> Change {
    let mut attributes = vec![Value::Null; ROOMS.attributes.len()];
    attributes.fill(Value::Text(name.into()));
    Change::Insert {
        resource: &ROOMS,
        id: Some(ResourceId::Text(name.into())),
        attributes,
        linkage: vec![None; ROOMS.relationships.len()],
    }
}

/// Has something done to the files of a server, finds that nothing is answered, has it undone, and finds that all is.
fn while_gone(does: impl Fn(PathBuf), undoes: impl Fn(PathBuf)) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("api.db");
    rocket::async_test(async {
        let store = open(&path);
        store.prepare(&[&ROOMS]).await.expect("prepared");
        write(&store, room("before")).await.expect("written");
        assert_eq!(store.fetch(&list()).await.map(|fetched| fetched.rows.len()).ok(), Some(1));
        let mut begun = Store::begin(&store).await.expect("a transaction");
        begun.apply(room("meanwhile"), &Scopes::NONE).await.expect("made");
        does(path.clone());
        let busy = |outcome: Result<(), StoreError>| {
            assert!(matches!(outcome, Err(StoreError::Busy { .. })), "{outcome:?}");
        };
        // The commit looks itself, and so does each write; reads within a second.
        busy(begun.commit().await);
        busy(write(&store, room("gone")).await.map(drop));
        busy(store.fetch(&list()).await.map(drop));
        busy(store.revision(&["rooms"]).await.map(drop));
        undoes(path.clone());
        write(&store, room("after")).await.expect("it is back");
        assert_eq!(store.fetch(&list()).await.map(|fetched| fetched.rows.len()).ok(), Some(2));
        store.close().await;
        drop(store);
        let again = open(&path);
        again.prepare(&[&ROOMS]).await.expect("prepared");
        assert_eq!(again.fetch(&list()).await.map(|fetched| fetched.rows.len()).ok(), Some(2));
        again.close().await;
    });
}

fn aside(path: PathBuf) -> PathBuf {
    let mut name = path.into_os_string();
    name.push("-aside");
    name.into()
}

fn beside(path: PathBuf, ending: &str) -> PathBuf {
    let mut name = path.into_os_string();
    name.push(ending);
    name.into()
}

#[test]
fn nothing_is_answered_while_the_file_is_away() {
    while_gone(
        |path| fs::rename(&path, aside(path.clone())).expect("moved away"),
        |path| fs::rename(aside(path.clone()), path).expect("moved back"),
    );
}

#[test]
fn nothing_is_answered_while_another_file_is_there() {
    while_gone(
        |path| {
            fs::rename(&path, aside(path.clone())).expect("moved away");
            fs::copy(aside(path.clone()), path).expect("another");
        },
        |path| fs::rename(aside(path.clone()), path).expect("moved back"),
    );
}

#[test]
fn nothing_is_answered_while_the_log_or_its_index_is_away() {
    for ending in ["-wal", "-shm"] {
        while_gone(
            |path| fs::rename(beside(path.clone(), ending), aside(path)).expect("moved away"),
            |path| fs::rename(aside(path.clone()), beside(path, ending)).expect("moved back"),
        );
    }
}

#[test]
fn a_deleted_file_is_noticed_by_reads_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("api.db");
    rocket::async_test(async {
        let store = open(&path);
        store.prepare(&[&ROOMS]).await.expect("prepared");
        fs::remove_file(&path).expect("deleted");
        while store.revision(&["rooms"]).await.is_ok() {
            rocket::tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(store.fetch(&list()).await.is_err());
        store.close().await;
    });
}
