//! I: creating (JSON:API §9.1).

use serde_json::{Value, json};

use crate::{
    api::{COLLECTIONS, assert_error, assert_pointer, count, pointers},
    case::{identifiers, read, send, serve, serve_with, session},
};

fn with(title: &str, relationships: Value) -> Value {
    let mut document = session(title);
    document["data"]["relationships"] = relationships;
    document
}

#[test]
fn i1_a_document_of_one_resource_object_with_its_type() {
    let (_server, mut http) = serve();
    for (body, pointer) in [
        ("{}", ""),
        (r#"{"data":null}"#, "/data"),
        (r#"{"data":[]}"#, "/data"),
        (r#"{"data":[{"type":"sessions","attributes":{"title":"x"}}]}"#, "/data"),
        (r#"{"data":{"attributes":{"title":"x"}}}"#, "/data"),
        (r#"{"data":{"type":null}}"#, "/data/type"),
    ] {
        assert_pointer(&send(&mut http, "POST", "/v1/sessions", body), 400, pointer);
    }
    assert_eq!(http.post("/v1/sessions", &[], &session("One")).status, 201);
}

#[test]
fn i2_a_relationship_needs_its_data() {
    let (_server, mut http) = serve();
    for value in [json!({}), json!({"links": {"self": "/x"}}), json!({"meta": {}}), json!(null), json!([])] {
        let refused = http.post("/v1/sessions", &[], &with("x", json!({"track": value})));
        assert_pointer(&refused, 400, "/data/relationships/track");
    }
}

#[test]
fn i3_a_clients_id_is_403_unless_they_are_taken() {
    let (_server, mut http) = serve();
    let mut document = session("Mine");
    document["data"]["id"] = json!("777");
    assert_pointer(&http.post("/v1/sessions", &[], &document), 403, "/data/id");
    assert_eq!(http.get("/v1/sessions/777", &[]).status, 404, "and not replaced in silence");
}

#[test]
fn i4_a_clients_id_that_exists_is_409() {
    let (_server, mut http) = serve_with("client_ids = true");
    let mut document = session("Mine");
    document["data"]["id"] = json!("1");
    let before = read(&mut http, "/v1/sessions/1");
    assert_pointer(&http.post("/v1/sessions", &[], &document), 409, "/data/id");
    assert_eq!(read(&mut http, "/v1/sessions/1"), before);
}

#[test]
fn i5_another_type_than_the_collections_is_409() {
    let (_server, mut http) = serve();
    for type_name in ["speakers", "Sessions", "session", "", "nothing"] {
        let document = json!({"data": {"type": type_name, "attributes": {"title": "x", "name": "x"}}});
        assert_pointer(&http.post("/v1/sessions", &[], &document), 409, "/data/type");
    }
}

#[test]
fn i6_related_resources_that_do_not_exist_are_404() {
    let (_server, mut http) = serve();
    let before = count(&mut http, "/v1/sessions");
    let one = with("x", json!({"track": {"data": {"type": "tracks", "id": "99"}}}));
    assert_pointer(&http.post("/v1/sessions", &[], &one), 404, "/data/relationships/track/data/id");
    let many = with("x", json!({"speakers": {"data": identifiers("speakers", &["1", "2", "99"])}}));
    assert_pointer(&http.post("/v1/sessions", &[], &many), 404, "/data/relationships/speakers/data/2/id");
    assert_eq!(count(&mut http, "/v1/sessions"), before);
}

#[test]
fn i7_an_id_that_the_server_made_is_201_with_the_resource() {
    let (_server, mut http) = serve();
    let document = with("Whole", json!({"speakers": {"data": identifiers("speakers", &["2", "1"])}}));
    let created = http.post("/v1/sessions", &[], &document);
    assert_eq!(created.status, 201, "{created:?}");
    let data = &created.json()["data"];
    assert!(data["id"].as_str().is_some_and(|id| !id.is_empty()));
    assert_eq!((&data["type"], &data["attributes"]["title"]), (&json!("sessions"), &json!("Whole")));
    let path = created.header("Location").expect("a Location").to_owned();
    assert_eq!(read(&mut http, &path)["data"], *data);
}

#[test]
fn i8_location_is_the_resources_own_link() {
    let (_server, mut http) = serve();
    for url in ["/v1/sessions", "/v1/sessions?include=track&fields[sessions]=title"] {
        let created = http.post(url, &[], &session("Located"));
        let own = created.json()["data"]["links"]["self"].clone();
        assert_eq!(created.header("Location"), own.as_str(), "{created:?}");
        read(&mut http, own.as_str().expect("a link"));
    }
}

#[test]
fn i9_a_clients_own_id_is_answered_with_the_document() {
    let (_server, mut http) = serve_with("client_ids = true");
    let mut document = session("Mine");
    document["data"]["id"] = json!("777");
    let created = http.post("/v1/sessions", &[], &document);
    assert_eq!((created.status, created.header("Location")), (201, Some("/v1/sessions/777")), "{created:?}");
    assert_eq!(created.json()["data"]["id"], "777");
}

#[test]
fn i10_creation_is_done_when_it_is_answered_so_it_is_never_202() {
    let (_server, mut http) = serve();
    for (collection, name) in COLLECTIONS.into_iter().zip(["title", "name", "name", "name", "name"]) {
        let type_name = collection.trim_start_matches("/v1/");
        let document = json!({"data": {"type": type_name, "attributes": {name: "Now"}}});
        let created = http.post(collection, &[], &document);
        assert_eq!(created.status, 201, "{collection}");
        let path = created.header("Location").expect("a Location").to_owned();
        assert_eq!(read(&mut http, &path)["data"]["attributes"][name], "Now", "{collection}");
    }
}

#[test]
fn i11_creating_where_nothing_is_created_is_405_with_allow() {
    let (_server, mut http) = serve();
    for url in [
        "/v1/sessions/1",
        "/v1/sessions/1/speakers",
        "/v1/sessions/1/track",
        "/v1/sessions/1/relationships/track",
    ] {
        let refused = http.post(url, &[], &session("x"));
        assert_error(&refused, 405);
        assert!(!refused.header("Allow").expect("Allow").contains("POST"), "{url}: {refused:?}");
    }
}

#[test]
fn i12_all_of_it_is_done_or_nothing() {
    let (_server, mut http) = serve();
    let before = count(&mut http, "/v1/sessions");
    let speakers = read(&mut http, "/v1/speakers/1/sessions");
    for relationships in [
        json!({"speakers": {"data": identifiers("speakers", &["1", "99"])}}),
        json!({"speakers": {"data": identifiers("speakers", &["1"])}, "track": {"data": {"type": "tracks", "id": "99"}}}),
    ] {
        assert_error(&http.post("/v1/sessions", &[], &with("Half", relationships)), 404);
    }
    assert_eq!(count(&mut http, "/v1/sessions"), before);
    assert_eq!(read(&mut http, "/v1/speakers/1/sessions"), speakers);
}

#[test]
fn i13_a_conflict_says_what_conflicts() {
    let (_server, mut http) = serve_with("client_ids = true");
    let mut document = session("Mine");
    document["data"]["id"] = json!("17");
    let errors = assert_error(&http.post("/v1/sessions", &[], &document), 409);
    assert!(errors[0]["detail"].as_str().is_some_and(|detail| detail.contains("17")), "{errors:?}");
    let other = json!({"data": {"type": "speakers"}});
    let errors = assert_error(&http.post("/v1/sessions", &[], &other), 409);
    let detail = errors[0]["detail"].as_str().expect("a detail");
    assert!(detail.contains("sessions") && detail.contains("speakers"), "{detail}");
}

#[test]
fn i14_attributes_that_a_type_does_not_have_are_422() {
    let (_server, mut http) = serve();
    let mut document = session("x");
    document["data"]["attributes"]["nothing"] = json!(1);
    document["data"]["attributes"]["track"] = json!("1");
    let errors = assert_error(&http.post("/v1/sessions", &[], &document), 422);
    assert_eq!(pointers(&errors), ["/data/attributes/nothing", "/data/attributes/track"]);
    let unknown = with("x", json!({"nothing": {"data": null}}));
    assert_pointer(&http.post("/v1/sessions", &[], &unknown), 422, "/data/relationships/nothing");
}
