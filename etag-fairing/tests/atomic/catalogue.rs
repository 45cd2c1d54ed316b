//! What another server's catalogue of tests asks beside the checklist (docs/comparison/atomic-operations.md).

use serde_json::{Value, json};

use crate::world::{World, add, add_talk, link, on_both, pointers, remove, talk};

fn identifiers(type_name: &str, ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({ "type": type_name, "id": id })).collect()
}

fn linkage(world: &World, (type_name, id): (&str, &str), relationship: &str) -> Value {
    let url = format!("/v1/{type_name}/{id}/relationships/{relationship}");
    let mut data = world.server.get(&url, &[]).is(200).json()["data"].clone();
    if let Some(identifiers) = data.as_array_mut() {
        identifiers.sort_by_key(|identifier| identifier["id"].to_string());
    }
    data
}

fn sorted(mut ids: Vec<&str>) -> Vec<&str> {
    ids.sort_by_key(|id| format!("\"{id}\""));
    ids
}

/// With a local id.
fn with_lid(lid: &str, mut data: Value) -> Value {
    data["lid"] = json!(lid);
    add(data)
}

/// A talk with these relationships.
fn related(title: &str, relationships: Value) -> Value {
    let mut talk = talk(title);
    talk["relationships"] = relationships;
    talk
}

#[test]
fn an_add_has_all_kinds_of_relationships() {
    on_both(|world| {
        let (room, ada, bob) = (world.room("r"), world.speaker("ada"), world.speaker("bob"));
        let (one, other) = (world.talk("one"), world.talk("other"));
        let speakers = identifiers("speakers", &[&ada, &bob, &ada]);
        let relationships = json!({
            "room": { "data": { "type": "rooms", "id": room } },
            "speakers": { "data": speakers },
            "helpers": { "data": identifiers("speakers", &[&bob]) },
        });
        let room_of_both = json!({ "type": "rooms", "attributes": { "name": "s" },
            "relationships": { "talks": { "data": identifiers("talks", &[&one, &other]) } } });
        let made = world.make(&json!([add(related("a", relationships)), add(room_of_both)]));
        let (talk, full) = (made[0]["data"]["id"].as_str().unwrap(), made[1]["data"]["id"].as_str().unwrap());
        assert_eq!(linkage(world, ("talks", talk), "room")["id"], *room);
        // Each of them once, however often it is named.
        let expected = identifiers("speakers", &sorted(vec![&ada, &bob]));
        assert_eq!(linkage(world, ("talks", talk), "speakers"), expected);
        assert_eq!(linkage(world, ("talks", talk), "helpers"), identifiers("speakers", &[&bob]));
        assert_eq!(
            linkage(world, ("rooms", full), "talks"),
            identifiers("talks", &sorted(vec![&one, &other]))
        );
        // And nothing of them: an empty one, and one without attributes.
        let empty = json!({ "type": "talks", "attributes": { "title": "b" }, "relationships": {} });
        world.make(&json!([add(empty), { "op": "update", "data": { "type": "talks", "id": talk } }]));
        assert_eq!(linkage(world, ("talks", talk), "room")["id"], *room);
    });
}

#[test]
fn of_members_with_one_name_the_last_counts() {
    on_both(|world| {
        let (first, last) = (world.room("first"), world.room("last"));
        let body = format!(
            r#"{{"atomic:operations": [{{"op": "add", "op": "add", "data": {{"type": "talks",
                "attributes": {{"title": "first", "title": "last"}},
                "relationships": {{"room": {{"data": {{"type": "rooms", "id": "{first}"}}}},
                                   "room": {{"data": {{"type": "rooms", "id": "{last}"}}}}}}}}}}]}}"#
        );
        let answer = world.send_text(&body).is(200);
        let made = crate::world::results(&answer);
        assert_eq!(made[0]["data"]["attributes"]["title"], "last");
        assert_eq!(made[0]["data"]["relationships"]["room"]["data"]["id"], *last);
    });
}

#[test]
fn the_first_related_resource_that_is_not_there_is_told() {
    on_both(|world| {
        let ada = world.speaker("ada");
        let speakers = || {
            json!([{ "type": "speakers", "id": "one" }, { "type": "speakers", "id": ada },
                                 { "type": "speakers", "id": "two" }])
        };
        let talk = world.talk("a");
        let within = |mut operation: Value| {
            operation["data"]["relationships"] = json!({ "speakers": { "data": speakers() } });
            (operation, "/data/relationships/speakers")
        };
        let own = ("talks", talk.as_str());
        for (operation, at) in [
            within(add_talk("b")),
            within(json!({ "op": "update", "data": { "type": "talks", "id": talk } })),
            (link("add", own, "speakers", speakers()), ""),
            (link("update", own, "speakers", speakers()), ""),
        ] {
            let found = world.refuse(404, &json!([add_talk("c"), operation]));
            assert_eq!(pointers(&found), [format!("/atomic:operations/1{at}/data/0/id")]);
        }
    });
}

/// Each kind of relationship, each operation, with the parent and the members named by local ids, or one of them.
#[test]
fn relationships_are_changed_by_local_ids() {
    on_both(|world| {
        let known = (world.talk("known"), world.room("known"), world.speaker("known"));
        let new_room = |lid: &str| with_lid(lid, json!({ "type": "rooms", "attributes": { "name": lid } }));
        let new_talk = |lid: &str| with_lid(lid, talk(lid));
        let new_speaker =
            |lid: &str| with_lid(lid, json!({ "type": "speakers", "attributes": { "name": lid } }));
        let lid = |type_name: &str, lid: &str| json!({ "type": type_name, "lid": lid });
        let change = |op: &str, owner: &Value, relationship: &str, data: Value| {
            let mut reference = owner.clone();
            reference["relationship"] = json!(relationship);
            json!({ "op": op, "ref": reference, "data": data })
        };
        let id_of = |made: &[Value], place: usize| made[place]["data"]["id"].as_str().unwrap().to_owned();

        // To one: of a new resource and of one that is there, to a new one and back to nothing.
        let owner = json!({ "type": "talks", "id": known.0 });
        let made = world.make(&json!([
            new_room("r"),
            new_talk("t"),
            change("update", &lid("talks", "t"), "room", lid("rooms", "r")),
            change("update", &owner, "room", lid("rooms", "r")),
        ]));
        let (room, talk) = (id_of(&made, 0), id_of(&made, 1));
        assert_eq!(linkage(world, ("talks", &talk), "room")["id"], *room);
        assert_eq!(linkage(world, ("talks", &known.0), "room")["id"], *room);

        // To many, kept by the other end, and by a join table.
        for (type_name, relationship, target, known_member) in
            [("rooms", "talks", "talks", &known.0), ("talks", "speakers", "speakers", &known.2)]
        {
            let owner = lid(type_name, "owner");
            let members = |lids: &[&str]| -> Value { lids.iter().map(|name| lid(target, name)).collect() };
            let new = |lid| if target == "talks" { new_talk(lid) } else { new_speaker(lid) };
            let new_owner = if type_name == "rooms" { new_room("owner") } else { new_talk("owner") };
            let mut all = members(&["one", "two"]);
            all.as_array_mut().unwrap().push(json!({ "type": target, "id": known_member }));
            let made = world.make(&json!([
                new_owner,
                new("one"),
                new("two"),
                new("three"),
                change("add", &owner, relationship, all),
                change("remove", &owner, relationship, members(&["two"])),
                change("add", &owner, relationship, members(&["three"])),
            ]));
            let (id, one, three) = (id_of(&made, 0), id_of(&made, 1), id_of(&made, 3));
            let expected = identifiers(target, &sorted(vec![&one, &three, known_member]));
            assert_eq!(linkage(world, (type_name, &id), relationship), expected);
            let owner = json!({ "type": type_name, "id": id });
            let made =
                world.make(&json!([new("new"), change("update", &owner, relationship, members(&["new"]))]));
            assert_eq!(
                linkage(world, (type_name, &id), relationship),
                identifiers(target, &[&id_of(&made, 0)])
            );
        }

        // Within the resource objects of an add and of an update.
        let relationships =
            json!({ "talks": { "data": [lid("talks", "t"), { "type": "talks", "id": known.0 }] } });
        let mut full = json!({ "type": "rooms", "attributes": { "name": "full" } });
        full["relationships"] = relationships.clone();
        let update = json!({ "op": "update", "data": { "type": "rooms", "lid": "other", "relationships": relationships } });
        let made = world.make(&json!([new_talk("t"), add(full), new_room("other"), update]));
        assert_eq!(linkage(world, ("rooms", &id_of(&made, 1)), "talks"), json!([]));
        let expected = identifiers("talks", &sorted(vec![&id_of(&made, 0), &known.0]));
        assert_eq!(linkage(world, ("rooms", &id_of(&made, 2)), "talks"), expected);
    });
}

#[test]
fn what_is_removed_is_in_no_linkage() {
    on_both(|world| {
        let (room, ada, bob) = (world.room("r"), world.speaker("ada"), world.speaker("bob"));
        let relationships = json!({ "room": { "data": { "type": "rooms", "id": room } },
                                    "speakers": { "data": identifiers("speakers", &[&ada, &bob]) } });
        let talk = world.id_of(&related("a", relationships.clone()));
        let other = world.id_of(&related("b", relationships));
        world
            .send(&json!([remove("rooms", &room), remove("speakers", &ada), remove("talks", &other)]))
            .is(204);
        assert_eq!(linkage(world, ("talks", &talk), "room"), json!(null));
        assert_eq!(linkage(world, ("talks", &talk), "speakers"), identifiers("speakers", &[&bob]));
        world.server.get(&format!("/v1/speakers/{bob}"), &[]).is(200);
    });
}

#[test]
fn members_that_are_not_to_be_set_are_told() {
    on_both(|world| {
        let id = world.talk("a");
        let update = |attributes: Value| json!({ "op": "update", "data": { "type": "talks", "id": id, "attributes": attributes } });
        let new = |mut attributes: Value| {
            attributes["title"] = json!("b");
            add(json!({ "type": "talks", "attributes": attributes }))
        };
        for (name, value) in [
            ("nothing", json!(1)),
            ("slug", json!("x")),
            ("stars", json!("many")),
            ("stars", json!(1.5)),
            ("stars", json!(null)),
            ("id", json!(id)),
            ("type", json!("talks")),
            ("room", json!(null)),
        ] {
            for operation in [update(json!({ name: value })), new(json!({ name: value }))] {
                let at = format!("/atomic:operations/1/data/attributes/{name}");
                world.refuses_at(422, &at, &json!([add_talk("c"), operation]));
            }
        }
        // What is left out stays, also if a new resource would need it.
        world.make(&json!([update(json!({ "stars": 4 }))]));
        assert_eq!(
            world.read(&format!("/v1/talks/{id}"))["attributes"],
            json!({ "title": "a", "stars": 4, "slug": "" })
        );
    });
}

/// JSON:API §8.3.3, and the text of the extension: what is not there need not be taken away.
#[test]
fn removing_what_is_no_member_changes_nothing() {
    on_both(|world| {
        let (ada, bob) = (world.speaker("ada"), world.speaker("bob"));
        let talk =
            world.id_of(&related("a", json!({ "speakers": { "data": identifiers("speakers", &[&ada]) } })));
        let tag = world.tag(&format!("/v1/talks/{talk}"));
        for others in [vec![bob.as_str()], vec!["nobody"], vec![&bob, "nobody", "nobody"], vec![]] {
            let data = identifiers("speakers", &others);
            let made = world.make(&json!([link("remove", ("talks", &talk), "speakers", data)]));
            assert_eq!(made[0]["meta"]["etag"], tag);
        }
    });
}
