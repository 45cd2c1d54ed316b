//! X74–X84: relationships.

use serde_json::{Value, json};

use crate::world::{World, add_talk, link, on_both, pointers};

fn room(id: &str) -> Value {
    json!({ "type": "rooms", "id": id })
}

fn speakers(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({ "type": "speakers", "id": id })).collect()
}

fn linkage(world: &World, talk: &str, relationship: &str) -> Value {
    let url = format!("/v1/talks/{talk}/relationships/{relationship}");
    world.server.get(&url, &[]).is(200).json()["data"].clone()
}

/// The ids of a to-many linkage, sorted.
fn ids(linkage: &Value) -> Vec<String> {
    let ids = linkage.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned());
    let mut ids: Vec<String> = ids.collect();
    ids.sort();
    ids
}

#[test]
fn x74_a_to_one_is_named_by_ref_or_href() {
    on_both(|world| {
        let (talk, aula, cellar) = (world.talk("a"), world.room("aula"), world.room("cellar"));
        world.make(&json!([link("update", ("talks", &talk), "room", room(&aula))]));
        assert_eq!(linkage(world, &talk, "room"), room(&aula));
        let href = format!("/v1/talks/{talk}/relationships/room");
        world.make(&json!([{ "op": "update", "href": href, "data": room(&cellar) }]));
        assert_eq!(linkage(world, &talk, "room"), room(&cellar));
        let both = json!({ "op": "update", "href": href, "ref": { "type": "talks", "id": talk, "relationship": "room" },
                           "data": null });
        world.refuses_at(400, "/atomic:operations/0", &json!([both]));
    });
}

#[test]
fn x75_a_to_one_is_updated_with_an_identifier_or_null() {
    on_both(|world| {
        let (talk, aula) = (world.talk("a"), world.room("aula"));
        let own = ("talks", talk.as_str());
        world.make(&json!([link("update", own, "room", room(&aula))]));
        world.refuses_at(
            400,
            "/atomic:operations/0",
            &json!([{ "op": "update",
            "ref": { "type": "talks", "id": talk, "relationship": "room" } }]),
        );
        for data in [json!([]), json!([room(&aula)])] {
            world.refuses_at(400, "/atomic:operations/0/data", &json!([link("update", own, "room", data)]));
        }
        for op in ["add", "remove"] {
            world.refuses_at(400, "/atomic:operations/0/op", &json!([link(op, own, "room", room(&aula))]));
        }
        world.make(&json!([link("update", own, "room", json!(null))]));
        assert_eq!(linkage(world, &talk, "room"), json!(null));
    });
}

#[test]
fn x76_its_result_has_no_data() {
    on_both(|world| {
        let (talk, aula) = (world.talk("a"), world.room("aula"));
        let made = world.make(&json!([link("update", ("talks", &talk), "room", room(&aula))]));
        assert!(made[0].get("data").is_none());
        assert_eq!(made[0]["meta"]["etag"], world.tag(&format!("/v1/talks/{talk}")));
    });
}

#[test]
fn x77_what_a_to_one_cannot_lead_to_is_an_error() {
    on_both(|world| {
        let talk = world.talk("a");
        let own = ("talks", talk.as_str());
        let at = "/atomic:operations/1/data";
        let with = |data: Value| json!([add_talk("b"), link("update", own, "room", data)]);
        world.refuses_at(404, &format!("{at}/id"), &with(room("999")));
        world.refuses_at(404, &format!("{at}/id"), &with(room("no number")));
        world.refuses_at(409, &format!("{at}/type"), &with(json!({ "type": "speakers", "id": "1" })));
        world.refuses_at(400, at, &with(json!({ "type": "rooms" })));
        world.refuses_at(400, at, &with(json!({ "id": "1" })));
        world.refuses_at(400, at, &with(json!("rooms")));
        let review = world.review("ada", &talk);
        let required = link("update", ("reviews", &review), "talk", json!(null));
        world.refuses_at(422, "/atomic:operations/0/data", &json!([required]));
    });
}

#[test]
fn x78_a_to_many_is_named_by_ref_or_href() {
    on_both(|world| {
        let (talk, ada, bob) = (world.talk("a"), world.speaker("ada"), world.speaker("bob"));
        world.make(&json!([link("add", ("talks", &talk), "speakers", speakers(&[&ada]))]));
        let href = format!("/v1/talks/{talk}/relationships/speakers");
        world.make(&json!([{ "op": "add", "href": href, "data": speakers(&[&bob]) }]));
        assert_eq!(ids(&linkage(world, &talk, "speakers")).len(), 2);
    });
}

#[test]
fn x79_add_adds_each_once() {
    on_both(|world| {
        let (talk, ada, bob) = (world.talk("a"), world.speaker("ada"), world.speaker("bob"));
        let own = ("talks", talk.as_str());
        world.make(&json!([
            link("add", own, "speakers", speakers(&[&ada])),
            link("add", own, "speakers", speakers(&[&ada, &bob, &bob])),
            link("add", own, "speakers", json!([])),
        ]));
        let mut expected = vec![ada, bob];
        expected.sort();
        assert_eq!(ids(&linkage(world, &talk, "speakers")), expected);
    });
}

#[test]
fn x80_update_replaces_all() {
    on_both(|world| {
        let (talk, ada, bob) = (world.talk("a"), world.speaker("ada"), world.speaker("bob"));
        let own = ("talks", talk.as_str());
        world.make(&json!([link("update", own, "speakers", speakers(&[&ada]))]));
        world.make(&json!([link("update", own, "speakers", speakers(&[&bob]))]));
        assert_eq!(linkage(world, &talk, "speakers"), speakers(&[&bob]));
        world.make(&json!([link("update", own, "speakers", json!([]))]));
        assert_eq!(linkage(world, &talk, "speakers"), json!([]));
    });
}

#[test]
fn x81_remove_removes_what_is_there() {
    on_both(|world| {
        let (talk, ada, bob) = (world.talk("a"), world.speaker("ada"), world.speaker("bob"));
        let own = ("talks", talk.as_str());
        world.make(&json!([
            link("update", own, "speakers", speakers(&[&ada, &bob])),
            link("remove", own, "speakers", speakers(&[&ada])),
            link("remove", own, "speakers", speakers(&[&ada])),
            link("remove", own, "speakers", json!([])),
        ]));
        assert_eq!(linkage(world, &talk, "speakers"), speakers(&[&bob]));
    });
}

#[test]
fn x82_the_data_of_a_to_many_is_a_list() {
    on_both(|world| {
        let (talk, ada) = (world.talk("a"), world.speaker("ada"));
        let own = ("talks", talk.as_str());
        for op in ["add", "update", "remove"] {
            for data in [json!(null), json!({ "type": "speakers", "id": ada }), json!("x")] {
                world.refuses_at(400, "/atomic:operations/0/data", &json!([link(op, own, "speakers", data)]));
            }
            let reference = json!({ "type": "talks", "id": talk, "relationship": "speakers" });
            world.refuses_at(400, "/atomic:operations/0", &json!([{ "op": op, "ref": reference }]));
        }
    });
}

#[test]
fn x83_its_result_has_no_data() {
    on_both(|world| {
        let (talk, ada) = (world.talk("a"), world.speaker("ada"));
        for op in ["add", "update", "remove"] {
            let made = world.make(&json!([link(op, ("talks", &talk), "speakers", speakers(&[&ada]))]));
            assert!(made[0].get("data").is_none());
            assert_eq!(made[0]["meta"]["etag"], world.tag(&format!("/v1/talks/{talk}")));
        }
    });
}

#[test]
fn x84_what_a_to_many_cannot_lead_to_is_an_error() {
    on_both(|world| {
        let (talk, ada) = (world.talk("a"), world.speaker("ada"));
        let own = ("talks", talk.as_str());
        let at = "/atomic:operations/1/data/1";
        for op in ["add", "update"] {
            let with = |second: Value| {
                let linkage = json!([{ "type": "speakers", "id": ada }, second]);
                json!([add_talk("b"), link(op, own, "speakers", linkage)])
            };
            world.refuses_at(404, &format!("{at}/id"), &with(json!({ "type": "speakers", "id": "nobody" })));
            world.refuses_at(409, &format!("{at}/type"), &with(json!({ "type": "rooms", "id": "1" })));
            world.refuses_at(400, at, &with(json!({ "type": "speakers" })));
            world.refuses_at(400, at, &with(json!(null)));
        }
        // Each mistake is told.
        let several = json!([{ "type": "rooms", "id": "1" }, { "type": "speakers", "id": ada }, 7]);
        let errors = world.refuse(400, &json!([link("add", own, "speakers", several)]));
        assert_eq!(pointers(&errors), ["/atomic:operations/0/data/0/type", "/atomic:operations/0/data/2"]);
    });
}
