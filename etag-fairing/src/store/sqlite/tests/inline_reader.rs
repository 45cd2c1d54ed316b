//! What takes too long where the request is goes to a thread, and neither answer nor connection suffers from it.

use super::*;
use crate::plan::{Comparison, Field, Filter, Listing, Member, Page, Relation};
use crate::schema::AttributeId;
use crate::store::contract::TALKS;

/// Rows enough to spend a budget many times.
const ROWS: i64 = 30_000;

fn with_favourites(number: i64) -> Plan {
    let filter = Filter::Compare {
        member: Member { path: Vec::new(), field: Field::Attribute(AttributeId::at(2)) },
        comparison: Comparison::Value(Relation::Equal, Value::Integer(number)),
    };
    whole(&TALKS, Root::Collection(Listing { filter: Some(filter), ..Listing::all() }))
}

fn page(offset: u64, total: bool) -> Plan {
    let page = Page::Offset { offset, limit: 3 };
    whole(&TALKS, Root::Collection(Listing { page, total, ..Listing::all() }))
}

#[test]
fn a_plan_that_takes_long_is_answered_whole_and_leaves_nothing_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("inline.db");
    rocket::async_test(async {
        let store = open(&path);
        store.prepare(&[&TALKS]).await.expect("prepared");
        let sqlite = outside(&path);
        let insert = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
             INSERT INTO talks (id, title, favourites, published) SELECT i, 'talk', i, 0 FROM n"
        );
        sqlite.execute_batch(&insert).expect("rows");
        for round in 0..100 {
            let id = ROWS - round;
            // No index: SQLite looks at all rows.
            let found = store.fetch(&with_favourites(id)).await.expect("found");
            assert_eq!(found.rows.len(), 1, "round {round}");
            assert_eq!(found.rows.get(0).map(|row| row.resource_id()), Some(Ok(ResourceId::Integer(id))));
            let far = store.fetch(&page(u64::try_from(ROWS).unwrap_or(0) - 2, true)).await.expect("a page");
            assert_eq!((far.rows.len(), far.total), (2, Some(30_000)), "round {round}");
            // What others do is seen at once, whichever connection answers.
            sqlite
                .execute("UPDATE talks SET title = ?1 WHERE id = 1", [format!("{round}")])
                .expect("a change");
            let first = store.fetch(&page(0, round % 2 == 0)).await.expect("a page");
            let title = first.rows.get(0).map(|row| row.attribute(AttributeId::at(0)).to_owned());
            assert_eq!(title, Some(Value::Text(format!("{round}"))));
        }
        // No snapshot is held: all of the log can be moved.
        let (busy, left): (i64, i64) = sqlite
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("a checkpoint");
        assert_eq!((busy, left), (0, 0));
        store.close().await;
    });
}
