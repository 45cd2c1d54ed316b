//! Revisions: whoever changes a table, in whatever way, changes its number; and nobody else does.

use super::*;
use crate::plan::Revision;
use crate::store::contract::{ALL, REPLIES, REVIEWS, ROOMS, SPEAKERS, TALKS};

const JOIN: &str = "talk_speakers";
const GHOST: &str = "0190163d-8694-739b-aea5-966c26f8ad01";

async fn revision(store: &SqliteStore, table: &'static str) -> Option<Revision> {
    store.revision(&[table]).await.expect("a revision, or none")
}

async fn all(store: &SqliteStore, tables: &[&'static str]) -> Vec<Option<Revision>> {
    let mut revisions = Vec::new();
    for table in tables {
        revisions.push(revision(store, table).await);
    }
    revisions
}

fn with_store(name: &str, test: impl AsyncFnOnce(&SqliteStore, &rusqlite::Connection, &Path)) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(format!("{name}.db"));
    rocket::async_test(async {
        let store = open(&path);
        store.prepare(&[&TALKS, &ROOMS, &SPEAKERS, &REVIEWS, &REPLIES]).await.expect("prepared");
        test(&store, &outside(&path), &path).await;
        store.close().await;
    });
}

#[test]
fn what_others_write_changes_the_numbers_of_what_they_change() {
    with_store("others", async |store, sqlite, _| {
        let tables = [TALKS.table, ROOMS.table, SPEAKERS.table, REVIEWS.table, REPLIES.table, JOIN];
        let [talks, rooms, speakers, reviews, replies, join] = [0, 1, 2, 3, 4, 5];
        let talk = "INSERT INTO talks (id, title, favourites, published, room_id) VALUES";
        for (sql, changed) in [
            ("INSERT INTO rooms VALUES ('main'), ('small')".into(), &[rooms][..]),
            (format!("{talk} (1, 'a', 0, 0, 'main'), (2, 'b', 0, 0, 'small')"), &[talks]),
            (format!("INSERT INTO speakers VALUES ('{GHOST}', 'x')"), &[speakers]),
            (format!("INSERT INTO talk_speakers VALUES (1, '{GHOST}')"), &[join]),
            ("INSERT INTO reviews (id, text, talk_id) VALUES (1, 'good', 1)".into(), &[reviews]),
            ("INSERT INTO replies (id, review_id) VALUES (1, 1)".into(), &[replies]),
            ("UPDATE talks SET title = 'c' WHERE id = 1".into(), &[talks]),
            // What takes the place of another row, by its key and by another unique column.
            (
                format!(
                    "REPLACE {}",
                    &talk[7..].replace("room_id) VALUES", "room_id) VALUES (2, 'd', 0, 0, NULL)")
                ),
                &[talks],
            ),
            ("UPDATE talks SET room_id = NULL".into(), &[talks]),
            ("UPDATE OR REPLACE rooms SET name = 'small' WHERE name = 'main'".into(), &[rooms]),
            // Foreign keys' actions: a cascade, an emptied reference, the links of a join table.
            ("DELETE FROM reviews WHERE id = 1".into(), &[reviews, replies]),
            (
                "PRAGMA foreign_keys = OFF; UPDATE talks SET room_id = 'small'; PRAGMA foreign_keys = ON"
                    .into(),
                &[talks],
            ),
            ("DELETE FROM rooms".into(), &[rooms, talks]),
            ("DELETE FROM talks WHERE id = 1".into(), &[talks, join]),
            // All rows at once.
            ("DELETE FROM talks".into(), &[talks]),
            ("INSERT INTO talks (id, title, favourites, published) SELECT 7, 'e', 0, 0".into(), &[talks]),
            ("BEGIN; UPDATE talks SET title = 'f'; DELETE FROM speakers; COMMIT".into(), &[talks, speakers]),
        ] {
            let before = all(store, &tables).await;
            sqlite.execute_batch(&sql).expect(&sql);
            let after = all(store, &tables).await;
            for (place, table) in tables.iter().enumerate() {
                let is_other = before[place] != after[place];
                assert!(after[place].is_some(), "{sql}: {table}");
                assert_eq!(is_other, changed.contains(&place), "{sql}: {table}");
            }
        }
    });
}

#[test]
fn what_changes_no_row_changes_no_number() {
    with_store("same", async |store, sqlite, _| {
        sqlite.execute_batch("INSERT INTO rooms VALUES ('main')").expect("a room");
        let before = revision(store, ROOMS.table).await;
        for sql in [
            "UPDATE rooms SET name = 'x' WHERE name = 'none'",
            "INSERT OR IGNORE INTO rooms VALUES ('main')",
            "INSERT INTO rooms VALUES ('main') ON CONFLICT DO NOTHING",
            "BEGIN; INSERT INTO rooms VALUES ('undone'); ROLLBACK",
            "CREATE TEMP TABLE other (x)",
            "PRAGMA wal_checkpoint(TRUNCATE)",
        ] {
            sqlite.execute_batch(sql).expect(sql);
            assert_eq!(revision(store, ROOMS.table).await, before, "{sql}");
        }
        // Changes that nobody can see yet.
        sqlite.execute_batch("BEGIN; INSERT INTO rooms VALUES ('unseen')").expect("a transaction");
        assert_eq!(revision(store, ROOMS.table).await, before);
        sqlite.execute_batch("COMMIT").expect("a commit");
        assert_ne!(revision(store, ROOMS.table).await, before);
    });
}

#[test]
fn tables_are_looked_up_as_sqlite_does() {
    with_store("names", async |store, _, _| {
        assert!(store.revision(&["TALKS", "Rooms"]).await.expect("a revision").is_some());
        assert_eq!(store.revision(&[TALKS.table, "nothing"]).await.expect("none"), None);
    });
}

#[test]
fn two_stores_over_one_file_see_each_others_changes() {
    with_store("two", async |one, _, path| {
        let two = open(path);
        two.prepare(&ALL).await.expect("prepared");
        let before = revision(one, ROOMS.table).await;
        assert_eq!(revision(&two, ROOMS.table).await, before, "the second store starts no new count");
        let room = Change::Insert {
            resource: &ROOMS,
            id: Some(ResourceId::Text("main".into())),
            attributes: Vec::new(),
            linkage: vec![None],
        };
        write(&two, room).await.expect("written");
        let after = revision(one, ROOMS.table).await;
        assert_ne!(after, before);
        assert_eq!(revision(&two, ROOMS.table).await, after);
        two.close().await;
        assert_eq!(
            two.revision(&[ROOMS.table]).await.expect("none"),
            None,
            "a store that is closed knows nothing"
        );
    });
}

#[test]
fn where_a_trigger_is_gone_there_is_no_number() {
    for (name, sql) in [
        ("dropped", "DROP TRIGGER _etag_fairing_revision_update_rooms"),
        // As migrations do it that SQLite's ALTER TABLE cannot do.
        (
            "remade",
            "PRAGMA foreign_keys = OFF; CREATE TABLE new (name TEXT NOT NULL PRIMARY KEY); \
             INSERT INTO new SELECT name FROM rooms; DROP TABLE rooms; ALTER TABLE new RENAME TO rooms",
        ),
        (
            "renamed",
            "PRAGMA foreign_keys = OFF; ALTER TABLE rooms RENAME TO halls; CREATE TABLE rooms (name TEXT NOT NULL PRIMARY KEY)",
        ),
        ("without_numbers", "DROP TABLE _etag_fairing_revisions"),
        ("without_number", "DELETE FROM _etag_fairing_revisions WHERE name = 'rooms'"),
    ] {
        with_store(name, async |store, sqlite, path| {
            assert!(revision(store, ROOMS.table).await.is_some());
            sqlite.execute_batch(sql).expect(sql);
            assert_eq!(revision(store, ROOMS.table).await, None, "{sql}");
            // The next launch puts it right.
            if name != "without_numbers" {
                assert!(revision(store, TALKS.table).await.is_some());
            }
            let next = open(path);
            next.prepare(&[&ROOMS]).await.expect("prepared");
            let before = revision(&next, ROOMS.table).await;
            assert!(before.is_some(), "{sql}");
            outside(path).execute_batch("INSERT INTO rooms VALUES ('new')").expect(sql);
            assert_ne!(revision(&next, ROOMS.table).await, before, "{sql}");
            next.close().await;
        });
    }
}

#[test]
fn another_schema_is_another_number() {
    with_store("altered", async |store, sqlite, _| {
        let before = revision(store, SPEAKERS.table).await;
        sqlite.execute_batch("ALTER TABLE speakers ADD COLUMN extra TEXT DEFAULT 'x'").expect("a column");
        let after = revision(store, SPEAKERS.table).await;
        assert!(after.is_some() && after != before);
    });
}

#[test]
fn a_second_launch_writes_nothing() {
    with_store("again", async |store, sqlite, path| {
        let number =
            |pragma: &str| sqlite.query_row(pragma, [], |row| row.get::<_, i64>(0)).expect("a number");
        let before = (number("PRAGMA schema_version"), revision(store, TALKS.table).await, schema(path));
        assert_eq!(
            problems(path, &[&TALKS, &ROOMS, &SPEAKERS, &REVIEWS, &REPLIES]).await,
            Vec::<String>::new()
        );
        assert_eq!(
            (number("PRAGMA schema_version"), revision(store, TALKS.table).await, schema(path)),
            before
        );
    });
}

#[test]
fn switched_off_they_are_taken_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("off.db");
    let theirs = "CREATE TABLE rooms (name TEXT NOT NULL PRIMARY KEY)";
    outside(&path).execute_batch(theirs).expect("a table");
    let before = |path: &Path| -> Vec<String> {
        schema(path).into_iter().filter(|sql| sql.contains("revision") || sql.contains("TRIGGER")).collect()
    };
    rocket::async_test(async {
        let store = open(&path);
        store.prepare(&ALL).await.expect("prepared");
        assert_eq!(before(&path).len(), 1 + 3 * 5, "a table of numbers, and three triggers a table");
        let first = revision(&store, ROOMS.table).await.expect("a number");
        let without = open_without_revisions(&path);
        without.prepare(&ALL).await.expect("prepared");
        assert_eq!(before(&path), Vec::<String>::new());
        assert_eq!(revision(&without, ROOMS.table).await, None);
        assert_eq!(revision(&store, ROOMS.table).await, None, "whoever still counts on them knows nothing");
        without.close().await;
        // Taken up again, they don't begin where they were.
        store.prepare(&ALL).await.expect("prepared");
        assert!(revision(&store, ROOMS.table).await.expect("a number").number() > first.number());
        store.close().await;
    });
}

#[test]
fn names_are_quoted_and_a_view_has_no_number() {
    static ODD: Description = Description::new(
        "odd",
        "odd",
        "Odd",
        "it's an \"odd\" table",
        crate::schema::Id { column: "id", kind: crate::schema::IdKind::Integer { min: 0, max: i64::MAX } },
        &[attribute("name", Kind::Text, false, None)],
        &[],
        crate::schema::Operations::ALL,
    );
    static SEEN: Description = Description::new(
        "seen",
        "seen",
        "Seen",
        "seen",
        crate::schema::Id { column: "id", kind: crate::schema::IdKind::Integer { min: 0, max: i64::MAX } },
        &[attribute("name", Kind::Text, false, None)],
        &[],
        crate::schema::Operations::ALL,
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("odd.db");
    let sqlite = outside(&path);
    sqlite
        .execute_batch(
            "CREATE TABLE base (id INTEGER PRIMARY KEY, name TEXT); CREATE VIEW seen AS SELECT * FROM base",
        )
        .expect("a view");
    rocket::async_test(async {
        let store = open(&path);
        store.prepare(&[&ODD, &SEEN]).await.expect("prepared");
        let before = revision(&store, ODD.table).await;
        write(&store, new(&ODD, vec![Value::Text("x".into())])).await.expect("written");
        assert!(before.is_some() && revision(&store, ODD.table).await != before);
        assert_eq!(revision(&store, SEEN.table).await, None);
        store.close().await;
    });
}

#[test]
fn a_large_schema_has_revisions_too() {
    with_store("large", async |store, sqlite, _| {
        for number in 0..1000 {
            sqlite
                .execute_batch(&format!("CREATE TABLE other_{number} (id INTEGER PRIMARY KEY)"))
                .expect("a table");
        }
        let first = revision(store, ROOMS.table).await;
        assert!(first.is_some());
        assert_eq!(revision(store, ROOMS.table).await, first);
        sqlite.execute_batch("INSERT INTO rooms VALUES ('x')").expect("a row");
        assert!(revision(store, ROOMS.table).await.is_some_and(|now| Some(now) != first));
    });
}

#[test]
fn as_long_as_nobody_commits_no_connection_is_asked() {
    with_store("unasked", async |store, sqlite, _| {
        let header = || store.wal_index.get().and_then(|index| index.as_ref()?.header());
        let first = revision(store, ROOMS.table).await;
        // The connection that was asked has found the index, the next one keeps what the header stands for.
        assert_eq!(revision(store, ROOMS.table).await, first);
        let before = header().expect("a header");
        assert_eq!(
            store.latest.of(before, &[ROOMS.table]).map(|number| number.map(Revision::new)),
            Some(first)
        );
        // Another connection that opens, reads and closes doesn't change it.
        sqlite.query_row("SELECT count(*) FROM rooms", [], |_| Ok(())).expect("read");
        assert_eq!(header(), Some(before));
        for step in 0..100 {
            let before = header().expect("a header");
            let sql = match step % 3 {
                0 => format!("INSERT INTO rooms VALUES ('{step}')"),
                1 => "DELETE FROM rooms".to_owned(),
                // The log begins anew.
                _ => "PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO rooms VALUES ('x')".to_owned(),
            };
            let known = revision(store, ROOMS.table).await;
            sqlite.execute_batch(&sql).expect(&sql);
            assert_ne!(header(), Some(before), "{sql}");
            assert_ne!(revision(store, ROOMS.table).await, known, "{sql}");
        }
        store.close().await;
        let now = header();
        assert!(now.is_none_or(|now| store.latest.of(now, &[ROOMS.table]).is_none()), "it is closed");
    });
}
