//! The indexes that attributes ask for are the ones that lists use.

use super::super::dialect::Sqlite;
use super::*;
use crate::plan::Page;
use crate::schema::Description;
use crate::store::sql::difference::{Beside, script};
use crate::store::sql::indexed::{ARTICLES, BARE_ESSAYS, ESSAYS, PAPERS, pages, searches};

fn they_serve(sqlite: &rusqlite::Connection) {
    for resource in [&ARTICLES, &PAPERS] {
        for (index, page) in pages(Sqlite, resource) {
            let mut statement =
                sqlite.prepare(&format!("EXPLAIN QUERY PLAN {}", page.text)).expect("a statement");
            let parameters = vec![1; statement.parameter_count()];
            let rows = statement
                .query_map(rusqlite::params_from_iter(parameters), |row| row.get::<_, String>("detail"));
            let steps = rows.expect("a plan").collect::<Result<Vec<_>, _>>().expect("steps").join("; ");
            assert!(steps.contains(&index), "{}: {steps}", page.text);
            assert!(!steps.contains("TEMP B-TREE"), "{}: {steps}", page.text);
        }
    }
}

#[test]
fn lists_use_the_indexes_that_attributes_ask_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("indexed.db");
    rocket::async_test(async {
        let store = open(&path);
        Store::prepare(&store, &[&ARTICLES, &PAPERS]).await.expect("prepared");
        Store::close(&store).await;
    });
    they_serve(&outside(&path));
}

#[test]
fn tables_of_others_get_indexes_that_lists_use() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("theirs.db");
    let sqlite = outside(&path);
    sqlite
        .execute_batch(
            "CREATE TABLE articles (id INTEGER PRIMARY KEY, state TEXT NOT NULL COLLATE NOCASE, \
             title TEXT NOT NULL COLLATE NOCASE, score INTEGER, text TEXT NOT NULL);
             CREATE TABLE papers (id TEXT PRIMARY KEY NOT NULL, state TEXT NOT NULL, title TEXT NOT NULL, \
             score INTEGER, text TEXT NOT NULL);
             CREATE INDEX theirs ON articles (title);
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10001)
             INSERT INTO articles SELECT n, 's', 't', n, 'x' FROM n",
        )
        .expect("tables");
    let options = SqliteOptions::new(Location::File(path.clone()));
    let lacking = || {
        let resources = [&ARTICLES as &'static Description, &PAPERS];
        let beside = Beside { revisions: false, answers: false };
        let steps = super::super::difference::difference(&options, &resources, beside).expect("steps");
        script(&steps)
    };
    let printed = lacking();
    // Theirs is in another order.
    assert!(printed.contains(r#"ON "articles" ("title" COLLATE BINARY)"#), "{printed}");
    assert!(printed.contains(r#"ON "papers" ("title" COLLATE BINARY, "id" COLLATE BINARY)"#), "{printed}");
    assert!(
        printed.contains("and clients may filter and sort by columns without an index (\"text\")"),
        "{printed}"
    );
    sqlite.execute_batch(&printed).expect("SQL");
    they_serve(&sqlite);
    let printed = lacking();
    assert!(!printed.contains("_index"), "nothing is lacking now: {printed}");
}

/// There is none, so that nothing is made, and what asks for it works as without.
#[test]
fn where_there_are_no_trigrams_the_same_is_found_without() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("essays.db");
    rocket::async_test(async {
        let store = open(&path);
        Store::prepare(&store, &[&ESSAYS]).await.expect("prepared");
        outside(&path)
            .execute_batch(
                "INSERT INTO essays (state, title, score, text) VALUES ('s', 't', 1, 'Straße'), ('s', 't', 2, 'STRASSEN'), \
                 ('s', 't', 3, 'eine Straße'), ('s', 't', 4, 'Weg')",
            )
            .expect("rows");
        for found in ["Straße", "strasse", "x"] {
            for listing in searches(found) {
                let listing = listing.paged(Page::All);
                let mut of_both = Vec::new();
                for resource in [&ESSAYS as &'static Description, &BARE_ESSAYS] {
                    let plan = Plan::new(Root::Collection(listing.clone()), Selection::whole(resource));
                    let rows = store.fetch(&plan).await.expect("read").rows;
                    of_both.push(rows.iter().map(|row| format!("{:?}", row.id())).collect::<Vec<_>>());
                }
                assert_eq!(of_both[0], of_both[1], "{found}: {listing:?}");
            }
        }
        Store::close(&store).await;
    });
    assert!(!schema(&path).iter().any(|sql| sql.contains("trigram")));
    let beside = Beside { revisions: false, answers: false };
    let printed = script(&super::super::difference::definition(&[&ESSAYS], beside).expect("steps"));
    assert!(
        printed.starts_with("-- table \"essays\", column \"text\": the attribute `text` of `Article` asks for an index of trigrams"),
        "{printed}"
    );
}
