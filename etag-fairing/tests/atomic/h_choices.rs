//! X87–X93, X99–X101: what the extension leaves open.

use std::sync::{Arc, Mutex};

use etag_fairing::JsonApi;
use etag_fairing::own::ApiError;
use etag_fairing::resource::Committed;
use serde_json::{Value, json};

use crate::world::{
    ATOMIC, J, Talk, URL, add, add_talk, errors, on_both, on_both_by, on_both_with, on_sqlite, remove,
    results, retitle, review, talk,
};

#[test]
fn x87_only_this_url_takes_the_extension() {
    on_sqlite(|world| {
        let body = json!({ "atomic:operations": [add_talk("a")] }).to_string();
        for url in ["/v1/talks", "/v1/rooms"] {
            world.server.send("POST", url, &[("Content-Type", ATOMIC)], &body).is(415);
        }
        world.refuses_at(404, "/atomic:operations/0/href", &json!([{ "op": "remove", "href": URL }]));
    });
}

#[test]
fn x88_the_answer_has_the_extension_whatever_accept_says() {
    on_sqlite(|world| {
        let body = json!({ "atomic:operations": [add_talk("a")] }).to_string();
        for fields in [
            &[("Content-Type", ATOMIC)][..],
            &[("Content-Type", ATOMIC), ("Accept", J)],
            &[("Content-Type", ATOMIC), ("Accept", "*/*")],
        ] {
            let answer = world.send_with(fields, &body).is(200);
            assert_eq!(answer.field("content-type"), Some(ATOMIC));
        }
        let refused = world.send(&json!([{ "op": "no" }])).is(400);
        assert_eq!(refused.field("content-type"), Some(ATOMIC));
    });
}

#[test]
fn x89_the_form_of_the_whole_document_is_judged_first() {
    on_sqlite(|world| {
        // The first operation could not be made, but the third is none.
        world.refuses_at(
            400,
            "/atomic:operations/2/op",
            &json!([retitle("999", "x"), add_talk("a"), { "op": 1 }]),
        );
        // Then the first that fails ends it.
        world.refuses_at(
            404,
            "/atomic:operations/1",
            &json!([add_talk("a"), retitle("999", "x"), retitle("998", "x")]),
        );
    });
}

#[test]
fn x90_there_are_limits() {
    on_sqlite(|world| {
        let many = |count: usize| -> Value { (0..count).map(|n| add_talk(&n.to_string())).collect() };
        assert_eq!(world.make(&many(100)).len(), 100);
        let found = world.refuse(400, &many(101));
        assert_eq!(found[0]["code"], "limit_exceeded");
        assert_eq!(found[0]["source"]["pointer"], "/atomic:operations");
        let long = json!([add_talk(&"x".repeat(2 << 20))]);
        world.send(&long).is(413);
        let deep = format!("{{\"atomic:operations\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        world.send_text(&deep).is(400);
        let value = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let deep = format!(
            r#"{{"atomic:operations":[{{"op":"add","data":{{"type":"talks","attributes":{{"title":{value}}}}}}}]}}"#
        );
        let answer = world.send_text(&deep);
        assert!(matches!(answer.status, 400 | 422), "{answer:?}");
    });
    on_both_with("", "max_operations = 2", |world| {
        world.make(&json!([add_talk("a"), add_talk("b")]));
        world.refuse(400, &json!([add_talk("a"), add_talk("b"), add_talk("c")]));
    });
}

#[test]
fn x91_an_add_may_name_itself_in_ref() {
    on_both_with("", "client_ids = true", |world| {
        let with = |reference: Value| {
            let mut data = talk("a");
            data["id"] = json!("77");
            json!([{ "op": "add", "ref": reference, "data": data }])
        };
        world.refuses_at(400, "/atomic:operations/0/ref", &with(json!({ "type": "talks", "id": "78" })));
        world.refuses_at(
            409,
            "/atomic:operations/0/data/type",
            &with(json!({ "type": "rooms", "id": "77" })),
        );
        world.make(&with(json!({ "type": "talks", "id": "77" })));
    });
}

#[test]
fn x92_an_href_has_no_parameters() {
    on_sqlite(|world| {
        let id = world.talk("a");
        for suffix in ["?include=room", "#part", "?"] {
            let href = format!("/v1/talks/{id}{suffix}");
            let mut operation = retitle(&id, "b");
            operation["href"] = json!(href);
            world.refuses_at(404, "/atomic:operations/0/href", &json!([operation]));
        }
        // It is decoded once.
        let twice = json!({ "op": "remove", "href": "/v1/%2574alks/1" });
        world.refuses_at(404, "/atomic:operations/0/href", &json!([twice]));
    });
}

#[test]
fn x93_the_endpoint_takes_no_parameter_of_a_read() {
    on_sqlite(|world| {
        let body = json!({ "atomic:operations": [add_talk("a")] }).to_string();
        for name in ["include", "fields[talks]", "sort", "filter[title]", "page[size]"] {
            let url = format!("{URL}?{name}=title");
            let answer = world.server.send("POST", &url, &[("Content-Type", ATOMIC)], &body).is(400);
            assert_eq!(errors(&answer)[0]["source"]["parameter"], name);
        }
    });
}

#[test]
fn x99_adds_and_updates_always_return_their_resource() {
    on_both(|world| {
        let id = world.talk("a");
        let made = world.make(&json!([add_talk("b"), retitle(&id, "a"), remove("talks", &id)]));
        assert_eq!(made.iter().map(|it| it.get("data").is_some()).collect::<Vec<_>>(), [true, true, false]);
    });
}

#[test]
fn x100_hooks_guards_and_scopes_are_those_of_the_single_requests() {
    on_both(|world| {
        let id = world.talk("a");
        let (of_ada, of_bob) = (world.review("ada", &id), world.review("bob", &id));
        let send = |user: &str, operations: Value| {
            let body = json!({ "atomic:operations": operations }).to_string();
            world.send_with(&[("Content-Type", ATOMIC), ("X-User", user)], &body)
        };
        // A guard that refuses the last one undoes the first.
        let before = world.all();
        let refused = send("bob", json!([add_talk("b"), remove("reviews", &of_bob)])).is(403);
        assert_eq!(errors(&refused)[0]["source"]["pointer"], "/atomic:operations/1");
        assert_eq!(world.all(), before);
        // What a scope hides is not there, and nobody leaves it by mistake.
        let text = |review: &str, text: &str| {
            json!({ "op": "update", "data": {
            "type": "reviews", "id": review, "attributes": { "text": text } } })
        };
        send("bob", json!([text(&of_ada, "mine")])).is(404);
        send("bob", json!([text(&of_bob, "fine")])).is(200);
        let give_away = json!({ "op": "update", "data": {
            "type": "reviews", "id": of_bob, "attributes": { "author": "ada" } } });
        send("bob", json!([give_away])).is(403);
        send("ada", json!([text(&of_ada, "x"), remove("reviews", &of_bob)])).is(200);
        // A hook writes in the same transaction.
        let before = world.all();
        world.refuse(404, &json!([add(review("ada", "with a speaker", &id)), retitle("999", "x")]));
        assert_eq!(world.all(), before);
        world.make(&json!([add(review("ada", "with a speaker", &id))]));
        world.server.get("/v1/speakers/hooked", &[]).is(200);
        // Dates: both have the time of the transaction.
        let made =
            results(&send("ada", json!([add(review("ada", "one", &id)), add(review("ada", "two", &id))])));
        assert!(made.iter().all(|it| it["data"]["attributes"]["changed"].is_string()), "{made:?}");
    });
}

#[test]
fn x101_what_follows_a_change_waits_for_the_commit() {
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let fairing = || {
        let heard = Arc::clone(&heard);
        JsonApi::fairing().after_commit(move |change: Committed<Talk>, _: JsonApi| {
            let title = |talk: Option<&Talk>| talk.map_or("-".to_owned(), |talk| talk.title.clone());
            heard.lock().unwrap().push(format!("{} > {}", title(change.before()), title(change.after())));
            async { Ok::<(), ApiError>(()) }
        })
    };
    on_both_by(fairing, |world| {
        let id = world.talk("a");
        heard.lock().unwrap().clear();
        world.refuse(404, &json!([add_talk("b"), retitle(&id, "c"), retitle("999", "x")]));
        assert!(heard.lock().unwrap().is_empty());
        world.make(&json!([add_talk("b"), retitle(&id, "c"), retitle(&id, "d"), remove("talks", &id)]));
        assert_eq!(*heard.lock().unwrap(), ["- > b", "a > c", "c > d", "d > -"]);
    });
}

/// Its schemas know what the tests here send, too.
#[test]
fn the_openapi_document_describes_operations() {
    on_sqlite(|world| {
        let document = world.server.get("/v1/openapi.json", &[]).is(200);
        let document: Value = serde_json::from_slice(&document.body).unwrap();
        let post = &document["paths"][URL]["post"];
        assert_eq!(post["operationId"], "operations");
        let sent = &post["requestBody"]["content"][ATOMIC]["schema"];
        let whole =
            json!({ "allOf": [sent], "components": { "schemas": document["components"]["schemas"] } });
        let validator = jsonschema::validator_for(&whole).expect("a schema");
        let is_valid = |operations: Value| validator.is_valid(&json!({ "atomic:operations": operations }));
        let mut new = talk("a");
        new["lid"] = json!("t");
        new["relationships"] = json!({ "room": { "data": { "type": "rooms", "lid": "r" } } });
        let fine = [
            add(new),
            retitle("1", "b"),
            remove("talks", "1"),
            json!({ "op": "remove", "href": "/v1/talks/1" }),
            json!({ "op": "update", "ref": { "type": "talks", "lid": "t", "relationship": "room" }, "data": null,
                    "meta": { "ifMatch": ["\"a\"", "\"b\""] } }),
            json!({ "op": "add", "ref": { "type": "talks", "id": "1", "relationship": "speakers" },
                    "data": [{ "type": "speakers", "lid": "s" }] }),
        ];
        for operation in &fine {
            assert!(is_valid(json!([operation])), "{operation}");
        }
        assert!(is_valid(json!(fine)));
        for wrong in [
            json!({ "op": "get", "ref": { "type": "talks", "id": "1" } }),
            add(json!({ "type": "nothing" })),
            add(json!({ "type": "talks", "attributes": { "title": 5 } })),
            json!({ "op": "add", "ref": { "type": "talks", "id": "1", "relationship": "room" }, "data": null }),
            json!({ "op": "remove", "ref": { "type": "talks" } }),
        ] {
            assert!(!is_valid(json!([wrong])), "{wrong}");
        }
        assert!(!is_valid(json!([])));
    });
}
