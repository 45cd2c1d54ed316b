//! What the errors of the server mean, by their code: each raised where a write meets it.

use std::time::Duration;

use super::*;
use crate::store::{
    Constraint,
    contract::{ALL, ROOMS},
};

fn room() -> Change {
    Change::Insert {
        resource: &ROOMS,
        id: Some(ResourceId::Text("a".into())),
        attributes: vec![],
        linkage: vec![None],
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    /// 503 with `Retry-After`.
    Busy,
    /// The same, and another connection.
    Lost,
    /// 507 with `Retry-After`.
    Full,
    /// Once more.
    Repeat,
    /// 409 or 422.
    Constraint,
}

const TABLE: [(&str, Means); 42] = [
    // Insufficient resources.
    ("53000", Means::Busy),
    ("53100", Means::Full),
    ("53200", Means::Busy),
    ("53300", Means::Busy),
    ("53400", Means::Busy),
    // An operator intervenes.
    ("57000", Means::Busy),
    ("57014", Means::Busy),
    ("57P01", Means::Lost),
    ("57P02", Means::Lost),
    ("57P03", Means::Lost),
    ("57P04", Means::Lost),
    ("57P05", Means::Lost),
    // A standby, and idle or long transactions.
    ("25006", Means::Lost),
    ("25P03", Means::Lost),
    ("25P04", Means::Lost),
    // The connection, or a pooler in between.
    ("08000", Means::Lost),
    ("08003", Means::Lost),
    ("08006", Means::Lost),
    ("08P01", Means::Lost),
    // The system around it.
    ("58000", Means::Busy),
    ("58030", Means::Busy),
    ("55006", Means::Busy),
    // Other transactions.
    ("40001", Means::Repeat),
    ("40P01", Means::Repeat),
    ("55P03", Means::Repeat),
    ("26000", Means::Repeat),
    ("40003", Means::Busy),
    // Values.
    ("23505", Means::Constraint),
    ("23503", Means::Constraint),
    ("23001", Means::Constraint),
    ("23502", Means::Constraint),
    ("23514", Means::Constraint),
    ("23P01", Means::Constraint),
    ("22001", Means::Constraint),
    ("22P02", Means::Constraint),
    ("P0001", Means::Constraint),
    // Raised by a trigger, whatever else is a rule of the table.
    ("58P01", Means::Constraint),
    ("0A000", Means::Constraint),
    ("42501", Means::Constraint),
    ("42P01", Means::Constraint),
    ("54000", Means::Constraint),
    ("XX000", Means::Constraint),
];

fn means(error: &StoreError) -> Option<Means> {
    Some(match error {
        StoreError::Busy { retry_after } if *retry_after >= Duration::from_secs(1) => Means::Busy,
        StoreError::StorageFull => Means::Full,
        StoreError::Conflict => Means::Repeat,
        StoreError::Constraint(_) => Means::Constraint,
        _ => return None,
    })
}

#[test]
fn each_code_has_its_meaning() {
    with_database(async |database| {
        let mut options = PostgresOptions::new(database.url()).expect("a URL");
        options.connections = 1;
        let store = PostgresStore::open(options).expect("a store");
        store.prepare(&ALL).await.expect("prepared");
        database.run(
            "CREATE TABLE raised (code text);
             CREATE FUNCTION raise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE EXCEPTION USING ERRCODE = (SELECT code FROM raised), MESSAGE = 'raised'; END $$;
             CREATE TRIGGER raise BEFORE INSERT ON rooms FOR EACH ROW EXECUTE FUNCTION raise()",
        );
        let process = async |store: &PostgresStore| {
            let connection = store.take().await.expect("a connection");
            let rows = connection.rows("SELECT pg_backend_pid()", &[]).await.expect("a process");
            rows[0].get::<_, i32>(0)
        };
        for (code, meaning) in TABLE {
            database.run(&format!("TRUNCATE raised; INSERT INTO raised VALUES ('{code}')"));
            let before = process(&store).await;
            let error = write(&store, room()).await.expect_err("raised");
            let expected = if meaning == Means::Lost { Means::Busy } else { meaning };
            assert_eq!(means(&error), Some(expected), "{code}: {error:?}");
            assert_eq!(process(&store).await != before, meaning == Means::Lost, "{code}");
        }
        store.close().await;
    });
}

/// What a commit meets is no less precise: a check that is put off until then.
#[test]
fn a_commit_that_fails_for_want_of_room_is_told_so() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        database.run(
            "CREATE FUNCTION raise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE EXCEPTION USING ERRCODE = '53100'; END $$;
             CREATE CONSTRAINT TRIGGER raise AFTER INSERT ON rooms DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION raise()",
        );
        let mut transaction = Store::begin(&store).await.expect("begun");
        transaction.apply(room(), &Scopes::NONE).await.expect("applied");
        assert!(matches!(transaction.commit().await, Err(StoreError::StorageFull)));
        store.close().await;
    });
}

#[test]
fn a_text_too_long_for_its_index_is_a_value_that_does_not_fit() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        // Of that which cannot be compressed.
        let long: String =
            (0..4000_u32).map(|number| format!("{:08x}", number.wrapping_mul(2_654_435_761))).collect();
        let room = Change::Insert {
            resource: &ROOMS,
            id: Some(ResourceId::Text(long)),
            attributes: vec![],
            linkage: vec![None],
        };
        let error = write(&store, room).await.expect_err("too long");
        assert!(matches!(error, StoreError::Constraint(Constraint::Check { .. })), "{error:?}");
        store.close().await;
    });
}

#[test]
fn a_server_that_takes_no_writes_is_another_ones_successor() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        // Sessions that are there already are told by their next transaction; ours ask for READ WRITE by name, which
        // a standby refuses. Here a trigger stands for it.
        database.run(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE EXCEPTION 'cannot set transaction read-write mode during recovery' USING ERRCODE = '0A000'; END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON rooms FOR EACH ROW EXECUTE FUNCTION refuse()",
        );
        // Several connections are idle.
        let held: Vec<_> =
            [store.take().await, store.take().await].into_iter().collect::<Result<_, _>>().expect("two");
        drop(held);
        assert!(store.pool.status().size >= 2);
        let error = write(&store, room()).await.expect_err("refused");
        assert!(matches!(error, StoreError::Busy { .. }), "{error:?}");
        assert_eq!(store.pool.status().size, 0, "all of them lead to the same server");
        store.close().await;
    });
}
