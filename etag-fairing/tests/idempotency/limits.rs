//! How much is kept of each caller.

use serde_json::json;

use crate::support::Answer;
use crate::world::{World, each_database, essence, order, refused};

const LIMIT: &str = "idempotency_max_bytes = 1024";

/// A server on which callers have names.
fn world(database: &str) -> World {
    World::start(database, LIMIT, |fairing| {
        fairing.identified_by(|request| request.headers().get_one("X-User").map(str::to_owned))
    })
}

fn post(world: &World, user: &str, key: &str) -> Answer {
    world.send("POST", "/v1/orders", key, &[("X-User", user)], &order(key))
}

/// Sends new requests until one is refused, and returns how many were made.
#[track_caller]
fn fill(world: &World, user: &str, prefix: &str) -> u64 {
    for number in 0..10 {
        let answer = post(world, user, &format!("{prefix}-{number}"));
        if answer.status != 201 {
            assert_eq!(refused(&answer, 429), "too_many_idempotency_keys");
            let seconds: u32 = answer.field("retry-after").expect("a time").parse().expect("seconds");
            assert!((1..=86_401).contains(&seconds), "{seconds}");
            return number;
        }
    }
    panic!("more than 1 KiB is kept of {user}")
}

#[test]
fn of_one_caller_only_so_much_is_kept() {
    each_database(|database| {
        let world = world(database);
        let first = post(&world, "ada", "first").is(201);
        let made = fill(&world, "ada", "more");
        assert!((1..=3).contains(&made), "{made}");
        assert_eq!(world.count("/v1/orders"), made + 1, "what is refused is not made");
        // What is kept already is repeated, and another request under its key is still another one.
        let again = post(&world, "ada", "first");
        assert_eq!((essence(&again), again.field("idempotency-replayed")), (essence(&first), Some("true")));
        let other = world.send("POST", "/v1/orders", "first", &[("X-User", "ada")], &order("another"));
        assert_eq!(refused(&other, 422), "idempotency_key_reused");
        let addition = json!({ "atomic:operations": [{ "op": "add", "data": {
            "type": "orders", "attributes": { "item": "by an operation" } } }] });
        let operations = world.send("POST", "/v1/operations", "ops", &[("X-User", "ada")], &addition);
        assert_eq!(refused(&operations, 429), "too_many_idempotency_keys");
        // Others have room of their own, and so have those who send no key.
        post(&world, "bob", "first").is(201);
        let plain = [("Content-Type", crate::world::J), ("X-User", "ada")];
        world.server.send("POST", "/v1/orders", &plain, &order("plain").to_string()).is(201);
        assert_eq!(world.count("/v1/orders"), made + 3);
    });
}

#[test]
fn what_other_nodes_and_earlier_runs_have_kept_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut databases = vec![format!("sqlite:{}", folder.path().join("orders.db").display())];
    #[cfg(feature = "postgres")]
    let database = postgres_server::Database::provide();
    #[cfg(feature = "postgres")]
    databases.extend(database.as_ref().map(|database| database.url().to_owned()));
    for database in &databases {
        let node = world(database);
        fill(&node, "ada", "here");
        // It asks when it has kept something itself.
        let other = world(database);
        assert_eq!(fill(&other, "ada", "there"), 1);
        post(&other, "bob", "first").is(201);
    }
}

#[test]
fn callers_who_are_not_known_take_no_room_from_each_other() {
    each_database(|database| {
        let world = World::start(database, LIMIT, |fairing| fairing);
        let send = |address: &str, key: &str| {
            world.send("POST", "/v1/orders", key, &[("X-Real-IP", address)], &order(key))
        };
        let made =
            (0..10).take_while(|number| send("192.0.2.1", &format!("key-{number}")).status == 201).count();
        assert!((1..=4).contains(&made), "{made}");
        assert_eq!(refused(&send("192.0.2.1", "more"), 429), "too_many_idempotency_keys");
        send("192.0.2.2", "other").is(201);
        assert_eq!(send("192.0.2.1", "key-0").field("idempotency-replayed"), Some("true"));
    });
}
