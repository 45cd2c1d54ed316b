//! X41–X56, X85, X86: order, all or none, and errors.

use serde_json::{Value, json};

use crate::world::{
    add, add_talk, errors, link, on_both, on_sqlite, pointers, remove, retitle, review, talk,
};

#[test]
fn x41_operations_are_made_in_order() {
    on_both(|world| {
        let made = world.make(&json!([add_talk("a"), add_talk("b"), add_talk("c")]));
        let titles: Vec<_> = made.iter().map(|result| &result["data"]["attributes"]["title"]).collect();
        assert_eq!(titles, ["a", "b", "c"]);
        let ids: Vec<i64> =
            made.iter().map(|result| result["data"]["id"].as_str().unwrap().parse().unwrap()).collect();
        assert!(ids.is_sorted());
    });
}

#[test]
fn x42_each_operation_sees_what_those_before_it_did() {
    on_both(|world| {
        let id = world.talk("a");
        let made = world.make(&json!([retitle(&id, "b"), retitle(&id, "c")]));
        assert_eq!(made[0]["data"]["attributes"]["title"], "b");
        assert_eq!(world.read(&format!("/v1/talks/{id}"))["attributes"]["title"], "c");
        let errors = world.refuse(404, &json!([remove("talks", &id), retitle(&id, "d")]));
        assert_eq!(pointers(&errors), ["/atomic:operations/1"]);
    });
}

#[test]
fn x43_one_failure_undoes_all() {
    on_both(|world| {
        let (id, room, speaker) = (world.talk("a"), world.room("r"), world.speaker("s"));
        let tag = world.tag(&format!("/v1/talks/{id}"));
        let changes = [
            add_talk("b"),
            retitle(&id, "changed"),
            link("update", ("talks", &id), "room", json!({ "type": "rooms", "id": room })),
            link("add", ("talks", &id), "speakers", json!([{ "type": "speakers", "id": speaker }])),
            add(review("ada", "with a speaker", &id)),
            remove("rooms", &room),
        ];
        let failing = retitle("999", "x");
        for place in 0..=changes.len() {
            let mut operations = changes.to_vec();
            operations.insert(place, failing.clone());
            // `refuse` compares all that is stored.
            let errors = world.refuse(404, &json!(operations));
            assert_eq!(pointers(&errors), [format!("/atomic:operations/{place}")]);
        }
        assert_eq!(world.tag(&format!("/v1/talks/{id}")), tag);
        world.make(&json!(changes));
        assert_ne!(world.tag(&format!("/v1/talks/{id}")), tag);
    });
}

#[test]
fn x44_an_answer_with_results_is_200_without_location() {
    on_both(|world| {
        let answer = world.send(&json!([add_talk("a")])).is(200);
        assert_eq!(answer.field("location"), None);
        assert_eq!(answer.field("etag"), None);
    });
}

#[test]
fn x45_there_is_a_result_for_each_operation() {
    on_both(|world| {
        let (one, other) = (world.talk("a"), world.talk("b"));
        let made = world.make(&json!([remove("talks", &one), add_talk("c"), remove("talks", &other)]));
        assert_eq!(made.len(), 3);
        assert_eq!((&made[0], &made[2]), (&json!({}), &json!({})));
    });
}

#[test]
fn x46_the_nth_result_is_that_of_the_nth_operation() {
    on_both(|world| {
        let titles: Vec<String> = (0..20).map(|number| format!("talk {number}")).collect();
        let made = world.make(&titles.iter().map(|title| add_talk(title)).collect());
        let told: Vec<&Value> = made.iter().map(|result| &result["data"]["attributes"]["title"]).collect();
        assert_eq!(told, titles.iter().collect::<Vec<_>>());
    });
}

#[test]
fn x47_204_if_all_results_are_empty() {
    on_both(|world| {
        let ids = [world.talk("a"), world.talk("b")];
        let removals: Value = ids.iter().map(|id| remove("talks", id)).collect();
        let answer = world.send(&removals).is(204);
        assert!(answer.body.is_empty());
        assert_eq!(answer.field("content-type"), None);
    });
}

#[test]
fn x48_a_failure_has_errors_and_no_results() {
    on_both(|world| {
        // `errors` asserts it.
        let answer = world.send(&json!([add_talk("a"), retitle("999", "x")])).is(404);
        assert_eq!(errors(&answer).len(), 1);
        assert_eq!(answer.field("content-type"), Some(crate::world::ATOMIC));
    });
}

#[test]
fn x49_errors_point_into_the_request() {
    on_both(|world| {
        let broken = json!({ "type": "talks", "attributes": { "title": 1, "stars": "many", "nothing": 2 } });
        let found = world.refuse(422, &json!([add_talk("a"), add(broken)]));
        let mut found = pointers(&found);
        found.sort_unstable();
        let at = |name: &str| format!("/atomic:operations/1/data/attributes/{name}");
        assert_eq!(found, [at("nothing"), at("stars"), at("title")]);
    });
}

#[test]
fn x50_a_malformed_operation_is_400() {
    on_sqlite(|world| {
        for operation in [
            json!({}),
            json!({ "op": "add" }),
            json!({ "op": "update" }),
            json!({ "op": "remove" }),
            json!({ "op": "add", "data": [] }),
            json!({ "op": "add", "data": { "type": 1 } }),
            json!({ "op": "add", "data": { "type": "talks", "attributes": [] } }),
            json!({ "op": "add", "data": { "type": "talks", "relationships": 1 } }),
            json!({ "op": "remove", "ref": {} }),
        ] {
            world.refuse(400, &json!([operation]));
        }
    });
}

#[test]
fn x51_a_malformed_operation_has_errors() {
    on_sqlite(|world| {
        let errors = world.refuse(400, &json!([{ "op": "add" }, { "op": "nothing" }]));
        assert_eq!(errors.len(), 2);
        assert!(errors.iter().all(|error| error["detail"].is_string() && error["code"].is_string()));
    });
}

#[test]
fn x52_their_pointers_lead_to_the_operation_or_deeper() {
    on_sqlite(|world| {
        let errors = world.refuse(400, &json!([{ "op": "add" }, { "op": "nothing" }]));
        assert_eq!(pointers(&errors), ["/atomic:operations/0", "/atomic:operations/1/op"]);
    });
}

#[test]
fn x53_an_impossible_operation_is_answered_as_the_single_request() {
    on_both(|world| {
        let id = world.talk("a");
        let review = world.review("ada", &id);
        // Who may delete; what is not there; what others refer to; what is no value.
        world.refuses_at(403, "/atomic:operations/0", &json!([remove("reviews", &review)]));
        world.refuses_at(404, "/atomic:operations/0", &json!([remove("talks", "999")]));
        world.refuses_at(409, "/atomic:operations/0", &json!([remove("talks", &id)]));
        let data = json!({ "type": "talks", "id": id, "attributes": { "stars": "x" } });
        let operation = json!([{ "op": "update", "data": data }]);
        world.refuses_at(422, "/atomic:operations/0/data/attributes/stars", &operation);
    });
}

#[test]
fn x54_its_errors_say_what_and_why() {
    on_both(|world| {
        let id = world.talk("a");
        world.review("ada", &id);
        let errors = world.refuse(409, &json!([remove("talks", &id)]));
        assert_eq!(errors[0]["code"], "foreign_key_violation");
        let why = errors[0]["detail"].as_str().unwrap();
        assert!(why.contains("refer"), "{why}");
    });
}

#[test]
fn x55_a_pointer_resolves_in_what_was_sent() {
    on_both(|world| {
        // `refuse` looks each of them up.
        let missing = json!({ "type": "talks", "attributes": { "stars": 1 } });
        world.refuses_at(
            422,
            "/atomic:operations/2/data/attributes",
            &json!([add_talk("a"), add_talk("b"), add(missing)]),
        );
        world.refuses_at(422, "/atomic:operations/0/data", &json!([add(json!({ "type": "talks" }))]));
        let odd = json!({ "type": "talks", "attributes": { "title": "a", "x/y~z": 1 } });
        world.refuses_at(422, "/atomic:operations/0/data/attributes/x~1y~0z", &json!([add(odd)]));
        let unknown = json!([{ "type": "speakers", "id": "nobody" }]);
        let mut talk = talk("a");
        talk["relationships"] = json!({ "speakers": { "data": unknown } });
        world.refuses_at(
            404,
            "/atomic:operations/0/data/relationships/speakers/data/0/id",
            &json!([add(talk)]),
        );
        // A hook's own pointer is one into its resource.
        let id = world.talk("t");
        let refused = add(review("ada", "refuse", &id));
        world.refuses_at(422, "/atomic:operations/1/data/attributes/text", &json!([add_talk("a"), refused]));
    });
}

#[test]
fn x56_errors_of_several_statuses_are_400() {
    on_sqlite(|world| {
        let errors = world.refuse(400, &json!([{ "op": "add" }, remove("nothing", "1")]));
        let statuses: Vec<_> = errors.iter().map(|error| &error["status"]).collect();
        assert_eq!(statuses, ["400", "404"]);
        let errors = world.refuse(404, &json!([remove("nothing", "1"), remove("nothing", "2")]));
        assert_eq!(errors.len(), 2);
    });
}

/// What two requests have made, without their ids.
fn shape(made: &[Value]) -> Vec<String> {
    let ids: Vec<&str> = made.iter().filter_map(|result| result["data"]["id"].as_str()).collect();
    let number = |text: String| {
        ids.iter().enumerate().fold(text, |text, (place, id)| {
            text.replace(&format!("\"{id}\""), &format!("\"#{place}\""))
                .replace(&format!("/{id}"), &format!("/#{place}"))
        })
    };
    let without_tag = |result: &Value| {
        let mut result = result.clone();
        if let Some(data) = result["data"].as_object_mut() {
            data.remove("meta");
        }
        number(result.to_string())
    };
    made.iter().map(without_tag).collect()
}

#[test]
fn x85_a_linkage_within_or_after_gives_the_same() {
    crate::world::on_both_with("", "client_ids = true", |world| {
        let speaker = |id: &str| json!({ "op": "add", "data": { "type": "speakers", "id": id, "attributes": { "name": "s" } } });
        let identifiers = |id: &str| json!([{ "type": "speakers", "id": id }]);
        let mut within = talk("a");
        within["id"] = json!("501");
        within["relationships"] = json!({ "speakers": { "data": identifiers("one") } });
        world.make(&json!([speaker("one"), add(within)]));
        let mut alone = talk("a");
        alone["id"] = json!("502");
        let after = link("update", ("talks", "502"), "speakers", identifiers("two"));
        world.make(&json!([speaker("two"), add(alone), after]));
        let linkage =
            |id: &str| world.read(&format!("/v1/talks/{id}"))["relationships"]["speakers"]["data"].clone();
        assert_eq!((linkage("501"), linkage("502")), (identifiers("one"), identifiers("two")));
    });
}

#[test]
fn x86_so_by_lid() {
    on_both(|world| {
        let speaker =
            json!({ "op": "add", "data": { "type": "speakers", "lid": "s", "attributes": { "name": "s" } } });
        let identifiers = json!([{ "type": "speakers", "lid": "s" }]);
        let mut within = talk("a");
        within["relationships"] = json!({ "speakers": { "data": identifiers } });
        let one = world.make(&json!([speaker, add(within)]));
        let mut alone = talk("a");
        alone["lid"] = json!("t");
        let after = json!({ "op": "add", "ref": { "type": "talks", "lid": "t", "relationship": "speakers" },
                            "data": identifiers });
        let read_again = json!({ "op": "update", "data": { "type": "talks", "lid": "t" } });
        let other = world.make(&json!([speaker, add(alone), after, read_again]));
        let other = [other[0].clone(), other[3].clone()];
        assert_eq!(shape(&one), shape(&other));
    });
}
