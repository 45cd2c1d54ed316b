//! What operations do.

use serde_json::json;

use crate::world::{add_talk, on_both, pointers};

#[test]
fn several_kinds_of_operations_are_made_in_order() {
    on_both(|world| {
        let first = world.talk("first");
        let results = world.make(&json!([
            { "op": "add", "data": { "type": "rooms", "lid": "r", "attributes": { "name": "Aula" } } },
            { "op": "add", "data": { "type": "speakers", "id": "ada", "attributes": { "name": "Ada" } } },
            { "op": "add", "data": {
                "type": "talks", "lid": "t", "attributes": { "title": "second" },
                "relationships": {
                    "room": { "data": { "type": "rooms", "lid": "r" } },
                    "speakers": { "data": [{ "type": "speakers", "id": "ada" }] },
                },
            } },
            { "op": "update", "data": { "type": "talks", "lid": "t", "attributes": { "stars": 5 } } },
            { "op": "update", "ref": { "type": "talks", "id": first, "relationship": "room" },
              "data": { "type": "rooms", "lid": "r" } },
            { "op": "add", "href": format!("/v1/talks/{first}/relationships/speakers"),
              "data": [{ "type": "speakers", "id": "ada" }] },
            { "op": "remove", "ref": { "type": "talks", "lid": "t" } },
        ]));
        assert_eq!(results.len(), 7);
        let room = results[0]["data"]["id"].as_str().unwrap();
        assert_eq!(results[2]["data"]["relationships"]["room"]["data"]["id"], room);
        assert_eq!(results[2]["data"]["links"]["self"], results[3]["data"]["links"]["self"]);
        assert_eq!(results[3]["data"]["attributes"]["stars"], 5);
        assert_eq!(results[6], json!({}));
        let talk = world.read(&format!("/v1/talks/{first}"));
        assert_eq!(talk["relationships"]["room"]["data"]["id"], room);
        assert_eq!(talk["relationships"]["speakers"]["data"][0]["id"], "ada");
        let gone = results[2]["data"]["links"]["self"].as_str().unwrap();
        world.server.get(gone, &[]).is(404);
        // The tag of a relationship's result is that of the resource.
        assert_eq!(results[5]["meta"]["etag"], world.tag(&format!("/v1/talks/{first}")));
    });
}

#[test]
fn one_failure_undoes_all() {
    on_both(|world| {
        let errors = world.refuse(
            404,
            &json!([
                add_talk("a"),
                { "op": "update", "data": { "type": "talks", "id": "999", "attributes": { "title": "x" } } },
            ]),
        );
        assert_eq!(pointers(&errors), ["/atomic:operations/1"]);
        let errors = world.refuse(
            422,
            &json!([
                add_talk("a"),
                { "op": "add", "data": { "type": "talks", "attributes": { "title": 7 } } },
            ]),
        );
        assert_eq!(pointers(&errors), ["/atomic:operations/1/data/attributes/title"]);
    });
}

#[test]
fn removals_alone_are_204() {
    on_both(|world| {
        let talk = world.talk("a");
        let answer = world.send(&json!([{ "op": "remove", "ref": { "type": "talks", "id": talk } }])).is(204);
        assert_eq!(answer.field("vary"), Some("Accept"));
        world.server.get(&format!("/v1/talks/{talk}"), &[]).is(404);
    });
}
