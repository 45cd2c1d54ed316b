//! Where a scope is felt after all, fails, is long, or meets what must be there.

use etag_fairing::{JsonApiResource, ToOne};
use serde_json::{Value, json};

use super::{
    programme::*,
    support::api,
    worlds::{READS, same},
};

#[test]
fn an_id_tells_that_it_is_taken() {
    let server = server(true);
    let taken = server.write_as(
        "POST",
        "/v1/sessions",
        "ann",
        &document("sessions", 2, json!({"title": "x", "owner": "ann"}), json!({})),
    );
    assert_eq!(taken.is(409).error().0, "id_exists");
    assert_eq!(server.get_as("/v1/sessions/2", "admin").json()["data"]["attributes"]["title"], "session 7");
}

#[test]
fn hooks_see_everything_unless_they_ask_for_less() {
    let server = server(true);
    let count = document("tracks", 1, json!({"name": "count"}), json!({}));
    let changed = server.write_as("PATCH", "/v1/tracks/1", "ann", &count).is(200);
    assert_eq!(changed.json()["data"]["attributes"]["name"], "track 1 was true and 0");
    server.write_as("PATCH", "/v1/tracks/1", "admin", &count).is(200);
    let changed = server.get_as("/v1/tracks/1", "ann").json();
    assert_eq!(changed["data"]["attributes"]["name"], "track 1 was true and 0 was true and 1");
}

#[test]
fn a_scope_that_does_not_fit_shows_nothing() {
    let server = server(true);
    for wrong in ["misspelt", "mistyped"] {
        for url in ["/v1/sessions", "/v1/sessions/3", "/v1/tracks", "/v1/tracks/3", "/v1/sessions/3/track"] {
            let answer = server.get_as(url, wrong).is(500);
            assert_eq!(answer.error().0, "internal");
            assert!(
                !answer.text().contains("ownr") && !answer.text().contains("session 6"),
                "{}",
                answer.text()
            );
        }
        server.write_as("DELETE", "/v1/sessions/3", wrong, &Value::Null).is(500);
    }
    server.get_as("/v1/sessions/3", "refused").is(401);
    // Its linkage leads to sessions.
    server.get_as("/v1/tracks/3", "refused").is(401);
    server.get_as("/v1/speakers/3", "refused").is(200);
    server.get_as("/v1/sessions/3", "admin").is(200);
}

/// A list of ids is as good a condition as another, however long, and however often a statement repeats it.
#[test]
fn a_scope_may_list_many_ids() {
    let server = server(true);
    for url in READS.iter().step_by(3) {
        same(&server.get_as(url, "crowd"), &server.get_as(url, "admin"), url);
    }
    let change =
        document("sessions", 2, json!({"title": "x"}), json!({"sequelOf": to_one("sessions", Some(4))}));
    server.write_as("PATCH", "/v1/sessions/2", "crowd", &change).is(200);
    let new = json!({"data": [identifier("notes", 1)]});
    server.write_as("POST", "/v1/sessions/2/relationships/notes", "crowd", &new).is(200);
    server.write_as("DELETE", "/v1/notes/2", "crowd", &Value::Null).is(204);
}

/// So is a long chain of conditions: it is no deep tree, which would end the stack of a thread.
#[test]
fn a_scope_may_have_many_conditions() {
    let server = server(true);
    for url in ["/v1/sessions/2", "/v1/sessions", "/v1/tracks/1", "/v1/tracks?include=sessions"] {
        let (chain, admin) = (server.get_as(url, "chain"), server.get_as(url, "admin"));
        assert_eq!((chain.status, chain.text()), (admin.status, admin.text()), "{url}");
    }
}

/// Who writes back what they have read takes nothing away, also where the relationship is one that must not be empty.
#[test]
fn a_required_relationship_to_what_is_hidden_stays() {
    let server = api::start(|rocket| rocket.mount("/v1", Badge::routes()).mount("/v1", Speaker::routes()));
    for owner in ["bob", "ann"] {
        let speaker = json!({"data": {"type": "speakers", "attributes": {"name": owner, "owner": owner}}});
        server.write_as("POST", "/v1/speakers", "admin", &speaker).is(201);
    }
    let badge = json!({"data": {
        "type": "badges",
        "attributes": {"text": "a"},
        "relationships": {"speaker": {"data": identifier("speakers", 1)}},
    }});
    server.write_as("POST", "/v1/badges", "admin", &badge).is(201);
    let (url, linkage) = ("/v1/badges/1", "/v1/badges/1/relationships/speaker");

    let mut read = server.get_as(url, "ann").is(200).json();
    assert_eq!(read["data"]["relationships"]["speaker"]["data"], Value::Null);
    read["data"]["attributes"]["text"] = json!("b");
    let changed = server.write_as("PATCH", url, "ann", &json!({"data": read["data"]})).is(200).json();
    assert_eq!(changed["data"], read["data"]);
    let empty = json!({"data": null});
    assert_eq!(server.write_as("PATCH", linkage, "ann", &empty).is(200).json()["data"], Value::Null);
    assert_eq!(server.get_as(linkage, "bob").json()["data"], identifier("speakers", 1));

    // Who sees it cannot empty it.
    let refused = server.write_as("PATCH", linkage, "bob", &empty).is(422);
    assert_eq!(refused.error(), ("validation_failed".into(), json!({"pointer": "/data"})));
    let refused = server.write_as("PATCH", url, "bob", &json!({"data": read["data"]})).is(422);
    assert_eq!(refused.pointers(), ["/data/relationships/speaker/data"]);
    // And whoever sees another can put that there.
    let own = json!({"data": identifier("speakers", 2)});
    server.write_as("PATCH", linkage, "ann", &own).is(200);
    assert_eq!(server.get_as(linkage, "admin").json()["data"], identifier("speakers", 2));
    let new = json!({"data": {
        "type": "badges", "attributes": {"text": "c"}, "relationships": {"speaker": {"data": null}},
    }});
    let refused = server.write_as("POST", "/v1/badges", "ann", &new).is(422);
    assert_eq!(refused.pointers(), ["/data/relationships/speaker/data"]);
}

/// Everybody sees it; the speaker that it must have is another matter.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "badges", etag)]
struct Badge {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship, required)]
    speaker: ToOne<Speaker>,
}

#[test]
fn a_scope_is_asked_once_a_request() {
    let server = empty();
    let so_far = || server.get("/asked", &[]).text().parse::<usize>().unwrap();
    make(&server, "sessions", 1, json!({"title": "a", "owner": "ann"}), json!({}));
    for (url, times) in [
        ("/v1/sessions", 1),
        (
            "/v1/sessions?include=sequelOf.sequelOf,track.sessions&filter[sequelOf.title]=a&sort=sequelOf.title",
            1,
        ),
        ("/v1/tracks", 1),
        ("/v1/speakers", 0),
        ("/v1/speakers/1", 0),
    ] {
        let before = so_far();
        server.get_as(url, "ann");
        assert_eq!(so_far() - before, times, "{url}");
    }
}
