//! Values that somebody else wrote and that don't fit: told of in their places, never a wrong answer.

use super::*;
use crate::plan::Listing;
use crate::schema::AttributeId;
use crate::store::contract::{ALL, TALKS};

/// Tables as a user might have them: any value can stand in them.
const THEIRS: &str = "CREATE TABLE talks (id INTEGER PRIMARY KEY, title TEXT, sub_title TEXT, favourites INTEGER, \
     rating REAL, published BOOLEAN, starts_at DATETIME, extra JSON, room_id TEXT, sequel_of_id INTEGER); \
     CREATE TABLE talk_speakers (talk_id INTEGER, speaker_id TEXT);";

const GOOD: &str = "INSERT INTO talks VALUES (1, 'a', NULL, 0, NULL, 0, NULL, NULL, NULL, NULL)";

async fn found(statements: &str) -> Result<crate::plan::Fetched, StoreError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("theirs.db");
    outside(&path).execute_batch(&format!("{THEIRS} {GOOD}; {statements}")).expect("a row");
    let store = open(&path);
    store.prepare(&ALL).await.expect("prepared");
    let fetched = store.fetch(&whole(&TALKS, Root::Collection(Listing::all()))).await;
    store.close().await;
    fetched
}

#[test]
fn values_that_do_not_fit_are_told_of_in_their_places() {
    rocket::async_test(async {
        for (statement, expected) in [
            ("title = CAST(x'61ff62' AS TEXT)", "title: text that is not UTF-8"),
            ("title = x'61'", "title: expected text or a number, found a blob"),
            ("title = NULL", "title: expected a value, found null"),
            ("favourites = 'many'", "favourites: expected an integer, found text"),
            ("favourites = 0.5", "favourites: expected an integer, found a float"),
            ("favourites = 9223372036854775808", "favourites: expected an integer, found a float"),
            ("rating = 'x'", "rating: expected a finite float, found text"),
            ("rating = 9e999", "rating: expected a finite float, found a float"),
            ("published = 2", "published: expected 0 or 1, found an integer"),
            ("starts_at = x'05'", "startsAt: expected text or a number, found a blob"),
            ("room_id = x'00'", "room: expected text or a number, found a blob"),
            ("sequel_of_id = 'x'", "sequelOf: expected an integer id, found text"),
        ] {
            let fetched = found(&format!("UPDATE talks SET {statement}")).await.expect("readable");
            let row = fetched.rows.get(0).expect("a row");
            let attributes = TALKS.attributes_by_id();
            let attributes = attributes.map(|(id, it)| (it.name, row.odd_attribute(id)));
            let linkage = TALKS.relationships_by_id();
            let linkage = linkage.map(|(id, it)| (it.name, row.odd_to_one(&TALKS, id)));
            let odd: Vec<String> = attributes
                .chain(linkage)
                .filter_map(|(name, odd)| Some(format!("{name}: {}", odd?.detail())))
                .collect();
            assert!(odd.len() == 1 && odd[0].starts_with(expected), "{statement}: {odd:?}");
        }
        let edges = "INSERT INTO talk_speakers VALUES (1, CAST(x'ff' AS TEXT)), (1, 'a')";
        let fetched = found(edges).await.expect("readable");
        let speakers = fetched.links[2].as_ref().expect("linkage");
        assert_eq!(speakers.of(0), [ResourceId::Text("a".into())]);
    });
}

#[test]
fn what_sqlite_changes_in_columns_of_others_is_changed_back() {
    rocket::async_test(async {
        let statement = "UPDATE talks SET rating = 3, extra = '12', published = '1'";
        let fetched = found(statement).await.expect("readable");
        let row = fetched.rows.get(0).expect("a row");
        assert_eq!(row.attribute(AttributeId::at(3)).to_owned(), Value::Float(3.0));
        assert_eq!(row.attribute(AttributeId::at(4)).to_owned(), Value::Bool(true));
        assert_eq!(row.attribute(AttributeId::at(6)).to_owned(), Value::Text("12".into()));
    });
}

#[test]
fn an_edge_that_a_join_table_holds_twice_is_named_once() {
    rocket::async_test(async {
        let statement =
            "INSERT INTO talk_speakers VALUES (1, 'b'), (1, 'a'), (1, 'b'), (1, NULL), (NULL, 'c')";
        let fetched = found(statement).await.expect("readable");
        let speakers = fetched.links[2].as_ref().expect("linkage");
        assert_eq!(speakers.of(0), ["a", "b"].map(|id| ResourceId::Text(id.into())));
    });
}

#[test]
fn a_column_that_is_gone_is_an_error_and_not_its_name() {
    rocket::async_test(async {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("theirs.db");
        outside(&path).execute_batch(&format!("{THEIRS} {GOOD}")).expect("a row");
        let store = open(&path);
        store.prepare(&ALL).await.expect("prepared");
        outside(&path).execute_batch("ALTER TABLE talks DROP COLUMN sub_title").expect("dropped");
        let fetched = store.fetch(&whole(&TALKS, Root::One(ResourceId::Integer(1)))).await;
        assert!(matches!(fetched, Err(StoreError::Internal(_))), "{fetched:?}");

        // SQLite would take an unknown name in double quotes for a text, and find no row that equals it.
        outside(&path).execute_batch("ALTER TABLE talk_speakers RENAME talk_id TO talk").expect("renamed");
        let speaker = ResourceId::Text("0190163d-8694-739b-aea5-966c26f8ad91".into());
        let mut linkage = vec![None; TALKS.relationships.len()];
        linkage[2] = Some(LinkageChange::Remove(vec![speaker]));
        let attributes = vec![None; TALKS.attributes.len()];
        let id = ResourceId::Integer(1);
        let removed = write(&store, Change::Update { resource: &TALKS, id, attributes, linkage }).await;
        assert!(matches!(removed, Err(StoreError::Internal(_))), "{removed:?}");
    });
}
