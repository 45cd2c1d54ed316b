//! Making, migrating and checking tables.

use super::*;
use crate::schema::{Id, IdKind, Operations};
use crate::store::contract::{ALL, TALKS};

const INTEGER: IdKind = IdKind::Integer { min: i64::MIN, max: i64::MAX };

static NOTES: Description = Description::new(
    "notes",
    "notes",
    "Note",
    "notes",
    Id { column: "id", kind: INTEGER },
    &[attribute("text", Kind::Text, false, None)],
    &[],
    Operations::ALL,
);

static LATER_NOTES: Description = Description::new(
    "notes",
    "notes",
    "Note",
    "notes",
    Id { column: "id", kind: INTEGER },
    &[
        attribute("text", Kind::Text, false, None),
        attribute("done", Kind::Bool, false, Some(|| Ok(Value::Bool(false)))),
        attribute("title", Kind::Text, false, Some(|| Ok(Value::Text("it's".into())))),
        attribute("due", Kind::Date, true, None),
    ],
    &[],
    Operations::ALL,
);

async fn problems(database: &Database, resources: &[&'static Description]) -> Vec<String> {
    let store = open(database);
    let outcome = store.prepare(resources).await;
    store.close().await;
    outcome.err().map_or(Vec::new(), |error| error.problems)
}

#[test]
fn tables_are_made_with_native_types_keys_and_indexes() {
    with_database(async |database| {
        assert_eq!(problems(database, &ALL).await, [""; 0]);
        let columns = database.run(
            "SELECT column_name, data_type, is_nullable, collation_name FROM information_schema.columns \
             WHERE table_name = 'talks' AND table_schema = current_schema() ORDER BY ordinal_position",
        );
        let expected = "id|bigint|NO|\ntitle|text|NO|C\nsub_title|text|YES|C\nfavourites|bigint|NO|\n\
                        rating|double precision|YES|\npublished|boolean|NO|\n\
                        starts_at|timestamp with time zone|YES|\nextra|json|YES|\nroom_id|text|YES|C\n\
                        sequel_of_id|bigint|YES|\n";
        assert_eq!(columns, expected);
        let keys = database.run(
            "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
             WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1",
        );
        for key in [
            "talks FOREIGN KEY (room_id) REFERENCES rooms(name) ON DELETE SET NULL",
            "talk_speakers FOREIGN KEY (talk_id) REFERENCES talks(id) ON DELETE CASCADE",
            "reviews FOREIGN KEY (talk_id) REFERENCES talks(id) ON DELETE RESTRICT",
        ] {
            assert!(keys.contains(key), "{key}: {keys}");
        }
    });
}

#[test]
fn nodes_that_prepare_at_once_do_not_trip_over_each_other() {
    with_database(async |database| {
        let stores: Vec<_> = (0..6).map(|_| open(database)).collect();
        let prepared = stores.iter().map(|store| store.prepare(&ALL));
        for outcome in rocket::futures::future::join_all(prepared).await {
            outcome.expect("prepared");
        }
        assert_eq!(database.run("SELECT count(*) FROM _etag_fairing_tables"), "5\n");
    });
}

#[test]
fn a_table_of_ours_gets_columns_that_came_later_where_the_configuration_says_so() {
    with_database(async |database| {
        assert_eq!(problems(database, &[&NOTES]).await, [""; 0]);
        database.run("INSERT INTO notes (text) VALUES ('old')");
        let store = open_extending(database);
        store.prepare(&[&LATER_NOTES]).await.expect("prepared");
        assert_eq!(
            attributes(&store, &LATER_NOTES).await,
            [[text("old"), Value::Bool(false), text("it's"), Value::Null]]
        );
        store.close().await;
    });
}

#[test]
fn a_table_of_theirs_is_checked_and_all_is_told_at_once() {
    with_database(async |database| {
        let table = "CREATE TABLE notes (id bigint, text integer, done text)";
        database.run(table);
        let told = problems(database, &[&LATER_NOTES]).await;
        let expected = [
            "column `id`: the id of `Note` must be the primary key, or unique",
            "column `text`: expected text, found `integer`",
            "column `done`: expected boolean, found `text`",
            "no column `title`, which the attribute `title` of `Note` needs: add it (`ALTER TABLE \"notes\" ADD COLUMN \"title\" text COLLATE \"C\" NOT NULL DEFAULT 'it''s'`)",
            "no column `due`",
        ];
        assert_eq!(told.len(), expected.len(), "{told:?}");
        for (problem, expected) in told.iter().zip(expected) {
            assert!(problem.contains("table `notes`") && problem.contains(expected), "{problem}");
        }
        let columns = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'notes' AND table_schema = current_schema()";
        assert_eq!(database.run(columns), "3\n", "nothing was altered");
        assert_eq!(
            database.run("SELECT to_regclass('_etag_fairing_tables') IS NULL"),
            "t\n",
            "nothing was made"
        );
    });
}

#[test]
fn a_view_can_be_read() {
    with_database(async |database| {
        database.run(
            "CREATE VIEW notes AS SELECT n AS id, 'note ' || n AS text FROM generate_series(1::bigint, 3) AS n",
        );
        let store = open(database);
        store.prepare(&[&NOTES]).await.expect("prepared");
        assert_eq!(attributes(&store, &NOTES).await.len(), 3);
        // Rows of a view cannot be locked, but looked at.
        let mut transaction = Store::begin(&store).await.expect("a transaction");
        let plan = Plan::new(Root::One(ResourceId::Integer(2)), Selection::whole(&NOTES));
        assert_eq!(transaction.fetch(&plan).await.expect("readable").rows.len(), 1);
        drop(transaction);
        store.close().await;
    });
}

#[test]
fn a_statement_that_was_prepared_for_an_older_table_is_forgotten() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        assert_eq!(attributes(&store, &TALKS).await.len(), 0);
        database
            .run("ALTER TABLE talks ALTER COLUMN favourites TYPE integer, ALTER COLUMN rating TYPE numeric");
        assert_eq!(attributes(&store, &TALKS).await.len(), 0);
        store.close().await;
    });
}

#[test]
fn a_database_that_is_not_there_stops_the_launch_by_its_name() {
    rocket::async_test(async {
        let options = PostgresOptions::new("postgres://api:geheim@127.0.0.1:1/conference").expect("a URL");
        let store = PostgresStore::open(options).expect("a store");
        let problems = store.prepare(&ALL).await.expect_err("nobody listens there").problems;
        let [problem] = &problems[..] else { panic!("{problems:?}") };
        let place = "cannot connect to the database `postgres://127.0.0.1/conference`: ";
        assert!(problem.starts_with(place) && !problem.contains("geheim"), "{problem}");
    });
}
