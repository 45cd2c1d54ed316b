//! Rows that are made at once, where the table has a will of its own.

use super::*;
use crate::store::contract::{ALL, SPEAKERS, TALKS};
use crate::store::{Fetched, Transaction};

fn talk(title: &str) -> Change {
    let mut values = vec![Value::Null; TALKS.attributes.len()];
    values[0] = text(title);
    values[2] = Value::Integer(0);
    values[4] = Value::Bool(false);
    new(&TALKS, values)
}

async fn at_once(
    transaction: &mut dyn Transaction,
    changes: &[Change],
) -> Result<Option<Vec<(ResourceId, Fetched)>>, StoreError> {
    let plan = Plan::new(Root::One(ResourceId::Integer(0)), Selection::whole(changes[0].resource()));
    transaction.insert_all(changes, &plan).await
}

#[test]
fn what_a_trigger_changes_is_made_one_after_the_other() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        database.run(
            "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               IF NEW.title = 'none' THEN RETURN NULL; END IF;
               IF NEW.title = 'before' THEN NEW.id := -NEW.id; END IF;
               IF NEW.title = 'raise' THEN RAISE EXCEPTION 'not this one'; END IF;
               IF NEW.title = 'shout' THEN NEW.title := 'SHOUT'; END IF;
               RETURN NEW; END $$;
             CREATE TRIGGER other BEFORE INSERT ON talks FOR EACH ROW EXECUTE FUNCTION other();",
        );
        let mut transaction = Store::begin(&store).await.expect("a transaction");
        for title in ["none", "before", "raise"] {
            let changes = [talk("a"), talk(title), talk("c")];
            assert!(at_once(&mut *transaction, &changes).await.expect("no failure").is_none(), "{title}");
        }
        let made = at_once(&mut *transaction, &[talk("a"), talk("shout")]).await.expect("no failure");
        let titles = made.expect("made").into_iter().map(|(_, fetched)| {
            let row = fetched.rows.get(0).expect("a row");
            TALKS.attributes_by_id().next().map(|(id, _)| row.attribute(id).to_owned())
        });
        assert_eq!(titles.collect::<Vec<_>>(), [Some(text("a")), Some(text("SHOUT"))]);
        transaction.commit().await.expect("committed");
        assert_eq!(attributes(&store, &TALKS).await.len(), 2);
        store.close().await;
    });
}

#[test]
fn a_sequence_that_knows_nothing_of_some_rows_is_put_behind_them() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        database.run("INSERT INTO talks (id, title, favourites, published) VALUES (2, 'theirs', 0, false)");
        let changes = [talk("a"), talk("b"), talk("c")];
        let mut transaction = Store::begin(&store).await.expect("a transaction");
        assert!(at_once(&mut *transaction, &changes).await.expect("no failure").is_none());
        for change in changes.clone() {
            transaction.apply(change, &Scopes::NONE).await.expect("applied");
        }
        assert_eq!(
            at_once(&mut *transaction, &changes).await.expect("no failure").map(|made| made.len()),
            Some(3)
        );
        transaction.commit().await.expect("committed");
        assert_eq!(attributes(&store, &TALKS).await.len(), 7);
        store.close().await;
    });
}

#[test]
fn a_thousand_rows_are_made_in_order_by_few_statements() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        let changes: Vec<Change> = (0..1000).map(|number| talk(&number.to_string())).collect();
        let before = store.statements();
        let mut transaction = Store::begin(&store).await.expect("a transaction");
        let made = at_once(&mut *transaction, &changes).await.expect("no failure").expect("made");
        transaction.commit().await.expect("committed");
        // 15 of 64, and 32 and 8; what is read back, and its linkage.
        assert!(store.statements() - before < 25, "{}", store.statements() - before);
        for (number, (id, fetched)) in made.iter().enumerate() {
            let row = fetched.rows.get(0).expect("a row");
            assert_eq!(row.resource_id().as_ref(), Ok(id));
            let title = TALKS.attributes_by_id().next().map(|(id, _)| row.attribute(id).to_owned());
            assert_eq!(title, Some(text(&number.to_string())));
        }
        let speakers: Vec<Change> = ["a", "b"].map(|name| new(&SPEAKERS, vec![text(name)])).into();
        let mut transaction = Store::begin(&store).await.expect("a transaction");
        // The store would make these ids, and is told none.
        assert!(at_once(&mut *transaction, &speakers).await.expect("no failure").is_none());
        drop(transaction);
        store.close().await;
    });
}
