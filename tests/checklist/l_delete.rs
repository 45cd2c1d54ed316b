//! L: deleting (JSON:API §9.3).

use serde_json::json;

use crate::{
    api::{assert_error, count},
    case::{read, send_json, serve},
};

#[test]
fn l1_a_deletion_is_204_without_a_document() {
    let (_server, mut http) = serve();
    let deleted = http.delete("/v1/sessions/21", &[]);
    assert_eq!((deleted.status, deleted.body.len(), deleted.header("Content-Type")), (204, 0, None));
    assert_eq!(http.get("/v1/sessions/21", &[]).status, 404);
}

#[test]
fn l2_what_is_missing_is_404() {
    let (_server, mut http) = serve();
    assert_eq!(http.delete("/v1/sessions/21", &[]).status, 204);
    for id in ["21", "999", "abc"] {
        assert_error(&http.delete(&format!("/v1/sessions/{id}"), &[]), 404);
    }
}

#[test]
fn l3_a_deletion_is_done_when_it_is_answered_so_it_is_never_202() {
    let (_server, mut http) = serve();
    let before = count(&mut http, "/v1/sessions");
    for (deleted, id) in [(1, "1"), (2, "2"), (3, "3")] {
        assert_eq!(http.delete(&format!("/v1/sessions/{id}"), &[]).status, 204);
        assert_eq!(count(&mut http, "/v1/sessions"), before - deleted);
    }
}

#[test]
fn l4_a_body_is_ignored_and_a_collection_is_not_deleted() {
    let (server, mut http) = serve();
    let body = json!({"data": {"type": "sessions", "id": "1"}});
    assert_eq!(send_json(&mut http, "DELETE", "/v1/sessions/2", &body).status, 204);
    let mut http_again = server.connect();
    read(&mut http_again, "/v1/sessions/1");
    assert_eq!(http_again.get("/v1/sessions/2", &[]).status, 404);
    let bulk = json!({"data": [{"type": "sessions", "id": "1"}]});
    let refused = send_json(&mut http_again, "DELETE", "/v1/sessions", &bulk);
    assert_error(&refused, 405);
    assert!(!refused.header("Allow").expect("Allow").contains("DELETE"), "{refused:?}");
    assert_eq!(count(&mut server.connect(), "/v1/sessions"), 20);
}
