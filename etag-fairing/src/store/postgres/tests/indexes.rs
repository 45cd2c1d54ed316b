//! The indexes that attributes ask for are the ones that lists use.

use super::super::dialect::Postgres;
use super::*;
use crate::store::sql::difference::{Beside, script};
use crate::store::sql::indexed::{ARTICLES, PAPERS, pages};

const BESIDE: Beside = Beside { revisions: false, answers: false };

fn literal(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("'{text}'"),
        Value::Integer(number) => number.to_string(),
        other => panic!("{other:?}"),
    }
}

async fn they_serve(database: &Database) {
    for resource in [&ARTICLES, &PAPERS] {
        for (index, page) in pages(Postgres, resource) {
            let values: Vec<String> = page.values.iter().map(literal).collect();
            // As a driver does it: a statement with parameters.
            let plan = database.run(&format!(
                "PREPARE page AS {}; EXPLAIN EXECUTE page({}); DEALLOCATE page",
                page.text,
                values.join(", ")
            ));
            assert!(plan.contains(&index) && !plan.contains("Seq Scan"), "{}: {plan}", page.text);
            // Of few rows that the index has found it may make a bitmap, and sort them.
            let sorts_few = plan.contains(&format!("Bitmap Index Scan on {index}"));
            assert!(sorts_few || !plan.contains("Sort"), "{}: {plan}", page.text);
        }
    }
}

const ROWS: &str =
    "SELECT 's' || n % 50, 't' || n, nullif(n, 7), 'x' FROM generate_series(1, 50000) AS n; ANALYZE";

#[test]
fn lists_use_the_indexes_that_attributes_ask_for() {
    with_database(async |database| {
        let store = open(database);
        Store::prepare(&store, &[&ARTICLES, &PAPERS]).await.expect("prepared");
        Store::close(&store).await;
        let of_text = ROWS.replace("SELECT", "SELECT 'i' || n,");
        database.run(&format!("INSERT INTO articles (state, title, score, text) {ROWS}"));
        database.run(&format!("INSERT INTO papers (id, state, title, score, text) {of_text}"));
        they_serve(database).await;
    });
}

#[test]
fn tables_of_others_get_indexes_that_lists_use() {
    with_database(async |database| {
        database.run(
            "CREATE TABLE articles (id bigserial PRIMARY KEY, state varchar(20) NOT NULL, title text NOT NULL, \
             score bigint, text text NOT NULL); \
             CREATE TABLE papers (id text PRIMARY KEY, state varchar(20) NOT NULL, title text NOT NULL, \
             score bigint, text text NOT NULL); CREATE INDEX theirs ON articles (title)",
        );
        let of_text = ROWS.replace("SELECT", "SELECT 'i' || n,");
        database.run(&format!("INSERT INTO articles (state, title, score, text) {ROWS}"));
        database.run(&format!("INSERT INTO papers (id, state, title, score, text) {of_text}"));
        let options = || PostgresOptions::new(database.url()).expect("a URL");
        let lacking = async || {
            let resources = [&ARTICLES as &'static Description, &PAPERS];
            let steps =
                super::super::difference::difference(options(), &resources, BESIDE).await.expect("steps");
            script(&steps)
        };
        let printed = lacking().await;
        // Theirs is in another order.
        assert!(printed.contains(r#"ON "articles" ("title" COLLATE "C", "id")"#), "{printed}");
        assert!(
            printed.contains("and clients may filter and sort by columns without an index (\"text\")"),
            "{printed}"
        );
        database.run(&printed);
        database.run("ANALYZE");
        they_serve(database).await;
        let printed = lacking().await;
        assert!(!printed.contains("_index"), "nothing is lacking now: {printed}");
    });
}
