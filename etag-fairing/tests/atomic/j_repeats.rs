//! X116: a request that is sent twice.

use serde_json::{Value, json};

use crate::world::{ATOMIC, URL, add_talk, errors, on_both, remove, results};

#[test]
fn x116_operations_with_a_key_are_made_once() {
    on_both(|world| {
        let send = |operations: Value| {
            let body = json!({ "atomic:operations": operations }).to_string();
            let fields = [("Content-Type", ATOMIC), ("Idempotency-Key", "\"x116\"")];
            world.server.send("POST", URL, &fields, &body)
        };
        let first = send(json!([add_talk("Twice")]));
        assert_eq!(first.status, 200, "{first:?}");
        let talks = world.read("/v1/talks");
        let again = send(json!([add_talk("Twice")]));
        assert_eq!(again.field("idempotency-replayed"), Some("true"));
        assert_eq!(again.body, first.body);
        assert_eq!(results(&again), results(&first));
        let other = send(json!([remove("talks", "1")]));
        assert_eq!((other.status, &errors(&other)[0]["code"]), (422, &json!("idempotency_key_reused")));
        assert_eq!(world.read("/v1/talks"), talks);
    });
}
