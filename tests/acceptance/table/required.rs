//! `require_if_match = true`: 428 (RFC 6585 §3), and the one hole that only it closes.

use super::{IM, READS, Refused, Success, WRITES, row, run};
use crate::{
    api::assert_error,
    support::{Launch, Server},
};

fn server() -> Server {
    Launch::new().rocket_toml("[default.etag]\nrequire_if_match = true\n").start()
}

#[test]
fn a_write_must_say_which_state_it_means() {
    let rows = [
        row("none", WRITES, &[], Refused(428)),
        row("only INM other", WRITES, &[b"If-None-Match: \"other\""], Refused(428)),
        row("only INM T: 428 before 412", WRITES, &[b"If-None-Match: {T}"], Refused(428)),
        row("only IUS", WRITES, &[b"If-Unmodified-Since: Fri, 01 Jan 2100 00:00:00 GMT"], Refused(428)),
        row("IM T", WRITES, &[b"If-Match: {T}"], Success),
        row("IM *", WRITES, &[b"If-Match: *"], Success),
        row("IM stale", WRITES, &[b"If-Match: {stale}"], IM),
        row("IM empty is there and false", WRITES, &[b"If-Match:"], IM),
        row("404 first", WRITES, &[], Refused(404)).at("/v1/sessions/999999999"),
        row("428 before the body", &["PATCH"], &[], Refused(428)).with_body("{"),
        row("406 first", &["DELETE"], &[b"Accept: text/html"], Refused(406)),
        row("reads never", READS, &[], Success),
        row("OPTIONS never", &["OPTIONS"], &[], Success),
        row("a POST makes something new", &["POST"], &[], Success).at("/v1/sessions"),
    ];
    run(&server(), &rows);
}

/// Rocket drops a header field whose value is not UTF-8 before anyone sees it: `If-Match` in Latin-1 arrives as
/// no condition at all.
#[test]
fn if_match_that_is_not_utf_8_arrives_as_none() {
    let lines: &[&[u8]] = &[b"If-Match: \"\xe9\""];
    run(&Launch::new().start(), &[row("the write goes through", WRITES, lines, Success)]);
    run(&server(), &[row("unless one is required", WRITES, lines, Refused(428))]);
}

#[test]
fn a_428_names_if_match_and_no_tag() {
    let server = server();
    let mut connection = server.connect();
    let refused = connection.delete("/v1/sessions/1", &[]);
    let errors = assert_error(&refused, 428);
    assert_eq!(errors[0]["source"]["header"], "If-Match", "Q7");
    assert_eq!(refused.header("Cache-Control"), Some("no-store"), "RFC 6585 §3");
    assert_eq!(refused.header("ETag"), None);
    assert_eq!(connection.get("/v1/sessions/1", &[]).status, 200);
}

#[test]
fn what_carries_no_tags_requires_none() {
    let server = server();
    let mut connection = server.connect();
    let document =
        serde_json::json!({"data": {"type": "session-types", "id": "1", "attributes": {"length": "00:31"}}});
    assert_eq!(connection.patch("/v1/session-types/1", &[], &document).status, 200);
}
