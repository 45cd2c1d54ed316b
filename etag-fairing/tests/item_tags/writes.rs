//! What writes answer with the profile.

use serde_json::json;

use crate::world::{J, PROFILE, WITH_PROFILE, json_of, on_both, text};

#[test]
fn a_new_resource_and_a_changed_one_have_their_tag() {
    on_both(12, |world, _| {
        let fields = [("Content-Type", J), ("Accept", WITH_PROFILE)];
        for (data, change) in [
            (json!({ "type": "rooms", "attributes": { "name": "n", "seats": 1 } }), json!({ "name": "m" })),
            (json!({ "type": "tracks", "attributes": { "name": "n" } }), json!({ "name": "m" })),
            (json!({ "type": "sheets", "attributes": { "text": "n" } }), json!({ "text": "m" })),
        ] {
            let path = format!("/v1/{}", data["type"].as_str().unwrap());
            let made =
                world.server.send("POST", &path, &fields, &json!({ "data": data }).to_string()).is(201);
            assert_eq!(made.field("content-type"), Some(WITH_PROFILE));
            let document = json_of(&made);
            assert_eq!(document["jsonapi"]["profile"], json!([PROFILE]));
            let link = text(&document, "/data/links/self").unwrap();
            let plain = world.get(link, "", J).is(200).tag();
            assert_eq!(text(&document, "/data/meta/etag"), Some(&*plain));
            assert_eq!(made.tag(), plain, "the tag of what Location names");
            let body = json!({ "data": { "type": data["type"], "id": document["data"]["id"], "attributes": change } });
            let changed = world.server.send("PATCH", link, &fields, &body.to_string()).is(200);
            let asked = world.get(link, "", WITH_PROFILE).is(200);
            assert_eq!((changed.tag(), &changed.body), (asked.tag(), &asked.body), "as a GET there");
            assert_eq!(
                json_of(&changed)["data"]["meta"]["etag"],
                json!(world.get(link, "", J).is(200).tag())
            );
            // The tag of the field names the same state.
            for tag in [changed.tag(), world.get(link, "", J).tag()] {
                let fields = [("Content-Type", J), ("If-Match", tag.as_str())];
                world
                    .server
                    .send(
                        "PATCH",
                        link,
                        &fields,
                        &json!({ "data": {
                    "type": data["type"], "id": document["data"]["id"] } })
                        .to_string(),
                    )
                    .is(200);
            }
        }
    });
}

#[test]
fn a_new_resource_with_include_has_the_tag_of_its_own_url() {
    on_both(13, |world, _| {
        for user in ["boss", "ann", ""] {
            for accept in [J, WITH_PROFILE] {
                let fields = [("Content-Type", J), ("Accept", accept), ("X-User", user)];
                let body = json!({ "data": { "type": "rooms", "attributes": { "name": "n", "seats": 1 },
                    "relationships": { "host": { "data": { "type": "speakers", "id": "ada" } } } } });
                let path = "/v1/rooms?include=host.talks.reviews";
                let made = world.server.send("POST", path, &fields, &body.to_string()).is(201);
                let link = made.field("location").unwrap().to_owned();
                assert_eq!(made.tag(), world.get(&link, user, J).is(200).tag(), "{user:?}");
            }
        }
    });
}

#[test]
fn a_412_with_what_is_there_tells_the_profile() {
    on_both(14, |world, _| {
        let body =
            json!({ "data": { "type": "rooms", "id": "1", "attributes": { "name": "m" } } }).to_string();
        for (accept, told) in [(J, J), (WITH_PROFILE, WITH_PROFILE)] {
            let fields = [
                ("Content-Type", J),
                ("Accept", accept),
                ("If-Match", "\"old\""),
                ("Prefer", "return=representation"),
            ];
            let refused = world.server.send("PATCH", "/v1/rooms/1", &fields, &body).is(412);
            assert_eq!(refused.field("content-type"), Some(told));
            let document = json_of(&refused);
            let current = &document["errors"][0]["meta"]["current"];
            assert_eq!(text(current, "/meta/etag"), refused.field("etag"));
            assert_eq!(refused.tag(), world.get("/v1/rooms/1", "", J).tag());
        }
    });
}
