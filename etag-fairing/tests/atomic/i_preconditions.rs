//! X102–X115: preconditions of operations.

use serde_json::{Value, json};

use crate::world::{
    ATOMIC, World, add, add_talk, errors, if_match, link, on_both, on_both_with, on_sqlite, pointers, remove,
    retitle, talk,
};

fn url(id: &str) -> String {
    format!("/v1/talks/{id}")
}

fn tag(world: &World, id: &str) -> String {
    world.tag(&url(id))
}

#[test]
fn x102_if_match_is_a_tag_a_list_or_a_star_and_compares_strongly() {
    on_both(|world| {
        let id = world.talk("a");
        let now = || tag(world, &id);
        world.make(&json!([if_match(retitle(&id, "b"), now())]));
        world.make(&json!([if_match(retitle(&id, "c"), json!(["\"other\"", now()]))]));
        world.make(&json!([if_match(retitle(&id, "d"), "*")]));
        world.refuses_at(
            412,
            "/atomic:operations/0",
            &json!([if_match(retitle(&id, "e"), format!("W/{}", now()))]),
        );
        world.refuses_at(412, "/atomic:operations/0", &json!([if_match(retitle(&id, "e"), "\"other\"")]));
        // A tag of a view begins with that of the state (`S-D`).
        let of_view = world.tag(&format!("{}?fields[talks]=title", url(&id)));
        assert_ne!(of_view, now());
        world.make(&json!([if_match(retitle(&id, "f"), of_view)]));
    });
}

#[test]
fn x103_it_is_judged_on_the_locked_row() {
    on_both(|world| {
        let id = world.talk("a");
        for round in 0..5 {
            let seen = tag(world, &id);
            let made = std::thread::scope(|scope| {
                let writers: Vec<_> = (0..16)
                    .map(|writer| {
                        let operations = json!([
                            add_talk("beside"),
                            if_match(retitle(&id, &format!("{round} by {writer}")), seen.as_str()),
                        ]);
                        scope.spawn(move || world.send(&operations).status)
                    })
                    .collect();
                let statuses: Vec<u16> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
                assert!(statuses.iter().all(|status| matches!(status, 200 | 412)), "{statuses:?}");
                statuses.iter().filter(|status| **status == 200).count()
            });
            assert_eq!(made, 1, "of those with one tag, one");
        }
        let document = world.server.get("/v1/talks?filter[title]=beside&page[size]=100", &[]).is(200).json();
        assert_eq!(document["data"].as_array().unwrap().len(), 5);
    });
}

#[test]
fn x104_412_points_to_the_operation_and_tells_the_tag() {
    on_both(|world| {
        let (one, other) = (world.talk("one"), world.talk("other"));
        let stale = tag(world, &one);
        world.make(&json!([retitle(&one, "new")]));
        let first = if_match(retitle(&other, "changed"), tag(world, &other));
        for operations in [
            json!([if_match(retitle(&one, "lost"), stale.as_str())]),
            json!([first, if_match(retitle(&one, "lost"), stale.as_str()), add_talk("x")]),
            json!([add_talk("x"), first, if_match(remove("talks", &one), stale.as_str())]),
        ] {
            let place = operations
                .as_array()
                .unwrap()
                .iter()
                .position(|it| it["meta"]["ifMatch"] == stale.as_str())
                .unwrap();
            let answer = world.send(&operations).is(412);
            assert_eq!(answer.field("cache-control"), Some("no-store"));
            let found = world.refuse(412, &operations);
            assert_eq!(pointers(&found), [format!("/atomic:operations/{place}")]);
            assert_eq!(found[0]["meta"]["etag"], tag(world, &one));
        }
    });
}

#[test]
fn x105_what_is_no_precondition_is_refused() {
    on_sqlite(|world| {
        let id = world.talk("a");
        for wrong in [
            json!("no quotes"),
            json!(""),
            json!([]),
            json!(null),
            json!(5),
            json!({}),
            json!(["\"a\"", 5]),
            json!(["*"]),
            json!(["\"a\"", "*"]),
            json!("\"a\", \"b\""),
            json!("\"a\" "),
            json!("w/\"a\""),
            json!(true),
        ] {
            let operation = if_match(retitle(&id, "b"), wrong);
            world.refuses_at(400, "/atomic:operations/0/meta/ifMatch", &json!([operation]));
        }
        for name in
            ["ifmatch", "If-Match", "ifNoneMatch", "IfMatch", "if_match", "if-none-match", "ifModifiedSince"]
        {
            let mut operation = retitle(&id, "b");
            operation["meta"] = json!({ name: "\"a\"" });
            world.refuses_at(400, &format!("/atomic:operations/0/meta/{name}"), &json!([operation]));
        }
    });
}

#[test]
fn x106_the_tag_of_before_is_ambiguous_after_an_operation() {
    on_both(|world| {
        let id = world.talk("a");
        let seen = tag(world, &id);
        let twice =
            json!([if_match(retitle(&id, "b"), seen.as_str()), if_match(retitle(&id, "c"), seen.as_str())]);
        let found = world.refuse(400, &twice);
        assert_eq!(
            (pointers(&found), &found[0]["code"]),
            (vec!["/atomic:operations/1"], &json!("invalid_precondition"))
        );
        // The tag of that operation's result holds. It is known where the same was done before.
        let next =
            world.make(&json!([if_match(retitle(&id, "b"), seen.as_str())]))[0]["data"]["meta"]["etag"]
                .clone();
        let back = world.make(&json!([retitle(&id, "a")]))[0]["data"]["meta"]["etag"].clone();
        assert_eq!(back, seen.as_str());
        world.make(&json!([if_match(retitle(&id, "b"), seen.as_str()), if_match(retitle(&id, "c"), next)]));
        // `*` holds while it is there.
        world.make(&json!([retitle(&id, "d"), if_match(retitle(&id, "e"), "*")]));
        world.refuses_at(
            404,
            "/atomic:operations/1",
            &json!([remove("talks", &id), if_match(retitle(&id, "f"), "*")]),
        );
        // One that was stale before is 412.
        let other = world.talk("other");
        let stale = json!([retitle(&other, "x"), if_match(retitle(&other, "y"), "\"stale\"")]);
        world.refuses_at(412, "/atomic:operations/1", &stale);
    });
}

#[test]
fn x107_every_change_counts() {
    on_both(|world| {
        let (id, room, speaker) = (world.talk("a"), world.room("r"), world.speaker("s"));
        let to_room = json!({ "type": "rooms", "id": room });
        let seen = tag(world, &id);
        let change = |operation: Value| json!([operation, if_match(retitle(&id, "b"), seen.as_str())]);
        for operation in [
            retitle(&id, "x"),
            link("update", ("talks", &id), "room", to_room.clone()),
            link("add", ("talks", &id), "speakers", json!([{ "type": "speakers", "id": speaker }])),
            // From the other end.
            link("add", ("rooms", &room), "talks", json!([{ "type": "talks", "id": id }])),
        ] {
            let found = world.refuse(400, &change(operation));
            assert_eq!(pointers(&found), ["/atomic:operations/1"]);
        }
        // What it leads to is removed.
        world.make(&json!([link("update", ("talks", &id), "room", to_room)]));
        let seen = tag(world, &id);
        let removal = json!([remove("rooms", &room), if_match(retitle(&id, "b"), seen)]);
        world.refuses_at(400, "/atomic:operations/1", &removal);
        // What does not change it does not count.
        let seen = tag(world, &id);
        world.make(&json!([add_talk("other"), if_match(retitle(&id, "b"), seen)]));
    });
}

#[test]
fn x108_of_a_relationship_it_is_the_tag_of_the_resource() {
    on_both(|world| {
        let (id, room) = (world.talk("a"), world.room("r"));
        let to_room = |tag: String| {
            if_match(link("update", ("talks", &id), "room", json!({ "type": "rooms", "id": room })), tag)
        };
        let of_linkage = world.tag(&format!("{}/relationships/room", url(&id)));
        world.refuses_at(412, "/atomic:operations/0", &json!([to_room(of_linkage)]));
        let made = world.make(&json!([to_room(tag(world, &id))]));
        assert_eq!(made[0]["meta"]["etag"], tag(world, &id));
    });
}

#[test]
fn x109_a_new_resource_has_no_precondition() {
    on_both(|world| {
        for condition in
            [json!({ "ifMatch": "*" }), json!({ "ifUnmodifiedSince": "Sun, 06 Nov 1994 08:49:37 GMT" })]
        {
            let mut operation = add_talk("a");
            operation["meta"] = condition;
            world.refuses_at(400, "/atomic:operations/0/meta", &json!([operation]));
        }
        world.refuses_at(404, "/atomic:operations/0", &json!([if_match(retitle("999", "x"), "*")]));
        world.refuses_at(404, "/atomic:operations/0", &json!([if_match(retitle("999", "x"), "\"a\"")]));
    });
}

#[test]
fn x110_one_operation_is_judged_in_order() {
    on_both_with("require_if_match = true", "", |world| {
        let id = world.talk("a");
        let broken = |id: &str| json!({ "op": "update", "data": { "type": "talks", "id": id, "attributes": { "stars": "x" } } });
        // The form, the target, 428, 412, and only then the values.
        world.refuses_at(400, "/atomic:operations/0/meta/ifMatch", &json!([if_match(broken("999"), 5)]));
        world.refuses_at(404, "/atomic:operations/0", &json!([broken("999")]));
        world.refuses_at(428, "/atomic:operations/0", &json!([broken(&id)]));
        world.refuses_at(412, "/atomic:operations/0", &json!([if_match(broken(&id), "\"stale\"")]));
        let fitting = if_match(broken(&id), tag(world, &id));
        world.refuses_at(422, "/atomic:operations/0/data/attributes/stars", &json!([fitting]));
        // A guard comes before the state.
        let review = world.review("ada", &id);
        world.refuses_at(
            403,
            "/atomic:operations/0",
            &json!([if_match(remove("reviews", &review), "\"stale\"")]),
        );
    });
}

#[test]
fn x111_where_it_is_required_its_lack_is_428() {
    on_both_with("require_if_match = true", "", |world| {
        let (id, room, speaker) = (world.talk("a"), world.room("r"), world.speaker("s"));
        for operation in [
            retitle(&id, "b"),
            remove("talks", &id),
            link("update", ("talks", &id), "room", json!({ "type": "rooms", "id": room })),
            link("add", ("talks", &id), "speakers", json!([{ "type": "speakers", "id": speaker }])),
        ] {
            let found = world.refuse(428, &json!([add_talk("x"), operation]));
            assert_eq!(pointers(&found), ["/atomic:operations/1"]);
            assert!(found[0]["detail"].as_str().unwrap().contains("meta.ifMatch"), "{found:?}");
        }
        // Of what this request makes, nobody knows a tag.
        let mut new = talk("new");
        new["lid"] = json!("t");
        world.make(&json!([
            add(new),
            { "op": "update", "data": { "type": "talks", "lid": "t", "attributes": { "stars": 1 } } },
            { "op": "remove", "ref": { "type": "talks", "lid": "t" } },
        ]));
    });
}

#[test]
fn x112_a_precondition_of_the_whole_request_is_400() {
    on_both(|world| {
        let body = json!({ "atomic:operations": [add_talk("a")] }).to_string();
        for (field, value) in [
            ("If-Match", "*"),
            ("If-Match", "\"a\""),
            ("If-None-Match", "*"),
            ("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ] {
            let before = world.all();
            let answer = world.send_with(&[("Content-Type", ATOMIC), (field, value)], &body).is(400);
            let found = errors(&answer);
            assert_eq!(found[0]["source"]["header"], field);
            assert!(found[0]["detail"].as_str().unwrap().contains("meta.ifMatch"));
            assert_eq!(world.all(), before);
        }
        assert_eq!(world.send_text(&body).is(200).field("etag"), None);
    });
}

#[test]
fn x113_if_unmodified_since_is_an_http_date() {
    on_both(|world| {
        let id = world.talk("a");
        let review = world.review("ada", &id);
        let since = |date: Value| {
            let data = json!({ "type": "reviews", "id": review, "attributes": { "text": "new" } });
            json!([{ "op": "update", "data": data, "meta": { "ifUnmodifiedSince": date } }])
        };
        for wrong in [json!("yesterday"), json!(5), json!(null), json!("2024-01-01T00:00:00Z"), json!([])] {
            world.refuses_at(400, "/atomic:operations/0/meta/ifUnmodifiedSince", &since(wrong));
        }
        let long_ago = json!("Sun, 06 Nov 1994 08:49:37 GMT");
        world.refuses_at(412, "/atomic:operations/0", &since(long_ago.clone()));
        // Only without ifMatch.
        let mut both = since(long_ago);
        both[0]["meta"]["ifMatch"] = json!(world.tag(&format!("/v1/reviews/{review}")));
        world.make(&both);
        world.make(&since(json!("Fri, 31 Dec 9999 23:59:59 GMT")));
    });
}

#[test]
fn x114_results_have_the_new_tags() {
    on_both(|world| {
        let (id, room) = (world.talk("a"), world.room("r"));
        let made = world.make(&json!([
            add_talk("b"),
            retitle(&id, "c"),
            link("update", ("rooms", &room), "talks", json!([{ "type": "talks", "id": id }])),
        ]));
        let new = made[0]["data"]["id"].as_str().unwrap();
        assert_eq!(made[0]["data"]["meta"]["etag"], tag(world, new));
        assert_eq!(made[2]["meta"]["etag"], world.tag(&format!("/v1/rooms/{room}")));
        world.make(&json!([if_match(retitle(new, "d"), made[0]["data"]["meta"]["etag"].clone())]));
    });
    // Where there are no tags, none is told.
    on_both_with("enabled = false", "", |world| {
        let made = world.make(&json!([add_talk("b")]));
        assert!(made[0]["data"].get("meta").is_none(), "{made:?}");
    });
}

#[test]
fn x115_each_result_has_the_tag_of_its_own_state() {
    on_both(|world| {
        let id = world.talk("a");
        let made = world.make(&json!([retitle(&id, "b"), retitle(&id, "c")]));
        let tags: Vec<&Value> = made.iter().map(|result| &result["data"]["meta"]["etag"]).collect();
        assert_ne!(tags[0], tags[1]);
        assert_eq!(tags[1], &json!(tag(world, &id)));
        // Who goes on with the first has not seen the second.
        world.refuses_at(412, "/atomic:operations/0", &json!([if_match(retitle(&id, "d"), tags[0].clone())]));
    });
}
