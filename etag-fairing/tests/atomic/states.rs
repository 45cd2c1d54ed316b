//! Which state the precondition of an operation is about, and how much operations may tell.

use serde_json::{Value, json};

use crate::world::{World, add, add_talk, if_match, link, on_both, on_both_with, retitle, talk};

/// The identifiers of speakers.
fn speakers(ids: &[&String]) -> Value {
    ids.iter().map(|id| json!({ "type": "speakers", "id": id })).collect()
}

/// A talk with these speakers.
fn talk_of(world: &World, ids: &[&String]) -> String {
    let mut new = talk("a");
    new["relationships"] = json!({ "speakers": { "data": speakers(ids) } });
    world.id_of(&new)
}

#[test]
fn who_has_read_a_window_replaces_no_linkage() {
    on_both(|world| {
        let (ada, bob) = (world.speaker("Ada"), world.speaker("Bob"));
        let id = talk_of(world, &[&ada, &bob]);
        let url = format!("/v1/talks/{id}");
        let window = || world.tag(&format!("{url}?include=speakers&page[speakers][size]=1"));
        let by = |op: &str, tag: Value| {
            json!([if_match(link(op, ("talks", &id), "speakers", speakers(&[&ada])), tag)])
        };
        let errors = world.refuse(403, &by("update", window().into()));
        assert_eq!(errors[0]["code"], "full_replacement_not_allowed");
        assert_eq!(errors[0]["source"]["pointer"], "/atomic:operations/0/data");
        // What names its members needs to know no others.
        world.make(&by("remove", window().into()));
        world.make(&by("add", window().into()));
        // Who has read all of it as well has seen it.
        world.make(&by("update", json!([window(), world.tag(&url)])));
    });
}

#[test]
fn linkage_that_the_resource_does_not_show_has_its_own_tag() {
    on_both_with("require_if_match = true", "", |world| {
        let (ada, bob) = (world.speaker("Ada"), world.speaker("Bob"));
        let id = world.talk("a");
        let own = format!("/v1/talks/{id}/relationships/helpers");
        let helpers = |op: &str, ids: &[&String], tag: String| {
            if_match(link(op, ("talks", &id), "helpers", speakers(ids)), tag)
        };
        let before = world.tag(&own);
        let made = world.make(&json!([helpers("add", &[&ada], before.clone())]));
        assert_eq!(made[0]["meta"]["etag"], world.tag(&own));
        // The tag of the resource is the same as before, and would let anybody undo the change.
        let of_resource = world.tag(&format!("/v1/talks/{id}"));
        for stale in [of_resource, before] {
            let errors = world.refuse(412, &json!([helpers("update", &[&bob], stale)]));
            assert_eq!(errors[0]["meta"]["etag"], world.tag(&own));
        }
        let blind = link("update", ("talks", &id), "helpers", speakers(&[&bob]));
        world.refuses_at(428, "/atomic:operations/0", &json!([blind]));
        world.make(&json!([helpers("update", &[&bob], world.tag(&own))]));
        // Twice in one request: nobody knows the tag in between.
        let now = world.tag(&own);
        let twice = json!([helpers("add", &[&ada], now.clone()), helpers("update", &[&ada], now)]);
        world.refuses_at(400, "/atomic:operations/1", &twice);
        let absent = if_match(link("add", ("talks", "999"), "helpers", speakers(&[&ada])), "*");
        world.refuses_at(404, "/atomic:operations/0", &json!([absent]));
        // Of what the request has made, none is asked for.
        let mut new = add_talk("new");
        new["data"]["lid"] = json!("t");
        let mut first = link("update", ("talks", "t"), "helpers", speakers(&[&ada]));
        first["ref"] = json!({ "type": "talks", "lid": "t", "relationship": "helpers" });
        world.make(&json!([new, first]));
    });
}

#[test]
fn where_only_linkage_has_tags_its_tag_is_required() {
    on_both(|world| {
        let ada = world.speaker("Ada");
        let id = world.id_of(&json!({ "type": "kits", "attributes": { "name": "k" } }));
        let own = format!("/v1/kits/{id}/relationships/speakers");
        let change = link("add", ("kits", &id), "speakers", speakers(&[&ada]));
        world.refuses_at(428, "/atomic:operations/0", &json!([change]));
        world.refuses_at(412, "/atomic:operations/0", &json!([if_match(change.clone(), "\"other\"")]));
        let made = world.make(&json!([if_match(change, world.tag(&own))]));
        assert_eq!(made[0]["meta"]["etag"], world.tag(&own));
    });
}

#[test]
fn a_date_is_refused_where_nothing_has_one() {
    on_both(|world| {
        let (id, ada) = (world.talk("a"), world.speaker("Ada"));
        let date = json!({ "ifUnmodifiedSince": "Sun, 06 Nov 1994 08:49:37 GMT" });
        let dated = |mut operation: Value| {
            operation["meta"] = date.clone();
            json!([operation])
        };
        let at = "/atomic:operations/0/meta/ifUnmodifiedSince";
        world.refuses_at(400, at, &dated(retitle(&id, "b")));
        world.refuses_at(400, at, &dated(link("add", ("talks", &id), "speakers", speakers(&[&ada]))));
        let review = world.review("ada", &id);
        let data = json!({ "type": "reviews", "id": review, "attributes": { "text": "b" } });
        world.refuses_at(412, "/atomic:operations/0", &dated(json!({ "op": "update", "data": data })));
    });
}

#[test]
fn what_operations_tell_is_limited_together() {
    on_both_with("", "max_document = \"16 KiB\"", |world| {
        let long = "a".repeat(6_000);
        let id = world.id_of(&talk(&long));
        world.make(&json!([retitle(&id, &long), add(talk("b"))]));
        // Each of them tells all of the talk.
        let stars = |stars: u32| json!({ "op": "update", "data": { "type": "talks", "id": id, "attributes": { "stars": stars } } });
        let many: Vec<Value> = (1..=10).map(stars).collect();
        let errors = world.refuse(400, &json!(many));
        assert_eq!(errors[0]["code"], "limit_exceeded");
        assert_eq!(errors[0]["source"]["pointer"], "/atomic:operations/2");
    });
}
