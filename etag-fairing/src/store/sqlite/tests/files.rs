//! The file: missing, broken, locked, shared, closed and opened again.

use std::{sync::Arc, time::Duration};

use super::*;
use crate::plan::{Listing, Scopes};
use crate::store::contract::{ALL, ROOMS, SPEAKERS, TALKS};
use crate::store::transact::Sharing;

fn refusal(path: &Path) -> String {
    match SqliteStore::open(options(path)) {
        Ok(_) => panic!("`{}` was opened", path.display()),
        Err(error) => error.to_string(),
    }
}

fn speaker(name: &str) -> Change {
    new(&SPEAKERS, vec![Value::Text(name.into())])
}

fn room(name: &str) -> Change {
    let id = Some(ResourceId::Text(name.into()));
    Change::Insert { resource: &ROOMS, id, attributes: vec![], linkage: vec![None] }
}

#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("missing").join("x.db");
    let told = refusal(&path);
    let missing = format!("there is no folder `{}`", folder.path().join("missing").display());
    assert!(told.contains(&path.display().to_string()) && told.contains(&missing), "{told}");
}

#[test]
fn a_file_that_is_no_database_is_named_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("letter.txt");
    let letter = "Dear all, this is not a database. ".repeat(40);
    std::fs::write(&path, &letter).expect("a file");
    let told = refusal(&path);
    assert!(told.contains(&path.display().to_string()) && told.contains("not a database"), "{told}");
    assert_eq!(std::fs::read_to_string(&path).expect("the letter"), letter);
    let told = refusal(folder.path());
    assert!(told.contains(&folder.path().display().to_string()), "{told}");
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("read-only.db");
    drop(outside(&path).execute_batch("CREATE TABLE x (y)"));
    let mut permissions = std::fs::metadata(&path).expect("the file").permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).expect("permissions");
    // Root may write anything; then there is nothing to refuse.
    if std::fs::OpenOptions::new().append(true).open(&path).is_ok() {
        assert!(SqliteStore::open(options(&path)).is_ok());
        return;
    }
    let told = refusal(&path);
    assert!(told.contains(&path.display().to_string()) && told.contains("read-only"), "{told}");
}

#[test]
fn a_restart_keeps_ids_and_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kept.db");
    rocket::async_test(async {
        let store = open(&path);
        store.prepare(&ALL).await.expect("prepared");
        let kept = write(&store, speaker("Ada")).await.expect("written");
        store.close().await;
        assert!(!folder.path().join("kept.db-wal").exists(), "the log is in the database");

        // And without closing, as after a crash.
        for launch in 0..3 {
            let store = open(&path);
            store.prepare(&ALL).await.expect("prepared");
            write(&store, room(&format!("room {launch}"))).await.expect("written");
            drop(store);
        }
        let store = open(&path);
        store.prepare(&ALL).await.expect("prepared");
        let plan = whole(&SPEAKERS, Root::One(kept));
        assert_eq!(store.fetch(&plan).await.expect("readable").rows.len(), 1);
        let plan = whole(&ROOMS, Root::Collection(Listing::all()));
        assert_eq!(store.fetch(&plan).await.expect("readable").rows.len(), 3);
        store.close().await;
    });
}

#[test]
fn two_stores_over_one_file_see_each_others_writes_and_lose_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shared.db");
    rocket::async_test(async {
        let stores = [Arc::new(open(&path)), Arc::new(open(&path))];
        for store in &stores {
            store.prepare(&ALL).await.expect("prepared");
        }
        let tasks: Vec<_> = (0..40)
            .map(|number: usize| {
                let store = stores[number % 2].clone();
                rocket::tokio::spawn(async move { write(&store, room(&format!("room {number}"))).await })
            })
            .collect();
        for task in tasks {
            task.await.expect("a writer").expect("written");
        }
        for store in &stores {
            let plan = whole(&ROOMS, Root::Collection(Listing::all()));
            assert_eq!(store.fetch(&plan).await.expect("readable").rows.len(), 40);
        }
        let taken = write(&stores[0], room("room 1")).await;
        assert!(matches!(taken, Err(StoreError::IdExists)));
    });
}

#[test]
fn a_writer_of_another_process_makes_us_busy_and_readers_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("busy.db");
    rocket::async_test(async {
        let options = SqliteOptions { busy_timeout: Duration::from_millis(50), ..options(&path) };
        let store = SqliteStore::open(options).expect("a database");
        store.prepare(&ALL).await.expect("prepared");
        let other = outside(&path);
        other.execute_batch("BEGIN IMMEDIATE; INSERT INTO rooms VALUES ('theirs')").expect("a writer");
        let busy = write(&store, room("ours")).await;
        assert!(matches!(busy, Err(StoreError::Busy { .. })), "{busy:?}");
        let plan = whole(&ROOMS, Root::Collection(Listing::all()));
        assert!(store.fetch(&plan).await.expect("readable").rows.is_empty());
        other.execute_batch("COMMIT").expect("committed");
        write(&store, room("ours")).await.expect("the turn came back");
        assert_eq!(store.fetch(&plan).await.expect("readable").rows.len(), 2);
    });
}

#[test]
fn a_turn_that_does_not_come_in_time_is_busy() {
    rocket::async_test(async {
        let mut options = SqliteOptions::new(Location::Temporary);
        options.queue_timeout = Duration::from_millis(20);
        let store = SqliteStore::open(options).expect("a database");
        store.prepare(&ALL).await.expect("prepared");
        let transaction = Store::begin(&store).await.expect("a transaction");
        let busy = write(&store, room("late")).await;
        assert!(matches!(busy, Err(StoreError::Busy { .. })), "{busy:?}");
        drop(transaction);
        // However slow the machine is, the turn comes back.
        loop {
            match write(&store, room("in time")).await {
                Err(StoreError::Busy { .. }) => {}
                outcome => break drop(outcome.expect("written")),
            }
        }
    });
}

#[test]
fn a_closed_store_is_busy() {
    rocket::async_test(async {
        let store = SqliteStore::open(SqliteOptions::new(Location::Temporary)).expect("a database");
        store.prepare(&ALL).await.expect("prepared");
        let folder = store.path.parent().expect("a folder").to_path_buf();
        assert!(folder.is_dir());
        store.close().await;
        assert!(!folder.exists(), "a temporary database goes with its store");
        let plan = whole(&TALKS, Root::Collection(Listing::all()));
        // The next server is perhaps there already.
        assert!(matches!(store.fetch(&plan).await, Err(StoreError::Busy { .. })));
        assert!(matches!(write(&store, room("late")).await, Err(StoreError::Busy { .. })));
        store.close().await;
    });
}

#[test]
fn closing_waits_for_the_transaction_in_progress() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("closing.db");
    rocket::async_test(async {
        let store = Arc::new(open(&path));
        store.prepare(&ALL).await.expect("prepared");
        let mut transaction = Store::begin(&*store).await.expect("a transaction");
        let closing = {
            let store = store.clone();
            rocket::tokio::spawn(async move { store.close().await })
        };
        rocket::tokio::task::yield_now().await;
        transaction.apply(room("last"), &Scopes::NONE).await.expect("applied");
        transaction.commit().await.expect("committed");
        closing.await.expect("closed");
        let rooms: i64 =
            outside(&path).query_row("SELECT count(*) FROM rooms", [], |row| row.get(0)).expect("a count");
        assert_eq!(rooms, 1);
    });
}

#[test]
fn a_panic_in_a_job_ends_neither_the_thread_nor_the_queue() {
    rocket::async_test(async {
        let store = SqliteStore::open(SqliteOptions::new(Location::Temporary)).expect("a database");
        store.prepare(&ALL).await.expect("prepared");
        let transaction = store.turn_to_write(Sharing::Alone).await.expect("a transaction");
        let outcome = transaction.run::<()>(|_| panic!("a job panics, on purpose")).await;
        assert!(matches!(outcome, Err(StoreError::Internal(_))));
        // It was undone: nothing can be added to what is left of it.
        let outcome = transaction.run(|_| Ok(())).await;
        assert!(matches!(outcome, Err(StoreError::Internal(_))));
        drop(transaction);
        write(&store, room("after")).await.expect("written");
    });
}

#[test]
fn whether_files_can_be_made_is_tried_and_leaves_none() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(super::super::connection::takes_files(folder.path()));
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
    assert!(!super::super::connection::takes_files(&folder.path().join("missing")));
}
