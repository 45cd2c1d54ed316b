//! Constraints that only the table knows, in the store's words.

use super::*;
use crate::store::{
    Constraint,
    contract::{ALL, SPEAKERS, TALKS},
};

const THEIRS: &str = "CREATE TABLE speakers (id uuid PRIMARY KEY, name varchar(20) NOT NULL UNIQUE, \
     email text NOT NULL DEFAULT '', CONSTRAINT no_shouting CHECK (name <> upper(name)));
     CREATE UNIQUE INDEX by_length ON speakers (length(name)) WHERE name LIKE 'x%';
     CREATE FUNCTION no_bob() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN RAISE EXCEPTION 'no bobs'; END $$;
     CREATE TRIGGER no_bob BEFORE INSERT ON speakers FOR EACH ROW WHEN (NEW.name = 'bob') EXECUTE FUNCTION no_bob();";

#[test]
fn constraints_are_named() {
    with_database(async |database| {
        database.run(THEIRS);
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        let named = |name: &str| new(&SPEAKERS, vec![text(name)]);
        for name in ["ada", "xa"] {
            write(&store, named(name)).await.expect("written");
        }
        for (name, expected) in [
            ("ada", Constraint::Unique { columns: vec!["name".into()] }),
            ("xb", Constraint::Unique { columns: vec![] }),
            ("ADA", Constraint::CheckOf { name: "no_shouting".into(), columns: vec!["name".into()] }),
            ("bob", Constraint::Check { name: "no bobs".into() }),
            ("longer than it may be there", Constraint::Value { column: "name".into() }),
            ("a\0b", Constraint::Value { column: "name".into() }),
        ] {
            match write(&store, named(name)).await {
                Err(StoreError::Constraint(found)) => assert_eq!(found, expected, "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        assert_eq!(attributes(&store, &SPEAKERS).await.len(), 2);
        store.close().await;
    });
}

#[test]
fn what_a_trigger_lets_fall_breaks_a_rule() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        database.run(
            "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
             CREATE TRIGGER none BEFORE INSERT ON speakers FOR EACH ROW WHEN (NEW.name = 'bob') EXECUTE FUNCTION nothing();
             CREATE TRIGGER stay BEFORE DELETE ON speakers FOR EACH ROW WHEN (OLD.name = 'eve') EXECUTE FUNCTION nothing();",
        );
        let named = |name: &str| new(&SPEAKERS, vec![text(name)]);
        let refused = write(&store, named("bob")).await;
        assert!(matches!(refused, Err(StoreError::Constraint(Constraint::Check { .. }))), "{refused:?}");
        let eve = write(&store, named("eve")).await.expect("written");
        let refused = write(&store, Change::Delete { resource: &SPEAKERS, id: eve }).await;
        assert!(matches!(refused, Err(StoreError::Constraint(Constraint::Check { .. }))), "{refused:?}");
        assert_eq!(attributes(&store, &SPEAKERS).await.len(), 1);
        store.close().await;
    });
}

#[test]
fn several_columns_of_one_constraint_are_all_named() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        database.run("CREATE UNIQUE INDEX twins ON talks (title, favourites)");
        let talk = || {
            let mut values = vec![Value::Null; 7];
            values[0] = text("same");
            values[2] = Value::Integer(0);
            values[4] = Value::Bool(false);
            new(&TALKS, values)
        };
        write(&store, talk()).await.expect("written");
        let columns = vec!["title".to_string(), "favourites".to_string()];
        match write(&store, talk()).await {
            Err(StoreError::Constraint(found)) => assert_eq!(found, Constraint::Unique { columns }),
            other => panic!("{other:?}"),
        }
        store.close().await;
    });
}

#[test]
fn an_id_that_somebody_else_gave_is_passed_over() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        let talk = |id: Option<i64>| {
            let mut attributes = vec![Value::Null; 7];
            attributes[0] = text("talk");
            attributes[2] = Value::Integer(0);
            attributes[4] = Value::Bool(false);
            let id = id.map(ResourceId::Integer);
            Change::Insert {
                resource: &TALKS,
                id,
                attributes,
                linkage: vec![None; TALKS.relationships.len()],
            }
        };
        assert_eq!(write(&store, talk(None)).await.expect("written"), ResourceId::Integer(1));
        assert_eq!(write(&store, talk(Some(7))).await.expect("written"), ResourceId::Integer(7));
        let delete = Change::Delete { resource: &TALKS, id: ResourceId::Integer(7) };
        write(&store, delete).await.expect("deleted");
        assert_eq!(write(&store, talk(None)).await.expect("written"), ResourceId::Integer(8), "7 was used");
        // Past the sequence, as a dump is loaded.
        database.run("INSERT INTO talks (id, title, favourites, published) VALUES (9, 'x', 0, false), (10, 'x', 0, false)");
        assert_eq!(write(&store, talk(None)).await.expect("written"), ResourceId::Integer(11));
        store.close().await;
    });
}
