//! The indexes that attributes ask for are the ones that lists use.

use super::super::{dialect::Postgres, session::PLAN_FOR_VALUES};
use super::*;
use crate::plan::Page;
use crate::store::sql::difference::{Beside, script};
use crate::store::sql::indexed::{ARTICLES, BARE_ESSAYS, ESSAYS, PAPERS, pages, searches, statement};

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

/// Texts that folding changes, that patterns have signs for, and many others.
const TEXTS: &str = r"
    INSERT INTO essays (state, title, score, text)
      SELECT 's', 't', n, (ARRAY['Straße', 'STRASSE', 'Weißbier', 'ΟΔΟΣ', 'οδος', 'İstanbul', 'ıstanbul', '300K', 'a%b_c\d', 'abc', 'AbCd'])
        [n % 11 + 1] || repeat(' und so weiter', n % 3) || n FROM generate_series(1, 220) AS n;
    INSERT INTO essays (state, title, score, text)
      SELECT 's', 't', n, md5(CAST(n AS text)) || CASE WHEN n % 2 = 0 THEN ' common' ELSE '' END FROM generate_series(1, 20000) AS n;
    ANALYZE";

fn executed(page: &crate::store::sql::Statement, how: &str) -> String {
    let values: Vec<String> = page.values.iter().map(literal).collect();
    // As a driver does it: a statement with parameters.
    format!("PREPARE page AS {}; {how} EXECUTE page({}); DEALLOCATE page", page.text, values.join(", "))
}

#[test]
fn what_looks_into_text_uses_the_index_of_trigrams() {
    with_database(async |database| {
        let resources = [&ESSAYS as &'static Description];
        let options = || PostgresOptions::new(database.url()).expect("a URL");
        // Without the extension: all is there but the index.
        let store = open(database);
        Store::prepare(&store, &resources).await.expect("prepared");
        let listing = &searches("common")[0];
        let plan = || Plan::new(Root::Collection(listing.clone()), Selection::whole(&ESSAYS));
        assert_eq!(store.fetch(&plan()).await.expect("read").rows.len(), 0);
        let lacking = async || {
            let steps = super::super::difference::difference(options(), &resources, BESIDE).await;
            script(&steps.expect("steps"))
        };
        let printed = lacking().await;
        let extension = printed.find("CREATE EXTENSION IF NOT EXISTS pg_trgm;\n").expect("the extension");
        let index =
            printed.find(r#"CREATE INDEX IF NOT EXISTS "essays_text_trigram_index" ON "essays" USING gin"#);
        assert!(index.is_some_and(|index| index > extension), "{printed}");
        assert!(printed.contains("it needs the right to CREATE in the database"), "{printed}");
        database.run(TEXTS);
        database.run(&printed);
        let printed = lacking().await;
        assert!(
            !printed.contains("_index") && !printed.contains("EXTENSION"),
            "nothing is lacking: {printed}"
        );

        // What is in few texts is found by it, however it is looked for.
        for listing in searches("c4ca4238a0b9") {
            let page = statement(Postgres, &ESSAYS, &listing);
            let told =
                database.run(&format!("BEGIN; {PLAN_FOR_VALUES}; {}; COMMIT", executed(&page, "EXPLAIN")));
            assert!(told.contains("essays_text_trigram_index"), "{}: {told}", page.text);
        }
        // Of what is in many, a page is full before that would help.
        let page = statement(Postgres, &ESSAYS, listing);
        let told = database.run(&format!("BEGIN; {PLAN_FOR_VALUES}; {}; COMMIT", executed(&page, "EXPLAIN")));
        assert!(!told.contains("essays_text_trigram_index"), "{}: {told}", page.text);

        // The same is found with it as without, and by who knows of no index.
        for found in [
            "straße",
            "STRASSE",
            "weiss",
            "οδος",
            "ΟΔΟΣ",
            "istanbul",
            "ıstanbul",
            "300k",
            "a%b_c\\d",
            "abc",
            "ab",
            "nirgends",
        ] {
            for listing in searches(found) {
                let listing = listing.paged(Page::All);
                let (known, bare) =
                    (statement(Postgres, &ESSAYS, &listing), statement(Postgres, &BARE_ESSAYS, &listing));
                let by_index =
                    format!("SET enable_seqscan = off; SET enable_indexscan = off; {}", executed(&known, ""));
                let (by_index, bare) = (database.run(&by_index), database.run(&executed(&bare, "")));
                let rows = |told: &str| {
                    told.lines().filter(|line| line.contains('|')).map(str::to_owned).collect::<Vec<_>>()
                };
                let (mut by_index, mut bare) = (rows(&by_index), rows(&bare));
                by_index.sort_unstable();
                bare.sort_unstable();
                assert_eq!(by_index, bare, "{found}: {}", known.text);
            }
        }

        // The store asks for plans for the values, so that none is made once for all of them.
        let connection = store.take().await.expect("a connection");
        for _ in 0..8 {
            connection.fetch_snapshot(&plan()).await.expect("read");
            connection.batch("ROLLBACK").await.expect("ended");
        }
        // In two parts, or the question would count itself.
        let counted = "SELECT sum(generic_plans) || ' generic, ' || sum(custom_plans) || ' for values' \
                       FROM pg_prepared_statements WHERE statement LIKE '%es' || 'says%' AND statement LIKE '%strp' || 'os%'";
        let counted = connection.rows(counted, &[]).await.expect("read");
        let counted: String = counted[0].get(0);
        let for_values =
            counted.strip_prefix("0 generic, ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        assert!(for_values.parse::<u32>().is_ok_and(|number| number >= 8), "{counted}");
        drop(connection);
        Store::close(&store).await;
    });
}
