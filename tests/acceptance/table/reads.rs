//! GET and HEAD (RFC 9110 §13.2.2). The example's resources have no `Last-Modified`: their date is unknown.

use super::{IM, NotModified, READS, Refused, Row, Success, row, run};
use crate::support::Launch;

const LONG_AGO: &[u8] = b"If-Modified-Since: Sat, 29 Oct 1994 19:43:31 GMT";
const YET_TO_COME: &[u8] = b"If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT";
const UNMODIFIED_LONG_AGO: &[u8] = b"If-Unmodified-Since: Sat, 29 Oct 1994 19:43:31 GMT";

#[test]
fn reads_of_what_exists() {
    let rows = [
        row("no field", READS, &[], Success),
        row("INM T", READS, &[b"If-None-Match: {T}"], NotModified),
        row("INM W/T: weak comparison", READS, &[b"If-None-Match: W/{T}"], NotModified),
        row("INM *", READS, &[b"If-None-Match: *"], NotModified),
        row("INM list with T", READS, &[b"If-None-Match: \"a\", W/{T}, \"b\""], NotModified),
        row("INM other", READS, &[b"If-None-Match: \"other\""], Success),
        row("INM stale", READS, &[b"If-None-Match: {stale}"], Success),
        row("INM another record's tag", READS, &[b"If-None-Match: {another}"], Success),
        row("INM other, whatever IMS says", READS, &[b"If-None-Match: \"other\"", YET_TO_COME], Success),
        row("INM T + IMS older", READS, &[b"If-None-Match: {T}", LONG_AGO], NotModified),
        row("INM empty switches IMS off", READS, &[b"If-None-Match:", YET_TO_COME], Success),
        row("IMS, no date known", READS, &[YET_TO_COME], Success),
        row("IUS, no date known", READS, &[UNMODIFIED_LONG_AGO], Success),
        row("IM T", READS, &[b"If-Match: {T}"], Success),
        row("IM *", READS, &[b"If-Match: *"], Success),
        row("IM list with T", READS, &[b"If-Match: \"a\", {T}"], Success),
        row("IM other", READS, &[b"If-Match: \"other\""], IM),
        row("IM W/T: strong comparison", READS, &[b"If-Match: W/{T}"], IM),
        row("IM stale", READS, &[b"If-Match: {stale}"], IM),
        row("IM empty", READS, &[b"If-Match:"], IM),
        row(
            "IM other + INM T: no 304 once IM failed",
            READS,
            &[b"If-Match: \"other\"", b"If-None-Match: {T}"],
            IM,
        ),
        row("IM T + INM T", READS, &[b"If-Match: {T}", b"If-None-Match: {T}"], NotModified),
        row("IM * + INM *", READS, &[b"If-Match: *", b"If-None-Match: *"], NotModified),
        row("IM T + INM other", READS, &[b"If-Match: {T}", b"If-None-Match: \"other\""], Success),
        row("IM T + IUS older: IUS ignored", READS, &[b"If-Match: {T}", UNMODIFIED_LONG_AGO], Success),
        row(
            "IM other + IUS later",
            READS,
            &[b"If-Match: \"other\"", b"If-Unmodified-Since: Fri, 01 Jan 2100 00:00:00 GMT"],
            IM,
        ),
        row(
            "request Cache-Control: no-cache",
            READS,
            &[b"Cache-Control: no-cache", b"If-None-Match: {T}"],
            NotModified,
        ),
    ];
    run(&Launch::new().start(), &rows);
}

#[test]
fn reads_of_a_collection() {
    let rows: Vec<Row> = [
        row("no field", READS, &[], Success),
        row("INM C", READS, &[b"If-None-Match: {C}"], NotModified),
        row("INM *", READS, &[b"If-None-Match: *"], NotModified),
        row("INM tag of an item", READS, &[b"If-None-Match: {T}, {another}"], Success),
        row("IM C", READS, &[b"If-Match: {C}"], Success),
        row("IM tag of an item", READS, &[b"If-Match: {another}"], IM),
    ]
    .into_iter()
    .map(|row| row.at("/v1/sessions"))
    .collect();
    run(&Launch::new().start(), &rows);
}

#[test]
fn reads_of_what_is_missing_are_404_whatever_they_ask() {
    let lines: [(&str, &[&[u8]]); 8] = [
        ("no field", &[]),
        ("IM *", &[b"If-Match: *"]),
        ("IM T", &[b"If-Match: {T}"]),
        ("IM other", &[b"If-Match: \"other\""]),
        ("IM malformed", &[b"If-Match: x"]),
        ("INM *", &[b"If-None-Match: *"]),
        ("INM T", &[b"If-None-Match: {T}"]),
        ("IUS", &[UNMODIFIED_LONG_AGO]),
    ];
    let rows: Vec<_> = lines
        .iter()
        .flat_map(|(id, lines)| {
            ["/v1/sessions/999999999", "/v1/nowhere", "/v1/sessions/999999999/track"]
                .map(|target| row(id, READS, lines, Refused(404)).at(target))
        })
        .collect();
    run(&Launch::new().start(), &rows);
}

#[test]
fn ranges_are_not_offered_and_preconditions_hold_all_the_same() {
    const GET: &[&str] = &["GET"];
    const RANGE: &[u8] = b"Range: bytes=0-9";
    let rows = [
        row("Range", GET, &[RANGE], Success),
        row("Range + INM T", GET, &[RANGE, b"If-None-Match: {T}"], NotModified),
        row("Range + If-Range T", GET, &[RANGE, b"If-Range: {T}"], Success),
        row("Range + If-Range other", GET, &[RANGE, b"If-Range: \"other\""], Success),
        row("Range + If-Range W/T", GET, &[RANGE, b"If-Range: W/{T}"], Success),
        row("Range + If-Range date", GET, &[RANGE, b"If-Range: Sat, 29 Oct 1994 19:43:31 GMT"], Success),
        row("If-Range without Range", GET, &[b"If-Range: \"other\""], Success),
        row("Range unsatisfiable", GET, &[b"Range: bytes=99999999-"], Success),
        row("Range unsatisfiable + IM other", GET, &[b"Range: bytes=99999999-", b"If-Match: \"other\""], IM),
        row(
            "Range unsatisfiable + INM T",
            GET,
            &[b"Range: bytes=99999999-", b"If-None-Match: {T}"],
            NotModified,
        ),
    ];
    run(&Launch::new().start(), &rows);
}

/// `Success` above looks at the status; this at the whole: 200 with every byte.
#[test]
fn a_range_is_answered_with_the_full_representation() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let full = connection.get("/v1/sessions/1", &[]);
    let ranged = connection.get("/v1/sessions/1", &[("Range", "bytes=0-9"), ("If-Range", full.etag())]);
    assert_eq!((ranged.status, ranged.text()), (200, full.text()));
    assert_eq!(ranged.header("Content-Range"), None);
    assert!(matches!(ranged.header("Accept-Ranges"), None | Some("none")));
}
