//! How many statements a plan takes, and that they use their indexes.

use super::*;
use crate::store::{
    Listing, Page,
    contract::{ALL, REVIEWS, TALKS},
    sql::{edge::Edge, select},
    sqlite::dialect::Sqlite,
};

fn talk(title: &str) -> Vec<Value> {
    let text = Value::Text(title.into());
    let null = Value::Null;
    vec![text, null.clone(), Value::Integer(0), null.clone(), Value::Bool(false), null.clone(), null]
}

#[test]
fn the_number_of_statements_does_not_depend_on_the_number_of_rows() {
    rocket::async_test(async {
        let store = SqliteStore::open(SqliteOptions::new(Location::Temporary)).expect("a database");
        store.prepare(&ALL).await.expect("prepared");
        let everything = Selection { linkage: vec![true; 4], ..Selection::whole(&TALKS) };
        let page = Listing { page: Page::Offset { offset: 0, limit: 50 }, total: true, ..Listing::all() };
        let plans = [
            (whole(&TALKS, Root::One(ResourceId::Integer(1))), 2),
            (Plan::new(Root::Collection(page), everything), 4),
            (Plan::new(Root::Collection(Listing::all()), Selection::identifiers(&TALKS)), 1),
        ];
        for rows in [1, 49] {
            for number in 0..rows {
                let id = write(&store, new(&TALKS, talk(&format!("talk {number}")))).await.expect("written");
                let review = vec![Some(LinkageChange::One(Some(id)))];
                let review = new_linked(&REVIEWS, vec![Value::Text("good".into())], review);
                write(&store, review).await.expect("written");
            }
            for (plan, expected) in &plans {
                let before = store.statements();
                store.fetch(plan).await.expect("readable");
                assert_eq!(store.statements() - before, *expected, "{plan:?}");
            }
        }
    });
}

#[test]
fn linkage_and_pages_use_indexes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("indexed.db");
    rocket::async_test(async {
        assert_eq!(problems(&path, &ALL).await, Vec::<String>::new());
    });
    let sqlite = outside(&path);
    let steps = |text: &str| -> Vec<String> {
        let mut statement = sqlite.prepare(&format!("EXPLAIN QUERY PLAN {text}")).expect("a statement");
        let parameters = vec!["[1]"; statement.parameter_count()];
        let rows = statement
            .query_map(rusqlite::params_from_iter(parameters), |row| row.get("detail"))
            .expect("a plan");
        rows.collect::<Result<_, _>>().expect("a plan")
    };
    let mut texts = vec![select::one(Sqlite, &Selection::whole(&TALKS))];
    for resource in ALL {
        for relationship in resource.relationships {
            if let Some(edge) = Edge::of(resource, relationship).expect("an edge") {
                texts.push(select::linkage(Sqlite, &edge));
                texts.push(select::related_page(Sqlite, &edge, &Selection::whole(edge.target)));
            }
        }
    }
    for text in texts {
        for step in steps(&text) {
            // The list of ids is read from end to end; a table never is.
            assert!(!step.starts_with("SCAN") || step.starts_with("SCAN e "), "{step}\n{text}");
        }
    }
    let pages = steps(&select::collection(Sqlite, &Selection::whole(&TALKS)));
    assert!(!pages.iter().any(|step| step.contains("TEMP B-TREE")), "{pages:?}");
}
