//! K: changing linkage at its own URL (JSON:API §9.2.2).

use serde_json::{Value, json};

use crate::{
    api::{assert_error, assert_pointer},
    case::{identifiers, linked, read, send_json, serve},
    support::{Connection, MEDIA_TYPE, Response},
};

const TRACK: &str = "/v1/sessions/1/relationships/track";
const SPEAKERS: &str = "/v1/sessions/1/relationships/speakers";

fn change(http: &mut Connection, method: &str, url: &str, data: Value) -> Response {
    send_json(http, method, url, &json!({"data": data}))
}

fn speakers(ids: &[&str]) -> Value {
    identifiers("speakers", ids)
}

#[test]
fn k1_a_to_one_is_set_and_cleared() {
    let (_server, mut http) = serve();
    for data in [json!({"type": "tracks", "id": "2"}), json!(null)] {
        let changed = change(&mut http, "PATCH", TRACK, data.clone());
        assert_eq!((changed.status, &changed.json()["data"]), (200, &data), "{changed:?}");
        assert_eq!(read(&mut http, TRACK)["data"], data);
        assert_eq!(read(&mut http, "/v1/sessions/1")["data"]["relationships"]["track"]["data"], data);
    }
}

#[test]
fn k2_a_to_many_is_replaced_and_a_to_one_has_no_members_to_add() {
    let (_server, mut http) = serve();
    for ids in [&["1", "7"][..], &["2"], &[]] {
        assert_eq!(change(&mut http, "PATCH", SPEAKERS, speakers(ids)).status, 200);
        assert_eq!(linked(&mut http, SPEAKERS), ids);
    }
    // Kept at the other end: replaced there too.
    let one = identifiers("sessions", &["1"]);
    assert_eq!(change(&mut http, "PATCH", "/v1/tracks/1/relationships/sessions", one).status, 200);
    assert_eq!(read(&mut http, TRACK)["data"]["id"], "1");
    assert_eq!(read(&mut http, "/v1/sessions/2/relationships/track")["data"], json!(null));
    for method in ["POST", "DELETE"] {
        let refused = change(&mut http, method, TRACK, json!([{"type": "tracks", "id": "2"}]));
        assert_error(&refused, 405);
        assert_eq!(refused.header("Allow"), Some("GET, HEAD, PATCH, OPTIONS"));
    }
}

#[test]
fn k3_members_are_added_once() {
    let (_server, mut http) = serve();
    assert_eq!(change(&mut http, "POST", SPEAKERS, speakers(&["1", "15", "1"])).status, 200);
    assert_eq!(linked(&mut http, SPEAKERS), ["1", "7", "15"]);
    let again = change(&mut http, "POST", SPEAKERS, speakers(&["1", "7"]));
    assert!([200, 204].contains(&again.status), "{again:?}");
    assert_eq!(linked(&mut http, SPEAKERS), ["1", "7", "15"]);
}

#[test]
fn k4_members_are_removed_and_those_that_are_gone_are_no_mistake() {
    let (_server, mut http) = serve();
    assert_eq!(change(&mut http, "DELETE", SPEAKERS, speakers(&["7", "1"])).status, 200);
    assert_eq!(linked(&mut http, SPEAKERS), ["15"]);
    assert_eq!(change(&mut http, "DELETE", SPEAKERS, speakers(&["7"])).status, 200);
    assert_eq!(linked(&mut http, SPEAKERS), ["15"]);
}

#[test]
fn k5_linkage_of_another_shape_is_400_and_of_another_type_409() {
    let (_server, mut http) = serve();
    for (url, data, status, pointer) in [
        (TRACK, json!([]), 400, "/data"),
        (TRACK, json!("4"), 400, "/data"),
        (TRACK, json!({"id": "4"}), 400, "/data"),
        (TRACK, json!({"type": "tracks", "id": 4}), 400, "/data/id"),
        (TRACK, json!({"type": "speakers", "id": "4"}), 409, "/data/type"),
        (SPEAKERS, json!(null), 400, "/data"),
        (SPEAKERS, json!({"type": "speakers", "id": "1"}), 400, "/data"),
        (SPEAKERS, json!([{"type": "speakers", "id": "1"}, 2]), 400, "/data/1"),
        (
            SPEAKERS,
            json!([{"type": "speakers", "id": "1"}, {"type": "tracks", "id": "1"}]),
            409,
            "/data/1/type",
        ),
    ] {
        assert_pointer(&change(&mut http, "PATCH", url, data), status, pointer);
    }
    assert_pointer(&send_json(&mut http, "PATCH", TRACK, &json!({"meta": {}})), 400, "");
    assert_eq!(linked(&mut http, SPEAKERS), ["7", "15"]);
}

#[test]
fn k6_related_resources_that_do_not_exist_are_404() {
    let (_server, mut http) = serve();
    assert_pointer(
        &change(&mut http, "PATCH", TRACK, json!({"type": "tracks", "id": "99"})),
        404,
        "/data/id",
    );
    for method in ["PATCH", "POST"] {
        let refused = change(&mut http, method, SPEAKERS, speakers(&["1", "99"]));
        assert_pointer(&refused, 404, "/data/1/id");
    }
    let missing = change(&mut http, "PATCH", "/v1/sessions/999/relationships/track", json!(null));
    assert_error(&missing, 404);
    assert_eq!(linked(&mut http, SPEAKERS), ["7", "15"]);
}

#[test]
fn k7_the_answer_is_200_with_the_linkage_as_it_is_now() {
    let (_server, mut http) = serve();
    for (method, url, data) in [
        ("PATCH", TRACK, json!({"type": "tracks", "id": "1"})),
        ("PATCH", SPEAKERS, speakers(&["3", "2"])),
        ("POST", SPEAKERS, speakers(&["9"])),
        ("DELETE", SPEAKERS, speakers(&["2"])),
    ] {
        let changed = change(&mut http, method, url, data);
        let now = http.get(url, &[]);
        assert_eq!((changed.status, &changed.body), (200, &now.body), "{method} {url}");
        assert_eq!(changed.etag(), now.etag(), "{method} {url}");
    }
}

#[test]
fn k8_a_change_that_is_not_supported_is_403() {
    // The example closes none of its relationships, so this one stands in a server of its own.
    let (refused, linkage) = crate::launch::changes_of_a_closed_relationship();
    for (status, content_type) in refused {
        assert_eq!((status.code, content_type.as_deref()), (403, Some(MEDIA_TYPE)));
    }
    assert!(linkage.is_some_and(|linkage| linkage.contains(r#""data":[]"#)), "and nothing was changed");
}

#[test]
fn k9_a_change_is_done_when_it_is_answered_so_it_is_never_202() {
    let (_server, mut http) = serve();
    for id in ["1", "2", "3"] {
        assert_eq!(change(&mut http, "PATCH", TRACK, json!({"type": "tracks", "id": id})).status, 200);
        assert_eq!(read(&mut http, "/v1/sessions/1/track")["data"]["id"], id);
    }
}
