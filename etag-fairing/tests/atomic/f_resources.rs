//! X57–X73: adding, updating and removing resources.

use serde_json::{Value, json};

use crate::world::{add, add_talk, on_both, on_both_with, on_sqlite, pointers, remove, retitle, talk};

#[test]
fn x57_an_add_needs_a_resource_object() {
    on_sqlite(|world| {
        world.refuses_at(400, "/atomic:operations/0", &json!([{ "op": "add" }]));
        for data in [json!(null), json!([]), json!(1), json!("talks"), json!([talk("a")])] {
            world.refuses_at(400, "/atomic:operations/0/data", &json!([add(data)]));
        }
    });
}

#[test]
fn x58_it_has_a_type_that_there_is() {
    on_sqlite(|world| {
        world.refuses_at(400, "/atomic:operations/0/data", &json!([add(json!({ "attributes": {} }))]));
        for name in ["", "nothing", "Talks"] {
            let data = json!({ "type": name });
            world.refuses_at(404, "/atomic:operations/0/data/type", &json!([add(data)]));
        }
        world.refuses_at(400, "/atomic:operations/0/data/type", &json!([add(json!({ "type": null }))]));
    });
}

#[test]
fn x59_an_href_of_its_collection_may_say_where() {
    on_both(|world| {
        let with = |href: &str| json!([{ "op": "add", "href": href, "data": talk("a") }]);
        world.make(&with("/v1/talks"));
        world.refuses_at(409, "/atomic:operations/0/data/type", &with("/v1/rooms"));
        let id = world.talk("b");
        world.refuses_at(400, "/atomic:operations/0/href", &with(&format!("/v1/talks/{id}")));
    });
}

#[test]
fn x60_an_href_is_not_needed() {
    on_both(|world| assert_eq!(world.make(&json!([add_talk("a")])).len(), 1));
}

#[test]
fn x61_the_result_is_the_whole_resource() {
    on_both(|world| {
        let made = world.make(&json!([add_talk("a")]));
        let id = made[0]["data"]["id"].as_str().unwrap();
        let mut told = made[0]["data"].clone();
        let tag = told.as_object_mut().unwrap().remove("meta").unwrap();
        assert_eq!(told, world.read(&format!("/v1/talks/{id}")));
        assert_eq!(tag["etag"], world.tag(&format!("/v1/talks/{id}")));
    });
}

#[test]
fn x62_so_it_is_with_an_id_of_the_client() {
    on_both_with("", "client_ids = true", |world| {
        let mut data = talk("a");
        data["id"] = json!("77");
        let made = world.make(&json!([add(data)]));
        assert_eq!(made[0]["data"]["id"], "77");
        assert_eq!(made[0]["data"]["attributes"]["stars"], 0);
    });
}

#[test]
fn x63_an_add_that_is_not_allowed_is_an_error() {
    on_both(|world| {
        let mut data = talk("a");
        data["id"] = json!("77");
        world.refuses_at(403, "/atomic:operations/0/data/id", &json!([add(data)]));
    });
    on_both_with("", "client_ids = true", |world| {
        let mut data = talk("a");
        data["id"] = json!("77");
        world.make(&json!([add(data.clone())]));
        world.refuses_at(409, "/atomic:operations/1/data/id", &json!([add_talk("b"), add(data.clone())]));
        data["id"] = json!("no number");
        world.refuses_at(422, "/atomic:operations/0/data/id", &json!([add(data)]));
        let mut linked = talk("a");
        linked["relationships"] = json!({ "room": { "data": { "type": "rooms", "id": "999" } } });
        world.refuses_at(404, "/atomic:operations/0/data/relationships/room/data/id", &json!([add(linked)]));
    });
}

#[test]
fn x64_an_update_names_its_target_by_ref_href_or_data() {
    on_both(|world| {
        let id = world.talk("a");
        let with = |name: &str, value: Value, title: &str| {
            let mut operation = retitle(&id, title);
            operation[name] = value;
            json!([operation])
        };
        let title = || world.read(&format!("/v1/talks/{id}"))["attributes"]["title"].clone();
        world.make(&with("x", json!(null), "by data"));
        assert_eq!(title(), "by data");
        world.make(&with("ref", json!({ "type": "talks", "id": id }), "by ref"));
        assert_eq!(title(), "by ref");
        world.make(&with("href", json!(format!("/v1/talks/{id}")), "by href"));
        assert_eq!(title(), "by href");
        world.refuses_at(400, "/atomic:operations/0/href", &with("href", json!("/v1/talks"), "no"));
    });
}

#[test]
fn x65_the_data_of_an_update_is_that_of_the_target() {
    on_both(|world| {
        let (id, other) = (world.talk("a"), world.talk("b"));
        let reference = json!({ "type": "talks", "id": id });
        let with = |data: Value| json!([{ "op": "update", "ref": reference, "data": data }]);
        world.refuses_at(400, "/atomic:operations/0", &json!([{ "op": "update", "ref": reference }]));
        for data in [json!(null), json!([]), json!(1)] {
            world.refuses_at(400, "/atomic:operations/0/data", &with(data));
        }
        world.refuses_at(400, "/atomic:operations/0/data", &with(json!({ "type": "talks" })));
        world.refuses_at(400, "/atomic:operations/0/data", &with(json!({ "id": id })));
        world.refuses_at(400, "/atomic:operations/0/data/id", &with(json!({ "type": "talks", "id": 1 })));
        world.refuses_at(409, "/atomic:operations/0/data/id", &with(json!({ "type": "talks", "id": other })));
        world.refuses_at(409, "/atomic:operations/0/data/type", &with(json!({ "type": "rooms", "id": id })));
    });
}

#[test]
fn x66_what_the_server_changed_too_is_in_the_result() {
    on_both(|world| {
        let room = world.room("r");
        let data = json!({ "type": "rooms", "id": room, "attributes": { "name": "s" } });
        let before = world.read(&format!("/v1/rooms/{room}"))["attributes"]["version"].as_i64().unwrap();
        let made = world.make(&json!([{ "op": "update", "data": data }]));
        assert_eq!(made[0]["data"]["attributes"]["version"], before + 1);
    });
}

#[test]
fn x67_the_result_of_an_update_is_the_whole_resource() {
    on_both(|world| {
        let id = world.talk("a");
        let made = world.make(&json!([retitle(&id, "b")]));
        let mut told = made[0]["data"].clone();
        told.as_object_mut().unwrap().remove("meta");
        assert_eq!(told, world.read(&format!("/v1/talks/{id}")));
    });
}

#[test]
fn x68_updates_are_never_204() {
    on_both(|world| {
        let id = world.talk("a");
        // Not even one that changes nothing.
        world.send(&json!([{ "op": "update", "data": { "type": "talks", "id": id } }])).is(200);
    });
}

#[test]
fn x69_an_update_of_what_is_not_there_is_404() {
    on_both(|world| {
        for id in ["999", "", "no number", "9223372036854775808"] {
            let operation = json!({ "op": "update", "ref": { "type": "talks", "id": id },
                                    "data": { "type": "talks", "id": id } });
            world.refuses_at(404, "/atomic:operations/0", &json!([operation]));
        }
        let id = world.talk("a");
        let read_only = json!({ "type": "talks", "id": id, "attributes": { "slug": "x" } });
        let errors = world.refuse(422, &json!([{ "op": "update", "data": read_only }]));
        assert_eq!(pointers(&errors), ["/atomic:operations/0/data/attributes/slug"]);
    });
}

#[test]
fn x70_a_removal_names_its_target_by_ref_or_href() {
    on_both(|world| {
        let id = world.talk("a");
        let by_data = json!({ "op": "remove", "data": { "type": "talks", "id": id } });
        world.refuses_at(400, "/atomic:operations/0", &json!([by_data]));
        world.refuses_at(400, "/atomic:operations/0", &json!([{ "op": "remove", "href": "/v1/talks" }]));
        world.send(&json!([remove("talks", &id)])).is(204);
    });
}

#[test]
fn x71_it_removes() {
    on_both(|world| {
        let id = world.talk("a");
        world.send(&json!([{ "op": "remove", "href": format!("/v1/talks/{id}") }])).is(204);
        world.server.get(&format!("/v1/talks/{id}"), &[]).is(404);
    });
}

#[test]
fn x72_its_result_has_no_data() {
    on_both(|world| {
        let id = world.talk("a");
        let made = world.make(&json!([remove("talks", &id), add_talk("b")]));
        assert_eq!(made[0], json!({}));
    });
}

#[test]
fn x73_a_removal_that_is_not_possible_is_an_error() {
    on_both(|world| {
        let id = world.talk("a");
        let review = world.review("ada", &id);
        world.refuses_at(404, "/atomic:operations/0", &json!([remove("talks", "999")]));
        world.refuses_at(409, "/atomic:operations/1", &json!([add_talk("b"), remove("talks", &id)]));
        // With what refers to it gone by the same request, it is possible.
        let body = json!({ "atomic:operations": [remove("reviews", &review), remove("talks", &id)] });
        let fields = [("Content-Type", crate::world::ATOMIC), ("X-User", "ada")];
        world.send_with(&fields, &body.to_string()).is(204);
    });
}
