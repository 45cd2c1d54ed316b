//! Neighbouring additions, which a store may make at once: nobody can tell that from one after the other.

use serde_json::{Value, json};

use crate::world::{World, add, add_talk, on_both, on_both_with, pointers, remove, review, talk};

fn with_lid(lid: &str, mut data: Value) -> Value {
    data["lid"] = lid.into();
    add(data)
}

fn talk_in(room: &Value) -> Value {
    let mut talk = talk("a");
    talk["relationships"] = json!({ "room": { "data": room } });
    talk
}

fn room(name: &str) -> Value {
    json!({ "type": "rooms", "attributes": { "name": name } })
}

/// What is told of a resource that was made is what is read of it, with its tag.
#[track_caller]
fn is_as_read(world: &World, result: &Value) {
    let data = &result["data"];
    let path = format!("/v1/{}/{}", data["type"].as_str().unwrap(), data["id"].as_str().unwrap());
    let mut told = data.clone();
    let tag = told["meta"]["etag"].take();
    let mut read = world.read(&path);
    for object in [&mut told, &mut read] {
        object.as_object_mut().unwrap().remove("meta");
    }
    assert_eq!(told, read);
    assert_eq!(tag, world.tag(&path));
}

#[test]
fn what_is_told_of_many_additions_is_what_is_read() {
    on_both(|world| {
        let id = world.room("the room");
        // The versions of later rooms are higher than its own.
        let ended = world.room("ended");
        world.send(&json!([remove("rooms", &ended)])).is(204);
        let before = world.tag(&format!("/v1/rooms/{id}"));
        for number in [2, 3, 64, 100] {
            let talks = (0..number).map(|place| match place % 3 {
                0 => add_talk(&format!("talk {place}")),
                _ => add(talk_in(&json!({ "type": "rooms", "id": id }))),
            });
            let made = world.make(&talks.collect());
            assert_eq!(made.len(), number);
            made.iter().step_by(7).for_each(|result| is_as_read(world, result));
            let rooms: Value = (0..number).map(|place| add(room(&format!("{number} {place}")))).collect();
            let made = world.make(&rooms);
            made.iter().step_by(7).for_each(|result| is_as_read(world, result));
            let names: Vec<_> =
                made.iter().map(|result| result["data"]["attributes"]["name"].clone()).collect();
            assert_eq!(names, (0..number).map(|place| format!("{number} {place}")).collect::<Vec<_>>());
            let speaker = |place| json!({ "type": "speakers", "attributes": { "name": format!("{place}") } });
            let made = world.make(&(0..number).map(|place| add(speaker(place))).collect());
            made.iter().step_by(7).for_each(|result| is_as_read(world, result));
        }
        assert_ne!(world.tag(&format!("/v1/rooms/{id}")), before, "the room shows its new talks");
    });
}

#[test]
fn the_addition_that_is_refused_is_named_wherever_it_stands() {
    on_both_with("", "client_ids = true", |world| {
        let taken = world.id_of(&json!({ "type": "speakers", "id": "ada", "attributes": { "name": "Ada" } }));
        let speaker = |id: &str| add(json!({ "type": "speakers", "id": id, "attributes": { "name": "x" } }));
        let talk_of = |attributes: Value| add(json!({ "type": "talks", "attributes": attributes }));
        for place in 0..4 {
            for (good, bad, status, at) in [
                (add_talk("a"), talk_of(json!({ "title": 1 })), 422, "/data/attributes/title"),
                (add_talk("a"), talk_of(json!({})), 422, "/data/attributes"),
                (
                    add_talk("a"),
                    add(talk_in(&json!({ "type": "rooms", "id": "999" }))),
                    404,
                    "/data/relationships/room/data/id",
                ),
                (
                    add_talk("a"),
                    add(talk_in(&json!({ "type": "rooms", "lid": "nobody" }))),
                    400,
                    "/data/relationships/room/data/lid",
                ),
                (speaker("free"), speaker(&taken), 409, "/data/id"),
            ] {
                let mut operations: Vec<Value> = (0..3)
                    .map(|number| {
                        let mut good = good.clone();
                        if let Some(id) = good["data"].get_mut("id") {
                            *id = format!("free {number}").into();
                        }
                        good
                    })
                    .collect();
                operations.insert(place, bad);
                let errors = world.refuse(status, &json!(operations));
                let pointer = format!("/atomic:operations/{place}");
                let [found] = pointers(&errors)[..] else { panic!("{errors:#?}") };
                assert!(found == pointer.clone() + at || found == pointer, "{found} of {errors:#?}");
            }
        }
        // Twice the same id: the second one is refused.
        let errors = world.refuse(409, &json!([speaker("one"), speaker("two"), speaker("one")]));
        assert!(pointers(&errors)[0].starts_with("/atomic:operations/2"), "{errors:#?}");
    });
}

#[test]
fn additions_name_those_before_them() {
    on_both(|world| {
        let of_room = |lid: &str| talk_in(&json!({ "type": "rooms", "lid": lid }));
        let mut operations =
            vec![with_lid("r0", room("0")), with_lid("r1", room("1")), with_lid("r2", room("2"))];
        for place in 0..9 {
            operations.push(with_lid(&format!("t{place}"), of_room(&format!("r{}", place % 3))));
        }
        operations.push(json!({ "op": "update",
            "data": { "type": "talks", "lid": "t4", "attributes": { "title": "renamed" } } }));
        let made = world.make(&json!(operations));
        for (place, result) in made[3..12].iter().enumerate() {
            let room = &result["data"]["relationships"]["room"]["data"]["id"];
            assert_eq!(room, &made[place % 3]["data"]["id"]);
        }
        let renamed = made[7]["data"]["id"].as_str().unwrap();
        assert_eq!(world.read(&format!("/v1/talks/{renamed}"))["attributes"]["title"], "renamed");
        is_as_read(world, &made[5]);
    });
}

#[test]
fn hooks_run_for_each_addition_in_order() {
    on_both(|world| {
        let id = world.talk("a");
        let reviews = [review("ada", "good", &id), review("ada", "refuse", &id), review("ada", "bad", &id)];
        let errors = world.refuse(422, &reviews.iter().cloned().map(add).collect());
        assert_eq!(pointers(&errors), ["/atomic:operations/1/data/attributes/text"]);
    });
}
