//! Constraints that only the table knows, in the store's words.

use super::*;
use crate::store::{
    Constraint,
    contract::{ALL, SPEAKERS},
};

const THEIRS: &str = "CREATE TABLE speakers (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, \
     email TEXT NOT NULL DEFAULT '', CONSTRAINT no_shouting CHECK (name <> upper(name)));
     CREATE UNIQUE INDEX by_length ON speakers (length(name)) WHERE name LIKE 'x%';
     CREATE TRIGGER no_bob BEFORE INSERT ON speakers WHEN NEW.name = 'bob'
     BEGIN SELECT RAISE(ABORT, 'no bobs'); END;
     CREATE TRIGGER no_eve BEFORE INSERT ON speakers WHEN NEW.name = 'eve'
     BEGIN SELECT RAISE(IGNORE); END;";

#[test]
fn constraints_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("theirs.db");
    outside(&path).execute_batch(THEIRS).expect("a table");
    rocket::async_test(async {
        let store = open(&path);
        store.prepare(&ALL).await.expect("prepared");
        let named = |name: &str| new(&SPEAKERS, vec![Value::Text(name.into())]);
        for name in ["ada", "xa"] {
            write(&store, named(name)).await.expect("written");
        }
        for (name, expected) in [
            ("ada", Constraint::Unique { columns: vec!["name".into()] }),
            ("xb", Constraint::Unique { columns: vec![] }),
            ("ADA", Constraint::CheckOf { name: "no_shouting".into(), columns: vec!["name".into()] }),
            ("bob", Constraint::Check { name: "no bobs".into() }),
            ("eve", Constraint::Check { name: String::new() }),
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
fn several_columns_of_one_constraint_are_all_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ours.db");
    rocket::async_test(async {
        let store = open(&path);
        store.prepare(&ALL).await.expect("prepared");
        outside(&path)
            .execute_batch("CREATE UNIQUE INDEX twins ON talks (title, favourites)")
            .expect("an index");
        let talk = || {
            let text = Value::Text("same".into());
            let mut values = vec![Value::Null; 7];
            values[0] = text;
            values[2] = Value::Integer(0);
            values[4] = Value::Bool(false);
            new(&crate::store::contract::TALKS, values)
        };
        write(&store, talk()).await.expect("written");
        let columns = vec!["title".to_string(), "favourites".to_string()];
        match write(&store, talk()).await {
            Err(StoreError::Constraint(found)) => assert_eq!(found, Constraint::Unique { columns }),
            other => panic!("{other:?}"),
        }
    });
}
