//! Dates (RFC 9110 §5.6.7, §13.1.3, §13.1.4). No resource of the example has a date of last modification, so
//! whatever is written in these fields, in every format and none, they decide nothing.

use super::{IM, NotModified, READS, Row, Success, WRITES, row, run};
use crate::support::Launch;

const DATES: [(&str, &str); 12] = [
    ("IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT"),
    ("asctime", "Sun Nov  6 08:49:37 1994"),
    ("the future", "Fri, 01 Jan 2100 00:00:00 GMT"),
    ("before the epoch", "Wed, 31 Dec 1969 23:59:59 GMT"),
    ("other zone", "Sun, 06 Nov 1994 08:49:37 CET"),
    ("ISO 8601", "1994-11-06T08:49:37Z"),
    ("a list", "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:38 GMT"),
    ("no such day", "Mon, 31 Feb 1994 08:49:37 GMT"),
    ("a tag", "{T}"),
    ("zero", "0"),
    ("empty", ""),
];

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, date) in DATES {
        let modified = format!("If-Modified-Since: {date}").into_bytes();
        let unmodified = format!("If-Unmodified-Since: {date}").into_bytes();
        for methods in [READS, WRITES] {
            rows.push(row(id, methods, &[&modified], Success));
            rows.push(row(id, methods, &[&unmodified], Success));
            rows.push(row(id, methods, &[&unmodified, b"If-Match: {stale}"], IM));
        }
        rows.push(row(id, READS, &[&modified, b"If-None-Match: {T}"], NotModified));
        rows.push(row(id, READS, &[&modified, b"If-None-Match: \"other\""], Success));
        rows.push(row(id, READS, &[&modified, &modified], Success));
        rows.push(row(id, WRITES, &[&unmodified, &unmodified], Success));
    }
    rows
}

#[test]
fn dates_decide_nothing_where_none_is_known() {
    run(&Launch::new().start(), &rows());
}
