//! Kept answers to which another program has written.

use serde_json::Value;

use crate::world::{World, order};

#[test]
fn a_spoilt_answer_is_no_answer_and_nothing_is_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("orders.db");
    spoil(&format!("sqlite:{}", path.display()), |sql| {
        let sqlite = rusqlite::Connection::open(&path).expect("the file");
        sqlite.execute(sql, []).expect("a change");
    });
    #[cfg(feature = "postgres")]
    if let Some(database) = postgres_server::Database::provide() {
        spoil(database.url(), |sql| drop(database.run(sql)));
    }
}

fn spoil(database: &str, run: impl Fn(&str)) {
    let world = World::new(database);
    let first = world.post("/v1/orders", "k", &order("book")).is(201);
    run("ALTER TABLE _etag_fairing_keys ADD COLUMN before text");
    run("UPDATE _etag_fairing_keys SET before = fields");
    for change in [
        "fields = 'nonsense'",
        "fields = '{}'",
        "fields = '[[\"X-One\"]]'",
        "fields = '[[\"X One\",\"1\"]]'",
        "fields = '[[\"\",\"1\"]]'",
        r#"fields = '[["X-One","1\r\nX-Two: 2"]]'"#,
        "fields = NULL",
        "status = 500",
        "status = 0",
        "status = -1",
        "status = 100000",
        "status = NULL",
    ] {
        run(&format!("UPDATE _etag_fairing_keys SET {change}"));
        let answer = world.post("/v1/orders", "k", &order("book")).is(500);
        assert_eq!(answer.field("idempotency-replayed"), None, "{change}");
        let document: Value = serde_json::from_slice(&answer.body).expect("errors");
        assert_eq!(document["errors"][0]["code"], "internal", "{change}: {document}");
        assert_eq!(world.count("/v1/orders"), 1, "{change}");
        run("UPDATE _etag_fairing_keys SET fields = before, status = 201");
    }
    let again = world.post("/v1/orders", "k", &order("book"));
    assert_eq!(crate::world::essence(&again), crate::world::essence(&first));
}
