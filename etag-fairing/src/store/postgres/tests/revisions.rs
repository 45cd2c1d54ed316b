//! Revisions: whoever changes a table, in whatever way, changes its number, and nobody waits for that.

use super::*;
use crate::plan::Revision;
use crate::store::contract::{ALL, REPLIES, REVIEWS, ROOMS, SPEAKERS, TALKS};

const JOIN: &str = "talk_speakers";
const GHOST: &str = "0190163d-8694-739b-aea5-966c26f8ad01";

async fn revision(store: &PostgresStore, table: &'static str) -> Option<Revision> {
    store.revision(&[table]).await.expect("a revision, or none")
}

fn room(name: &str) -> Change {
    Change::Insert {
        resource: &ROOMS,
        id: Some(ResourceId::Text(name.into())),
        attributes: vec![Value::Null; ROOMS.attributes.len()],
        linkage: vec![None; ROOMS.relationships.len()],
    }
}

#[test]
fn what_others_write_changes_the_numbers_of_what_they_change() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&[&TALKS, &ROOMS, &SPEAKERS, &REVIEWS, &REPLIES]).await.expect("prepared");
        let tables = [TALKS.table, ROOMS.table, SPEAKERS.table, REVIEWS.table, REPLIES.table, JOIN];
        let [talks, rooms, speakers, reviews, replies, join] = [0, 1, 2, 3, 4, 5];
        let talk = "INSERT INTO talks (id, title, favourites, published, room_id) VALUES";
        for (sql, changed) in [
            ("INSERT INTO rooms VALUES ('main'), ('small')".into(), &[rooms][..]),
            (format!("{talk} (1, 'a', 0, false, 'main'), (2, 'b', 0, false, 'small')"), &[talks]),
            (format!("INSERT INTO speakers VALUES ('{GHOST}', 'x')"), &[speakers]),
            (format!("INSERT INTO talk_speakers VALUES (1, '{GHOST}')"), &[join]),
            ("INSERT INTO reviews (id, text, talk_id) VALUES (1, 'good', 1)".into(), &[reviews]),
            ("INSERT INTO replies (id, review_id) VALUES (1, 1)".into(), &[replies]),
            ("UPDATE talks SET title = 'c' WHERE id = 1".into(), &[talks]),
            ("SET session_replication_role = replica; UPDATE talks SET title = 'd'".into(), &[talks]),
            ("BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE talks SET title = 'e'; COMMIT".into(), &[talks]),
            ("DELETE FROM reviews WHERE id = 1".into(), &[reviews, replies]),
            ("DELETE FROM rooms WHERE name = 'main'".into(), &[rooms, talks]),
            ("TRUNCATE talk_speakers".into(), &[join]),
            ("TRUNCATE talks CASCADE".into(), &[talks, reviews, replies, join]),
            ("BEGIN; UPDATE rooms SET name = 'other'; ROLLBACK".into(), &[]),
        ] {
            let mut before = Vec::new();
            for table in tables {
                before.push(revision(&store, table).await);
            }
            database.run(&sql);
            for (place, before) in before.into_iter().enumerate() {
                assert!(before.is_some());
                let after = revision(&store, tables[place]).await;
                assert_eq!(after != before, changed.contains(&place), "{sql}: {}", tables[place]);
            }
        }
    });
}

#[test]
fn whoever_counts_waits_for_nobody() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        let before = revision(&store, ROOMS.table).await;
        let mut open = Vec::new();
        for name in ["a", "b", "c", "d"] {
            let mut transaction = Store::begin(&store).await.expect("begun");
            let applied = transaction.apply(room(name), &Scopes::NONE);
            let applied = rocket::tokio::time::timeout(std::time::Duration::from_secs(4), applied).await;
            applied.expect("no wait").expect("applied");
            open.push(transaction);
        }
        assert_eq!(revision(&store, ROOMS.table).await, before);
        let mut known = vec![before];
        // Each commit is told of, in whatever order they come.
        for transaction in open.into_iter().rev() {
            transaction.commit().await.expect("committed");
            let after = revision(&store, ROOMS.table).await;
            assert!(!known.contains(&after));
            known.push(after);
        }
    });
}

#[test]
fn very_many_numbers_become_one_and_stay_the_same_sum() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        database.run(
            "INSERT INTO _etag_fairing_revisions (table_oid, revision) \
             SELECT CAST('rooms' AS regclass), n FROM generate_series(1, 300) AS n",
        );
        let before = revision(&store, ROOMS.table).await;
        store.prepare(&ALL).await.expect("prepared");
        assert_eq!(revision(&store, ROOMS.table).await, before);
        let left = "SELECT count(*) FROM _etag_fairing_revisions WHERE table_oid = CAST('rooms' AS regclass)";
        assert_eq!(database.run(left).trim(), "1");
    });
}

#[test]
fn what_is_not_counted_has_no_number() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        let before = revision(&store, ROOMS.table).await;
        assert!(before.is_some());
        database.run("DROP TRIGGER _etag_fairing_count ON rooms");
        assert_eq!(revision(&store, ROOMS.table).await, None);
        assert!(revision(&store, TALKS.table).await.is_some());
        database.run("INSERT INTO rooms VALUES ('main')");
        store.prepare(&ALL).await.expect("prepared");
        let after = revision(&store, ROOMS.table).await;
        assert!(after.is_some() && after != before);
        database.run("ALTER TABLE rooms DISABLE TRIGGER ALL");
        assert_eq!(revision(&store, ROOMS.table).await, None);

        let mut options = PostgresOptions::new(database.url()).expect("a URL");
        options.revisions = false;
        let uncounted = PostgresStore::open(options).expect("a store");
        uncounted.prepare(&ALL).await.expect("prepared");
        assert_eq!(revision(&uncounted, TALKS.table).await, None);
        database.run("INSERT INTO rooms VALUES ('small')");
    });
}

/// What a column's type is made of, however deep: a name in it is part of what is shown.
#[test]
fn a_type_within_a_type_counts_at_any_depth() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        for (number, (types, column)) in [
            ("", "word"),
            ("CREATE DOMAIN one AS word", "one"),
            ("CREATE DOMAIN one AS word; CREATE DOMAIN two AS one", "two"),
            ("CREATE DOMAIN one AS word; CREATE DOMAIN two AS one; CREATE DOMAIN three AS two", "three"),
            ("", "word[]"),
            ("CREATE DOMAIN one AS word", "one[]"),
            ("CREATE DOMAIN one AS word[]; CREATE DOMAIN two AS one", "two[]"),
            ("CREATE TYPE pair AS (left_one integer, right_one word)", "pair"),
            ("CREATE DOMAIN one AS word; CREATE TYPE pair AS (left_one integer, right_one one[])", "pair[]"),
            ("CREATE TYPE pair AS (a word); CREATE TYPE nest AS (b pair); CREATE DOMAIN one AS nest", "one"),
            ("CREATE TYPE span AS RANGE (SUBTYPE = word)", "span"),
            ("CREATE TYPE span AS RANGE (SUBTYPE = word, MULTIRANGE_TYPE_NAME = spans)", "spans"),
        ]
        .into_iter()
        .enumerate()
        {
            database.run(&format!(
                "CREATE TYPE word AS ENUM ('news', 'sport'); {types};
                 ALTER TABLE rooms ADD COLUMN extra_{number} {column}"
            ));
            let before = revision(&store, ROOMS.table).await;
            assert_eq!(revision(&store, ROOMS.table).await, before, "{column}");
            database.run("ALTER TYPE word RENAME VALUE 'news' TO 'tidings'");
            let after = revision(&store, ROOMS.table).await;
            assert!(before.is_some() && after.is_some() && before != after, "{types}: {column}");
            // Another table has none of it.
            assert_eq!(revision(&store, TALKS.table).await, revision(&store, TALKS.table).await);
            database.run(&format!(
                "ALTER TABLE rooms DROP COLUMN extra_{number}; DROP TYPE word CASCADE;
                 DROP TYPE IF EXISTS pair CASCADE; DROP TYPE IF EXISTS nest CASCADE; DROP DOMAIN IF EXISTS one CASCADE"
            ));
        }
        // The members of a composite type are shown by their order and number.
        database.run("CREATE TYPE pair AS (a integer, b text); ALTER TABLE rooms ADD COLUMN pair pair");
        let before = revision(&store, ROOMS.table).await;
        database.run("ALTER TYPE pair ADD ATTRIBUTE c integer CASCADE");
        assert_ne!(revision(&store, ROOMS.table).await, before);
    });
}

/// A database on a server where nobody else commits anything.
struct Alone {
    server: postgres_server::Server,
    url: String,
}

impl Alone {
    fn run(&self, sql: &str) -> String {
        self.server.run("alone", sql)
    }

    fn open(&self) -> PostgresStore {
        PostgresStore::open(PostgresOptions::new(&self.url).expect("a URL")).expect("a store")
    }
}

fn with_server(test: impl AsyncFnOnce(&Alone)) {
    let Some(binaries) = postgres_server::Binaries::provide() else { return };
    let server = postgres_server::Server::start(&binaries, &[]);
    server.create_database("alone");
    let url = server.url("alone");
    rocket::async_test(test(&Alone { server, url }));
}

/// What a store tells that has asked before is what one tells that asks for the first time: whoever has changed whatever.
#[test]
fn the_short_question_finds_out_whatever_the_long_one_does() {
    with_server(async |database| {
        let store = database.open();
        store.prepare(&ALL).await.expect("prepared");
        let tables = [TALKS.table, ROOMS.table, SPEAKERS.table];
        database.run("CREATE TYPE word AS ENUM ('news', 'sport'); ALTER TABLE rooms ADD COLUMN word word");
        database.run("INSERT INTO rooms (name) VALUES ('main'), ('small')");
        let changes = [
            "UPDATE rooms SET name = 'main' WHERE name = 'main'",
            "INSERT INTO speakers VALUES (gen_random_uuid(), 'x')",
            "BEGIN; UPDATE rooms SET word = 'news'; ROLLBACK",
            "BEGIN; SAVEPOINT s; UPDATE rooms SET word = 'news'; ROLLBACK TO s; UPDATE speakers SET name = 'y'; COMMIT",
            "ALTER TYPE word RENAME VALUE 'news' TO 'tidings'",
            "ALTER TYPE word RENAME VALUE 'tidings' TO 'news'",
            "ALTER TABLE rooms DISABLE TRIGGER _etag_fairing_count; UPDATE rooms SET word = 'news'; \
             ALTER TABLE rooms ENABLE ALWAYS TRIGGER _etag_fairing_count",
            "ALTER TABLE talks RENAME COLUMN title TO heading; ALTER TABLE talks RENAME COLUMN heading TO title",
            "ALTER TABLE rooms ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE rooms DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE talks RENAME TO lectures",
            "ALTER TABLE lectures RENAME TO talks",
            "CREATE SCHEMA earlier; CREATE TABLE earlier.rooms (name text)",
            "DROP SCHEMA earlier CASCADE",
            "VACUUM rooms",
            "SELECT 1",
            "TRUNCATE rooms CASCADE",
            "CREATE TABLE other_things (id integer); DROP TABLE other_things",
        ];
        let mut chance = 0x9E37_79B9_7F4A_7C15_u64;
        let mut known = Vec::new();
        let mut short = 0;
        for step in 0..120 {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            let change = changes[step % changes.len()];
            // Several questions in a row, or none.
            let questions = chance % 4;
            database.run(change);
            let before = store.statements();
            for _ in 0..questions {
                known = store.revisions(&tables).await.expect("revisions");
            }
            short += usize::from(questions == 3 && store.statements() == before + 3);
            let fresh = database.open();
            // It has prepared nothing, so that it would not ask.
            fresh
                .shared
                .known
                .lock()
                .expect("a lock")
                .clone_from(&store.shared.known.lock().expect("a lock"));
            let truth = fresh.revisions(&tables).await.expect("revisions");
            if questions > 0 {
                assert_eq!(known, truth, "{step}: {change}");
            }
        }
        assert!(short > 5);
    });
}

/// In a schema that comes first in the path, which a short question could not see at once.
#[test]
fn a_table_that_steps_in_front_of_another_is_seen() {
    with_server(async |database| {
        database.run("CREATE SCHEMA earlier; CREATE SCHEMA elsewhere");
        let url = format!("{}?options=-csearch_path%3Dearlier,public", database.url);
        let store = PostgresStore::open(PostgresOptions::new(&url).expect("a URL")).expect("a store");
        database.run("CREATE TABLE public.rooms (name text PRIMARY KEY)");
        store.prepare(&[&ROOMS]).await.expect("prepared");
        let before = revision(&store, ROOMS.table).await;
        assert!(before.is_some());
        database.run("CREATE TABLE elsewhere.rooms (name text PRIMARY KEY)");
        assert_eq!(revision(&store, ROOMS.table).await, before);
        database.run("CREATE TABLE earlier.rooms (name text PRIMARY KEY)");
        // Nobody counts its changes.
        assert_eq!(revision(&store, ROOMS.table).await, None);
        database.run("DROP TABLE earlier.rooms");
        assert_eq!(revision(&store, ROOMS.table).await, before);
    });
}

#[test]
fn those_who_ask_together_share_few_questions() {
    with_server(async |database| {
        let store = database.open();
        store.prepare(&ALL).await.expect("prepared");
        let before = store.statements();
        let tables = [TALKS.table, ROOMS.table, SPEAKERS.table, REVIEWS.table];
        let all: Vec<&[&'static str]> = (0..200).map(|place| &tables[place % 4..]).collect();
        let asked = all.iter().map(|tables| store.revision(tables));
        let told = rocket::futures::future::join_all(asked).await;
        for (tables, told) in all.iter().zip(told) {
            assert_eq!(told.expect("a revision"), store.revision(tables).await.expect("a revision"));
        }
        assert!(
            store.statements() - before <= 200 + 8,
            "one for each that asks alone, and a few for all the others"
        );
    });
}

#[test]
fn a_lost_connection_is_made_again_and_goes_with_its_store() {
    with_server(async |database| {
        let store = database.open();
        store.prepare(&ALL).await.expect("prepared");
        let before = revision(&store, ROOMS.table).await;
        for _ in 0..3 {
            database.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            );
            assert_eq!(revision(&store, ROOMS.table).await, before);
        }
        drop(store);
        let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let gone = rocket::tokio::time::timeout(std::time::Duration::from_secs(30), async {
            while database.run(count).trim() != "0" {
                rocket::tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        });
        gone.await.expect("no connection is left");
    });
}
