//! X14–X21: the document.

use serde_json::{Value, json};

use crate::world::{J, URL, add_talk, errors, on_sqlite, pointers};

/// A document of one operation, with another member.
fn with(name: &str, value: Value) -> Value {
    let mut document = json!({ "atomic:operations": [add_talk("a")] });
    document[name] = value;
    document
}

#[test]
fn x14_data_at_the_top_is_400() {
    on_sqlite(|world| {
        let errors = world.refuse_document(400, &with("data", json!([])));
        assert_eq!(pointers(&errors), ["/data"]);
    });
}

#[test]
fn x15_included_at_the_top_is_400() {
    on_sqlite(|world| {
        let errors = world.refuse_document(400, &with("included", json!([])));
        assert_eq!(pointers(&errors), ["/included"]);
    });
}

#[test]
fn x16_errors_beside_operations_are_400() {
    on_sqlite(|world| {
        let errors = world.refuse_document(400, &with("errors", json!([])));
        assert_eq!(pointers(&errors), ["/errors"]);
    });
}

#[test]
fn x17_results_beside_operations_are_400() {
    on_sqlite(|world| {
        let errors = world.refuse_document(400, &with("atomic:results", json!([{}])));
        assert_eq!(pointers(&errors), ["/atomic:results"]);
    });
}

#[test]
fn x18_the_other_members_may_stand_there() {
    on_sqlite(|world| {
        let mut document = with("meta", json!({ "a": 1 }));
        document["jsonapi"] = json!({ "version": "1.1" });
        document["links"] = json!({ "self": URL });
        world.send_document(&document).is(200);
    });
}

#[test]
fn x19_operations_are_a_list_of_one_or_more() {
    on_sqlite(|world| {
        for operations in [json!([]), json!({}), json!(null), json!("add"), json!(1)] {
            let errors = world.refuse(400, &operations);
            assert_eq!(pointers(&errors), ["/atomic:operations"], "{operations}");
        }
        let errors = world.refuse_document(400, &json!({}));
        assert_eq!(pointers(&errors), [""]);
        for document in ["[]", "null", "1", "\"x\""] {
            assert_eq!(pointers(&world.refuse_text(400, document)), [""], "{document}");
        }
        for broken in ["", "{", "{\"atomic:operations\": [}", "{'a': 1}", "\u{feff}{}"] {
            let answer = world.send_with(&[("Content-Type", crate::world::ATOMIC)], broken).is(400);
            assert_eq!(errors_code(&errors_of(&answer)), "malformed_json", "{broken}");
        }
        // A plain document is told what is missing.
        let plain = json!({ "data": add_talk("a")["data"] });
        world.server.write("POST", "/v1/talks", &plain).is(201);
        world.server.send("POST", URL, &[("Content-Type", J)], &plain.to_string()).is(415);
    });
}

fn errors_of(answer: &crate::support::Answer) -> Vec<Value> {
    errors(answer)
}

fn errors_code(errors: &[Value]) -> &str {
    errors[0]["code"].as_str().unwrap()
}

#[test]
fn x20_an_operation_is_an_object() {
    on_sqlite(|world| {
        for operation in [json!(null), json!(5), json!("add"), json!([])] {
            world.refuses_at(400, "/atomic:operations/1", &json!([add_talk("a"), operation]));
        }
        // All that is wrong is told at once.
        let errors = world.refuse(400, &json!([null, add_talk("a"), 7]));
        assert_eq!(pointers(&errors), ["/atomic:operations/0", "/atomic:operations/2"]);
    });
}

#[test]
fn x21_members_that_nobody_defined_are_ignored() {
    on_sqlite(|world| {
        let talk = world.talk("a");
        let made = world.make(&json!([
            { "op": "add", "x": 1, "@x": 2, "atomic:ifMatch": 3, "meta": { "x": 1 },
              "data": { "type": "talks", "x": 1, "@x": 2, "meta": {}, "attributes": { "title": "b", "@x": 1 } } },
            { "op": "remove", "@x": 2, "ref": { "type": "talks", "id": talk, "@x": 1, "x": 5 } },
        ]));
        assert_eq!(made[0]["data"]["attributes"]["title"], "b");
    });
}
