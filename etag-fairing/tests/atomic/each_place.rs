//! Each place of an operation that names a resource, with each mistake that it may have there.

use serde_json::{Map, Value, json};

use crate::world::{World, add, link, on_both, on_sqlite, remove};

/// What a name of a resource is for, on which the answer to a mistake depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// The target of the operation.
    Target,
    /// The resource object of an update, which says for itself what it is about.
    Object,
    /// Linkage: the resource that a relationship leads to.
    Linkage,
    /// Linkage that is taken away.
    Unlinked,
}

/// An operation that is right, and a place in it that names a resource.
struct Place {
    operation: Value,
    at: &'static str,
    role: Role,
}

impl Place {
    fn name(&self) -> Map<String, Value> {
        self.operation.pointer(self.at).and_then(Value::as_object).expect("a place").clone()
    }

    /// The operation with something else there.
    fn with(&self, value: impl Into<Value>) -> Value {
        let mut operation = self.operation.clone();
        *operation.pointer_mut(self.at).expect("a place") = value.into();
        operation
    }

    fn without(&self, member: &str) -> Value {
        let mut name = self.name();
        name.remove(member).expect("a member");
        self.with(name)
    }

    fn setting(&self, member: &str, value: Value) -> Value {
        let mut name = self.name();
        name.insert(member.into(), value);
        self.with(name)
    }

    /// Named by a local id.
    fn by_lid(&self, lid: Value) -> Value {
        let mut name = self.name();
        name.remove("id").expect("an id");
        name.insert("lid".into(), lid);
        self.with(name)
    }

    /// The pointer of this place, or of something in it, in a request whose second operation it is.
    fn pointer(&self, deeper: &str) -> String {
        format!("/atomic:operations/1{}{deeper}", self.at)
    }
}

/// All places, about a talk, a room and a speaker that are there.
fn places(world: &World) -> Vec<Place> {
    let (talk, room, speaker) = (world.talk("a"), world.room("r"), world.speaker("s"));
    let to_room = json!({ "type": "rooms", "id": room });
    let to_speakers = json!([{ "type": "speakers", "id": speaker }]);
    let relationships = json!({ "room": { "data": to_room }, "speakers": { "data": to_speakers } });
    let new =
        add(json!({ "type": "talks", "attributes": { "title": "new" }, "relationships": relationships }));
    let data = json!({ "type": "talks", "id": talk, "attributes": {}, "relationships": relationships });
    let change = json!({ "op": "update", "data": data });
    let mut by_ref = change.clone();
    by_ref["ref"] = json!({ "type": "talks", "id": talk });
    let own = ("talks", talk.as_str());
    let mut places = Vec::new();
    let mut add_place =
        |operation: &Value, at, role| places.push(Place { operation: operation.clone(), at, role });
    for operation in [&new, &change] {
        add_place(operation, "/data/relationships/room/data", Role::Linkage);
        add_place(operation, "/data/relationships/speakers/data/0", Role::Linkage);
    }
    add_place(&change, "/data", Role::Object);
    add_place(&by_ref, "/ref", Role::Target);
    add_place(&remove("talks", &talk), "/ref", Role::Target);
    let to_one = link("update", own, "room", to_room);
    add_place(&to_one, "/ref", Role::Target);
    add_place(&to_one, "/data", Role::Linkage);
    for (op, role) in [("add", Role::Linkage), ("update", Role::Linkage), ("remove", Role::Unlinked)] {
        let to_many = link(op, own, "speakers", to_speakers.clone());
        add_place(&to_many, "/ref", Role::Target);
        add_place(&to_many, "/data/0", role);
    }
    places
}

/// Tries each place, behind an operation that is right, and must be undone.
fn each_place(test: impl Fn(&World, &Place)) {
    on_sqlite(|world| places(world).iter().for_each(|place| test(world, place)));
}

#[track_caller]
fn refused(world: &World, status: u16, pointer: &str, operation: Value) {
    let first = add(json!({ "type": "speakers", "lid": "first", "attributes": { "name": "first" } }));
    world.refuses_at(status, pointer, &json!([first, operation]));
}

#[test]
fn a_name_is_an_object() {
    each_place(|world, place| {
        for wrong in [json!(null), json!(1), json!("talks"), json!([]), json!(true)] {
            // Null empties a to-one relationship.
            let empties = wrong.is_null() && matches!(place.at, "/data" | "/data/relationships/room/data");
            if !(empties && place.role == Role::Linkage) {
                refused(world, 400, &place.pointer(""), place.with(wrong));
            }
        }
    });
}

#[test]
fn a_name_has_a_type() {
    each_place(|world, place| {
        refused(world, 400, &place.pointer(""), place.without("type"));
        for wrong in [json!(null), json!(1), json!(["talks"])] {
            refused(world, 400, &place.pointer("/type"), place.setting("type", wrong));
        }
        for unknown in ["", " ", "nothing", "Talks"] {
            // A relationship leads to resources of its type, and no other.
            let is_linkage = matches!(place.role, Role::Linkage | Role::Unlinked);
            let status = if is_linkage { 409 } else { 404 };
            refused(world, status, &place.pointer("/type"), place.setting("type", json!(unknown)));
        }
    });
}

#[test]
fn a_name_has_an_id_or_a_lid() {
    each_place(|world, place| {
        refused(world, 400, &place.pointer(""), place.without("id"));
        refused(world, 400, &place.pointer(""), place.setting("lid", json!("first")));
        for wrong in [json!(null), json!(1), json!({})] {
            refused(world, 400, &place.pointer("/id"), place.setting("id", wrong.clone()));
            refused(world, 400, &place.pointer("/lid"), place.by_lid(wrong));
        }
    });
}

#[test]
fn a_lid_was_assigned_before_to_a_resource_of_that_type() {
    each_place(|world, place| {
        let type_name = place.name()["type"].clone();
        // Never, by this very operation, and to a resource of another type.
        for lid in ["never", "own", "first"] {
            if lid == "first" && type_name == "speakers" {
                continue;
            }
            let mut operation = place.by_lid(json!(lid));
            if lid == "own" && operation["op"] == "add" && operation.get("ref").is_none() {
                operation["data"]["lid"] = json!("own");
            }
            refused(world, 400, &place.pointer("/lid"), operation);
        }
    });
}

#[test]
fn a_name_leads_to_something() {
    let test = |world: &World, place: &Place| {
        for unknown in ["999", "no number", "", " ", "9223372036854775808", "-0", "1.0"] {
            let operation = place.setting("id", json!(unknown));
            match place.role {
                // Two names of the target, of which one is another resource's.
                Role::Object | Role::Target
                    if place.operation["ref"]["relationship"].is_null()
                        && place.operation["data"]["type"] == "talks"
                        && place.at == "/ref" =>
                {
                    refused(world, 409, "/atomic:operations/1/data/id", operation);
                }
                Role::Object | Role::Target => refused(world, 404, "/atomic:operations/1", operation),
                Role::Linkage => refused(world, 404, &place.pointer("/id"), operation),
                // Nothing can have it.
                Role::Unlinked if unknown.is_empty() => {
                    refused(world, 404, &place.pointer("/id"), operation);
                }
                // JSON:API §8.3.3: it is not there, as it should be.
                Role::Unlinked => drop(world.make(&json!([operation]))),
            }
        }
    };
    on_both(|world| places(world).iter().for_each(|place| test(world, place)));
}

#[test]
fn linkage_is_of_the_type_of_its_relationship() {
    each_place(|world, place| {
        if matches!(place.role, Role::Linkage | Role::Unlinked) {
            let other = if place.name()["type"] == "rooms" { "speakers" } else { "rooms" };
            refused(world, 409, &place.pointer("/type"), place.setting("type", json!(other)));
        }
    });
}

/// By id in one of them and by lid in the other, or by two of the same kind.
#[test]
fn ref_and_data_name_one_resource() {
    on_both(|world| {
        let (id, other) = (world.talk("a"), world.talk("b"));
        let new = |lid: &str| add(json!({ "type": "talks", "lid": lid, "attributes": { "title": lid } }));
        let by = |member: &str, name: &str| json!({ "type": "talks", member: name });
        for (reference, data, at) in [
            (by("id", &id), by("id", &other), "id"),
            (by("lid", "one"), by("lid", "two"), "lid"),
            (by("id", &id), by("lid", "one"), "lid"),
            (by("lid", "one"), by("id", &id), "id"),
        ] {
            let operation = json!({ "op": "update", "ref": reference, "data": data });
            let pointer = format!("/atomic:operations/2/data/{at}");
            world.refuses_at(409, &pointer, &json!([new("one"), new("two"), operation]));
        }
        let of_room = json!({ "op": "update", "ref": by("id", &id), "data": { "type": "rooms", "id": id } });
        world.refuses_at(409, "/atomic:operations/0/data/type", &json!([of_room]));
    });
}

/// What linkage within a resource object may look like.
#[test]
fn relationships_have_data_of_their_kind() {
    on_both(|world| {
        let (talk, room, speaker) = (world.talk("a"), world.room("r"), world.speaker("s"));
        let one = json!({ "type": "rooms", "id": room });
        let several = json!([{ "type": "speakers", "id": speaker }]);
        let new = json!({ "type": "talks", "attributes": { "title": "b" } });
        let old = json!({ "type": "talks", "id": talk });
        for (op, data) in [("add", new), ("update", old)] {
            let with = |relationship: &str, value: Value| {
                let mut data = data.clone();
                data["relationships"] = json!({ relationship: value });
                json!([{ "op": op, "data": data }])
            };
            let at = |deeper: &str| format!("/atomic:operations/0/data/relationships/{deeper}");
            for name in ["room", "speakers"] {
                for wrong in [json!(null), json!(1), json!("x"), json!([]), json!({})] {
                    world.refuses_at(400, &at(name), &with(name, wrong));
                }
            }
            world.refuses_at(400, &at("room/data"), &with("room", json!({ "data": several })));
            world.refuses_at(400, &at("room/data"), &with("room", json!({ "data": [] })));
            world.refuses_at(400, &at("speakers/data"), &with("speakers", json!({ "data": null })));
            world.refuses_at(400, &at("speakers/data"), &with("speakers", json!({ "data": one })));
            world.refuses_at(422, &at("nothing"), &with("nothing", json!({ "data": null })));
            // Which is a relationship, but to many; and no attribute.
            let mut named_wrongly = data.clone();
            named_wrongly["attributes"] = json!({ "title": "b", "speakers": [] });
            let pointer = "/atomic:operations/0/data/attributes/speakers";
            world.refuses_at(422, pointer, &json!([{ "op": op, "data": named_wrongly }]));
            world.make(&with("room", json!({ "data": null })));
            world.make(&with("speakers", json!({ "data": [] })));
        }
    });
}
