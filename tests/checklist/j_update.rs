//! J: updating (JSON:API §9.2).

use serde_json::{Value, json};

use crate::{
    api::{assert_error, assert_pointer},
    case::{identifiers, linked, read, send, serve},
    support::{Connection, Response},
};

fn patch(http: &mut Connection, url: &str, members: Value) -> Response {
    let mut document = json!({"data": {"type": "sessions", "id": url.rsplit('/').next().expect("an id")}});
    for (name, value) in members.as_object().expect("an object") {
        document["data"][name] = value.clone();
    }
    http.patch(url, &[], &document)
}

#[test]
fn j1_type_and_id_are_needed() {
    let (_server, mut http) = serve();
    for (body, pointer) in [
        (r#"{"data":{"type":"sessions"}}"#, "/data"),
        (r#"{"data":{"id":"1"}}"#, "/data"),
        (r#"{"data":[{"type":"sessions","id":"1"}]}"#, "/data"),
        (r#"{"data":null}"#, "/data"),
    ] {
        assert_pointer(&send(&mut http, "PATCH", "/v1/sessions/1", body), 400, pointer);
    }
}

#[test]
fn j2_another_type_or_id_than_the_urls_is_409() {
    let (_server, mut http) = serve();
    let before = read(&mut http, "/v1/sessions/1");
    let other = patch(&mut http, "/v1/sessions/1", json!({"id": "2", "attributes": {"title": "x"}}));
    assert_pointer(&other, 409, "/data/id");
    let other = patch(&mut http, "/v1/sessions/1", json!({"type": "tracks", "attributes": {"name": "x"}}));
    assert_pointer(&other, 409, "/data/type");
    assert_eq!(read(&mut http, "/v1/sessions/1"), before);
}

#[test]
fn j3_what_is_left_out_stays() {
    let (_server, mut http) = serve();
    let mut expected = read(&mut http, "/v1/sessions/3")["data"].clone();
    assert_eq!(patch(&mut http, "/v1/sessions/3", json!({"attributes": {"title": "Other"}})).status, 200);
    expected["attributes"]["title"] = json!("Other");
    assert_eq!(read(&mut http, "/v1/sessions/3")["data"], expected);
    assert_eq!(patch(&mut http, "/v1/sessions/3", json!({})).status, 200);
    assert_eq!(read(&mut http, "/v1/sessions/3")["data"], expected);
}

#[test]
fn j4_a_relationship_that_is_given_is_replaced_as_a_whole() {
    let (_server, mut http) = serve();
    let members = json!({"relationships": {
        "speakers": {"data": identifiers("speakers", &["2", "13"])},
        "track": {"data": null},
    }});
    assert_eq!(patch(&mut http, "/v1/sessions/3", members).status, 200);
    assert_eq!(linked(&mut http, "/v1/sessions/3/relationships/speakers"), ["2", "13"]);
    assert_eq!(read(&mut http, "/v1/sessions/3/track")["data"], json!(null));
    let without = patch(&mut http, "/v1/sessions/3", json!({"relationships": {"track": {}}}));
    assert_pointer(&without, 400, "/data/relationships/track");
}

#[test]
fn j5_a_replacement_that_is_refused_refuses_the_whole_update() {
    let (_server, mut http) = serve();
    let before = read(&mut http, "/v1/tracks/1");
    let sessions = linked(&mut http, "/v1/tracks/1/relationships/sessions");
    let document = json!({"data": {"type": "tracks", "id": "1", "attributes": {"name": "Other"},
        "relationships": {"sessions": {"data": []}}}});
    assert_pointer(&http.patch("/v1/tracks/1", &[], &document), 403, "/data/relationships/sessions");
    assert_eq!(read(&mut http, "/v1/tracks/1"), before);
    assert_eq!(linked(&mut http, "/v1/tracks/1/relationships/sessions"), sessions);
}

#[test]
fn j6_what_the_server_made_of_it_is_in_the_answer() {
    let (_server, mut http) = serve();
    // The server writes instants in UTC, so it changes what was asked for.
    let members = json!({"attributes": {"startTime": "2027-06-12T10:00:00+02:00"}});
    let changed = patch(&mut http, "/v1/sessions/1", members);
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.json()["data"]["attributes"]["startTime"], "2027-06-12T08:00:00Z");
    assert_eq!(http.get("/v1/sessions/1", &[]).body, changed.body);
}

#[test]
fn j7_an_update_is_200_with_the_resource() {
    let (_server, mut http) = serve();
    let changed = patch(&mut http, "/v1/sessions/1", json!({"attributes": {"level": "beginner"}}));
    assert_eq!(changed.status, 200, "{changed:?}");
    let now = http.get("/v1/sessions/1", &[]);
    assert_eq!((&changed.body, changed.etag()), (&now.body, now.etag()));
}

#[test]
fn j8_a_missing_target_and_a_missing_related_resource_are_404() {
    let (_server, mut http) = serve();
    assert_error(&patch(&mut http, "/v1/sessions/999", json!({"attributes": {"title": "x"}})), 404);
    let members = json!({"attributes": {"title": "x"},
        "relationships": {"track": {"data": {"type": "tracks", "id": "99"}}}});
    let before = read(&mut http, "/v1/sessions/1");
    assert_pointer(&patch(&mut http, "/v1/sessions/1", members), 404, "/data/relationships/track/data/id");
    assert_eq!(read(&mut http, "/v1/sessions/1"), before);
}

#[test]
fn j9_an_update_that_is_not_supported_is_403() {
    let (_server, mut http) = serve();
    for url in ["/v1/tracks/1", "/v1/speakers/1", "/v1/microlocations/1", "/v1/session-types/1"] {
        let type_name = url.split('/').nth(2).expect("a type");
        // The other end of these holds the linkage, and the tag of this one doesn't cover it.
        let document = json!({"data": {"type": type_name, "id": "1",
            "relationships": {"sessions": {"data": identifiers("sessions", &["1"])}}}});
        let errors = assert_error(&http.patch(url, &[], &document), 403);
        assert_eq!(errors[0]["code"], "full_replacement_not_allowed", "{url}");
    }
}

#[test]
fn j10_constraints_of_the_data_are_422_with_the_pointer_and_never_500() {
    let (_server, mut http) = serve();
    let null = patch(&mut http, "/v1/sessions/1", json!({"attributes": {"title": null}}));
    assert_pointer(&null, 422, "/data/attributes/title");
    let negative = patch(&mut http, "/v1/sessions/1", json!({"attributes": {"favourites": -1}}));
    assert_pointer(&negative, 422, "/data/attributes/favourites");
    assert!(!negative.text().to_lowercase().contains("sqlite"), "{negative:?}");
}

#[test]
fn j11_an_update_is_done_when_it_is_answered_so_it_is_never_202() {
    let (_server, mut http) = serve();
    for number in 1..=5 {
        let title = format!("Version {number}");
        assert_eq!(patch(&mut http, "/v1/sessions/1", json!({"attributes": {"title": title}})).status, 200);
        assert_eq!(read(&mut http, "/v1/sessions/1")["data"]["attributes"]["title"], title.as_str());
    }
}

#[test]
fn j12_a_related_url_is_read_only_and_says_so() {
    let (_server, mut http) = serve();
    let track = read(&mut http, "/v1/sessions/1/track");
    let document = json!({"data": {"type": "tracks", "id": "4", "attributes": {"name": "x"}}});
    let refused = http.patch("/v1/sessions/1/track", &[], &document);
    assert_error(&refused, 405);
    assert_eq!(refused.header("Allow"), Some("GET, HEAD, OPTIONS"));
    // The resource's own link takes what the related URL doesn't.
    let own = track["data"]["links"]["self"].as_str().expect("a link");
    assert_eq!(http.patch(own, &[], &document).status, 200);
    assert_eq!(read(&mut http, "/v1/sessions/1/track")["data"]["attributes"]["name"], "x");
}

#[test]
fn j13_empty_relationships_are_taken_on_every_update() {
    let (_server, mut http) = serve();
    let speakers = linked(&mut http, "/v1/sessions/1/relationships/speakers");
    let changed =
        patch(&mut http, "/v1/sessions/1", json!({"attributes": {"title": "x"}, "relationships": {}}));
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(linked(&mut http, "/v1/sessions/1/relationships/speakers"), speakers);
}
