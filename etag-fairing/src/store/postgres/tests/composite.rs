//! How rows with ids of several columns are found: by the index of their key.

use super::super::dialect::Postgres;
use super::*;
use crate::schema::{CompositeId, Id, IdKind, IdPart, Operations};
use crate::store::sql::{change, include, lock, select, visible::Visible};

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

#[test]
fn their_key_finds_them() {
    with_database(async |database| {
        let store = open(database);
        Store::prepare(&store, &[&COPIES]).await.expect("prepared");
        Store::close(&store).await;
        database.run(
            "INSERT INTO copies (shelf, word) SELECT n / 100, 'w' || n % 100 FROM generate_series(1, 50000) AS n; \
             ANALYZE copies",
        );
        let id =
            ResourceId::Composite(CompositeId::new([ResourceId::Integer(1), ResourceId::Text("a".into())]));
        let whole = Selection::whole(&COPIES);
        let visible = Visible::everything(Postgres);
        let list = "[\"[1,\\\"a\\\"]\"]";
        let built =
            |statement: Result<crate::store::sql::Statement, String>| statement.expect("a statement").text;
        let list_of_texts = "ARRAY['[1,\"w2\"]','[2,\"w3\"]']";
        // By PostgreSQL's own choice of plans, which looks at how long a list is. A plan for lists of any
        // length would take a thousand for granted, and read the whole of a table as small as this one.
        for (text, parameters) in [
            (built(select::one(visible, &whole, &id)), "1, 'a'"),
            (built(select::exists(visible, &COPIES, &id)), "1, 'a'"),
            (built(include::to_one(visible, &whole, list)), list_of_texts),
            (lock::listed(Postgres, &COPIES), list_of_texts),
            (lock::with_links(Postgres, &COPIES), "1, 'a'"),
            (change::update(Postgres, &COPIES, &["reader"], None), "7, 1, 'a'"),
            (change::delete(Postgres, &COPIES, None), "1, 'a'"),
        ] {
            let plan = database
                .run(&format!("PREPARE looked_up AS {text}; EXPLAIN EXECUTE looked_up({parameters})"));
            assert!(plan.contains("Index Cond: ((shelf = ") && plan.contains("word = "), "{text}: {plan}");
            assert!(!plan.contains("Seq Scan on copies"), "{text}: {plan}");
        }
    });
}
