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
