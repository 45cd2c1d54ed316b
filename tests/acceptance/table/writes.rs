//! PATCH, DELETE, POST, and the methods that never evaluate (RFC 9110 §13.1, §13.2).

use super::{IM, INM, Outcome, Refused, Row, Success, WRITES, row, run};
use crate::support::Launch;

const PAST: &[u8] = b"If-Unmodified-Since: Sat, 29 Oct 1994 19:43:31 GMT";

#[test]
fn writes_to_what_exists() {
    let rows = [
        row("no field", WRITES, &[], Success),
        row("IM T", WRITES, &[b"If-Match: {T}"], Success),
        row("IM *", WRITES, &[b"If-Match: *"], Success),
        row("IM list with T", WRITES, &[b"If-Match: \"a\", {T}, \"b\""], Success),
        row("IM other", WRITES, &[b"If-Match: \"other\""], IM),
        row("IM stale", WRITES, &[b"If-Match: {stale}"], IM),
        row("IM W/T: strong comparison", WRITES, &[b"If-Match: W/{T}"], IM),
        row("IM malformed", WRITES, &[b"If-Match: {t}"], IM),
        row("IM empty", WRITES, &[b"If-Match:"], IM),
        row("IM tag of the collection", WRITES, &[b"If-Match: {C}"], IM),
        row("IM tag of another record", WRITES, &[b"If-Match: {another}"], IM),
        row("INM *", WRITES, &[b"If-None-Match: *"], INM),
        row("INM T: 412, never 304", WRITES, &[b"If-None-Match: {T}"], INM),
        row("INM W/T: weak comparison", WRITES, &[b"If-None-Match: W/{T}"], INM),
        row("INM list with T", WRITES, &[b"If-None-Match: \"a\", {T}"], INM),
        row("INM other", WRITES, &[b"If-None-Match: \"other\""], Success),
        row("INM stale", WRITES, &[b"If-None-Match: {stale}"], Success),
        row(
            "IM T + INM T: a true IM goes on to INM",
            WRITES,
            &[b"If-Match: {T}", b"If-None-Match: {T}"],
            INM,
        ),
        row("IM T + INM other", WRITES, &[b"If-Match: {T}", b"If-None-Match: \"other\""], Success),
        row("IM stale + INM other", WRITES, &[b"If-Match: {stale}", b"If-None-Match: \"other\""], IM),
        row("IM stale + INM T", WRITES, &[b"If-Match: {stale}", b"If-None-Match: {T}"], IM),
        row("IUS, no date known", WRITES, &[PAST], Success),
        row("IM T + IUS older: IUS ignored", WRITES, &[b"If-Match: {T}", PAST], Success),
        row(
            "IM stale + IUS later",
            WRITES,
            &[b"If-Match: {stale}", b"If-Unmodified-Since: Fri, 01 Jan 2100 00:00:00 GMT"],
            IM,
        ),
        row("IMS is ignored", WRITES, &[b"If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"], Success),
    ];
    run(&Launch::new().start(), &rows);
}

#[test]
fn writes_to_what_is_missing_are_404_whatever_they_ask() {
    let lines: [(&str, &[&[u8]]); 7] = [
        ("no field", &[]),
        ("IM *", &[b"If-Match: *"]),
        ("IM other", &[b"If-Match: \"other\""]),
        ("IM T", &[b"If-Match: {T}"]),
        ("IM malformed", &[b"If-Match: x"]),
        ("INM *", &[b"If-None-Match: *"]),
        ("IUS", &[PAST]),
    ];
    let rows: Vec<_> = lines
        .iter()
        .map(|(id, lines)| row(id, WRITES, lines, Refused(404)).at("/v1/sessions/999999999"))
        .collect();
    run(&Launch::new().start(), &rows);
}

#[test]
fn posts_to_the_collection_are_about_the_collection() {
    let post = |id, lines: &[&[u8]], outcome: Outcome| -> Row {
        row(id, &["POST"], lines, outcome).at("/v1/sessions")
    };
    let rows = [
        post("no field", &[], Success),
        post("IM T(collection)", &[b"If-Match: {C}"], Success),
        post("IM *", &[b"If-Match: *"], Success),
        post("IM other", &[b"If-Match: \"other\""], IM),
        post("IM T(item)", &[b"If-Match: {another}"], IM),
        post("IM malformed", &[b"If-Match: x"], IM),
        post("INM *: the collection exists", &[b"If-None-Match: *"], INM),
        post("INM T(collection)", &[b"If-None-Match: {C}"], INM),
        post("INM T(item)", &[b"If-None-Match: {another}"], Success),
        post("INM other", &[b"If-None-Match: \"other\""], Success),
        post("IUS, no date known", &[PAST], Success),
    ];
    run(&Launch::new().start(), &rows);
}

#[test]
fn options_and_methods_that_are_not_there_never_evaluate() {
    let lines: [(&str, &[&[u8]]); 4] = [
        ("IM other", &[b"If-Match: \"other\""]),
        ("INM *", &[b"If-None-Match: *"]),
        ("INM T", &[b"If-None-Match: {T}"]),
        ("no field", &[]),
    ];
    let mut rows = Vec::new();
    for (id, lines) in lines {
        rows.push(row(id, &["OPTIONS"], lines, Success));
        rows.push(row(id, &["OPTIONS"], lines, Success).at("/v1/sessions"));
        rows.push(row(id, &["PUT", "POST", "TRACE"], lines, Refused(405)));
        rows.push(row(id, &["PUT", "PATCH", "DELETE"], lines, Refused(405)).at("/v1/sessions"));
    }
    // A CORS preflight.
    rows.push(row(
        "preflight + IM other",
        &["OPTIONS"],
        &[b"Origin: https://example.com", b"Access-Control-Request-Method: PATCH", b"If-Match: \"other\""],
        Success,
    ));
    run(&Launch::new().start(), &rows);
}
