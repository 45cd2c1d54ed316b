//! A request that breaks several rules: which one is told (RFC 9110 §13.2.1).

use super::{IM, INM, READS, Refused, Row, Success, row, run};
use crate::support::Launch;

const PATCH: &[&str] = &["PATCH"];
const POST: &[&str] = &["POST"];
const STALE: &[u8] = b"If-Match: {stale}";
const BAD_ACCEPT: &[u8] = b"Accept: text/html";
const BAD_TYPE: &[u8] = b"Content-Type: application/json";

const MALFORMED: &str = "{\"data\":";
const NO_DATA: &str = "{}";
const TYPE_MISMATCH: &str = r#"{"data":{"type":"speakers","id":"{id}"}}"#;
const ID_MISMATCH: &str = r#"{"data":{"type":"sessions","id":"1"}}"#;
const BAD_VALUE: &str = r#"{"data":{"type":"sessions","id":"{id}","attributes":{"title":3}}}"#;
const NO_RELATED: &str = r#"{"data":{"type":"sessions","id":"{id}","relationships":{"track":{"data":{"type":"tracks","id":"999999999"}}}}}"#;
const CLIENT_ID: &str = r#"{"data":{"type":"sessions","id":"77","attributes":{"title":"x"}}}"#;

#[test]
fn preconditions_come_before_the_body_is_judged() {
    let bodies = [
        ("400 malformed JSON", MALFORMED, 400),
        ("400 no data", NO_DATA, 400),
        ("409 type", TYPE_MISMATCH, 409),
        ("409 id", ID_MISMATCH, 409),
        ("422 value", BAD_VALUE, 422),
        ("404 related", NO_RELATED, 404),
    ];
    let mut rows = Vec::new();
    for (id, body, status) in bodies {
        rows.push(row(id, PATCH, &[STALE], IM).with_body(body));
        rows.push(row(id, PATCH, &[b"If-None-Match: *"], INM).with_body(body));
        rows.push(row(id, PATCH, &[b"If-Match: {T}"], Refused(status)).with_body(body));
        rows.push(row(id, PATCH, &[], Refused(status)).with_body(body));
    }
    for (id, body, status) in [
        ("400 malformed JSON", MALFORMED, 400),
        ("409 type", TYPE_MISMATCH, 409),
        ("403 client id", CLIENT_ID, 403),
    ] {
        rows.push(row(id, POST, &[b"If-None-Match: *"], INM).with_body(body).at("/v1/sessions"));
        rows.push(row(id, POST, &[b"If-Match: {another}"], IM).with_body(body).at("/v1/sessions"));
        rows.push(row(id, POST, &[], Refused(status)).with_body(body).at("/v1/sessions"));
    }
    run(&Launch::new().start(), &rows);
}

#[test]
fn normal_checks_come_before_preconditions() {
    let refused: [(&str, &[&[u8]], u16); 4] = [
        ("406", &[BAD_ACCEPT, STALE], 406),
        ("415", &[BAD_TYPE, STALE], 415),
        ("415 parameter", &[b"Content-Type: application/vnd.api+json; charset=utf-8", STALE], 415),
        ("415, INM *", &[BAD_TYPE, b"If-None-Match: *"], 415),
    ];
    let mut rows: Vec<Row> =
        refused.iter().map(|(id, lines, status)| row(id, PATCH, lines, Refused(*status))).collect();
    rows.extend([
        row("406", &["DELETE"], &[BAD_ACCEPT, STALE], Refused(406)),
        row("406", READS, &[BAD_ACCEPT, b"If-Match: \"other\""], Refused(406)),
        row("406 is no 304", READS, &[BAD_ACCEPT, b"If-None-Match: {T}"], Refused(406)),
        row("406", POST, &[BAD_ACCEPT, b"If-None-Match: *"], Refused(406)).at("/v1/sessions"),
        row("415", POST, &[BAD_TYPE, b"If-None-Match: *"], Refused(415)).at("/v1/sessions"),
        row("400 query", PATCH, &[STALE], Refused(400)).at("{item}?foo=1"),
        row("400 query", &["DELETE"], &[STALE], Refused(400)).at("{item}?foo=1"),
        row("400 query", READS, &[b"If-Match: \"other\""], Refused(400)).at("{item}?foo=1"),
        row("400 query is no 304", READS, &[b"If-None-Match: *"], Refused(400)).at("{item}?foo=1"),
        row("404 route", PATCH, &[STALE], Refused(404)).at("/v1/nowhere/1"),
        row("404 target, malformed body", PATCH, &[STALE], Refused(404))
            .at("/v1/sessions/999999999")
            .with_body(MALFORMED),
        row("404 target, no condition", PATCH, &[], Refused(404))
            .at("/v1/sessions/999999999")
            .with_body(MALFORMED),
        row("405 before 406, 415, 412", &["PUT"], &[BAD_ACCEPT, BAD_TYPE, STALE], Refused(405)),
        row("415 before 404 target", PATCH, &[BAD_TYPE], Refused(415)).at("/v1/sessions/999999999"),
        row("406 before 404 target", READS, &[BAD_ACCEPT], Refused(406)).at("/v1/sessions/999999999"),
        row("nothing wrong", PATCH, &[b"If-Match: {T}"], Success),
    ]);
    run(&Launch::new().start(), &rows);
}

#[test]
fn a_body_that_is_too_large_comes_before_preconditions() {
    let launch = Launch::new().rocket_toml("[default.jsonapi]\nmax_body = 100\n");
    // The scene needs bodies of up to 100 bytes; this one is longer.
    const LONG: &str = r#"{"data":{"type":"sessions","id":"{id}","attributes":{"title":"0123456789012345678901234567890123456789012345678901234567890123456789"}}}"#;
    let rows = [
        row("413, IM stale", PATCH, &[STALE], Refused(413)).with_body(LONG),
        row("413 before 404 target", PATCH, &[], Refused(413)).with_body(LONG).at("/v1/sessions/999999999"),
        row("413, INM *", POST, &[b"If-None-Match: *"], Refused(413)).with_body(LONG).at("/v1/sessions"),
        row("415 before 413", PATCH, &[BAD_TYPE], Refused(415)).with_body(LONG),
    ];
    run(&launch.start(), &rows);
}
