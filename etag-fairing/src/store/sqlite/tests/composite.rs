//! How rows with ids of several columns are found: by the index of their key.

use super::super::dialect::Sqlite;
use super::*;
use crate::plan::{Listing, Page, Place};
use crate::schema::{Columns, CompositeId, Id, IdKind, IdPart, Operations};
use crate::store::sql::edge::{Edge, EdgeKind};
use crate::store::sql::listing::{self, Source};
use crate::store::sql::select::Total;
use crate::store::sql::{Listed, change, include, select, visible::Visible};

const INTEGER: IdKind = IdKind::Integer { min: i64::MIN, max: i64::MAX };
static KEY: &[IdPart] = &[IdPart::attribute("shelf", 0, INTEGER), IdPart::attribute("word", 1, IdKind::Text)];
static COPIES: Description = Description::new(
    "copies",
    "copies",
    "Copy",
    "copies",
    Id { column: "shelf", kind: IdKind::Composite(KEY) },
    &[
        Attribute::new::<i64>("shelf", "shelf"),
        Attribute::new::<String>("word", "word"),
        Attribute::new::<Option<i64>>("reader", "reader"),
    ],
    &[],
    Operations::NONE,
);

fn plan_of(sqlite: &rusqlite::Connection, text: &str) -> String {
    let mut statement = sqlite
        .prepare(&format!("EXPLAIN QUERY PLAN {text}"))
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    let number = statement.parameter_count();
    let rows =
        statement.query_map(rusqlite::params_from_iter(vec![1; number]), |row| row.get::<_, String>(3));
    rows.expect("a plan").collect::<Result<Vec<_>, _>>().expect("steps").join("; ")
}

#[test]
fn their_key_finds_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("copies.db");
    rocket::async_test(async {
        let store = open(&path);
        Store::prepare(&store, &[&COPIES]).await.expect("prepared");
        Store::close(&store).await;
    });
    let sqlite = outside(&path);
    let id = ResourceId::Composite(CompositeId::new([ResourceId::Integer(1), ResourceId::Text("a".into())]));
    let whole = Selection::whole(&COPIES);
    let visible = Visible::everything(Sqlite);
    let list = "[\"[1,\\\"a\\\"]\"]";
    let by_reader = Edge {
        table: "copies",
        owner_columns: Columns::one("reader"),
        target_columns: COPIES.id.columns(),
        owner_id: INTEGER,
        target: &COPIES,
        kind: EdgeKind::Inverse { required: false },
        order: None,
        far_order: None,
        only: None,
    };
    let built =
        |statement: Result<crate::store::sql::Statement, String>| statement.expect("a statement").text;
    for text in [
        built(select::one(visible, &whole, &id)),
        built(select::exists(visible, &COPIES, &id)),
        built(include::to_one(visible, &whole, list)),
        change::update(Sqlite, &COPIES, &["reader"], None),
        change::delete(Sqlite, &COPIES, None),
        change::adopt(Sqlite, &by_reader),
        change::release(Sqlite, &by_reader, Listed::These),
    ] {
        let plan = plan_of(&sqlite, &text);
        assert!(plan.contains("USING PRIMARY KEY (shelf=? AND word=?)"), "{text}: {plan}");
    }
    // The beginning of the list, and what comes behind a place, need no sorting.
    let place = Place { keys: Vec::new(), id };
    for page in [
        Page::Offset { offset: 0, limit: 10 },
        Page::Between { after: Some(place.clone()), before: None, limit: 10 },
        Page::Between { after: None, before: Some(place), limit: 10 },
    ] {
        let beyond = matches!(page, Page::Between { .. });
        let text = built(listing::page(
            visible,
            &whole,
            Source::Collection,
            &Listing::all().paged(page),
            Total::None,
        ));
        let plan = plan_of(&sqlite, &text);
        assert!(!plan.contains("TEMP B-TREE"), "{text}: {plan}");
        assert!(!beyond || plan.contains("SEARCH"), "{text}: {plan}");
    }
}
