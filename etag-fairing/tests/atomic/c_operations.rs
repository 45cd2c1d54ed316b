//! X22–X34: operation objects and result objects.

use serde_json::json;

use crate::world::{add, add_talk, link, on_both, on_sqlite, remove, retitle, talk};

#[test]
fn x22_an_operation_without_op_is_400() {
    on_sqlite(|world| world.refuses_at(400, "/atomic:operations/0", &json!([{ "data": talk("a") }])));
}

#[test]
fn x23_op_is_add_update_or_remove() {
    on_sqlite(|world| {
        for op in
            [json!("Add"), json!("replace"), json!("get"), json!(""), json!(null), json!(5), json!(["add"])]
        {
            let operation = json!({ "op": op, "data": talk("a") });
            world.refuses_at(400, "/atomic:operations/0/op", &json!([operation]));
        }
    });
}

#[test]
fn x24_ref_and_href_together_are_400() {
    on_sqlite(|world| {
        let id = world.talk("a");
        let mut operation = remove("talks", &id);
        operation["href"] = json!(format!("/v1/talks/{id}"));
        world.refuses_at(400, "/atomic:operations/0", &json!([operation]));
    });
}

#[test]
fn x25_a_ref_names_a_type_and_an_id_or_a_lid() {
    on_sqlite(|world| {
        let id = world.talk("a");
        for (reference, at) in [
            (json!(null), ""),
            (json!([]), ""),
            (json!(1), ""),
            (json!("talks"), ""),
            (json!({}), ""),
            (json!({ "type": "talks" }), ""),
            (json!({ "id": id }), ""),
            (json!({ "type": "talks", "relationship": "room" }), ""),
            (json!({ "type": "talks", "id": id, "lid": "a" }), ""),
            (json!({ "type": 1, "id": id }), "/type"),
            (json!({ "type": "talks", "id": 1 }), "/id"),
            (json!({ "type": "talks", "id": null }), "/id"),
            (json!({ "type": "talks", "lid": 1 }), "/lid"),
            (json!({ "type": "talks", "id": id, "relationship": 1 }), "/relationship"),
            (json!({ "type": "talks", "id": id, "relationship": null }), "/relationship"),
        ] {
            for op in ["remove", "update"] {
                let operation = json!({ "op": op, "ref": reference, "data": null });
                world.refuses_at(400, &format!("/atomic:operations/0/ref{at}"), &json!([operation]));
            }
        }
        for unknown in ["", " ", "Talks", "nothing"] {
            world.refuses_at(404, "/atomic:operations/0/ref/type", &json!([remove(unknown, &id)]));
        }
    });
}

#[test]
fn x26_a_lid_in_ref_was_assigned_before() {
    on_sqlite(|world| {
        let removal = json!({ "op": "remove", "ref": { "type": "talks", "lid": "t" } });
        world.refuses_at(400, "/atomic:operations/0/ref/lid", &json!([removal]));
        let late = add(json!({ "type": "talks", "lid": "t", "attributes": { "title": "a" } }));
        world.refuses_at(400, "/atomic:operations/0/ref/lid", &json!([removal, late]));
        world.make(&json!([late, removal]));
    });
}

#[test]
fn x27_an_unknown_relationship_is_404() {
    on_sqlite(|world| {
        let id = world.talk("a");
        for name in ["nothing", "", "Room", "title"] {
            let operation = link("update", ("talks", &id), name, json!(null));
            world.refuses_at(404, "/atomic:operations/0/ref/relationship", &json!([operation]));
        }
        let by_href =
            json!({ "op": "update", "href": format!("/v1/talks/{id}/relationships/nothing"), "data": null });
        world.refuses_at(404, "/atomic:operations/0/href", &json!([by_href]));
    });
}

#[test]
fn x28_an_href_is_resolved_against_the_url_of_the_request() {
    on_sqlite(|world| {
        for href in [
            "/v1/talks/ID",
            "talks/ID",
            "./talks/ID",
            "../v1/talks/ID",
            "/v1/rooms/../talks/ID",
            "http://localhost/v1/talks/ID",
            "https://localhost/v1/talks/ID",
            "//localhost/v1/talks/ID",
            "/v1/%74alks/ID",
        ] {
            let id = world.talk("a");
            let href = href.replace("ID", &id);
            world.send(&json!([{ "op": "remove", "href": href }])).is(204);
            world.server.get(&format!("/v1/talks/{id}"), &[]).is(404);
        }
    });
}

#[test]
fn x29_an_href_leads_to_something_of_this_api() {
    on_sqlite(|world| {
        let id = world.talk("a");
        for href in [
            "/v1/nothing/1",
            "/v2/talks/1",
            "/talks/1",
            "/v1/talks/1/room",
            "/v1/talks/1/relationships",
            "/v1/talks/1/relationships/room/x",
            "/v1/talks/",
            "/v1//talks/1",
            "/v1/operations",
            "http://elsewhere.example/v1/talks/1",
            "urn:uuid:0190a5b2-7c1e-7000-8000-000000000000",
            "mailto:a@b.example",
            "",
            "/v1/talks/%ff",
            "/v1/talks/1 2",
            "/v1/talks/1?include=room",
            "/v1/talks/1#x",
            "?x",
            "#x",
        ] {
            let href = href.replace("/talks/1", &format!("/talks/{id}"));
            world.refuses_at(404, "/atomic:operations/0/href", &json!([{ "op": "remove", "href": href }]));
        }
        for href in [json!(null), json!(1), json!({ "href": "/v1/talks/1" }), json!([])] {
            world.refuses_at(400, "/atomic:operations/0/href", &json!([{ "op": "remove", "href": href }]));
        }
        world.refuses_at(404, "/atomic:operations/0", &json!([{ "op": "remove", "href": "/v1/talks/999" }]));
        // An id may hold the word that tells a relationship.
        let odd = json!({ "op": "remove", "href": "/v1/speakers/a%2Frelationships%2Fb" });
        world.refuses_at(404, "/atomic:operations/0", &json!([odd]));
    });
}

#[test]
fn x30_the_target_decides_the_form_of_data() {
    on_sqlite(|world| {
        let (id, room) = (world.talk("a"), world.room("r"));
        let identifier = json!({ "type": "rooms", "id": room });
        // For a relationship it is linkage, …
        world.make(&json!([link("update", ("talks", &id), "room", identifier.clone())]));
        // … and for a resource a resource object, whatever it looks like.
        world.make(&json!([{ "op": "update", "ref": { "type": "rooms", "id": room }, "data": identifier }]));
        assert_eq!(world.read(&format!("/v1/talks/{id}"))["relationships"]["room"]["data"], identifier);
    });
}

#[test]
fn x31_meta_is_an_object() {
    on_sqlite(|world| {
        for meta in [json!(null), json!(1), json!("x"), json!([])] {
            let mut operation = add_talk("a");
            operation["meta"] = meta;
            world.refuses_at(400, "/atomic:operations/0/meta", &json!([operation]));
        }
    });
}

#[test]
fn x32_a_result_has_data() {
    on_both(|world| {
        let made = world.make(&json!([add_talk("a")]));
        assert_eq!(made[0]["data"]["attributes"]["title"], "a");
    });
}

#[test]
fn x33_a_result_has_data_and_meta_and_no_other_member() {
    on_both(|world| {
        let (id, room) = (world.talk("a"), world.room("r"));
        let made = world.make(&json!([
            add_talk("b"),
            retitle(&id, "c"),
            link("update", ("talks", &id), "room", json!({ "type": "rooms", "id": room })),
            remove("talks", &id),
        ]));
        for result in &made {
            let names: Vec<_> = result.as_object().unwrap().keys().map(String::as_str).collect();
            assert!(names.iter().all(|name| matches!(*name, "data" | "meta")), "{names:?}");
        }
        assert!(made[2].get("meta").is_some());
    });
}

#[test]
fn x34_a_removal_has_an_empty_result() {
    on_both(|world| {
        let id = world.talk("a");
        let made = world.make(&json!([remove("talks", &id), add_talk("b")]));
        assert_eq!(made[0], json!({}));
    });
}
