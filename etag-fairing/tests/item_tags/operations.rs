//! The endpoint for operations, by the tags that a list has told.

use serde_json::{Value, json};

use crate::support::Answer;
use crate::world::{EXT, J, PROFILE, WITH_PROFILE, World, json_of, objects, on_both, text};

fn send(world: &World, accept: Option<&str>, operations: &[Value]) -> Answer {
    let sent = format!("{J};ext=\"{EXT}\"");
    let mut fields = vec![("Content-Type", sent.as_str()), ("X-User", "boss")];
    fields.extend(accept.map(|accept| ("Accept", accept)));
    let body = json!({ "atomic:operations": operations }).to_string();
    world.server.send("POST", "/v1/operations", &fields, &body)
}

#[test]
fn all_items_of_a_list_are_changed_at_once_each_by_its_tag() {
    on_both(15, |world, _| {
        let accept = format!("{J};ext=\"{EXT}\";profile=\"{PROFILE}\"");
        let list = json_of(&world.get("/v1/rooms?fields[rooms]=", "boss", WITH_PROFILE).is(200));
        let change = |object: &Value| {
            json!({ "op": "update", "data": { "type": "rooms", "id": object["id"], "attributes": { "seats": 5 } },
                    "meta": { "ifMatch": object["meta"]["etag"] } })
        };
        let operations: Vec<Value> = objects(&list).iter().map(change).collect();
        let made = send(world, Some(&accept), &operations).is(200);
        assert_eq!(made.field("content-type"), Some(accept.as_str()));
        let document = json_of(&made);
        assert_eq!(document["jsonapi"]["profile"], json!([PROFILE]));
        for result in document["atomic:results"].as_array().unwrap() {
            let link = text(result, "/data/links/self").unwrap();
            assert_eq!(text(result, "/data/meta/etag"), world.get(link, "boss", J).field("etag"), "{link}");
        }
        let refused = send(world, Some(&accept), &operations).is(412);
        assert_eq!(refused.field("content-type"), Some(accept.as_str()));
        assert_eq!(
            json_of(&refused)["errors"][0]["meta"]["etag"],
            document["atomic:results"][0]["data"]["meta"]["etag"]
        );
        // Other errors have nothing of the profile.
        let refused = send(world, Some(&accept), &[json!({ "op": "nothing" })]).is(400);
        assert_eq!(refused.field("content-type"), Some(&*format!("{J};ext=\"{EXT}\"")));
    });
}

#[test]
fn results_of_several_types_have_the_tags_of_their_own_urls() {
    on_both(16, |world, _| {
        // Other operations of the request come to scopes and guards that the single reads don't.
        let operations = [
            json!({ "op": "add", "data": { "type": "rooms", "attributes": { "name": "n", "seats": 1 } } }),
            json!({ "op": "add", "data": { "type": "reviews", "attributes": { "author": "ann", "text": "t" } } }),
            json!({ "op": "add", "data": { "type": "notes", "attributes": { "text": "t" } } }),
            json!({ "op": "add", "data": { "type": "cards", "attributes": { "text": "t" } } }),
        ];
        for user in ["ann", "boss"] {
            let sent = format!("{J};ext=\"{EXT}\"");
            let fields = [("Content-Type", sent.as_str()), ("X-User", user)];
            let body = json!({ "atomic:operations": operations }).to_string();
            let made = world.server.send("POST", "/v1/operations", &fields, &body).is(200);
            for result in json_of(&made)["atomic:results"].as_array().unwrap() {
                let link = text(result, "/data/links/self").unwrap();
                assert_eq!(
                    text(result, "/data/meta/etag"),
                    world.get(link, user, J).is(200).field("etag"),
                    "{link}"
                );
            }
        }
    });
}

#[test]
fn a_replayed_answer_is_the_first_one_with_its_profile() {
    on_both(17, |world, _| {
        let with_ext = format!("{J};ext=\"{EXT}\"");
        let with_both = format!("{J};ext=\"{EXT}\";profile=\"{PROFILE}\"");
        let room = json!({ "type": "rooms", "attributes": { "name": "n", "seats": 1 } });
        let operations = json!({ "atomic:operations": [{ "op": "add", "data": room }] }).to_string();
        let single = json!({ "data": room }).to_string();
        for (path, sent, accept, body, key) in [
            ("/v1/operations", with_ext.as_str(), with_both.as_str(), &operations, "\"one\""),
            ("/v1/operations", &with_ext, &with_ext, &operations, "\"two\""),
            ("/v1/rooms", J, WITH_PROFILE, &single, "\"three\""),
            ("/v1/rooms", J, J, &single, "\"four\""),
        ] {
            let send = |accept: &str| {
                let fields = [("Content-Type", sent), ("Accept", accept), ("Idempotency-Key", key)];
                world.server.send("POST", path, &fields, body)
            };
            let first = send(accept);
            assert_eq!(first.field("content-type"), Some(accept), "{key}");
            for other in [accept, "*/*", WITH_PROFILE, J] {
                let again = send(other);
                assert_eq!(again.field("idempotency-replayed"), Some("true"), "{key}: {}", again.text());
                assert_eq!((again.status, &again.body), (first.status, &first.body));
                assert_eq!(again.field("content-type"), first.field("content-type"), "{key}");
            }
        }
    });
}
