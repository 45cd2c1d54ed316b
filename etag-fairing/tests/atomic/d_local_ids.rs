//! X35–X40, X94–X98: local ids.

use serde_json::{Value, json};

use crate::world::{add, add_talk, on_both, on_sqlite, pointers, talk};

fn with_lid(lid: &str, mut data: Value) -> Value {
    data["lid"] = json!(lid);
    add(data)
}

#[test]
fn x35_an_add_may_carry_a_lid() {
    on_both(|world| {
        let made = world.make(&json!([with_lid("t", talk("a"))]));
        assert!(made[0]["data"].get("lid").is_none());
        assert!(made[0]["data"]["id"].is_string());
    });
}

#[test]
fn x36_a_lid_is_a_string() {
    on_sqlite(|world| {
        for lid in [json!(1), json!(null), json!({}), json!([])] {
            let mut data = talk("a");
            data["lid"] = lid;
            world.refuses_at(400, "/atomic:operations/0/data/lid", &json!([add(data)]));
        }
    });
}

#[test]
fn x37_one_name_under_two_types_is_two_resources() {
    on_both(|world| {
        let made = world.make(&json!([
            with_lid("x", json!({ "type": "rooms", "attributes": { "name": "r" } })),
            with_lid("x", talk("a")),
            { "op": "update", "ref": { "type": "talks", "lid": "x", "relationship": "room" },
              "data": { "type": "rooms", "lid": "x" } },
            { "op": "update", "data": { "type": "rooms", "lid": "x", "attributes": { "name": "new" } } },
        ]));
        assert_eq!(made[3]["data"]["id"], made[0]["data"]["id"]);
        assert_eq!(made[3]["data"]["relationships"]["talks"]["data"][0]["id"], made[1]["data"]["id"]);
    });
}

#[test]
fn x38_linkage_names_new_resources_by_lid() {
    on_both(|world| {
        let speaker = |lid: &str| with_lid(lid, json!({ "type": "speakers", "attributes": { "name": lid } }));
        let identifier = |lid: &str| json!({ "type": "speakers", "lid": lid });
        let mut talk = talk("a");
        talk["relationships"] = json!({
            "room": { "data": { "type": "rooms", "lid": "r" } },
            "speakers": { "data": [identifier("one"), identifier("two")] },
        });
        let made = world.make(&json!([
            with_lid("r", json!({ "type": "rooms", "attributes": { "name": "r" } })),
            speaker("one"),
            speaker("two"),
            speaker("three"),
            with_lid("t", talk),
            { "op": "add", "ref": { "type": "talks", "lid": "t", "relationship": "speakers" },
              "data": [identifier("three")] },
            { "op": "remove", "ref": { "type": "talks", "lid": "t", "relationship": "speakers" },
              "data": [identifier("one")] },
        ]));
        let id = made[4]["data"]["id"].as_str().unwrap();
        let talk = world.read(&format!("/v1/talks/{id}"));
        assert_eq!(talk["relationships"]["room"]["data"]["id"], made[0]["data"]["id"]);
        let mut speakers: Vec<&Value> = talk["relationships"]["speakers"]["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["id"])
            .collect();
        let mut expected = vec![&made[2]["data"]["id"], &made[3]["data"]["id"]];
        speakers.sort_by_key(|id| id.to_string());
        expected.sort_by_key(|id| id.to_string());
        assert_eq!(speakers, expected);
    });
}

#[test]
fn x39_ref_and_data_name_the_target_by_lid() {
    on_both(|world| {
        let made = world.make(&json!([
            with_lid("t", talk("a")),
            { "op": "update", "ref": { "type": "talks", "lid": "t" },
              "data": { "type": "talks", "lid": "t", "attributes": { "title": "b" } } },
            { "op": "update", "data": { "type": "talks", "lid": "t", "attributes": { "stars": 3 } } },
        ]));
        let id = made[0]["data"]["id"].as_str().unwrap();
        let talk = world.read(&format!("/v1/talks/{id}"));
        assert_eq!((&talk["attributes"]["title"], &talk["attributes"]["stars"]), (&json!("b"), &json!(3)));
    });
}

#[test]
fn x40_results_hold_real_ids_alone() {
    on_both(|world| {
        let mut talk = talk("a");
        talk["relationships"] = json!({ "room": { "data": { "type": "rooms", "lid": "a lid" } } });
        let operations =
            json!([with_lid("a lid", json!({ "type": "rooms", "attributes": { "name": "r" } })), add(talk),]);
        let answer = world.send(&operations).is(200);
        assert!(!answer.text().contains("a lid"), "{}", answer.text());
        assert!(!String::from_utf8(world.all().concat()).unwrap().contains("a lid"));
    });
}

#[test]
fn x94_a_lid_that_is_not_assigned_yet_is_400() {
    on_sqlite(|world| {
        let id = world.talk("a");
        let room = with_lid("r", json!({ "type": "rooms", "attributes": { "name": "r" } }));
        let linked = |data: Value| {
            let mut talk = talk("b");
            talk["relationships"] = data;
            add(talk)
        };
        let to_room = || json!({ "room": { "data": { "type": "rooms", "lid": "r" } } });
        let base = "/atomic:operations/0";
        // Later, never, and of another type.
        world.refuses_at(
            400,
            &format!("{base}/data/relationships/room/data/lid"),
            &json!([linked(to_room()), room]),
        );
        world.refuses_at(
            400,
            &format!("{base}/data/relationships/room/data/lid"),
            &json!([linked(to_room())]),
        );
        let of_speaker = json!({ "speakers": { "data": [{ "type": "speakers", "lid": "r" }] } });
        world.refuses_at(
            400,
            "/atomic:operations/1/data/relationships/speakers/data/0/lid",
            &json!([room, linked(of_speaker)]),
        );
        // By the operation that assigns it.
        let mut own = json!({ "type": "rooms", "lid": "r", "attributes": { "name": "r" } });
        own["relationships"] = json!({ "talks": { "data": [{ "type": "talks", "lid": "t" }] } });
        world.refuses_at(400, &format!("{base}/data/relationships/talks/data/0/lid"), &json!([add(own)]));
        let update = json!({ "op": "update", "data": { "type": "talks", "lid": "t", "attributes": {} } });
        world.refuses_at(400, &format!("{base}/data/lid"), &json!([update]));
        for (data, at) in
            [(json!({ "type": "rooms", "lid": "r" }), "/lid"), (json!({ "type": "rooms", "lid": 5 }), "/lid")]
        {
            let operation = json!({ "op": "update", "data": data,
                                    "ref": { "type": "talks", "id": id, "relationship": "room" } });
            world.refuses_at(400, &format!("{base}/data{at}"), &json!([operation]));
        }
    });
}

#[test]
fn x95_a_lid_assigned_twice_is_400() {
    on_sqlite(|world| {
        let twice = json!([with_lid("t", talk("a")), add_talk("b"), with_lid("t", talk("c"))]);
        world.refuses_at(400, "/atomic:operations/2/data/lid", &twice);
    });
}

#[test]
fn x96_an_id_and_a_lid_together_are_400() {
    on_sqlite(|world| {
        let id = world.talk("a");
        let both = json!({ "type": "talks", "id": id, "lid": "t", "attributes": {} });
        world.refuses_at(400, "/atomic:operations/0/data", &json!([{ "op": "update", "data": both }]));
        let room = json!({ "type": "rooms", "id": "1", "lid": "r" });
        let operation = json!({ "op": "update", "ref": { "type": "talks", "id": id, "relationship": "room" },
                                "data": room });
        let with_room = with_lid("r", json!({ "type": "rooms", "attributes": { "name": "r" } }));
        world.refuses_at(400, "/atomic:operations/1/data", &json!([with_room, operation]));
    });
}

#[test]
fn x97_a_lid_of_what_was_removed_is_404() {
    on_both(|world| {
        let removal = json!({ "op": "remove", "ref": { "type": "talks", "lid": "t" } });
        let errors = world.refuse(404, &json!([with_lid("t", talk("a")), removal, removal]));
        assert_eq!(pointers(&errors), ["/atomic:operations/2"]);
    });
}

#[test]
fn x98_a_lid_ends_with_its_document() {
    on_both(|world| {
        world.make(&json!([with_lid("t", talk("a"))]));
        let removal = json!({ "op": "remove", "ref": { "type": "talks", "lid": "t" } });
        world.refuses_at(400, "/atomic:operations/0/ref/lid", &json!([removal]));
    });
}
