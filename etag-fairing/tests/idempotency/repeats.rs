//! One client, which sends a request again.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::world::{World, each_database, essence, order, refused};

/// Requests of every kind of write, each with what it changes: method, path, fields, document.
fn writes() -> Vec<(&'static str, &'static str, Value)> {
    let tag = json!([{ "type": "tags", "id": "1" }]);
    let change = json!({ "data": { "type": "orders", "id": "1", "attributes": { "amount": 5 } } });
    let operations = json!({ "atomic:operations": [
        { "op": "add", "data": { "type": "orders", "lid": "o", "attributes": { "item": "by an operation" } } },
        { "op": "add", "data": { "type": "payments", "attributes": { "sum": 3 },
          "relationships": { "order": { "data": { "type": "orders", "lid": "o" } } } } },
    ] });
    let removal =
        json!({ "atomic:operations": [{ "op": "remove", "ref": { "type": "orders", "id": "2" } }] });
    vec![
        ("POST", "/v1/orders", order("book")),
        ("PATCH", "/v1/orders/1", change),
        ("POST", "/v1/orders/1/relationships/tags", json!({ "data": tag })),
        ("PATCH", "/v1/orders/1/relationships/tags", json!({ "data": [] })),
        ("DELETE", "/v1/orders/1/relationships/tags", json!({ "data": tag })),
        ("POST", "/v1/operations", operations),
        ("POST", "/v1/operations", removal),
        ("DELETE", "/v1/orders/1", Value::Null),
    ]
}

#[test]
fn every_write_is_done_once_and_answered_the_same() {
    each_database(|database| {
        let world = World::new(database);
        let tag = json!({ "data": { "type": "tags", "attributes": { "name": "new" } } });
        world.send("POST", "/v1/tags", "tag", &[("X-User", "ada")], &tag).is(201);
        for item in ["first", "second"] {
            world.post("/v1/orders", item, &order(item)).is(201);
        }
        for (number, (method, path, document)) in writes().into_iter().enumerate() {
            let key = format!("\"write {number}\"");
            let before = world.heard.load(Ordering::SeqCst);
            let first = world.send(method, path, &key, &[], &document);
            assert!((200..300).contains(&first.status), "{method} {path}: {first:?}");
            assert_eq!(first.field("idempotency-replayed"), None);
            let (orders, heard) = (world.count("/v1/orders"), world.heard.load(Ordering::SeqCst));
            assert!(heard > before || path.ends_with("tags"), "{method} {path} is told of");
            for _ in 0..3 {
                let again = world.send(method, path, &key, &[], &document);
                assert_eq!(again.field("idempotency-replayed"), Some("true"), "{method} {path}: {again:?}");
                assert_eq!(essence(&again), essence(&first), "{method} {path}");
            }
            assert_eq!(world.count("/v1/orders"), orders, "{method} {path} is done once");
            assert_eq!(world.heard.load(Ordering::SeqCst), heard, "{method} {path} is told of once");
        }
    });
}

#[test]
fn another_request_under_the_key_is_422_and_changes_nothing() {
    each_database(|database| {
        let world = World::new(database);
        world.post("/v1/orders", "k", &order("book")).is(201);
        let before = world.server.get("/v1/orders", &[]).body;
        let others = [
            ("POST", "/v1/orders", order("another")),
            ("POST", "/v1/orders?fields[orders]=item", order("book")),
            ("PATCH", "/v1/orders/1", json!({ "data": { "type": "orders", "id": "1", "attributes": {} } })),
            ("DELETE", "/v1/orders/1", Value::Null),
            (
                "POST",
                "/v1/operations",
                json!({ "atomic:operations": [{ "op": "remove", "href": "/v1/orders/1" }] }),
            ),
        ];
        for (method, path, document) in others {
            let answer = world.send(method, path, "k", &[], &document);
            assert_eq!(refused(&answer, 422), "idempotency_key_reused", "{method} {path}");
        }
        assert_eq!(world.server.get("/v1/orders", &[]).body, before);
        assert_eq!(world.post("/v1/orders", "k", &order("book")).field("idempotency-replayed"), Some("true"));
    });
}

#[test]
fn a_refused_request_leaves_its_key_free() {
    each_database(|database| {
        let world = World::new(database);
        let typo = json!({ "data": { "type": "orders", "attributes": { "item": 5 } } });
        for refused in [typo, order("refuse"), json!({ "data": { "type": "tags" } })] {
            let answer = world.post("/v1/orders", "k", &refused);
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
        world
            .send("PATCH", "/v1/orders/9", "k", &[], &json!({ "data": { "type": "orders", "id": "9" } }))
            .is(404);
        assert_eq!(world.count("/v1/orders"), 0);
        let made = world.post("/v1/orders", "k", &order("book")).is(201);
        assert_eq!(made.field("idempotency-replayed"), None);
    });
}

#[test]
fn a_precondition_that_held_the_first_time_is_not_asked_again() {
    each_database(|database| {
        let world = World::new(database);
        let tag =
            world.post("/v1/orders", "made", &order("book")).is(201).field("etag").expect("a tag").to_owned();
        let change = |amount: i64| json!({ "data": { "type": "orders", "id": "1", "attributes": { "amount": amount } } });
        let with_tag = [("If-Match", tag.as_str())];
        let first = world.send("PATCH", "/v1/orders/1", "k", &with_tag, &change(5)).is(200);
        let again = world.send("PATCH", "/v1/orders/1", "k", &with_tag, &change(5)).is(200);
        assert_eq!(essence(&again), essence(&first));
        // Somebody else's change in between: the answer is still the first one, and nothing is written.
        world.send("PATCH", "/v1/orders/1", "other", &[], &change(7)).is(200);
        let again = world.send("PATCH", "/v1/orders/1", "k", &with_tag, &change(5)).is(200);
        assert_eq!(essence(&again), essence(&first));
        assert_eq!(world.server.get("/v1/orders/1", &[]).json()["data"]["attributes"]["amount"], 7);
        // Without a key, or with a new one, the old tag is refused.
        world.send("PATCH", "/v1/orders/1", "new", &with_tag, &change(5)).is(412);
    });
}

#[test]
fn what_a_client_prefers_to_get_is_kept_with_the_answer() {
    each_database(|database| {
        let world = World::new(database);
        let minimal = [("Prefer", "return=minimal")];
        let first = world.send("POST", "/v1/orders", "k", &minimal, &order("book")).is(201);
        assert!(first.body.is_empty());
        let again = world.send("POST", "/v1/orders", "k", &minimal, &order("book")).is(201);
        assert_eq!(essence(&again), essence(&first));
        assert_eq!(again.field("preference-applied"), Some("return=minimal"));
    });
}

#[test]
fn an_answer_outlives_its_resource() {
    each_database(|database| {
        let world = World::new(database);
        let first = world.post("/v1/orders", "k", &order("book")).is(201);
        world.send("DELETE", "/v1/orders/1", "gone", &[], &Value::Null).is(204);
        assert_eq!(essence(&world.post("/v1/orders", "k", &order("book"))), essence(&first));
        assert_eq!(world.count("/v1/orders"), 0, "it is not made again");
    });
}

#[test]
fn a_key_of_the_wrong_form_is_400() {
    let world = World::new("sqlite::memory:");
    let long = "k".repeat(256);
    for key in ["", "\"\"", "\"open", "a, b", "\"a\", \"b\"", "two words", long.as_str()] {
        let answer = world.post("/v1/orders", key, &order("book"));
        assert_eq!(refused(&answer, 400), "invalid_idempotency_key", "{key:?}");
    }
    let twice = [("Idempotency-Key", "k")];
    let answer = world.send("POST", "/v1/orders", "k", &twice, &order("book"));
    assert_eq!(refused(&answer, 400), "invalid_idempotency_key");
    assert_eq!(world.count("/v1/orders"), 0);
    // The two spellings of one key.
    world.post("/v1/orders", "\"8e03978e-40d5\"", &order("book")).is(201);
    let again = world.post("/v1/orders", "8e03978e-40d5", &order("book")).is(201);
    assert_eq!(again.field("idempotency-replayed"), Some("true"));
    // Reads have no use for one.
    world.server.get("/v1/orders", &[("Idempotency-Key", "\"\"")]).is(200);
}

#[test]
fn a_resource_may_require_a_key() {
    each_database(|database| {
        let world = World::new(database);
        let payment = json!({ "data": { "type": "payments", "attributes": { "sum": 3 } } });
        let missing = |answer| assert_eq!(refused(&answer, 400), "idempotency_key_required");
        missing(world.server.write("POST", "/v1/payments", &payment));
        world.post("/v1/payments", "k", &payment).is(201);
        missing(world.server.write("DELETE", "/v1/payments/1", &Value::Null));
        let change = json!({ "data": { "type": "payments", "id": "1", "attributes": { "sum": 4 } } });
        missing(world.server.write("PATCH", "/v1/payments/1", &change));
        let none = json!({ "data": null });
        missing(world.server.write("PATCH", "/v1/payments/1/relationships/order", &none));
        let operations = json!({ "atomic:operations": [{ "op": "remove", "href": "/v1/payments/1" }] });
        let atomic = [("Content-Type", r#"application/vnd.api+json;ext="https://jsonapi.org/ext/atomic""#)];
        missing(world.server.send("POST", "/v1/operations", &atomic, &operations.to_string()));
        world.post("/v1/operations", "all", &operations).is(204);
        // Other resources don't need one.
        world.server.write("POST", "/v1/orders", &order("book")).is(201);
    });
}
