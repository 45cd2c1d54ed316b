//! What writes answer with the profile.

use serde_json::json;

use crate::world::{EXT, J, PROFILE, WITH_PROFILE, json_of, on_both, text};

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

/// Documents that show the speakers of a talk by a window, each with where the talk is in it.
const WINDOWS: [(&str, &str); 4] = [
    ("/v1/talks?include=speakers&page[speakers][size]=1", "/data/0"),
    ("/v1/talks/1?include=speakers&page[speakers][size]=1", "/data"),
    ("/v1/talks?include=speakers&page[speakers][size]=1&fields[talks]=title,speakers", "/data/0"),
    ("/v1/reviews/1?include=talk.speakers&page[talk.speakers][size]=1", "/included/0"),
];

#[test]
fn who_has_seen_a_window_in_a_document_does_not_replace_the_whole() {
    on_both(15, |world, _| {
        let speakers = |ids: &[&str]| {
            let data: Vec<_> = ids.iter().map(|id| json!({ "type": "speakers", "id": id })).collect();
            json!({ "data": data })
        };
        let patch = |tag: &str, attributes: &serde_json::Value, relationships: &serde_json::Value| {
            let body = json!({ "data": { "type": "talks", "id": "1", "attributes": attributes, "relationships": relationships } });
            let fields = [("Content-Type", J), ("If-Match", tag), ("X-User", "boss")];
            world.server.send("PATCH", "/v1/talks/1", &fields, &body.to_string())
        };
        let operation = |tag: &str| {
            let media_type = format!("{J};ext=\"{EXT}\"");
            let body = json!({ "atomic:operations": [{ "op": "update", "meta": { "ifMatch": tag },
                "data": { "type": "talks", "id": "1", "relationships": { "speakers": speakers(&["ada"]) } } }] });
            let fields = [("Content-Type", media_type.as_str()), ("X-User", "boss")];
            world.server.send("POST", "/v1/operations", &fields, &body.to_string())
        };
        let review = json!({ "data": { "type": "reviews", "id": "1", "relationships": {
            "talk": { "data": { "type": "talks", "id": "1" } } } } });
        let fields = [("Content-Type", J), ("X-User", "boss")];
        world.server.send("PATCH", "/v1/reviews/1", &fields, &review.to_string()).is(200);
        let two = json!({ "speakers": speakers(&["ada", "grace"]) });
        for (url, place) in WINDOWS {
            let whole = world.get("/v1/talks/1", "boss", J).is(200).tag();
            patch(&whole, &json!({}), &two).is(200);
            let whole = world.get("/v1/talks/1", "boss", J).is(200).tag();
            let tag = || {
                let document = json_of(&world.get(url, "boss", WITH_PROFILE).is(200));
                let talk = document.pointer(place).expect("the talk").clone();
                assert_eq!((&talk["type"], &talk["id"]), (&json!("talks"), &json!("1")), "{url}");
                text(&talk, "/meta/etag").expect("a tag").to_owned()
            };
            let seen = tag();
            assert_ne!(seen, whole, "{url}");
            let one = json!({ "speakers": speakers(&["ada"]) });
            let refused = patch(&seen, &json!({}), &one).is(403);
            assert_eq!(json_of(&refused)["errors"][0]["code"], "full_replacement_not_allowed", "{url}");
            let refused = operation(&seen).is(403);
            assert_eq!(json_of(&refused)["errors"][0]["code"], "full_replacement_not_allowed", "{url}");
            // All else it may change, until somebody else does.
            let title = json!({ "title": format!("by {url}") });
            patch(&seen, &title, &json!({})).is(200);
            patch(&seen, &title, &json!({})).is(412);
            // Who has read all of it may replace it.
            let whole = world.get("/v1/talks/1", "boss", J).is(200).tag();
            patch(&format!("{}, {whole}", tag()), &json!({}), &one).is(200);
        }
    });
}
