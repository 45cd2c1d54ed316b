//! What others do to the tables after the launch: a row that is made at once is answered as one that is made statement by
//! statement.

use std::time::Duration;

use super::new_row::{Make, Way};
use super::*;
use crate::schema::{Id, IdKind, Operations};
use crate::store::postgres::connection::Purpose;

static THINGS: Description = Description::new(
    "things",
    "things",
    "Thing",
    "things",
    Id { column: "id", kind: IdKind::Integer { min: i64::MIN, max: i64::MAX } },
    &[attribute("title", Kind::Text, true, None), attribute("code", Kind::Text, true, None)],
    &[],
    Operations::ALL,
);

fn thing(title: &str, code: Value) -> Change {
    new(&THINGS, vec![text(title), code])
}

const TRIGGER: &str = "CREATE TRIGGER later BEFORE INSERT ON things FOR EACH ROW EXECUTE FUNCTION later()";

/// What is done, and what is made then.
fn cases() -> Vec<(String, Change)> {
    let function = |body: &str| {
        format!(
            "CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$; {TRIGGER}"
        )
    };
    let second = || thing("second", text("b"));
    vec![
        (function("NEW.title := upper(NEW.title); RETURN NEW;"), second()),
        (function("RAISE EXCEPTION 'no';"), second()),
        (function("RAISE unique_violation;"), second()),
        (function("RAISE serialization_failure;"), second()),
        (function("RETURN NULL;"), second()),
        ("CREATE RULE later AS ON INSERT TO things DO INSTEAD NOTHING".into(), second()),
        (
            "CREATE RULE later AS ON INSERT TO things DO INSTEAD INSERT INTO others VALUES (NEW.title)"
                .into(),
            second(),
        ),
        (
            "CREATE RULE later AS ON INSERT TO things DO ALSO INSERT INTO others VALUES (NEW.title)".into(),
            second(),
        ),
        ("ALTER TABLE things ALTER code SET NOT NULL".into(), thing("second", Value::Null)),
        ("ALTER TABLE things ADD CHECK (title <> 'second')".into(), second()),
        ("ALTER TABLE things ADD EXCLUDE (title WITH =)".into(), thing("first", text("b"))),
        ("CREATE UNIQUE INDEX ON things (title)".into(), thing("first", text("b"))),
        ("ALTER TABLE things ALTER title TYPE varchar(5)".into(), second()),
        ("ALTER TABLE things ALTER code TYPE int USING 1".into(), second()),
        ("ALTER TABLE things ALTER code TYPE bytea USING NULL".into(), second()),
        ("ALTER TABLE things RENAME code TO kode".into(), second()),
        ("ALTER TABLE things DROP code".into(), second()),
        ("ALTER TABLE things RENAME TO thingies".into(), second()),
        ("DROP TABLE things".into(), second()),
        ("ALTER TABLE things ALTER id DROP IDENTITY".into(), second()),
        ("ALTER TABLE things ALTER id SET GENERATED ALWAYS".into(), second()),
        ("ALTER TABLE things ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY".into(), second()),
    ]
}

#[test]
fn what_is_changed_after_the_launch_is_answered_as_ever() {
    for (done, change) in cases() {
        with_database(async |database| {
            let store = open(database);
            store.prepare(&[&THINGS]).await.expect("prepared");
            database.run("CREATE TABLE others (title text)");
            // Both have prepared their statements.
            for (title, way) in [("first", Way::AtOnce), ("zeroth", Way::StatementByStatement)] {
                Make::new(thing(title, text("a")), way).by(&store).await.expect("made");
            }
            database.run(&format!("DELETE FROM things WHERE title = 'zeroth'; {done}"));
            let told = async |way| match Make::new(change.clone(), way).by(&store).await {
                Ok((_, made)) => {
                    let row = made.rows.get(0).expect("a row");
                    let values = THINGS.attributes_by_id().map(|(id, _)| row.attribute(id).to_owned());
                    (true, format!("{:?}", values.collect::<Vec<_>>()))
                }
                Err(error) => (false, error.to_string()),
            };
            let (at_once, slowly) = (told(Way::AtOnce).await, told(Way::StatementByStatement).await);
            // Each names its statement in the log, of which the client is told nothing.
            let is_same = at_once == slowly
                || [&at_once, &slowly].iter().all(|(is_made, told)| !is_made && told.contains("INSERT INTO"));
            assert!(is_same, "{done}: {at_once:?}, {slowly:?}");
            if !at_once.0 && !done.contains("RENAME TO") && !done.contains("DROP TABLE") {
                assert_eq!(database.run("SELECT title FROM things"), "first\n", "{done}");
                assert_eq!(database.run("SELECT title FROM others"), "", "{done}");
            }
        });
    }
}

/// What a trigger does beside keeping the row out can't be undone of the first row, which is committed as it is made.
#[test]
fn a_trigger_that_keeps_rows_out_is_noticed() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&[&THINGS]).await.expect("prepared");
        database.run(&format!(
            "CREATE TABLE others (title text); \
             CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO others VALUES (NEW.title); RETURN NULL; END $$; {TRIGGER}"
        ));
        for title in ["first", "second", "third"] {
            let refused = Make::new(thing(title, Value::Null), Way::AtOnce).by(&store).await;
            assert!(matches!(refused, Err(StoreError::Constraint(_))), "{refused:?}");
        }
        assert_eq!(database.run("SELECT title FROM others"), "first\n");
        assert_eq!(database.run("SELECT count(*) FROM things"), "0\n");
    });
}

/// A session has other defaults than the transactions that the store begins.
#[test]
fn the_defaults_of_a_role_are_not_in_the_way() {
    with_database(async |database| {
        let direct = open(database);
        direct.prepare(&[&THINGS]).await.expect("prepared");
        for setting in [
            "default_transaction_read_only%3Don",
            "default_transaction_isolation%3Dserializable",
            "default_transaction_isolation%3Drepeatable\\%20read",
        ] {
            database.run("TRUNCATE things");
            let url = format!("{}%20-c{setting}&target_session_attrs=any", database.url());
            let store = PostgresStore::open(PostgresOptions::new(&url).expect("a URL")).expect("a store");
            let known = direct.shared.known.lock().expect("a lock").clone();
            *store.shared.known.lock().expect("a lock") = known;
            let all = (0..20).map(async |number| {
                let change = thing(&format!("title {number}"), Value::Null);
                Make::new(change, Way::AtOnce).by(&store).await
            });
            for made in rocket::futures::future::join_all(all).await {
                made.expect(setting);
            }
            assert_eq!(database.run("SELECT count(*) FROM things"), "20\n", "{setting}");
            assert_ne!(store.pool.status().size, 0, "{setting}: its connections are of use");
        }
    });
}

#[test]
fn a_locked_table_is_waited_for_as_long_as_the_client_does() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&[&THINGS]).await.expect("prepared");
        // Of a statement that is prepared, and of one that is not.
        for is_prepared in [false, true] {
            let other = store.take().await.expect("a connection");
            other.begin(Purpose::Write);
            if is_prepared {
                let all = (0..4)
                    .map(async |_| Make::new(thing("first", Value::Null), Way::AtOnce).by(&store).await);
                for made in rocket::futures::future::join_all(all).await {
                    made.expect("made");
                }
                database.run("TRUNCATE things");
            }
            other.batch("LOCK TABLE things IN ACCESS EXCLUSIVE MODE").await.expect("locked");
            for way in [Way::AtOnce, Way::StatementByStatement] {
                let mut make = Make::new(thing("first", Value::Null), way);
                make.limit = Duration::from_millis(400);
                let refused = make.by(&store).await;
                assert!(
                    matches!(refused, Err(StoreError::Busy { .. })),
                    "{is_prepared}, {way:?}: {refused:?}"
                );
            }
            drop(other);
            assert_eq!(database.run("SELECT count(*) FROM things"), "0\n");
        }
    });
}
